"""The lint rules beyond the schema: what a document means together, a closed table.

Rules are pure but for reading the files that an example names. A rule's complaints carry its slug;
``docs/messages.md`` says what to do about each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from perfstress.errors import Problem
from perfstress.loading import Loaded
from perfstress.places import Complaint
from perfstress.rules import (
    aborts,
    acts,
    addresses,
    alone,
    climbs,
    concrete,
    counters,
    faults,
    files,
    form,
    kindshape,
    names,
    probing,
    routes,
    scale,
    sizes,
    stages,
    templates,
    users,
)
from perfstress.rules.weakening import weakening

Rule = Callable[[Loaded, Path], Iterator[Complaint]]

# What stands together. Where these complain, the scale cannot be reckoned.
FORM: Mapping[str, Rule] = {
    "one-of": form.one_of,
    "one-act": acts.one_act,
    "no-request": form.no_request,
    "no-act": acts.no_act,
    "stage-level": stages.stage_level,
    "stage-bound": stages.stage_bound,
    "model-words": stages.model_words,
    "workload-words": stages.workload_words,
    "out-of-range": stages.more_than_nothing,
    "sweep-shape": sizes.sweep_shape,
    "only-warm-up": stages.measured,
    "wrong-target": form.wrong_target,
    "beside": alone.side_by_side,
    "one-fault": faults.one_act,  # one-of
    "bad-counter": counters.counters,  # bad-preset, one-of, kind-shape and duplicate-name, too
    "bad-climb": climbs.bad_climb,
}
MEANING: Mapping[str, Rule] = {
    "name-differs": names.name_differs,
    "duplicate-name": names.duplicate_name,
    "unknown-name": names.unknown_name,
    "bad-template": templates.templates,  # unknown-name and unseeded, too
    "no-file": files.no_file,
    "wrong-checksum": files.wrong_checksum,
    "no-tls-file": routes.no_tls_file,  # no-file
    "bad-tls": routes.routes,  # one-of and model-words, too
    "bad-source": routes.bad_source,
    "bad-rows": files.bad_rows,  # bad-measure, too
    "bad-arrivals": stages.bad_arrivals,
    "no-seed": files.no_seed,
    "too-few-rows": users.too_few_rows,
    "own-rate": users.own_rate,
    "bad-expression": files.bad_expression,
    "placeholder": concrete.placeholder,
    "bad-criterion": concrete.bad_criterion,
    "bad-status": concrete.bad_status,
    "no-number": concrete.no_number,
    "bad-pattern": concrete.bad_pattern,
    "bad-abort": aborts.bad_abort,
    "bad-secret": addresses.bad_secret,
    "literal-secret": addresses.literal_secret,
    "unknown-placeholder": addresses.unknown_placeholder,
    "bad-url": addresses.bad_url,
    "foreign-host": addresses.foreign_host,
    "bad-probe": probing.bad_probe,  # bad-url, foreign-host, bad-pattern and bad-expression
    "no-probe": probing.no_probe,
    "bad-place": acts.bad_address,  # bad-url and foreign-host, too
    "not-connected": acts.not_connected,
    "bad-hex": acts.bad_hex,
    "bad-transaction": acts.bad_transaction,
    "bad-query": acts.bad_query,
    "bad-message": acts.bad_message,
    "per-user": acts.per_user,
    "no-sent-file": acts.no_file,
    "duplicate-act": acts.duplicate_name,
    "bad-act-template": acts.templates,
    "bad-fault": faults.bad_fault,
    "fault-names": faults.names,  # unknown-name and duplicate-name
    "late-fault": faults.late_fault,
    "unused-service": faults.bad_service,  # bad-url and foreign-host, too
}
SCALE: Mapping[str, Rule] = {
    "kind-shape": kindshape.kind_shape,
    "no-climb": climbs.no_climb,
    "not-scale-true": scale.not_scale_true,
    "unneeded-waiver": scale.unneeded_waiver,
}


def check(loaded: Loaded, root: Path) -> list[Problem]:
    """Every problem of an example that its shape alone does not show, in the file's order.

    ``root`` is the project's root, where ``cwd`` and implementation paths start.
    """
    complaints = list(_complaints(FORM, loaded, root))
    sound = not complaints
    complaints += _complaints(MEANING, loaded, root)
    if sound:
        complaints += _complaints(SCALE, loaded, root)
    problems = {loaded.problem(complaint): None for complaint in complaints}
    return sorted(problems, key=lambda problem: (problem.line, problem.column, problem.slug))


def _complaints(rules: Mapping[str, Rule], loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Of workloads that stand side by side each is looked at as if it were alone, and the rest of
    the example with all of them.
    """
    workload = loaded.example.workload
    sides = workload.sides if workload.http is not None and workload.talks is not None else []
    sides = sides if len(sides) == 2 else []  # any others are refused as such
    for rule in rules.values():
        for each in rule(loaded, root):
            if not alone.is_inside(each.place, dict(sides)):
                yield each
        for kind, part in sides:
            for each in rule(alone.view(loaded, kind, part), root):
                if alone.is_inside(each.place, (kind,)):
                    yield each


__all__ = ["FORM", "MEANING", "SCALE", "Rule", "check", "weakening"]
