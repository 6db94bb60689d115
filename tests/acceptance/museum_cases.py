"""The cases of the museum: which package, what is wrong with it, and what counts as finding it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One documented defect: the releases with it and without it, and the finding classes that are
    right. The example is the file of this name in ``worked_examples/museum/``.
    """

    name: str
    defective: str
    mended: str
    grows: str
    expect: tuple[str, ...]
    reported: str


CASES = (
    Case(
        name="aiocache-lock",
        defective="aiocache 0.12.2",
        mended="aiocache 0.12.3",
        grows="timer handle of each released RedLock",
        expect=(
            "memory-growth",
            "gauge-growth",
        ),
        reported="https://github.com/aio-libs/aiocache/pull/807",
    ),
    Case(
        name="aiohttp-405",
        defective="aiohttp 3.10.10",
        mended="aiohttp 3.10.11",
        grows="middleware cache: one entry per request answered 404/405",
        expect=("memory-growth",),
        reported=(
            "https://github.com/aio-libs/aiohttp/security/advisories/GHSA-27mf-ghqm-j3j8 "
            "(CVE-2024-52303)"
        ),
    ),
    Case(
        name="amqpstorm-channels",
        defective="amqpstorm 2.5.0",
        mended="amqpstorm 2.6.1",
        grows=(
            "closed channels stay in the connection; channel ids run out at channel_max "
            "(2,047 RabbitMQ default, 65,535 at most)"
        ),
        expect=(
            "counter-wrap",
            "error-objective",
        ),
        reported="https://github.com/eandersson/amqpstorm/issues/55",
    ),
    Case(
        name="asgiref-local",
        defective="asgiref 3.2.7",
        mended="asgiref 3.2.8",
        grows="list of dead weak references in a global Local, one per thread that ever used it",
        expect=("memory-growth",),
        reported="https://github.com/django/asgiref/commit/edd0570",
    ),
    Case(
        name="axios-quad",
        defective="axios 0.21.1",
        mended="axios 0.21.2",
        grows="CPU time quadratic in download size when maxContentLength is set",
        expect=("superlinear-cost",),
        reported="https://github.com/axios/axios/pull/3738",
    ),
    Case(
        name="cbor2-64k",
        defective="cbor2 5.6.0",
        mended="cbor2 5.6.1",
        grows="errors: byte strings above 65,536 bytes cannot be decoded (SystemError)",
        expect=(
            "size-boundary",
            "error-objective",
        ),
        reported="https://github.com/agronholm/cbor2/issues/208",
    ),
    Case(
        name="cheroot-threads",
        defective="cheroot 11.1.1",
        mended="cheroot 11.1.2",
        grows="one thread per server stop()",
        expect=("thread-growth",),
        reported="https://github.com/cherrypy/cheroot/pull/794 (769)",
    ),
    Case(
        name="confluent-headers",
        defective="confluent-kafka 2.13.0",
        mended="confluent-kafka 2.13.2",
        grows="librdkafka header list per produce() refused with BufferError (broker down)",
        expect=("memory-growth",),
        reported="https://github.com/confluentinc/confluent-kafka-python/issues/2167 (PR 2170)",
    ),
    Case(
        name="expressbrute-32bit",
        defective="express-brute 0.5.3",
        mended="express-brute 0.6.0",
        grows="entries with a lifetime over 2^31 ms (24.8 days) vanish after 1 ms",
        expect=(
            "counter-wrap",
            "invariant",
            "error-objective",
        ),
        reported="https://github.com/AdamPflug/express-brute/issues/11",
    ),
    Case(
        name="greenlet-311",
        defective="greenlet 2.0.0.post0",
        mended="greenlet 2.0.1",
        grows="one 4 KiB datastack chunk per greenlet run (Python 3.11 only)",
        expect=("memory-growth",),
        reported="https://github.com/python-greenlet/greenlet/issues/328 (gevent issue 1924)",
    ),
    Case(
        name="gunicorn-slow",
        defective="gunicorn 25.1.0",
        mended="gunicorn 25.2.0",
        grows=(
            "worker threads held by connected but silent clients: knee at idle clients = "
            "threads, no recovery while they stay"
        ),
        expect=(
            "hang",
            "latency-objective",
            "throughput-collapse",
            "no-recovery",
            "error-objective",
        ),
        reported="https://github.com/benoitc/gunicorn/issues/3518",
    ),
    Case(
        name="hypercorn-state",
        defective="hypercorn 0.17.3",
        mended="hypercorn 0.18.0",
        grows=(
            "scope['state'] shared by all requests of a connection: what one request stores"
            " is kept and seen by the next"
        ),
        expect=("memory-growth",),
        reported="https://github.com/pgjones/hypercorn/commit/cd992f8",
    ),
    Case(
        name="lrucache-maxsize",
        defective="lru-cache 7.8.0",
        mended="lru-cache 7.8.1",
        grows="every entry ever stored, while size says 1000 (maxSize without max)",
        expect=("memory-growth",),
        reported="https://github.com/isaacs/node-lru-cache/issues/227",
    ),
    Case(
        name="modbusstream-txid",
        defective="modbus-stream 0.34.0",
        mended="modbus-stream 0.40.0",
        grows="errors: from request 65,536 of a connection on every request throws",
        expect=(
            "counter-wrap",
            "error-objective",
        ),
        reported="https://github.com/node-modbus/stream/issues/7",
    ),
    Case(
        name="multer-abort",
        defective="multer 2.2.0",
        mended="multer 2.3.0",
        grows="fd (and its unlinked file's disk space) per upload the client aborts",
        expect=(
            "fd-growth",
            "disk-growth",
        ),
        reported="https://github.com/expressjs/multer/issues/259 (PR 971, GHSA-qfvm-cv95-jqjf)",
    ),
    Case(
        name="multidict-del",
        defective="multidict 6.6.3",
        mended="multidict 6.6.4",
        grows="hash table of a multidict whose keys were all removed",
        expect=("memory-growth",),
        reported="https://github.com/aio-libs/multidict/pull/1233 (issue 1232)",
    ),
    Case(
        name="nodefetch-listeners",
        defective="node-fetch 3.2.4",
        mended="node-fetch 3.2.5",
        grows="data/close listeners on a keep-alive socket; each chunk runs them all",
        expect=("memory-growth",),
        reported="https://github.com/node-fetch/node-fetch/pull/1474 (issue 1295)",
    ),
    Case(
        name="numpy-reduceout",
        defective="numpy 2.3.1",
        mended="numpy 2.3.2",
        grows="the out= array of every reduction, whole",
        expect=("memory-growth",),
        reported="https://github.com/numpy/numpy/pull/29358",
    ),
    Case(
        name="orjson-numpy",
        defective="orjson 3.9.5",
        mended="orjson 3.9.6",
        grows=(
            "array capsule (keeps the whole array) when dtype is unsupported and default= is used"
        ),
        expect=("memory-growth",),
        reported="https://github.com/ijl/orjson/commit/35119dd",
    ),
    Case(
        name="pg8000-params",
        defective="pg8000 1.30.4",
        mended="pg8000 1.30.5",
        grows="errors: more than 32,767 bind parameters overflow a signed 16-bit count",
        expect=(
            "size-boundary",
            "error-objective",
        ),
        reported="https://github.com/tlocke/pg8000/commit/4ef917e",
    ),
    Case(
        name="pgcursor-listener",
        defective="pg-cursor 2.5.2",
        mended="pg-cursor 2.6.0",
        grows="rowDescription listener per cursor statement without rows",
        expect=("memory-growth",),
        reported="https://github.com/brianc/node-postgres/pull/2501",
    ),
    Case(
        name="protobuf-map",
        defective="protobuf 4.24.4",
        mended="protobuf 4.25.0",
        grows="message arena: key copy per map look-up",
        expect=("memory-growth",),
        reported="https://github.com/protocolbuffers/protobuf/issues/14571",
    ),
    Case(
        name="psycopg-register",
        defective="psycopg 3.1.11, psycopg-binary 3.1.11",
        mended="psycopg 3.1.12, psycopg-binary 3.1.12",
        grows="loader/dumper classes per register_*() call (per pooled connection)",
        expect=("memory-growth",),
        reported="https://github.com/psycopg/psycopg/issues/647",
    ),
    Case(
        name="pydantic-iter",
        defective="pydantic 2.7.0",
        mended="pydantic 2.7.1",
        grows="validated Iterable: iterator in a cycle the GC cannot traverse",
        expect=("memory-growth",),
        reported="https://github.com/pydantic/pydantic/issues/9243 (core PR 1271)",
    ),
    Case(
        name="redis-hiredis",
        defective="redis 4.5.4",
        mended="redis 4.5.5",
        grows="connection/parser cycle per connection",
        expect=("memory-growth",),
        reported="https://github.com/redis/redis-py/pull/2694 (issue 2693)",
    ),
    Case(
        name="redis-race",
        defective="redis 4.5.1",
        mended="redis 4.5.5",
        grows=(
            "wrong answers: a cancelled command leaves its reply in the pooled connection, "
            "the next caller reads it"
        ),
        expect=(
            "invariant",
            "interaction",
            "error-objective",
        ),
        reported=(
            "https://github.com/redis/redis-py/issues/2624 (PR 2641, issue 2665; "
            "CVE-2023-28858 and -28859; the ChatGPT incident of March 2023)"
        ),
    ),
    Case(
        name="simplejson-skipkeys",
        defective="simplejson 3.20.2",
        mended="simplejson 4.0.1",
        grows="item tuple of each key dropped by skipkeys (sorted path)",
        expect=("memory-growth",),
        reported="https://github.com/simplejson/simplejson/pull/358 (issue 352)",
    ),
    Case(
        name="sqlparse-quad",
        defective="sqlparse 0.5.5",
        mended="sqlparse 0.6.0",
        grows="CPU time quadratic in number of comment lines",
        expect=("superlinear-cost",),
        reported="https://github.com/andialbrecht/sqlparse/security/advisories/GHSA-f2ff-p2ww-7p4p",
    ),
    Case(
        name="starlette-range",
        defective="starlette 0.48.0",
        mended="starlette 0.49.1",
        grows="CPU time quadratic in Range header length; the event loop is blocked",
        expect=("superlinear-cost",),
        reported=(
            "https://github.com/Kludex/starlette/security/advisories/GHSA-7f5h-v6xp-fcq8 "
            "(CVE-2025-62727)"
        ),
    ),
    Case(
        name="tornado-cookie",
        defective="tornado 6.4.1",
        mended="tornado 6.4.2",
        grows="CPU time quadratic in quoted cookie length",
        expect=("superlinear-cost",),
        reported=(
            "https://github.com/tornadoweb/tornado/security/advisories/GHSA-8w49-h785-mj3c "
            "(CVE-2024-52804)"
        ),
    ),
    Case(
        name="ujson-nonascii",
        defective="ujson 5.12.0",
        mended="ujson 5.12.1",
        grows="bytes object per default()-produced non-ASCII string",
        expect=("memory-growth",),
        reported="https://github.com/ultrajson/ultrajson/pull/714 (issue 631)",
    ),
    Case(
        name="undici-connect",
        defective="undici 5.21.2",
        mended="undici 5.22.0",
        grows="socket per client destroyed while connecting",
        expect=(
            "fd-growth",
            "connection-growth",
        ),
        reported="https://github.com/nodejs/undici/pull/2058",
    ),
    Case(
        name="undici-origins",
        defective="undici 7.14.0",
        mended="undici 7.15.0",
        grows="one Pool per origin ever contacted",
        expect=("memory-growth",),
        reported=(
            "https://github.com/nodejs/undici/pull/4425 (issue 4424; earlier try PR 4223 in 7.10.0)"
        ),
    ),
    Case(
        name="watchdog-1024",
        defective="watchdog 5.0.3",
        mended="watchdog 6.0.0",
        grows="no growth of its own: past fd 1024 the inotify thread dies, events stop silently",
        expect=(
            "size-boundary",
            "invariant",
            "error-objective",
            "hang",
        ),
        reported="https://github.com/gorakhargosh/watchdog/pull/1078",
    ),
    Case(
        name="websockets-fd",
        defective="websockets 16.1.1",
        mended="websockets 17.0",
        grows="two fds per threaded server started and stopped",
        expect=(
            "fd-growth",
            "connection-growth",
        ),
        reported="https://github.com/python-websockets/websockets/commit/cc744498",
    ),
    Case(
        name="werkzeug-multipart",
        defective="werkzeug 3.0.0",
        mended="werkzeug 3.0.1",
        grows="CPU time quadratic in part size (file starting with CR LF, no other line break)",
        expect=("superlinear-cost",),
        reported=(
            "CVE-2023-46136; https://werkzeug.palletsprojects.com/en/stable/changes/#version-3-0-1"
        ),
    ),
)
