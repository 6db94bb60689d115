#!/usr/bin/env python3
"""Prints years of a company's repository as `git fast-import` reads it: same arguments, same bytes.

usage: make_history.py --examples N --phases P --commits C --seed S > history.stream

N worked examples in P phases, each with a part of the code that it is about, in C commits. One
commit in ten merges a branch; examples move up to three times, files of the code move too; some
examples came too late, some were weakened, some wait for their code. What is true of each stands in
truth.json of the last commit, by the example's path.
"""

import argparse
import hashlib
import json
import random
import sys

ROWS = "".join(
    json.dumps({"user": f"u{n:04d}", "cart": {"items": list(range(n % 40 + 1))}}) + "\n"
    for n in range(200)
)
ROWS_SUM = hashlib.sha256(ROWS.encode()).hexdigest()

HEAD = """\
# Drafted with the people who run it; the figures are from the dashboard of that month.
perfstress: 1
name: {name}
title: {title}
kind: {kind}
phase: {phase}
hunts: [{hunts}]

production:
  rate: {rate}/s              # the busiest minute
  concurrency: {concurrency}
  horizon: 14d
  source: access log of the week of {phase}
{size}
implementation:
  paths: ["{part}/**"]
"""
HTTP = """
target:
  command: [python, -m, {module}, --port, "{{port}}"]
  ready: {{get: /healthz, within: 20s}}
  limits: {{memory: 512MiB, open_files: 1024, threads: 200}}
  probes:
    - prometheus: "http://127.0.0.1:{{port}}/metrics"

workload:
  http:
    base_url: "http://127.0.0.1:{{port}}"
    data:
      carts:
        file: ../data/carts.jsonl
        sha256: {rows}
        order: shuffled
        seed: 7
        measure: {{cart_items: length(cart.items)}}
    journeys:
      browse:
        weight: 8
        steps: [{{get: "/products?user={{{{ carts.user }}}}", expect: {{status: 200}}}}]
      buy:
        weight: 1
        steps:
          - post: /login
            json: {{user: "{{{{ carts.user }}}}", password: correct-horse}}
            capture: {{token: access_token}}
            expect: {{status: 200}}
          - think: 200ms
          - post: /checkout
            name: pay
            headers: {{authorization: "Bearer {{{{ token }}}}"}}
            json: "{{{{ carts.cart }}}}"
            expect: {{status: 201, json: {{state: paid}}}}

shape:
  model: open
  seed: 42
  stages:
    - {{name: warm-up, rate: 50/s, for: 10s, warmup: true}}
    - {{name: before, rate: 10/s, for: 10s}}
    - {{name: spike, rate: {rate}/s, for: 3s, mix: {{buy: 1}}}}
    - {{name: after, rate: 10/s, for: 30s}}
  max_in_flight: 1000
  timeout: 10s

success:
  - errors.rate < 0.1%
  - response.p99 < 500ms during spike
  - recovery < 30s after spike
  - invariant: {{get: /stats, that: "orders == ok.buy"}}
"""
CALLS = """
target:
  python:
    call: {module}:work
    setup: {module}:setup
  limits: {{memory: 512MiB}}

workload:
  calls:
    size: {{lines: 40}}

shape:
  model: closed
  seed: 1
  epochs: 8
  stages:
    - {{name: warm-up, users: {concurrency}, ops: 1000, warmup: true}}
    - {{name: work, users: {concurrency}, ops: 1000000}}

success:
  - errors.count == 0
  - growth == none
  - response.p99 < 50ms
"""


class Item:
    """One example and the part of the code that it is about."""

    def __init__(self, number: int, phases: int) -> None:
        self.number, self.phase = number, f"phase-{number % phases:02d}"
        self.name = f"example-{number:04d}"
        self.part = f"services/{self.phase}/part-{number // phases:02d}"
        self.path = f"worked_examples/{self.phase}/{self.name}.yaml"
        self.rate, self.title, self.moves = 100 + number % 300, f"What {self.name} is about", 0
        self.state, self.is_weakened = "pending", False
        self.is_late = number % 97 == 50
        self.is_there = False  # the example
        self.files: list[str] = []  # of the part
        self.is_busy = False  # on a branch

    def text(self) -> str:
        is_http = self.number % 10 < 6
        calls_size = "  size: {lines: 40}\n  operations: 1000000\n"
        return (HEAD + (HTTP if is_http else CALLS)).format(
            name=self.name,
            title=self.title,
            kind="spike" if is_http else "soak",
            phase=self.phase,
            hunts="no-recovery" if is_http else "memory-growth",
            rate=self.rate,
            concurrency=40,
            size="  size: {cart_items: 40}\n" if is_http else calls_size,
            part=self.part,
            rows=ROWS_SUM,
            module=self.part.translate(str.maketrans("/-", "._")),
        )


class Stream:
    """Commits as fast-import reads them; a branch's changes are kept until they are merged."""

    def __init__(self) -> None:
        self.write = sys.stdout.write
        self.mark, self.at_s = 0, 1_600_000_000
        self.heads: dict[str, int] = {}
        self.on_branch: dict[str, int | None] = {}

    def blob(self, text: str) -> int:
        self.mark += 1
        self.write(f"blob\nmark :{self.mark}\ndata {len(text.encode())}\n{text}\n")
        return self.mark

    def commit(self, ref: str, changes: dict[str, str | None], parents: list[int]) -> None:
        self.put(
            ref,
            {path: None if text is None else self.blob(text) for path, text in changes.items()},
            parents,
        )

    def put(self, ref: str, marks: dict[str, int | None], parents: list[int]) -> None:
        """A commit of blobs; ``parents`` in place of the head of its own line."""
        self.at_s += 300
        self.mark += 1
        parents = parents or ([self.heads[ref]] if ref in self.heads else [])
        self.write(f"commit refs/heads/{ref}\nmark :{self.mark}\n")
        self.write(f"committer A <a@localhost> {self.at_s} +0000\ndata 7\na step\n\n")
        for word, parent in zip(["from"] + ["merge"] * 8, parents, strict=False):
            self.write(f"{word} :{parent}\n")
        for path, mark in sorted(
            marks.items(), key=lambda each: each[1] is not None
        ):  # deletions first
            self.write(f"D {path}\n" if mark is None else f"M 100644 :{mark} {path}\n")
        self.heads[ref] = self.mark
        if ref != "main":
            self.on_branch.update(marks)


class Company:
    """What people do, a commit at a time."""

    def __init__(self, examples: int, phases: int, commits: int, seed: int) -> None:
        self.rng, self.out, self.left = random.Random(seed), Stream(), commits
        self.items = [Item(number, phases) for number in range(examples)]
        self.every = commits * 0.8 / examples  # commits between two new examples
        self.commits, self.texts = commits, {"worked_examples/data/carts.jsonl": ROWS}
        self.born = 0

    def run(self) -> None:
        self.say("main", dict(self.texts))
        while self.left > 20:
            self.cycle(self.rng.randint(2, 4), self.rng.randint(3, 8))
        while self.left > 1:
            self.say("main", {"docs/index.md": self.lines("index")})
        truth = {
            item.path: {"state": item.state, "weakened": item.is_weakened}
            for item in self.items
            if item.is_there
        }
        self.say("main", {"truth.json": json.dumps(truth, indent=0, sort_keys=True) + "\n"})

    def say(
        self, ref: str, changes: dict[str, str | None], parents: list[int] | None = None
    ) -> None:
        self.texts.update({path: text for path, text in changes.items() if text is not None})
        self.out.commit(ref, changes, parents or [])
        self.left -= 1

    def cycle(self, on_branch: int, on_main: int) -> None:
        """A branch of some commits, others on main beside it, and the merge."""
        fork = self.out.heads["main"]
        ours = self.rng.sample(range(self.born), min(self.born, 3)) if self.born else []
        mine = [self.items[number] for number in ours]
        is_fresh = self.is_due()
        if is_fresh:
            mine = [self.items[self.born]]
            self.born += 1
        for item in mine:
            item.is_busy = True
        steps = ["branch"] * on_branch + ["main"] * on_main
        self.rng.shuffle(steps)
        has_begun = False
        for step in steps:
            if step == "main":
                self.say(
                    "main",
                    self.act([item for item in self.items[: self.born] if not item.is_busy], True),
                )
            else:
                self.say("branch", self.act(mine, False), None if has_begun else [fork])
                has_begun = True
        for item in mine:
            item.is_busy = False
        if has_begun:
            marks, self.out.on_branch = self.out.on_branch, {}
            if self.rng.random() < 0.02:  # a merge that changes more than it merges
                marks |= {"docs/merged.md": self.out.blob(self.lines("merged"))}
            self.out.put("main", marks, [self.out.heads["main"], self.out.heads["branch"]])
            self.left -= 1

    def is_due(self) -> bool:
        done = self.commits - self.left
        return self.born < len(self.items) and self.born * self.every <= done

    def act(self, items: list[Item], on_main: bool) -> dict[str, str | None]:
        if on_main and self.is_due():
            items = [self.items[self.born]]
            self.born += 1
        if not items or self.rng.random() < 0.15:
            return {f"docs/page-{self.rng.randrange(300)}.md": self.lines("page")}
        item = self.rng.choice(items)
        if not item.is_there and (not item.is_late or item.files):
            item.is_there = True
            item.state = "too-late" if item.files else "pending"
            return {item.path: item.text()}
        chance = self.rng.random()
        if item.is_there and chance < 0.05:
            return self.move(item)
        if item.is_there and chance < 0.13:
            return self.edit(item)
        return self.work(item)

    def move(self, item: Item) -> dict[str, str | None]:
        if item.moves == 3:
            return {"docs/index.md": self.lines("index")}
        item.moves += 1
        old, folder = item.path, self.rng.choice(["team-a", "team-b", "team-c", item.phase])
        if item.moves == 2:
            item.name += "-again"
        item.path = f"worked_examples/{folder}/{item.name}.yaml"
        return {item.path: item.text()} | ({old: None} if old != item.path else {})

    def edit(self, item: Item) -> dict[str, str | None]:
        if item.number % 20 == 7 and not item.is_weakened:
            item.is_weakened, item.rate = True, item.rate - 10
        else:
            item.title = f"What {item.name} is about, said {self.rng.randrange(10_000)} times"
        return {item.path: item.text()}

    def work(self, item: Item) -> dict[str, str | None]:
        """Write, change, or move code of the part; some begins as a prototype elsewhere."""
        waits = self.items[-len(self.items) // 20].number <= item.number
        if waits and not item.is_late:
            return {f"lib/{item.phase}.py": self.lines("lib")}
        if item.is_there and item.state == "pending":
            item.state = "before"
        chance = self.rng.random()
        if item.files and chance < 0.04:
            old = item.files.pop(self.rng.randrange(len(item.files)))
            new = f"{item.part}/moved_{self.rng.randrange(10_000)}.py"
            text = self.texts[old]
        else:
            old = ""
            new = self.rng.choice(item.files) if item.files and chance < 0.7 else ""
            home = "prototypes" if chance > 0.99 and item.files else item.part
            new = new or f"{home}/code_{item.number}_{self.rng.randrange(10_000)}.py"
            text = self.lines(new)
        if new not in item.files:
            item.files.append(new)
        return {new: text} | ({old: None} if old and old != new else {})

    def lines(self, about: str) -> str:
        return "".join(
            f"# {about} {self.rng.randrange(1 << 30):x}\n" for _ in range(self.rng.randint(3, 14))
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("examples", "phases", "commits", "seed"):
        parser.add_argument(f"--{name}", type=int, required=True)
    options = parser.parse_args()
    Company(options.examples, options.phases, options.commits, options.seed).run()


if __name__ == "__main__":
    main()
