"""A hundred and more broken examples: each is a sound one with one edit, and one problem to tell.

``edit`` replaces text of the base; the mark ``¦`` in what replaces it (or in ``at``, which is a
piece of the finished text) stands where the problem has to be told. Where there is neither, the
problem has no place in the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MARK = "¦"

ROWS = b'{"user":"ann","cart":{"items":[1,2,3]}}\n{"user":"bob","cart":{"items":[1]}}\n'
TORN_ROWS = b'{"user":"ann","cart":{"items":[1,2,3]}}\n{"user":"bob","cart"\n'
TORN_CSV = b"user,age\nann,7\nbob\n"
TIMES = b"# seconds\n0\n0.25\n0.25\n1.5\n"
TORN_TIMES = b"0\n0.5\n0.25\n"
INPUT = b"a,1\nb,2\nc,3\n"


def checksum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


HTTP = f"""\
perfstress: 1
name: @NAME@
title: Two hundred requests a second against the shop
kind: spike
hunts: [no-recovery]
production:
  rate: 200/s
  concurrency: 100
  size: {{cart_items: 3}}
  horizon: 14d
  source: access log of 2025-11-28
implementation:
  paths: ["shop/**"]
target:
  command: [python, -m, shop, --port, "{{port}}"]
  env: {{DATABASE_URL: "${{env:DSN:-sqlite:///{{run}}/shop.db}}"}}
  ready: {{get: /healthz, within: 20s}}
  limits: {{memory: 512MiB, open_files: 1024}}
  probes:
    - prometheus: "http://127.0.0.1:{{port}}/metrics"
workload:
  http:
    base_url: "http://127.0.0.1:{{port}}"
    data:
      carts:
        file: rows.jsonl
        sha256: {checksum(ROWS)}
        order: shuffled
        seed: 7
        measure: {{cart_items: length(cart.items)}}
    journeys:
      browse:
        weight: 8
        steps: [{{get: "/products?user={{{{ carts.user }}}}"}}]
      buy:
        weight: 1
        steps:
          - post: /login
            json: {{user: "{{{{ carts.user }}}}"}}
            capture: {{token: access_token}}
          - think: 200ms
          - post: /checkout
            name: pay
            headers: {{authorization: "Bearer {{{{ token }}}}"}}
            expect: {{status: 201, json: {{state: paid}}}}
shape:
  model: open
  seed: 42
  stages:
    - {{name: warm-up, rate: 50/s, for: 10s, warmup: true}}
    - {{name: spike, rate: 200/s, for: 3s, mix: {{buy: 1}}}}
    - {{name: after, rate: 50/s, for: 30s}}
  max_in_flight: 1000
  timeout: 10s
success:
  - errors.rate < 0.1%
  - response.p99 < 500ms during spike
  - recovery < 30s after spike
  - invariant: {{get: /stats, that: "orders == ok.buy"}}
"""

CALLS = """\
perfstress: 1
name: @NAME@
title: A million prices in one process
kind: soak
production:
  rate: 1M/day
  concurrency: 2
  size: {lines: 40}
  operations: 1000000
  horizon: 14d
  source: the year-end run of 2025
implementation:
  paths: ["shop/pricing.py"]
target:
  python:
    call: shop.pricing:price
    setup: shop.pricing:setup
  limits: {memory: 512MiB}
workload:
  calls:
    size: {lines: 40}
shape:
  model: closed
  seed: 1
  epochs: 8
  stages:
    - {name: warm-up, users: 2, ops: 1000, warmup: true}
    - {name: work, users: 2, ops: 1000000}
success:
  - errors.count == 0
  - growth == none
"""

RUNS = f"""\
perfstress: 1
name: @NAME@
title: The nightly batch over a day's events
kind: load
production:
  rate: 1/day
  concurrency: 1
  size: {{lines: 3}}
  horizon: 1d
  source: the provider's file of 2025-11-28
implementation:
  paths: ["shop/settle.py"]
target:
  command: [python, settle.py, "{{input}}", "{{run}}/out.csv"]
workload:
  runs:
    input:
      file: input.csv
      sha256: {checksum(INPUT)}
shape:
  model: closed
  seed: 7
  stages:
    - {{name: nights, users: 1, ops: 3}}
success:
  - errors.count == 0
  - response.max < 60s
"""

TCP = f"""\
perfstress: 1
name: @NAME@
title: A thousand clients who fall silent
kind: load
production:
  rate: 10/s
  concurrency: 1000
  horizon: 14d
  source: connection log of 2025-11-28
implementation:
  paths: ["gateway/**"]
target:
  command: [python, -m, gateway, --port, "{{port}}"]
  ready: {{port: "{{port}}"}}
workload:
  tcp:
    address: "127.0.0.1:{{port}}"
    data: {{users: {{file: rows.jsonl, sha256: {checksum(ROWS)}}}}}
    journeys:
      polite:
        steps:
          - connect: true
          - send: "HELLO {{{{ users.user }}}}\\n"
            name: hello
          - expect: {{until: "\\n", contains: OK}}
          - close: true
      silent:
        steps:
          - connect: true
          - send: {{hex: "16 03 01", after: 1s}}
          - send: {{file: input.csv}}
          - hold: 30s
          - reset: true
shape:
  model: closed
  seed: 1
  stages:
    - {{name: crowd, users: 1000, for: 2m}}
success:
  - errors.rate < 0.1%
  - response.p99 < 500ms of polite.hello
"""

SIDE_BY_SIDE = """\
perfstress: 1
name: @NAME@
title: Looking and buying, each alone and then together
kind: interaction
production:
  rate: 30/s
  concurrency: 5
  horizon: 14d
  source: access log of 2025-11-28
implementation:
  paths: ["shop/**"]
target:
  command: [python, -m, shop, --port, "{port}"]
workload:
  http:
    base_url: "http://127.0.0.1:{port}"
    journeys:
      look: {rate: 20/s, steps: [{get: /}]}
      buy: {rate: 10/s, steps: [{post: /}]}
shape:
  model: open
  seed: 1
  journeys: [look, buy]
  stages:
    - {name: load, for: 10s}
success:
  - errors.rate < 0.1%
  - interaction == none
"""

SQL = f"""\
perfstress: 1
name: @NAME@
title: Orders on the database itself
kind: load
production:
  rate: 100/s
  concurrency: 20
  horizon: 14d
  source: pg_stat_statements of 2025-11-28
implementation:
  paths: ["schema/**"]
target:
  attach: {{port: 5432}}
workload:
  sql:
    dsn: postgresql://shop@127.0.0.1/shop
    connections: 20
    data: {{users: {{file: rows.jsonl, sha256: {checksum(ROWS)}}}}}
    journeys:
      order:
        steps:
          - transaction: begin
          - query: insert into orders (who) values ($1) returning id
            params: ["{{{{ users.user }}}}"]
            capture: {{order: id}}
            name: insert
          - query: update orders set paid = true where id = $1
            params: ["{{{{ order }}}}"]
            expect: {{rows: 1}}
          - transaction: commit
shape:
  model: closed
  seed: 1
  stages:
    - {{name: day, users: 20, for: 2m}}
success:
  - errors.rate < 0.1%
  - response.p99 < 50ms of order.insert
"""

WS = f"""\
perfstress: 1
name: @NAME@
title: Ten thousand idle watchers
kind: load
production:
  rate: 10/s
  concurrency: 10000
  horizon: 14d
  source: connection log of 2025-11-28
implementation:
  paths: ["prices/**"]
target:
  command: [python, -m, prices, --port, "{{port}}"]
workload:
  ws:
    base_url: "ws://127.0.0.1:{{port}}"
    data: {{users: {{file: rows.jsonl, sha256: {checksum(ROWS)}}}}}
    journeys:
      watch:
        steps:
          - connect: "/prices?user={{{{ users.user }}}}"
          - send: hello
          - expect: {{json: {{state: welcome}}}}
            capture: {{ticket: ticket}}
          - hold: 30s
          - send: "bye {{{{ ticket }}}}"
          - close: true
shape:
  model: closed
  seed: 1
  stages:
    - {{name: crowd, users: 10000, for: 2m}}
success:
  - errors.rate < 0.1%
"""


WRAP = """\
perfstress: 1
name: @NAME@
title: Tickets across the edge of their number
kind: wrap
hunts: [counter-wrap]
production:
  rate: 40k/day
  concurrency: 1
  horizon: 30d
  source: format of the printers
implementation:
  paths: ["shop/tickets.py"]
target:
  python:
    call: shop.tickets:issue
    setup: shop.tickets:setup
    state: shop.tickets:state
  env: {BOOKS: "7"}
  limits: {memory: 256MiB}
workload:
  calls:
    size: {lines: 4}
counters:
  - {name: ticket, from: state.last_number, bits: 16, preset: {setup: {start: 63000}}}
  - {name: done, from: ops, edge: 4000}
shape:
  model: closed
  seed: 1
  stages:
    - {name: across, users: 1, ops: 5000}
success:
  - errors.count == 0
"""


@dataclass(frozen=True, slots=True)
class Broken:
    """One edit of a base, and the slug and the place of the one problem that it has to give."""

    name: str
    slug: str
    old: str
    new: str
    base: str = HTTP
    at: str = ""
    raw: bytes | None = None
    place: tuple[int, int] | None = None
    says: str = ""

    def text(self) -> tuple[bytes, tuple[int, int]]:
        """The file's bytes, and the line and column of its problem (0, 0 where there is none)."""
        if self.raw is not None:
            return self.raw, self.place or (0, 0)
        assert self.base.count(self.old) >= 1, f"{self.name}: {self.old!r} is not in the base"
        text = self.base.replace(self.old, self.new, 1).replace("@NAME@", self.name)
        if self.at:
            plain = self.at.replace(MARK, "")
            assert text.count(plain) == 1, f"{self.name}: {plain!r} has to occur once"
            text = text.replace(plain, self.at)
        assert text.count(MARK) == 1, f"{self.name}: no place"
        before = text[: text.index(MARK)]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return text.replace(MARK, "").encode(), (line, column)


def _invariants() -> Iterator[Broken]:
    def broken(name: str, new: str, says: str, base: str = HTTP) -> Broken:
        old = "  - errors.rate < 0.1%\n"
        line = f"{old}  - ¦invariant: {{{new}}}\n"
        return Broken(f"invariant-{name}", "bad-criterion", old, line, base, says=says)

    said = 'that: "a == ok.buy"'
    yield broken("two-sources", f"get: /s, sql: select 1, {said}", "exclude each other")
    yield broken("no-source", said, "does not say who is asked")
    yield broken("no-database", f"sql: select 1 as a, {said}", "no database")
    yield broken("no-statement", f"get: /s, dsn: sqlite:///x.db, {said}", "without a statement")
    yield Broken("invariant-when", "bad-value", '"orders == ok.buy"', '"a == 1", when: [¦now]')
    yield Broken("invariant-and", "bad-criterion", "orders == ok.buy", "a == 1 and ¦== 3")


def _giving_up() -> Iterator[Broken]:
    def broken(name: str, new: str, says: str) -> Broken:
        new = f"name: pay\n            {new}"
        return Broken(f"abort-{name}", "bad-abort", "name: pay", new, says=says)

    yield broken("never", "¦abort: {reset: true}", "does not say when")
    yield broken("at-nothing", "abort: {¦bytes: 0}", "nothing is sent")
    yield broken("too-late", "abort: {¦after: 10s}", "the timeout of 10 s")
    yield broken("captured", "abort: {after: 5ms}\n            ¦capture: {id: id}", "no answer")
    yield broken("followed", "abort: {after: 5ms}\n            ¦redirects: 2", "no answer")
    yield Broken(
        "abort-first",
        "bad-abort",
        "        weight: 1\n",
        "        weight: 1\n        on_start: [{get: /, ¦abort: {after: 5ms}}]\n",
        says="on_start has to go well",
    )


def _beside() -> Iterator[Broken]:
    tcp = '  tcp: {address: "127.0.0.1:{port}", journeys: {@: {steps: [{connect: true}]}}}\n'
    yield Broken(
        "beside-same-name",
        "beside",
        "workload:\n",
        "¦workload:\n" + tcp.replace("@", "buy"),
        says="two journeys have the name 'buy'",
    )
    yield Broken(
        "beside-unconnected",
        "not-connected",
        "workload:\n",
        "workload:\n" + tcp.replace("@", "hold").replace("{connect: true}", "{¦hold: 1s}"),
    )
    yield Broken(
        "beside-pinned",
        "beside",
        "workload:\n",
        "workload:\n" + tcp.replace("@", "hold"),
        HTTP.replace("  seed: 42\n", "  seed: 42\n  pin: true\n"),
        at="¦pin: true",
    )


def _side_by_side() -> Iterator[Broken]:
    def broken(name: str, slug: str, old: str, new: str, says: str = "") -> Broken:
        return Broken(f"interaction-{name}", slug, old, new, SIDE_BY_SIDE, says=says)

    listed = "  journeys: [look, buy]\n"
    yield broken(
        "unnamed",
        "kind-shape",
        "shape:\n" + "  model: open\n  seed: 1\n" + listed,
        "¦shape:\n  model: open\n  seed: 1\n",
        "[look, buy]",
    )
    yield broken("one", "out-of-range", "[look, buy]", "¦[look]", "needs 2")
    yield broken("twice", "kind-shape", "[look, buy]", "[look, buy, ¦buy]", "named twice")
    yield broken("unknown", "unknown-name", "[look, buy]", "[look, buy, ¦by]", "buy")
    yield broken("spread", "kind-shape", "for: 10s", "for: 10s, ¦arrivals: uniform", "no arrivals")
    yield broken("rate", "kind-shape", "for: 10s", "¦rate: 9/s, for: 10s", "rate of its own")
    yield broken("ramp", "kind-shape", "for: 10s", "¦from: 1/s, to: 9/s, for: 10s", "no from")
    yield Broken(
        "interaction-no-level",
        "stage-level",
        "buy: {rate: 10/s, ",
        "buy: {",
        SIDE_BY_SIDE,
        at="- ¦{name: load",
    )
    yield Broken(
        "journeys-elsewhere",
        "kind-shape",
        "  seed: 42\n  stages",
        "  seed: 42\n  ¦journeys: [browse, buy]\n  stages",
        says="kind: interaction",
    )
    yield Broken(
        "interaction-elsewhere",
        "kind-shape",
        "- recovery < 30s after spike",
        "- recovery < 30s after spike\n  - ¦interaction == none",
        says="kind: interaction",
    )


def _yaml_traps() -> Iterator[Broken]:
    yield Broken("empty", "empty-file", "", "", raw=b"", place=(1, 1))
    yield Broken("only-comments", "empty-file", "", "", raw=b"# later\n", place=(1, 1))
    yield Broken("a-list", "not-a-mapping", "", "", raw=b"- perfstress: 1\n", place=(1, 1))
    yield Broken("a-word", "not-a-mapping", "", "", raw=b"perfstress\n", place=(1, 1))
    yield Broken("utf-16", "not-utf8", "", "", raw="name: x".encode("utf-16"), place=(1, 1))
    latin = b"perfstress: 1\nname: caf\xe9\n"
    yield Broken("latin-1", "not-utf8", "", "", raw=latin, place=(2, 10))
    nul = b"perfstress: 1\nname: a\x00b\n"
    yield Broken("nul", "control-character", "", "", raw=nul, place=(2, 8))
    deep = b"perfstress: " + b"[" * 3000 + b"\n"
    yield Broken("deep", "too-deep", "", "", raw=deep, place=(1, 52))
    laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
    )
    yield Broken("billion-laughs", "too-large", "", "", raw=laughs.encode(), place=(1, 10))
    big = b"# " + b"x" * 1_000_001
    yield Broken("a-megabyte", "too-large", "", "", raw=big)
    yield Broken("tab", "bad-yaml", "  rate: 200/s", "¦\trate: 200/s", says="tab")
    yield Broken("second-colon", "bad-yaml", "title: Two", "title: Two¦: two")
    yield Broken("open-quote", "bad-yaml", "title: Two", "title: ¦'Two", says="never closed")
    yield Broken("open-list", "bad-yaml", "[no-recovery]", "¦[no-recovery", says="not closed")
    yield Broken("open-brace", "bad-yaml", "{memory: 512MiB, open_files: 1024}", "¦{memory: 1MiB")
    yield Broken("at-sign", "bad-yaml", "title: Two", "title: ¦@Two", says="quotes")
    yield Broken(
        "star",
        "bad-yaml",
        "title: Two hundred requests a second against the shop",
        "title: ¦*two",
        says="anchor",
    )
    yield Broken("anchor-twice", "bad-yaml", "title: Two", "phase: &a b\ntitle: ¦&a Two")
    yield Broken("no-colon", "bad-yaml", "title: Two hundred", "oops\n¦title: Two hundred")
    yield Broken("indented-too-far", "bad-yaml", "kind: spike", "   kind¦: spike")
    yield Broken("two-documents", "several-documents", "kind: spike", "¦---\nkind: spike")
    yield Broken("python-tag", "tag", "title: Two", "title: ¦!!python/name:os.system Two")
    yield Broken("own-tag", "tag", "source: access", "source: ¦!secret access")
    yield Broken("merge", "merge-key", "  rate: 200/s", "  ¦<<: {a: 1}\n  rate: 200/s")
    yield Broken("twice", "duplicate-key", "  horizon: 14d", "  horizon: 14d\n  ¦rate: 1/s")
    yield Broken("number-key", "bad-key", "{state: paid}", "{¦404: paid}", says='"404"')
    yield Broken("null-key", "bad-key", "{state: paid}", "{¦~: paid}")
    yield Broken("true-key", "bad-key", "{state: paid}", "{¦true: paid}")
    yield Broken("list-key", "bad-key", "{state: paid}", "{¦[a]: paid}")
    yield Broken(
        "template-without-quotes",
        "bad-key",
        'json: {user: "{{ carts.user }}"}',
        "json: {¦{ carts.cart }}",
        says="quotes",
    )
    yield Broken("alias-loop", "alias-loop", "{state: paid}", "¦&a {state: [*a]}")
    yield Broken("infinite", "bad-number", "weight: 8", "weight: ¦.inf")
    yield Broken("not-a-number", "bad-number", "weight: 8", "weight: ¦.nan")
    yield Broken("too-many-digits", "bad-number", "seed: 42", "seed: ¦" + "9" * 60)
    yield Broken("yes-is-text", "wrong-type", "warmup: true", "warmup: ¦yes", says="true or false")
    yield Broken("on-is-text", "wrong-type", "warmup: true", "warmup: ¦on")
    yield Broken("base-sixty", "bad-duration", "horizon: 14d", "horizon: ¦1:30", says="'1:30'")
    yield Broken("a-date", "bad-duration", "horizon: 14d", "horizon: ¦2026-11-20")
    yield Broken("port-without-quotes", "wrong-type", '"{port}"]', "¦{port}]", says="quotes")
    yield Broken(
        "number-for-text",
        "wrong-type",
        "{DATABASE_URL: ",
        "{MODE: ¦017, DATABASE_URL: ",
        says='"017"',
    )
    yield Broken("nothing", "no-value", "  horizon: 14d", "  ¦horizon:")
    yield Broken("nothing-in-limits", "no-value", "{memory: 512MiB,", "{¦memory: ,")


def _shape_of_the_document() -> Iterator[Broken]:
    yield Broken("no-production", "missing-key", "", "", raw=_without("production"), place=(1, 1))
    yield Broken("no-seed-in-shape", "missing-key", "  seed: 42\n", "", at="¦shape:\n")
    yield Broken(
        "no-source",
        "missing-key",
        "  source: access log of 2025-11-28\n",
        "",
        at="¦production:\n",
        says="source",
    )
    yield Broken("no-stage-name", "missing-key", "name: after, ", "", at="¦{rate: 50/s, for: 30s}")
    yield Broken(
        "no-checksum",
        "missing-key",
        f"        sha256: {checksum(ROWS)}\n",
        "",
        at="¦carts:\n        file",
    )
    yield Broken(
        "misspelt",
        "unknown-key",
        "  horizon: 14d",
        "  ¦horzion: 14d\n  horizon: 14d",
        says="did you mean 'horizon'",
    )
    yield Broken(
        "camel-case",
        "unknown-key",
        "max_in_flight: 1000",
        "¦maxInFlight: 1000",
        says="max_in_flight",
    )
    yield Broken(
        "wrong-home",
        "unknown-key",
        "  horizon: 14d",
        "  horizon: 14d\n  ¦open_files: 1",
        says="target.limits",
    )
    for word, meant in (
        ("rampTo", "from:"),
        ("vus", "users:"),
        ("usersPerSec", "rate:"),
        ("arrivalRate", "rate:"),
        ("preAllocatedVUs", "max_in_flight"),
        ("duration", "for:"),
        ("target", "to:"),
        ("concurrency", "users:"),
        ("hold-for", "for:"),
        ("ramp-up", "from:"),
    ):
        yield Broken(
            f"peer-{word.lower()}",
            "unknown-key",
            "mix: {buy: 1}",
            f"mix: {{buy: 1}}, ¦{word}: 5",
            says=meant,
        )
    yield Broken(
        "peer-thresholds", "unknown-key", "success:", "¦thresholds: {}\nsuccess:", says="success:"
    )
    yield Broken(
        "peer-scenarios", "unknown-key", "shape:", "¦scenarios: {}\nshape:", says="journeys"
    )
    yield Broken(
        "peer-checks",
        "unknown-key",
        "name: pay",
        "name: pay\n            ¦checks: []",
        says="expect:",
    )
    yield Broken("version-2", "unknown-version", "perfstress: 1", "perfstress: ¦2")
    yield Broken(
        "size-outside-a-sweep",
        "sweep-shape",
        "shape:\n",
        "shape:\n  ¦size: {name: n, values: [1, 2]}\n",
        says="belong to kind: sweep",
    )
    yield Broken(
        "order-outside-a-sweep",
        "sweep-shape",
        "success:\n",
        "success:\n  - ¦cost.order < 1.3\n",
        says="which a sweep alone has",
    )
    yield Broken(
        "sweep-without-sizes",
        "sweep-shape",
        "kind: spike",
        "kind: sweep",
        at="¦shape:",
        says="sizes",
    )
    yield Broken("kind-chaos", "bad-value", "kind: spike", "kind: ¦spikes", says="spike")
    yield Broken("http-4", "bad-value", "  http:\n", "  http:\n    version: ¦4\n", says="1.1")
    yield Broken(
        "unknown-hunt", "bad-value", "[no-recovery]", "[¦memory-grow]", says="memory-growth"
    )
    yield Broken("rate-without-time", "bad-rate", "rate: 200/s\n", "rate: ¦fast\n")
    yield Broken("rate-per-fortnight", "bad-rate", "rate: 200/s\n", "rate: ¦200/fortnight\n")
    yield Broken("bare-duration", "bad-duration", "within: 20s", "within: ¦20")
    yield Broken("bad-size", "bad-size", "memory: 512MiB", "memory: ¦512 megs")
    yield Broken("range-of-rates", "range", "rate: 200/s\n", "rate: ¦100-200/s\n")
    yield Broken("range-of-times", "range", "for: 3s", "for: ¦3s..5s")
    yield Broken("range-of-numbers", "range", "concurrency: 100", "concurrency: ¦50-100")
    yield Broken("zero-users", "out-of-range", "concurrency: 100", "concurrency: ¦0")
    yield Broken("half-a-user", "wrong-type", "concurrency: 100", "concurrency: ¦1.5")
    yield Broken("quoted-number", "wrong-type", "concurrency: 100", 'concurrency: ¦"100"')
    yield Broken("negative-weight", "out-of-range", "weight: 8", "weight: ¦-1")
    yield Broken("three-epochs", "out-of-range", "epochs: 8", "epochs: ¦3", CALLS)
    yield Broken(
        "no-stages", "empty", "stages:\n    - {name: nights, users: 1, ops: 3}", "stages: ¦[]", RUNS
    )
    yield Broken(
        "endless-redirects",
        "out-of-range",
        "post: /login",
        "post: /login\n            redirects: ¦21",
    )
    yield Broken("capitals", "bad-name", "name: spike", "name: ¦Spike")
    yield Broken("short-checksum", "bad-sha256", f"sha256: {checksum(ROWS)}", "sha256: ¦abc")
    yield Broken(
        "call-without-colon", "bad-call", "shop.pricing:price", "¦shop.pricing.price", CALLS
    )
    yield Broken(
        "words-for-list",
        "wrong-type",
        '[python, -m, shop, --port, "{port}"]',
        "¦python -m shop",
        says="a list",
    )
    yield Broken(
        "list-for-mapping", "wrong-type", "{memory: 512MiB, open_files: 1024}", "¦[512MiB]"
    )


def _without(key: str) -> bytes:
    """The base without a whole part at the top."""
    kept, skipping = [], False
    for line in HTTP.replace("@NAME@", f"no-{key}").splitlines(keepends=True):
        if not line.startswith(" "):
            skipping = line.startswith(f"{key}:")
        if not skipping:
            kept.append(line)
    return "".join(kept).encode()


def _what_stands_together() -> Iterator[Broken]:
    yield Broken(
        "no-target",
        "one-of",
        "  python:\n    call: shop.pricing:price\n    setup: shop.pricing:setup\n",
        "",
        CALLS,
        at="¦target:\n",
    )
    yield Broken(
        "two-targets",
        "one-of",
        "  python:\n",
        "  ¦python:\n",
        CALLS.replace("  limits:", "  command: [x]\n  limits:"),
    )
    yield Broken(
        "two-workloads", "one-of", "workload:\n  http:", "workload:\n  ¦calls: {}\n  http:"
    )
    yield Broken("two-methods", "one-of", "post: /login", "get: /x\n            ¦post: /login")
    yield Broken("no-method", "one-of", "- think: 200ms", "- ¦name: x")
    yield Broken("think-and-more", "one-of", "think: 200ms", "think: 200ms\n            ¦json: {}")
    yield Broken(
        "only-pauses",
        "no-request",
        "      browse:",
        "      wait: {steps: [{think: 1s}]}\n      browse:",
        at="¦wait:",
    )
    for name, new in (
        ("no-auth", "    ¦auth: {}"),
        ("two-auths", '    auth: {¦bearer: "${env:T}", basic: {user: a, password: "${env:P}"}}'),
    ):
        yield Broken(name, "one-of", "    journeys:\n", f"{new}\n    journeys:\n")
    yield Broken(
        "start-ends-in-a-pause",
        "no-request",
        "        weight: 8\n",
        "        weight: 8\n        on_start: [{get: /in}, ¦{think: 1s}]\n",
    )
    yield Broken(
        "two-bodies",
        "one-of",
        'json: {user: "{{ carts.user }}"}',
        'json: {}\n            ¦body: ""',
    )
    yield Broken(
        "two-captures",
        "one-of",
        "{token: access_token}",
        '{token: {header: x, ¦regex: "(y)"}}',
        at="",
    )
    yield Broken("weight-and-rate", "own-rate", "weight: 8\n", "weight: 8\n        ¦rate: 5/s\n")
    yield Broken(
        "nobody-is-left",
        "own-rate",
        "weight: 8\n",
        "¦rate: 5/s\n",
        HTTP.replace("weight: 1\n", "rate: 1/s\n").replace(", mix: {buy: 1}", ""),
    )
    yield Broken("own-rate-in-a-mix", "own-rate", "weight: 1\n", "rate: 1/s\n", at="{¦buy: 1}")
    yield Broken(
        "header-and-cookie",
        "one-of",
        "{token: access_token}",
        "{token: {header: x, ¦cookie: y}}",
    )
    yield Broken(
        "empty-ready", "one-of", "ready: {get: /healthz, within: 20s}", "¦ready: {within: 20s}"
    )
    yield Broken(
        "empty-attach",
        "one-of",
        'command: [python, -m, shop, --port, "{port}"]\n',
        "¦attach: {}\n",
        HTTP.replace("{port}/metrics", "1/metrics").replace(
            '"http://127.0.0.1:{port}"', '"http://127.0.0.1:1"'
        ),
    )
    yield Broken("users-in-open", "stage-level", "rate: 50/s, for: 30s", "¦users: 5, for: 30s")
    yield Broken("rate-in-closed", "stage-level", "users: 1", "¦rate: 1/s", RUNS)
    yield Broken(
        "no-level", "stage-level", "{name: after, rate: 50/s, for: 30s}", "¦{name: after, for: 30s}"
    )
    yield Broken(
        "half-a-ramp",
        "stage-level",
        "{name: after, rate: 50/s, for: 30s}",
        "¦{name: after, to: 50/s, for: 30s}",
    )
    yield Broken(
        "level-and-ramp",
        "stage-level",
        "rate: 50/s, for: 30s",
        "rate: 50/s, ¦from: 1/s, to: 50/s, for: 30s",
    )
    yield Broken(
        "ramp-of-users", "stage-level", "rate: 50/s, for: 30s", "from: 50/s, to: ¦10, for: 30s"
    )
    yield Broken(
        "open-ended",
        "stage-bound",
        "{name: after, rate: 50/s, for: 30s}",
        "¦{name: after, rate: 50/s}",
    )
    yield Broken("two-bounds", "stage-bound", "for: 30s", "for: 30s, ¦ops: 5")
    yield Broken(
        "ramp-by-work", "stage-bound", "rate: 50/s, for: 30s", "from: 1/s, to: 50/s, ¦ops: 100"
    )
    yield Broken(
        "arrivals-in-closed",
        "model-words",
        "  seed: 7\n",
        "  seed: 7\n  ¦arrivals: uniform\n",
        RUNS,
    )
    yield Broken("no-time-at-all", "out-of-range", "for: 30s", "for: ¦0s")
    yield Broken(
        "only-warm-up", "only-warm-up", "ops: 3}", "ops: 3, warmup: true}", RUNS, at="¦stages:"
    )
    yield Broken(
        "flat-spike",
        "kind-shape",
        "rate: 200/s, for: 3s, mix: {buy: 1}",
        "rate: 200/s, for: 3s",
        HTTP.replace("rate: 50/s, for: 30s", "rate: 200/s, for: 3s"),
        at="¦stages:",
    )
    yield Broken(
        "nothing-after",
        "kind-shape",
        "    - {name: after, rate: 50/s, for: 30s}\n",
        "",
        HTTP.replace("- {name: spike", "- {name: before, rate: 50/s, for: 5s}\n    - {name: spike"),
        at="¦{name: spike",
    )
    yield Broken("epochs-in-a-load", "kind-shape", "  seed: 7\n", "  seed: 7\n  ¦epochs: 8\n", RUNS)
    yield Broken(
        "calls-on-a-command",
        "wrong-target",
        "  python:\n    call: shop.pricing:price\n    setup: shop.pricing:setup\n",
        "  command: [x]\n",
        CALLS,
        at="¦calls:",
    )
    yield Broken(
        "size-without-setup",
        "wrong-target",
        "    setup: shop.pricing:setup\n",
        "",
        CALLS,
        at="calls:\n    ¦size",
    )
    yield Broken(
        "input-unused", "wrong-target", '"{input}"', '"in.csv"', RUNS, at="¦[python, settle.py"
    )
    yield Broken(
        "no-input",
        "wrong-target",
        '"{input}"',
        '¦"{input}"',
        RUNS.replace(
            f"    input:\n      file: input.csv\n      sha256: {checksum(INPUT)}", "    {}"
        ).replace("  size: {lines: 3}\n", ""),
    )
    yield Broken("ready-batch", "wrong-target", "target:\n", "target:\n  ¦ready: {port: 1}\n", RUNS)
    page = "target:\n  probes: [{¦prometheus: 'http://127.0.0.1:1/'}]\n"
    yield Broken("page-of-a-batch", "wrong-target", "target:\n", page, RUNS)


def _stress() -> Iterator[Broken]:
    """Edits of a stress, and of the line that asks for its knee."""
    climb = "climb: {from: 200/s, to: 3000/s, each: 5s}"
    stress = HTTP.replace("kind: spike", "kind: stress").replace(
        "rate: 200/s, for: 3s, mix: {buy: 1}", climb
    )
    asked = "response.p99 < 500ms during spike"
    after = "    - {name: after, rate: 50/s, for: 30s}\n"
    before = "    - {name: warm-up, rate: 50/s, for: 10s, warmup: true}\n"
    yield Broken(
        "stress-without-climb", "kind-shape", climb, "rate: 200/s, for: 3s", stress, at="¦stages:"
    )
    yield Broken("climb-at-the-end", "kind-shape", after, "", stress, at="¦{name: spike")
    yield Broken("climb-at-the-start", "kind-shape", before, "", stress, at="¦{name: spike")
    yield Broken("knee-of-a-spike", "no-climb", asked, "¦knee >= 150/s")
    yield Broken("knee-above-the-top", "no-climb", asked, "¦knee >= 4000/s", stress)
    yield Broken("knee-below", "bad-criterion", asked, "knee ¦< 150/s", stress)
    yield Broken("capacity-of-what", "bad-criterion", asked, "¦capacity.max >= 150/s", stress)
    yield Broken(
        "climb-as-warm-up",
        "bad-climb",
        climb,
        climb.replace(": {", ": ¦{", 1) + ", warmup: true",
        stress,
    )


def _stages() -> Iterator[Broken]:
    """Edits of the last stage of the spike, and of the two of the soak."""
    after = "{name: after, rate: 50/s, for: 30s}"
    for name, slug, stage in (
        ("level-and-pause", "stage-level", "rate: 50/s, ¦pause: 30s"),
        ("ramp-and-steps", "stage-level", "from: 1/s, to: 2/s, ¦steps: @STEPS@"),
        ("pause-and-for", "stage-bound", "pause: 30s, ¦for: 30s"),
        ("steps-and-ops", "stage-bound", "steps: @STEPS@, ¦ops: 30"),
        ("steps-of-users", "stage-level", "steps: {from: ¦1, to: 2/s, by: 1/s, each: 1s}"),
        ("no-step", "out-of-range", "steps: {from: 1/s, to: 2/s, by: ¦0/s, each: 1s}"),
        ("steps-without-by", "missing-key", "¦steps: {from: 1/s, to: 2/s, each: 1s}"),
        ("no-pause", "out-of-range", "pause: ¦0s"),
        ("climb-and-for", "stage-bound", "climb: @CLIMB@, ¦for: 30s"),
        ("level-and-climb", "stage-level", "rate: 50/s, ¦climb: @CLIMB@"),
        ("climb-of-users", "stage-level", "climb: {from: ¦1, to: 20/s, each: 5s}"),
        ("climb-in-a-spike", "kind-shape", "¦climb: @CLIMB@"),
        ("climb-down", "bad-climb", "climb: {from: 20/s, to: ¦2/s, each: 5s}"),
        ("climb-of-two", "bad-climb", "climb: ¦{from: 10/s, to: 11/s, each: 5s}"),
        ("climb-in-leaps", "bad-climb", "climb: {from: 1/s, to: 20/s, each: ¦2s}"),
        ("climb-by-nothing", "out-of-range", "climb: {from: 1/s, to: 20/s, factor: ¦1, each: 5s}"),
        ("iterations-of-nobody", "model-words", "rate: 50/s, ¦iterations: 3"),
        ("level-and-recording", "stage-level", "rate: 50/s, ¦arrivals: @LOG@"),
        ("recording-and-ops", "stage-bound", "arrivals: @LOG@, ¦ops: 3"),
        ("no-recording", "no-file", "arrivals: {file: ¦gone.txt, sha256: @SUM@}"),
        ("other-recording", "wrong-checksum", "arrivals: {file: times.txt, sha256: ¦@ZERO@}"),
        ("torn-recording", "bad-arrivals", "arrivals: {file: ¦torn.txt, sha256: @TORN@}"),
        ("times-without-file", "missing-key", "¦arrivals: {sha256: @ZERO@}"),
        ("no-such-arrivals", "bad-value", "rate: 50/s, for: 1s, arrivals: ¦bursts"),
    ):
        text = stage
        for mark, meant in (
            ("@STEPS@", "{from: 1/s, to: 2/s, by: 1/s, each: 1s}"),
            ("@CLIMB@", "{from: 1/s, to: 20/s, factor: 2, each: 5s}"),
            ("@LOG@", "{file: times.txt, sha256: @SUM@}"),
            ("@SUM@", checksum(TIMES)),
            ("@TORN@", checksum(TORN_TIMES)),
            ("@ZERO@", "0" * 64),
        ):
            text = text.replace(mark, meant)
        yield Broken(name, slug, after, f"{{name: after, {text}}}")
    yield Broken(
        "steps-named-twice",
        "duplicate-name",
        after,
        after
        + """
    - {name: climb, steps: {from: 1/s, to: 2/s, by: 1/s, each: 1s}}
    - {name: ¦climb-2, rate: 1/s, for: 1s}""",
    )
    yield Broken("paced-arrivals", "model-words", "weight: 8", "weight: 8\n        ¦pacing: 1s")
    yield Broken(
        "think-two-ways", "one-of", "think: 200ms", "think: {uniform: [1s, 2s], ¦exponential: 1s}"
    )
    yield Broken("think-no-way", "one-of", "think: 200ms", "¦think: {}")
    yield Broken("think-backwards", "out-of-range", "think: 200ms", "think: {uniform: ¦[2s, 1s]}")
    yield Broken("think-nothing", "out-of-range", "think: 200ms", "think: {exponential: ¦0s}")
    yield Broken("think-one-bound", "out-of-range", "think: 200ms", "think: {uniform: ¦[2s]}")
    yield Broken("no-processes", "out-of-range", "seed: 42", "seed: 42\n  processes: ¦0")
    yield Broken(
        "processes-of-a-call", "workload-words", "seed: 1", "seed: 1\n  ¦processes: 2", CALLS
    )
    yield Broken(
        "iterations-of-a-call",
        "workload-words",
        "users: 2, ops: 1000000",
        "users: 2, ¦iterations: 500000",
        CALLS,
    )
    yield Broken(
        "pause-in-calls",
        "workload-words",
        "    - {name: work, users",
        "    - {name: rest, ¦pause: 1s}\n    - {name: work, users",
        CALLS,
    )


def _names_and_files() -> Iterator[Broken]:
    yield Broken("other-name", "name-differs", "name: @NAME@", "name: ¦another")
    yield Broken("stage-twice", "duplicate-name", "name: after", "name: ¦warm-up", HTTP)
    yield Broken(
        "step-twice",
        "duplicate-name",
        "post: /login",
        "post: /login\n            name: pay",
        at="name: ¦pay\n            headers",
    )
    yield Broken(
        "start-named-like-a-step",
        "duplicate-name",
        "        weight: 1\n",
        "        weight: 1\n        on_start: [{get: /in, name: pay}]\n",
        at="name: ¦pay\n            headers",
        says="on_start[0]",
    )
    yield Broken(
        "mix-of-nothing",
        "unknown-name",
        "mix: {buy: 1}",
        "mix: {¦bye: 1}",
        says="did you mean 'buy'",
    )
    yield Broken("during-nothing", "unknown-name", "during spike", "during ¦spik")
    yield Broken("after-nothing", "unknown-name", "30s after spike", "30s after ¦spikes")
    yield Broken(
        "of-nothing",
        "unknown-name",
        "response.p99 < 500ms during spike",
        "response.p99 < 500ms of ¦sell during spike",
    )
    yield Broken("invariant-of-nothing", "unknown-name", "ok.buy", "¦ok.sell")
    yield Broken(
        "unknown-data",
        "unknown-name",
        "/products?user={{ carts.user }}",
        "/products?user=¦{{ cards.user }}",
        says="carts",
    )
    yield Broken(
        "unknown-field",
        "unknown-name",
        "/products?user={{ carts.user }}",
        "/products?user=¦{{ carts.usr }}",
        says="did you mean 'user'",
    )
    yield Broken("used-too-early", "unknown-name", "post: /login", 'post: "/login?¦{{ token }}"')
    yield Broken(
        "of-another-journey",
        "unknown-name",
        "/products?user={{ carts.user }}",
        "/products?user=¦{{ token }}",
        says="another journey",
    )
    for name, slug, steps, says in (
        ("too-early-in-setup", "unknown-name", '{get: "/¦{{ setup.id }}"}', "data set"),
        ("no-method-in-setup", "one-of", "¦{name: x}", "what to do"),
        ("no-slash-in-setup", "bad-url", "{get: ¦x}", "base_url"),
        ("bad-path-in-setup", "bad-expression", '{get: /x, capture: {id: "a.[¦"}}', "JMESPath"),
    ):
        edit = f"    setup: [{steps}]\n    journeys:\n"
        yield Broken(name, slug, "    journeys:\n", edit, says=says)
    made = "    setup: [{get: /x, capture: {id: id}}]\n"
    yield Broken(
        "not-made-by-setup",
        "unknown-name",
        "    journeys:\n",
        f'{made}    headers: {{x-id: "¦{{{{ setup.ix }}}}"}}\n    journeys:\n',
        says="it captures id",
    )
    yield Broken(
        "data-named-setup",
        "duplicate-name",
        "    data:\n",
        f"{made}    data:\n      ¦setup: {{file: rows.jsonl, sha256: {checksum(ROWS)}}}\n",
    )
    yield Broken(
        "expression",
        "bad-template",
        "/products?user={{ carts.user }}",
        "/products?user=¦{{ carts.user + 1 }}",
    )
    yield Broken(
        "template-in-auth",
        "bad-template",
        "    journeys:\n",
        '    auth: {basic: {user: "¦{{ carts.user }}", password: "${env:P}"}}\n    journeys:\n',
        says="cannot stand here",
    )
    yield Broken(
        "open-template",
        "bad-template",
        "/products?user={{ carts.user }}",
        "/products?user=¦{{ carts.user",
    )
    yield Broken(
        "chance", "unseeded", "/products?user={{ carts.user }}", "/products?user=¦{{ random() }}"
    )
    yield Broken("a-uuid", "unseeded", "/products?user={{ carts.user }}", "/p/¦{{ uuid }}")
    yield Broken("missing-rows", "no-file", "rows.jsonl", "¦rowz.jsonl")
    yield Broken(
        "missing-body", "no-file", 'json: {user: "{{ carts.user }}"}', "body: {file: ¦photo.jpg}"
    )
    yield Broken(
        "missing-part",
        "no-file",
        'json: {user: "{{ carts.user }}"}',
        "multipart: {note: hello, photo: {file: ¦photo.jpg}}",
    )
    yield Broken(
        "changed-part",
        "wrong-checksum",
        'json: {user: "{{ carts.user }}"}',
        f"multipart: {{rows: {{file: rows.jsonl, sha256: ¦{'0' * 64}}}}}",
    )
    yield Broken(
        "form-and-multipart",
        "one-of",
        'json: {user: "{{ carts.user }}"}',
        "form: {a: b}\n            ¦multipart: {a: b}",
    )
    yield Broken("missing-input", "no-file", "input.csv", "¦in.csv", RUNS)
    yield Broken(
        "missing-generator",
        "no-file",
        "file: input.csv",
        'generate: [python, ¦make.py, --lines, "3"]',
        RUNS,
    )
    yield Broken(
        "changed-rows", "wrong-checksum", checksum(ROWS), "¦" + "0" * 63 + "a", says=checksum(ROWS)
    )
    yield Broken(
        "torn-rows",
        "bad-rows",
        f"file: rows.jsonl\n        sha256: {checksum(ROWS)}",
        f"file: ¦torn.jsonl\n        sha256: {checksum(TORN_ROWS)}",
        says="line 2",
    )
    yield Broken(
        "empty-rows",
        "bad-rows",
        f"file: rows.jsonl\n        sha256: {checksum(ROWS)}",
        f"file: ¦none.jsonl\n        sha256: {checksum(b'')}",
        says="no rows",
    )
    yield Broken(
        "torn-csv",
        "bad-rows",
        f"file: rows.jsonl\n        sha256: {checksum(ROWS)}",
        f"file: ¦torn.csv\n        sha256: {checksum(TORN_CSV)}",
        says="line 3 has 1 fields, not 2",
    )
    yield Broken(
        "too-early-in-a-header",
        "unknown-name",
        "        weight: 8\n",
        '        weight: 8\n        headers: {x-user: "¦{{ token }}"}\n',
        says="another journey",
    )
    yield Broken("text-measured", "bad-measure", "length(cart.items)", "¦user")
    yield Broken(
        "more-users-than-rows",
        "too-few-rows",
        "order: shuffled\n        seed: 7",
        "order: ¦per-user",
        says="2 rows for 1,000 users",
    )
    yield Broken("no-order-seed", "no-seed", "        seed: 7\n", "", at="order: ¦shuffled")
    yield Broken("bad-jmespath", "bad-expression", "length(cart.items)", '"length(cart.items¦"')
    yield Broken("bad-key-path", "bad-expression", "{state: paid}", '{¦"a.[": paid}')
    yield Broken("bad-regex", "bad-expression", "{token: access_token}", '{token: {regex: "¦(a"}}')
    yield Broken(
        "regex-without-group",
        "bad-expression",
        "{token: access_token}",
        '{token: {regex: ¦"a+"}}',
        says="group",
    )


def _concrete_and_safe() -> Iterator[Broken]:
    yield Broken("todo", "placeholder", "title: Two", "title: ¦TODO two")
    yield Broken("fixme", "placeholder", "source: access", "source: access ¦FIXME")
    yield Broken("to-be-changed", "placeholder", "post: /login", "post: /login/¦changeme")
    yield Broken("in-angles", "placeholder", "source: access", "source: ¦<your log>")
    yield Broken("todo-for-number", "placeholder", "concurrency: 100", "concurrency: ¦TODO")
    yield Broken("bad-operator", "bad-criterion", "errors.rate < 0.1%", "errors.rate ¦= 0.1%")
    yield Broken("unknown-metric", "bad-criterion", "response.p99 <", "¦respons.p99 <")
    yield Broken("unit-missing", "bad-criterion", "< 500ms", "< ¦500")
    yield Broken("empty-relation", "bad-criterion", "orders == ok.buy", "orders¦")
    yield Broken(
        "invariant-of-calls",
        "bad-criterion",
        "  - growth == none",
        '  - ¦invariant: {get: /x, that: "a == b"}',
        CALLS,
    )
    yield Broken("only-growth", "no-number", "  - errors.count == 0\n", "", CALLS, at="¦success:")
    yield Broken("path-from-above", "bad-pattern", '"shop/**"', '¦"../shop/**"')
    yield Broken("status-in-quotes", "bad-status", "status: 201", 'status: ¦"201"')
    yield Broken("status-of-seven", "bad-status", "status: 201", "status: ¦7")
    yield Broken("bare-dollar", "bad-secret", "post: /login", 'post: "/login?¦${TOKEN}"')
    yield Broken("bad-env-name", "bad-secret", "${env:DSN:-", "¦${env:MY DSN:-")
    yield Broken(
        "open-secret", "bad-secret", '"${env:DSN:-sqlite:///{run}/shop.db}"', '"¦${env:DSN"'
    )
    yield Broken("bearer", "literal-secret", '"Bearer {{ token }}"', "¦Bearer abcdef")
    for name, auth in (
        ("basic", "{basic: {user: ann, password: ¦hunter2}}"),
        ("plain-bearer", "{bearer: ¦abcdef}"),
        (
            "client",
            '{oauth2: {token_url: "http://127.0.0.1:{port}/t", client_id: a, client_secret: ¦b}}',
        ),
    ):
        edit = f"    auth: {auth}\n    journeys:\n"
        yield Broken(f"{name}-in-clear", "literal-secret", "    journeys:\n", edit)
    for name, slug, url in (
        ("foreign-tokens", "foreign-host", "https://login.internal/t"),
        ("no-token-url", "bad-url", "/token"),
    ):
        oauth2 = f'{{token_url: ¦"{url}", client_id: a, client_secret: "${{env:S}}"}}'
        edit = f"    auth: {{oauth2: {oauth2}}}\n    journeys:\n"
        yield Broken(name, slug, "    journeys:\n", edit)
    yield Broken(
        "password", "literal-secret", "{DATABASE_URL: ", "{DB_PASSWORD: ¦hunter2, DATABASE_URL: "
    )
    yield Broken(
        "password-in-dsn",
        "literal-secret",
        '"${env:DSN:-sqlite:///{run}/shop.db}"',
        '"postgres://shop:¦hunter2@db.internal/shop"',
    )
    yield Broken("unknown-brace", "unknown-placeholder", '--port, "{port}"', '--port, "¦{prot}"')
    yield Broken(
        "no-scheme",
        "bad-url",
        'base_url: "http://127.0.0.1:{port}"',
        'base_url: ¦"127.0.0.1:{port}"',
    )
    yield Broken("no-slash", "bad-url", "post: /login", "post: ¦login")
    yield Broken(
        "foreign",
        "foreign-host",
        'base_url: "http://127.0.0.1:{port}"',
        'base_url: ¦"http://shop.internal"',
        says="allow_hosts",
    )
    yield Broken(
        "foreign-probe",
        "foreign-host",
        'prometheus: "http://127.0.0.1:{port}/metrics"',
        'prometheus: ¦"http://10.0.0.1/metrics"',
    )
    yield from _probes()


def _probes() -> Iterator[Broken]:
    """Probes of the services behind the target."""

    def probe(name: str, slug: str, keys: str, **more: str) -> Broken:
        return Broken(
            f"probe-{name}", slug, "- prometheus: ", f"- {keys}\n    - prometheus: ", **more
        )

    yield probe("postgres", "bad-url", "postgres: ¦mysql://127.0.0.1/shop", says="postgresql://")
    yield probe("redis", "bad-url", "redis: ¦127.0.0.1", says="redis://")
    yield probe("far-redis", "foreign-host", "redis: ¦redis://cache.lan:6379", says="allow_hosts")
    yield probe("far-database", "foreign-host", "postgres: ¦postgresql://db.lan/shop")
    yield probe("far-json", "foreign-host", "json: {url: ¦http://10.0.0.1/, values: {a: b}}")
    yield probe("no-json", "empty", "json: {url: 'http://127.0.0.1:1/', values: ¦{}}")
    yield probe(
        "json-path", "bad-expression", "json: {url: 'http://127.0.0.1:1/', values: {a: 'b[¦['}}"
    )
    yield probe("pattern", "bad-pattern", "log: {path: app.log, errors: ¦'('}")
    yield probe("off", "bad-value", "host: ¦false")
    yield Broken(
        "no-probe",
        "no-probe",
        "  - recovery",
        "  - ¦queries.per_op <= 6\n  - recovery",
        says="postgres",
    )
    yield Broken(
        "no-redis-probe",
        "no-probe",
        "  - recovery",
        "  - ¦misses.per_op <= 0.1\n  - recovery",
        says="the probe redis",
    )
    yield probe("two", "one-of", "¦host: true\n      cgroup: true")


def _routes() -> Iterator[Broken]:
    """How connections get to the target."""
    here = 'base_url: "http://127.0.0.1:{port}"'

    def route(name: str, slug: str, keys: str, **more: str) -> Broken:
        return Broken(name, slug, here, f"{here}\n    {keys}", **more)

    yield route("tls-without-https", "bad-tls", "¦tls: {server_name: shop}", says="https")
    secure = HTTP.replace(here, 'base_url: "https://127.0.0.1:{port}"')
    yield Broken(
        "key-alone",
        "bad-tls",
        "    data:\n",
        "    tls: {¦key: rows.jsonl}\n    data:\n",
        secure,
    )
    yield Broken("no-ca", "no-file", "    data:\n", "    tls: {ca: ¦ca.pem}\n    data:\n", secure)
    yield Broken(
        "trusts-all-and-one",
        "one-of",
        "    data:\n",
        "    tls: {insecure: true, ¦ca: rows.jsonl}\n    data:\n",
        secure,
    )
    yield route("unix-by-proxy", "one-of", 'unix: shop.sock\n    ¦proxy: "http://127.0.0.1:3128"')
    yield route("proxy-elsewhere", "foreign-host", 'proxy: ¦"http://10.0.0.1:3128"')
    yield route("http-2-by-proxy", "http-version", 'version: 2\n    ¦proxy: "http://127.0.0.1:1"')
    yield route("http-2-by-socket", "http-version", "version: 2\n    ¦unix: shop.sock")
    yield route("http-3-from", "http-version", "version: 2\n    ¦source_addresses: [127.0.0.2]")
    yield route("http-3-without-tls", "http-version", 'version: ¦"3"', says="https")
    yield route("source-by-name", "bad-source", "source_addresses: [127.0.0.2, ¦localhost]")
    yield route("source-twice", "bad-source", "source_addresses: [127.0.0.2, ¦127.0.0.2]")
    yield route("unknown-socket", "unknown-placeholder", 'unix: "¦{home}/shop.sock"', says="{run}")
    yield route("no-body-at-all", "out-of-range", "max_body: ¦0B")
    yield route("too-few-connections", "not-scale-true", "connections: 99", at="concurrency: ¦100")
    closed = HTTP.replace("  model: open", "  model: closed").replace("  max_in_flight: 1000\n", "")
    for old, new in (("rate: 50/s, for: 10s", "users: 50, for: 10s"),
                     ("rate: 200/s, for: 3s", "users: 100, for: 3s"),
                     ("rate: 50/s, for: 30s", "users: 50, for: 30s")):  # fmt: skip
        closed = closed.replace(old, new)
    yield Broken(
        "closed-connections",
        "model-words",
        here,
        f"{here}\n    ¦connections: 100",
        closed,
    )


def _scale() -> Iterator[Broken]:
    yield Broken("too-slow", "not-scale-true", "rate: 200/s\n", "rate: ¦333/s\n")
    yield Broken(
        "too-few-at-once",
        "not-scale-true",
        "max_in_flight: 1000",
        "max_in_flight: 99",
        at="concurrency: ¦100",
    )
    yield Broken("too-few-users", "not-scale-true", "concurrency: 2", "concurrency: ¦3", CALLS)
    yield Broken("too-small", "not-scale-true", "cart_items: 3}", "cart_items: ¦40}")
    yield Broken("not-measured", "not-scale-true", "{cart_items: 3}", "{bytes: ¦3}")
    yield Broken(
        "small-call",
        "not-scale-true",
        "production:",
        "production:",
        CALLS.replace("    size: {lines: 40}", "    size: {lines: 4}"),
        at="concurrency: 2\n  size: {lines: ¦40}",
    )
    yield Broken("short-input", "not-scale-true", "lines: 3}", "lines: ¦4}", RUNS)
    yield Broken("too-short", "not-scale-true", "operations: 1000000", "operations: ¦2e6", CALLS)
    yield Broken(
        "unknowable",
        "not-scale-true",
        "users: 2, ops: 1000000",
        "users: 2, for: 1h",
        CALLS,
        at="operations: ¦1000000",
    )
    yield Broken(
        "needless-waiver",
        "unneeded-waiver",
        "  horizon: 14d",
        "  waive: {¦rate: cannot}\n  horizon: 14d",
    )


def _conversations() -> Iterator[Broken]:
    def tcp(name: str, slug: str, old: str, new: str, **more: str) -> Broken:
        return Broken(name, slug, old, new, TCP, **more)

    yield tcp("no-act", "one-of", "- hold: 30s", "- ¦{name: hm}")
    yield tcp("two-acts", "one-of", "- hold: 30s", "- {hold: 30s, ¦close: true}")
    yield tcp("timed-pause", "one-of", "- hold: 30s", "- {think: 30s, ¦timeout: 1s}")
    yield tcp("send-what", "one-of", 'hex: "16 03 01", after', "after", at="- ¦send: {after")
    yield tcp("sent-twice", "one-of", 'hex: "16 03 01"', 'text: hm, ¦hex: "16"')
    yield tcp("closed-with", "one-of", '{until: "\\n"', '{closed: true, ¦until: "\\n"')
    yield tcp(
        "all-thought", "no-request", "journeys:", "journeys:\n      ¦idle: {steps: [{think: 1s}]}"
    )
    yield tcp("never-there", "not-connected", '- connect: true\n          - send: "', '- ¦send: "')
    yield tcp(
        "gone-before", "not-connected", "- hold: 30s", "- close: true\n          - ¦hold: 30s"
    )
    yield tcp("odd-hex", "bad-hex", '"16 03 01"', '¦"16 03 0"')
    yield tcp("no-sent-file", "no-file", "input.csv", "¦nowhere.csv")
    yield tcp("no-sent-field", "unknown-name", "users.user }}", "users.nobody }}", at="HELLO ¦{{")
    yield tcp("one-act-name", "duplicate-name", "- close: true", "- {close: true, name: ¦hello}")
    yield tcp("no-port", "bad-url", '"127.0.0.1:{port}"', "¦localhost")
    yield tcp("abroad", "foreign-host", '"127.0.0.1:{port}"', "¦gateway.internal:9000")
    yield from _of_databases()
    yield from _of_sockets()
    yield tcp("no-such-act", "unknown-name", "of polite.hello", "of ¦polite.helo")


def _of_databases() -> Iterator[Broken]:
    def sql(name: str, slug: str, old: str, new: str, **more: str) -> Broken:
        return Broken(name, slug, old, new, SQL, **more)

    commit = "- transaction: commit"
    yield sql("never-ended", "bad-transaction", commit, "- think: 1s", at="transaction: ¦begin")
    yield sql("not-begun", "bad-transaction", "transaction: begin", "think: 1s", at="n: ¦commit")
    yield sql("begun-twice", "bad-transaction", commit, "- transaction: ¦begin")
    yield sql("nothing-asked", "one-of", commit, f"- ¦{{name: hm}}\n          {commit}")
    yield sql(
        "pause-params", "one-of", commit, f"- {{think: 1s, ¦params: [1]}}\n          {commit}"
    )
    yield sql("commit-what", "one-of", commit, "- {transaction: commit, ¦expect: {rows: 1}}")
    yield sql("end-work", "bad-value", commit, "- transaction: ¦end")
    yield sql("in-the-query", "bad-template", "id = $1", "id = {{ order }}", at="id = ¦{{ order }}")
    yield sql("no-column", "unknown-name", "{{ order }}", "¦{{ orders }}")
    yield sql("own-rows", "bad-value", "rows.jsonl, ", "rows.jsonl, order: ¦per-user, ")
    yield sql("no-database", "bad-url", "postgresql://shop@", "¦mysql://shop@")
    yield sql("two-hosts", "bad-url", "postgresql://shop@", "¦postgresql://10.0.0.1,")
    yield sql("far-database", "foreign-host", "postgresql://shop@127.0.0.1", "¦postgresql://db.lan")
    yield sql("negative-rows", "out-of-range", "{rows: 1}", "{rows: ¦-1}")


def _of_sockets() -> Iterator[Broken]:
    def ws(name: str, slug: str, old: str, new: str, **more: str) -> Broken:
        return Broken(name, slug, old, new, WS, **more)

    yield ws("ws-no-act", "one-of", "- hold: 30s", "- ¦{name: hm}")
    yield ws("ws-unconnected", "not-connected", "- connect:", "- think: 1s #", at="- ¦send: hello")
    yield ws("ws-two-acts", "one-of", "- send: hello", "- {send: hello, ¦close: true}")
    yield ws("ws-capture", "one-of", "- hold: 30s", "- {hold: 30s, ¦capture: {x: y}}")
    yield ws("ws-path", "bad-expression", "ticket: ticket", 'ticket: "[a¦"')
    yield ws("ws-too-early", "unknown-name", "send: hello", 'send: "¦{{ ticket }}"')
    yield ws("ws-http", "bad-url", '"ws://127.0.0.1:{port}"', '¦"http://127.0.0.1:{port}"')
    yield ws("ws-abroad", "foreign-host", '"ws://127.0.0.1:{port}"', "¦wss://prices.lan")
    yield ws("ws-relative", "bad-url", '"/prices?', '¦"prices?')


def _faults() -> Iterator[Broken]:
    def fault(text: str) -> str:
        return f"faults:\n  - {text}\nshape:"

    def service(text: str, faults: str = "[]") -> str:
        return f"services:\n  {text}\nfaults: {faults}\nshape:"

    for name, slug, text in (
        ("fault-without-act", "one-of", "¦{at: 1s}"),
        ("fault-two-acts", "one-of", "{at: 1s, run: [true.sh], ¦signal: HUP}"),
        ("fault-stop-for-ever", "bad-fault", "{at: 1s, ¦signal: STOP}"),
        ("fault-kill", "bad-fault", "{at: 1s, ¦signal: KILL}"),
        ("fault-long-signal", "bad-fault", "{at: 1s, signal: HUP, ¦for: 2s}"),
        ("fault-long-restart", "bad-fault", "{at: 1s, restart: true, ¦for: 2s}"),
        ("fault-stop-restart", "bad-fault", "{at: 1s, ¦signal: STOP, restart: true}"),
        ("fault-proxy-target", "bad-fault", "{at: 1s, ¦proxy: {cut: true}, for: 1s}"),
        ("fault-signal", "bad-value", "{at: 1s, signal: ¦STOPP, for: 1s}"),
        ("fault-late", "late-fault", "{at: ¦1h, signal: HUP}"),
        ("fault-to-nobody", "unknown-name", "{at: 1s, signal: STOP, for: 1s, to: ¦db}"),
        ("fault-during-nothing", "unknown-name", "{at: 1s, signal: HUP, during: ¦night}"),
        ("fault-as-a-stage", "duplicate-name", "{name: ¦spike, at: 1s, signal: HUP}"),
        ("fault-throttle", "bad-rate", "{at: 1s, proxy: {throttle: ¦64KiB}, for: 1s, to: db}"),
        ("fault-duration", "bad-duration", "{at: ¦5, signal: HUP}"),
        ("fault-key", "unknown-key", "{at: 1s, signal: HUP, ¦until: 9s}"),
    ):
        yield Broken(name, slug, "shape:", fault(text))
    yield Broken("service-unused", "unused-service", "shape:", service('¦db: {address: "[::1]:1"}'))
    used = '[{at: 1s, run: [sh, "{db.port}"]}]'
    here = service("db: {address: ¦here}", used)
    yield Broken("service-address", "bad-url", "shape:", here)
    far = service('db: {address: "¦db.internal:5432"}', used)
    yield Broken("service-far", "foreign-host", "shape:", far.replace('"¦', '¦"'))
    itself = service('¦target: {address: "127.0.0.1:1"}', used.replace("db", "target"))
    yield Broken("service-target", "duplicate-name", "shape:", itself)


def _counters() -> Iterator[Broken]:
    preset = "preset: {setup: {start: 63000}}"

    def broken(name: str, slug: str, old: str, new: str, says: str = "") -> Broken:
        return Broken(name, slug, old, new, WRAP, says=says)

    yield Broken("wrap-of-nothing", "kind-shape", "kind: spike", "kind: ¦wrap", says="is missing")
    yield broken("two-edges", "one-of", "bits: 16", "bits: 16, ¦edge: 65536", "exclude each other")
    yield broken(
        "no-edge", "one-of", "{name: done, from: ops, edge: 4000}", "¦{name: a, from: ops}"
    )
    yield broken("bits-65", "out-of-range", "bits: 16", "bits: ¦65")
    yield broken("counter-twice", "duplicate-name", "name: done", "name: ¦ticket")
    yield broken("start-of-a-number", "bad-counter", "bits: 16", "bits: 16, ¦start: 7", "from: ops")
    yield broken("no-series", "bad-counter", "from: state.last_number", "from: ¦last", "no probe")
    yield broken("ops-of-nobody", "unknown-name", "from: ops", "from: ¦ops.buy", "call")
    yield broken(
        "answer-of-nowhere",
        "bad-counter",
        "from: ops",
        "from: {get: ¦/stats, value: last}",
        "whole address",
    )
    yield broken(
        "answer-no-path",
        "bad-expression",
        "from: ops",
        'from: {get: "http://127.0.0.1:1/", value: "[a¦"}',
    )
    yield broken("answer-of-a-word", "bad-url", "from: ops", "from: {get: ¦stats, value: last}")
    yield broken(
        "answer-from-afar",
        "foreign-host",
        "from: ops",
        'from: {get: ¦"http://shop.lan/", value: a}',
    )
    yield broken("preset-afar", "foreign-host", preset, "preset: {post: ¦http://shop.lan/number}")
    yield broken("preset-of-a-port", "unknown-placeholder", preset, 'preset: {run: [x, "¦{port}"]}')
    yield broken("two-presets", "one-of", preset, "preset: {setup: {start: 1}, ¦env: {A: b}}")
    yield broken("no-preset", "one-of", preset, "¦preset: {}")
    yield broken("preset-of-size", "bad-preset", preset, "preset: {setup: {¦lines: 4}}", "'lines'")
    yield broken("preset-of-env", "bad-preset", preset, 'preset: {env: {¦BOOKS: "8"}}', "keep one")
    yield broken("preset-of-nowhere", "bad-preset", preset, "preset: {post: ¦/number}")
    yield broken("json-of-nothing", "bad-preset", preset, "preset: {run: [x], ¦json: {a: 1}}")
    yield broken("unknown-of-counter", "unknown-key", "bits: 16", "¦width: 16, bits: 16")
    yield Broken(
        "preset-of-a-soak",
        "kind-shape",
        "shape:",
        "counters:\n  - {name: a, from: ops, bits: 16, ¦preset: {env: {A: b}}}\nshape:",
        CALLS,
    )


CORPUS: tuple[Broken, ...] = (
    *_yaml_traps(),
    *_shape_of_the_document(),
    *_what_stands_together(),
    *_stages(),
    *_stress(),
    *_names_and_files(),
    *_concrete_and_safe(),
    *_routes(),
    *_scale(),
    *_conversations(),
    *_faults(),
    *_counters(),
    *_beside(),
    *_side_by_side(),
    *_giving_up(),
    *_invariants(),
)


def write(broken: Broken, folder: Path) -> tuple[Path, tuple[int, int]]:
    """The file and its data in a folder; the path, and where the problem has to be told."""
    for name, data in (
        ("rows.jsonl", ROWS),
        ("torn.jsonl", TORN_ROWS),
        ("none.jsonl", b""),
        ("torn.csv", TORN_CSV),
        ("input.csv", INPUT),
        ("times.txt", TIMES),
        ("torn.txt", TORN_TIMES),
    ):
        (folder / name).write_bytes(data)
    text, place = broken.text()
    path = folder / f"{broken.name}.yaml"
    path.write_bytes(text)
    return path, place
