"""``perfstress promote``: an example that passed twice becomes a regression, frozen with its
baseline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from perfstress import discovery, ledger, library, promotions, provenance, runfile
from perfstress.archive import RUNS
from perfstress.clock import wall
from perfstress.comparing.figures import figures_of
from perfstress.errors import ExitCode, LibraryError
from perfstress.judge import judge
from perfstress.loadsummary import merged
from perfstress.run import Run
from perfstress.verdict import Outcome, Verdict


def promote(
    run_path: Path, *, tier: str | None, reason: str = "", out: TextIO, err: TextIO
) -> ExitCode:
    """Promote a PASS run of a committed example; runs it a second time where no agreeing run is
    kept. ``tier`` is the first one that replays it, None for what its length says. An example that
    asks for less than the promoted one of its name wants a ``reason``.

    Raises LibraryError with every reason against it.
    """
    run = runfile.read(run_path)
    verdict = judge(run)
    source = Path(run.manifest.example_path)
    root = provenance.root_of(source)
    reasons = _against(run, verdict, source, root)
    former = promotions.former(root, run.example.name, source) if source.is_file() else None
    if former is not None and not reason.strip():
        reasons += [
            f"weakened since it was promoted: {promotions.sentence(change)}; --reason says why"
            for change in former.weakened
        ]
    if reasons:
        raise LibraryError(
            f"{run_path}: cannot be promoted\n" + "\n".join(f"  - {reason}" for reason in reasons),
            hint="promotion wants a full-scale PASS of the committed example on a clean tree",
            slug="not-promotable",
        )
    second = _agreeing(run, root)
    if second is None:
        err.write("no second passing run of this commit is kept: running it again\n")
        again, run_again = discovery.run_and_judge(
            discovery.order(source), confirm=True, quiet=False, err=err
        )
        if again.outcome is not Outcome.PASS:
            raise LibraryError(
                f"{run_again.path}: the second run says {again.outcome}: the two do not agree",
                hint=f"perfstress report {run_again.path}",
                slug="not-promotable",
            )
        second = run_again
    history: list[promotions.Change] = []
    if former is not None:
        until, commit = wall().isoformat(timespec="seconds"), run.manifest.git.get("commit")
        history = former.history(until=until, commit=commit, reason=reason.strip())
    baseline = {
        **_baseline(run, second, verdict, tier),
        **({"history": history} if history else {}),
    }
    page = _page(run, verdict, former, history)
    folder = library.write_entry(root, run.example, source, baseline, page)
    out.write(f"promoted: {folder.relative_to(root)}\n")
    if former is not None:
        _tell(former, out)
    caught = ledger.record(root, ledger.caught_before(root, run))
    ledger.renew_page(root, run.example.name)  # of what was put into it before
    for one in caught:
        out.write(f"caught before: {one.kind} of {one.resource}, now in {ledger.FILE}\n")
    out.write("next: commit it, then  perfstress replay\n")
    return ExitCode.PASS


def _tell(former: promotions.Former, out: TextIO) -> None:
    """What sets the entry apart from the one that it replaces."""
    if not former.changes:
        out.write("  the same example as before, measured anew\n")
    for change in former.changes:
        out.write(f"  {promotions.sentence(change)}\n")
    if former.weakened:
        fields = ", ".join(dict.fromkeys(str(change["field"]) for change in former.weakened))
        out.write(f"  it asks for less than before: {fields}; the reason is kept\n")
    if former.changes and (former.entry.folder / library.SMOKE).exists():
        out.write("  smoke.yaml is still the shape that was shrunk from the older example\n")


def _against(run: Run, verdict: Verdict, source: Path, root: Path) -> list[str]:
    manifest = run.manifest
    reasons = []
    if verdict.outcome is not Outcome.PASS:
        reasons.append(f"the run says {verdict.outcome}")
    if manifest.scale < 1:
        reasons.append(f"the run was reduced to {manifest.scale:g} of its scale")
    if manifest.planted:
        reasons.append(f"a leak was planted in the run: {', '.join(manifest.planted)}")
    if manifest.overrides:
        reasons.append(f"the run had values changed by --set: {', '.join(manifest.overrides)}")
    if manifest.confirms:
        reasons.append("the run was made to confirm another one")
    if manifest.git.get("dirty"):
        reasons.append("the tree had uncommitted changes when it ran")
    if not source.is_file():
        reasons.append(f"{source} is gone")
    elif source.read_text(encoding="utf-8") != (run.path / runfile.EXAMPLE_SOURCE).read_text(
        encoding="utf-8"
    ):
        reasons.append(f"{source} has changed since the run")
    else:
        state = provenance.states(root, {source: run.example.implementation})[source]
        if state.state != "before":
            reasons.append(f"it is not proved that the example came first: {state.reason}")
    return reasons


def _agreeing(run: Run, root: Path) -> Run | None:
    """Another passing, full-scale run of the same example text at the same commit."""
    for folder in sorted((root / RUNS / run.example.name).glob("*/"), reverse=True):
        if folder.resolve() == run.path.resolve() or not (folder / runfile.RESULT).exists():
            continue
        manifest = runfile.read_manifest(folder)
        same = manifest.git.get("commit") == run.manifest.git.get("commit")
        plain = manifest.scale == 1 and not (manifest.overrides or manifest.planted)
        plain = plain and not manifest.git.get("dirty")
        if not (same and plain and manifest.state == "complete"):
            continue
        other = runfile.read(folder)
        if judge(other).outcome is Outcome.PASS:
            return other
    return None


def _baseline(run: Run, second: Run, verdict: Verdict, tier: str | None) -> Mapping[str, Any]:
    git = run.manifest.git
    return {
        **({} if tier is None else {"tier": tier}),
        "schema_version": library.BASELINE_VERSION,
        "name": run.example.name,
        "kind": run.example.kind,
        "implementation": _own_paths(run),
        "promoted_at": run.manifest.zero,
        "commit": git.get("commit"),
        "environment": dict(run.manifest.environment),
        "seconds": round(float(run.readings.t_s.max()), 1),
        "summary": verdict.load.as_json(),
        "second_summary": judge(second).load.as_json(),
        "histograms": {
            which: merged(
                run.load, which=which, epochs={epoch.index for epoch in run.work_epochs}
            ).encode()
            for which in ("response", "service")
        },
        "figures": [figures_of(one) for one in (run, second)],
        "minimum_detectable": [spot.as_json() for spot in verdict.could_not_see],
        "growth": [
            finding.as_json() for finding in verdict.findings if finding.kind.endswith("-growth")
        ],
    }


def _own_paths(run: Run) -> list[str]:
    """The patterns of what the example is about; none where that lies in another repository."""
    implementation = run.example.implementation
    return list(implementation.paths) if implementation.repo is None else []


def _page(
    run: Run,
    verdict: Verdict,
    former: promotions.Former | None,
    history: Sequence[promotions.Change],
) -> str:
    example = run.example
    checks = "\n".join(f"- `{check.text}`: {check.seen}" for check in verdict.checks)
    hunted = ", ".join(example.hunts) or "nothing by name"
    caught = former.caught if former is not None else ""
    return (
        f"# {example.name}\n\n{example.title}.\n\n"
        f"Guards against: {hunted}. Phase: {example.phase or 'none named'}.\n\n"
        f"Promoted at commit `{run.manifest.git.get('short')}` with:\n\n{checks}\n\n"
        + "".join(_replaced(each) for each in reversed(history))
        + (caught or "It has caught nothing yet.")
        + "\n"
    )


def _replaced(each: promotions.Change) -> str:
    """An earlier promotion, in a paragraph of the page."""
    at, commit = str(each["promoted_at"])[:10], str(each["commit"])[:7]
    reason = f" Reason: {each['reason']}." if each["reason"] else ""
    changed = "".join(f"\n- `{promotions.sentence(change)}`" for change in each["changes"])
    what = f"changed:\n{changed}" if changed else "nothing was changed: it was measured anew"
    end = "" if changed else "."
    return f"Promoted before on {at} at `{commit}`; since then {what}{end}\n\n" + (
        f"{reason.strip()}\n\n" if reason else ""
    )
