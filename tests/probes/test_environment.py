"""The fingerprint of the environment."""

from __future__ import annotations

import json

from perfstress.probes.environment import COMPARED, environment, fingerprint


def test_the_facts_are_plain_data_and_all_there() -> None:
    facts = environment()
    assert json.loads(json.dumps(facts)) == facts
    assert set(COMPARED) <= set(facts)
    assert facts["cores"] >= 1
    assert facts["memory_bytes"] > 0


def test_the_hash_is_the_same_for_the_same_machine() -> None:
    assert environment()["hash"] == environment()["hash"]
    assert len(environment()["hash"]) == 12


def test_the_hash_changes_with_each_fact_that_matters_and_no_other() -> None:
    facts = environment()
    for name in COMPARED:
        assert fingerprint({**facts, name: "another"}) != facts["hash"], name
    for name in ("load_average", "perfstress", "hash"):
        assert fingerprint({**facts, name: "another"}) == facts["hash"], name
