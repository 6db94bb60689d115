"""A small recording of each format, as its tool writes it."""

from __future__ import annotations

import json

LOG = "".join(
    f'h - - [28/Nov/2025:11:00:0{n} +0000] "GET /a/{n} HTTP/1.1" 200 1 "-" "-" rt=0.5\n'
    for n in range(5)
)

CURL = "curl http://shop.test/a -H 'accept: application/json' --json '{\"a\": 1}'\n"

HAR = json.dumps(
    {
        "log": {
            "entries": [
                {
                    "startedDateTime": f"2026-11-02T08:00:0{n}Z",
                    "time": 50,
                    "request": {"method": "GET", "url": f"https://shop.test/{path}", "headers": []},
                    "response": {"status": 200, "content": {"mimeType": "text/html"}},
                }
                for n, path in enumerate(["a", "b", "a"])
            ]
        }
    }
)

OPENAPI = """\
openapi: 3.1.0
info: {title: Shop, version: "1"}
servers:
  - url: https://{region}.shop.test/v2/
    variables: {region: {default: eu}}
security: [{key: []}]
paths:
  /orders/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: integer, example: 17}}
    get:
      operationId: getOrder
      parameters:
        - {name: full, in: query, required: true, schema: {type: boolean}}
        - {name: page, in: query, schema: {type: integer}}
      responses: {"200": {description: it}}
    delete:
      security: [{}]
      deprecated: true
      responses: {"204": {description: gone}}
  /users/{name}:
    get:
      security: []
      parameters: [{$ref: "#/components/parameters/Name"}]
      responses: {default: {description: it}}
  /orders:
    post:
      requestBody:
        content:
          text/plain: {}
          application/json: {schema: {$ref: "#/components/schemas/Order"}}
      responses: {"400": {}, "201": {}}
components:
  parameters:
    Name: {name: name, in: path, required: true, schema: {type: string}}
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Api-Key}
  schemas:
    Order:
      allOf:
        - {$ref: "#/components/schemas/Base"}
        - type: object
          required: [items, when]
          properties:
            items: {type: array, minItems: 2, items: {$ref: "#/components/schemas/Item"}}
            when: {type: string, format: date-time}
            state: {enum: [open, paid], default: paid}
            parent: {$ref: "#/components/schemas/Order"}
    Base:
      required: [id]
      properties: {id: {type: string, format: uuid}, made: {type: string, readOnly: true}}
    Item:
      type: object
      properties: {sku: {type: string, example: lamp}, count: {type: [integer, "null"], minimum: 3}}
"""

POSTMAN = json.dumps(
    {
        "info": {
            "name": "Shop",
            "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
        },
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}"}]},
        "variable": [
            {"key": "base", "value": "https://shop.test/api"},
            {"key": "user", "value": "ann"},
            {"key": "clientSecret", "value": "q7secretsecretZ9"},
        ],
        "item": [
            {
                "name": "Check out",
                "item": [
                    {
                        "name": "sign in",
                        "event": [
                            {
                                "listen": "test",
                                "script": {
                                    "exec": [
                                        "const body = pm.response.json();",
                                        'pm.environment.set("token", body.data.access_token);',
                                    ]
                                },
                            }
                        ],
                        "request": {
                            "method": "POST",
                            "auth": {"type": "noauth"},
                            "header": [
                                {"key": "X-Secret", "value": "{{clientSecret}}"},
                                {"key": "X-Off", "value": "1", "disabled": True},
                            ],
                            "body": {
                                "mode": "raw",
                                "raw": '{"user": "{{user}}", "at": {{$randomInt}}}',
                            },
                            "url": {"raw": "{{base}}/login"},
                        },
                        "response": [{"code": 201}],
                    },
                    {
                        "name": "order",
                        "request": {
                            "method": "GET",
                            "url": {
                                "raw": "{{base}}/orders/:id?full=1&off=2",
                                "query": [
                                    {"key": "full", "value": "1"},
                                    {"key": "off", "value": "2", "disabled": True},
                                ],
                                "variable": [{"key": "id", "value": "17"}],
                            },
                        },
                    },
                ],
            },
            {
                "name": "search",
                "request": {
                    "method": "POST",
                    "url": "{{other}}/search/:what",
                    "body": {
                        "mode": "urlencoded",
                        "urlencoded": [{"key": "q", "value": "{{user}} & co"}],
                    },
                },
            },
        ],
    }
)

LOCUST = """\
Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,\
Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,50%,99%,100%
GET,/products,900,0,12,20.0,5,300,512.0,90.0,0.0,12,120,300
POST,/orders/[id]/pay,100,5,40,70.0,9,900,64.0,10.0,0.5,40,340,900
,Aggregated,1000,5,13,25.0,5,900,467.2,100.0,0.5,13,180,900
"""

LOCUST_HISTORY = """\
Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,\
100%,Total Request Count,Total Failure Count,Total Median Response Time
1764324000,0,,Aggregated,0.000000,0.000000,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,0,0,0
1764324010,50,,Aggregated,80.0,0.0,12,13,14,15,20,30,40,90,90,90,90,800,0,12
1764324020,40,,Aggregated,60.0,0.0,12,13,14,15,20,30,40,100,90,90,90,1500,0,12
"""

K6_SUMMARY = json.dumps(
    {
        "metrics": {
            "http_reqs": {"count": 6000, "rate": 100.0},
            "vus_max": {"value": 20, "min": 20, "max": 20},
            "http_req_duration": {"avg": 45.0, "p(95)": 90.0, "p(99)": 120.0},
        }
    },
    indent=2,
)


def _point(metric: str, second: int, value: float, **tags: str) -> str:
    time = f"2025-11-28T10:00:{second:02d}.123456789Z"
    data = {"time": time, "value": value, "tags": tags}
    return json.dumps({"type": "Point", "metric": metric, "data": data}) + "\n"


K6 = '{"type":"Metric","data":{"name":"http_reqs"},"metric":"http_reqs"}\n' + "".join(
    _point("vus", second, 5)
    + "".join(
        _point("http_req_duration", second, 500, method="GET", name=f"https://shop.test/a/{n}")
        for n in range(3)
    )
    for second in range(4)
)

K6_CSV = (
    "metric_name,timestamp,metric_value,method,name,status,url\n"
    "vus,1764324000,5,,,,\n"
    "http_req_duration,1764324000,250.5,GET,http://shop.test/a,200,http://shop.test/a\n"
    "http_req_duration,1764324000,50,POST,http://shop.test/b,201,http://shop.test/b\n"
)

# By the name of the format; of some there is more than one form.
SAMPLES = [
    ("access-log", LOG),
    ("curl", CURL),
    ("har", HAR),
    ("openapi", OPENAPI),
    ("postman", POSTMAN),
    ("locust", LOCUST),
    ("locust", LOCUST_HISTORY),
    ("k6", K6_SUMMARY),
    ("k6", K6),
    ("k6", K6_CSV),
]
