"""Reading worked examples: positions, overrides, every problem at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from perfstress import loading, rules, yamlio
from perfstress.errors import ExampleError
from tests.broken.corpus import CALLS, HTTP, Broken, write

ROOT = Path(__file__).parent.parent


def sound(folder: Path, base: str = HTTP, *edits: tuple[str, str]) -> Path:
    for old, new in edits:
        assert old in base
        base = base.replace(old, new, 1)
    return write(Broken("sound", "", "perfstress: 1", "¦perfstress: 1", base), folder)[0]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "worked_examples").glob("*.yaml")), ids=lambda p: p.stem
)
def test_committed_examples_lint_clean(path: Path) -> None:
    loaded = loading.load(path)
    assert rules.check(loaded, ROOT) == []
    assert json.loads(json.dumps(loaded.document)) == loaded.document
    assert loaded.source == path.read_text()


def test_the_document_stays_as_it_was_authored(tmp_path: Path) -> None:
    loaded = loading.load(sound(tmp_path))
    assert loaded.document["shape"]["stages"][1]["rate"] == "200/s"
    assert loaded.example.shape.stages[1].rate == 200.0
    at = loaded.positions["shape", "stages", 1, "rate"]
    line = loaded.source.splitlines()[at.line - 1]
    assert line[at.column - 1 :].startswith("200/s")
    assert line[at.key_column - 1 :].startswith("rate:")


def test_numbers_with_an_exponent_are_whole_where_whole_ones_belong(tmp_path: Path) -> None:
    loaded = loading.load(sound(tmp_path, CALLS, ("operations: 1000000", "operations: 1e6")))
    assert loaded.example.production.operations == 1_000_000
    assert loaded.document["production"]["operations"] == 1_000_000
    assert isinstance(loaded.document["production"]["operations"], int)


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    path = sound(
        tmp_path,
        HTTP,
        ("  rate: 200/s", "  rate: fast"),
        ("concurrency: 100", "concurrency: none"),
        ("within: 20s", "within: 20"),
        ("weight: 8", "wieght: 8"),
        ("  timeout: 10s", "  timeout: 10s\n  timeout: 11s"),
    )
    loaded, problems = loading.check(path)
    assert loaded is None
    assert [problem.slug for problem in problems] == [
        "bad-rate",
        "wrong-type",
        "bad-duration",
        "unknown-key",
        "duplicate-key",
    ]
    assert [problem.line for problem in problems] == sorted(problem.line for problem in problems)
    with pytest.raises(ExampleError) as raised:
        loading.load(path)
    assert len(raised.value.problems) == 5


def test_rules_tell_every_problem_at_once(tmp_path: Path) -> None:
    path = sound(
        tmp_path,
        HTTP,
        ("rows.jsonl", "rowz.jsonl"),
        ("title: Two", "title: TODO two"),
        ("during spike", "during spik"),
        ("rate: 200/s", "rate: 900/s"),
    )
    slugs = {problem.slug for problem in rules.check(loading.load(path), tmp_path)}
    assert slugs == {"no-file", "placeholder", "unknown-name", "not-scale-true"}


def test_the_same_problems_without_libyaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    traps = {
        "tab": ("  rate: 200/s", "\trate: 200/s"),
        "colon": ("title: Two", "title: Two: two"),
        "quote": ("title: Two", "title: 'Two"),
        "brace": ("{memory: 512MiB, open_files: 1024}", "{memory: 1MiB"),
        "at": ("title: Two", "title: @Two"),
        "anchor": ("title: Two", "phase: &a b\ntitle: &a Two"),
    }
    for name, edit in traps.items():
        path = sound(tmp_path, HTTP, edit)
        _, with_libyaml = loading.check(path)
        monkeypatch.setattr(yamlio, "_Loader", yaml.SafeLoader)
        _, without = loading.check(path)
        monkeypatch.undo()
        assert [(p.slug, p.line, p.message) for p in without] == [
            (p.slug, p.line, p.message) for p in with_libyaml
        ], name


def test_windows_line_ends_and_a_byte_order_mark_are_no_problem(tmp_path: Path) -> None:
    path = sound(tmp_path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert loading.load(path).example.name == "sound"


def test_aliases_are_allowed(tmp_path: Path) -> None:
    path = sound(
        tmp_path,
        HTTP,
        ("    - {name: warm-up, rate: 50/s, ", "    - {name: warm-up, rate: &calm 50/s, "),
        ("{name: after, rate: 50/s", "{name: after, rate: *calm"),
    )
    assert loading.load(path).example.shape.stages[2].rate == 50.0


@pytest.mark.parametrize(
    ("path", "slug"),
    [("missing.yaml", "no-such-file"), (".", "not-a-file")],
)
def test_what_is_no_file(tmp_path: Path, path: str, slug: str) -> None:
    loaded, problems = loading.check(tmp_path / path)
    assert loaded is None
    assert [problem.slug for problem in problems] == [slug]


def test_display_names_the_file(tmp_path: Path) -> None:
    path = sound(tmp_path, HTTP, ("kind: spike", "kind: peak"))
    _, problems = loading.check(path, display="as/typed.yaml")
    assert str(problems[0]).startswith("as/typed.yaml:4:7: kind: 'peak'")


# ---------------------------------------------------------------- --set
def test_overrides_change_document_and_example(tmp_path: Path) -> None:
    loaded = loading.load(
        sound(tmp_path),
        {
            "target.env.CHECKOUT_DEFECTS": "1",
            "shape.stages.spike.rate": "400/s",
            "shape.stages[0].for": "1s",
            "shape.max_in_flight": "2e3",
            "workload.http.journeys.buy.steps.0.json.user": "7",
        },
    )
    assert loaded.example.target.env["CHECKOUT_DEFECTS"] == "1"
    assert loaded.example.shape.stages[1].rate == 400.0
    assert loaded.example.shape.stages[0].for_ == 10**9
    assert loaded.example.shape.max_in_flight == 2000
    assert loaded.document["workload"]["http"]["journeys"]["buy"]["steps"][0]["json"]["user"] == 7


def test_an_override_makes_the_parts_that_are_missing(tmp_path: Path) -> None:
    loaded = loading.load(sound(tmp_path, CALLS), {"target.stop.within": "1s"})
    assert loaded.example.target.stop.within == 10**9


@pytest.mark.parametrize(
    ("path", "value", "slug", "says"),
    [
        ("target.enw.X", "1", "bad-set", "'enw'"),
        ("tarjet", "1", "bad-set", "'tarjet'"),
        ("shape.stages.9.rate", "1/s", "bad-set", "3 items"),
        ("shape.stages.calm.rate", "1/s", "bad-set", "'calm'"),
        ("name.x", "1", "bad-set", "single value"),
        ("target..x", "1", "bad-set", "not a path"),
        ("shape.stages.0.rate", "fast", "bad-rate", "'fast' is not a rate"),
        ("shape.max_in_flight", "many", "wrong-type", "'many'"),
        ("shape.seed", ".inf", "bad-number", "number"),
    ],
)
def test_overrides_that_do_not_fit_are_named(
    tmp_path: Path, path: str, value: str, slug: str, says: str
) -> None:
    _, problems = loading.check(sound(tmp_path), {path: value})
    assert [problem.slug for problem in problems] == [slug]
    assert problems[0].path.startswith("--set ")
    assert says in problems[0].message


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["name", "kind", "shape", "stages", "rate", "success", "target", "x"]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=20,
    )
)
def test_no_document_makes_it_raise(tmp_path_factory: pytest.TempPathFactory, data: object) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    loaded, problems = loading.check(path)
    assert (loaded is None) == bool(problems)
    assert not any("Input should" in problem.message for problem in problems)
