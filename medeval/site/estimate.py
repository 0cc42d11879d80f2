"""How long a waiting execution would take: one case and five cases through the model, in the sandbox, and a line.

The time of one case tells what starting costs, the difference what a case costs. It is rough, is shown to whoever asks,
and is kept and sent nowhere; neither are the predictions.
"""

import csv
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.messages import SiteTask
from medeval.errors import NotFound, RunFailed
from medeval.packaging.progress import Progress
from medeval.runtime import steps
from medeval.runtime.removal import remove_tree
from medeval.site.agent import pull
from medeval.site.context import Site
from medeval.site.doctor import Finding
from medeval.site.execute import check_task
from medeval.site.records import Stage

_CASES = 5
_WHAT = "its run ends in time"


def estimate(site: Site, model: str, report: Progress) -> tuple[Finding, ...]:
    """One finding for each dataset on which a model waits to be run; `model` is its name or `name@version`.

    Raises `NotFound` where it waits on none, `ModelNotAllowed` and `RuntimeRefused` as a run would.
    """
    waiting = list(_waiting(site, model))
    if not waiting:
        raise NotFound(f"no execution of {model[:80]} waits here", "See `medeval result list` and `medeval site run`.")
    site.runtime.reap(site.store.get_site().fingerprint)
    return tuple(_estimate(site, task, report) for task in waiting)


def _waiting(site: Site, model: str) -> Iterator[SiteTask]:
    """The tasks of a model that have no predictions yet, after asking the server for new ones."""
    pull(site)
    for files in site.store.list_executions():
        task = files.task()
        ref = task.execution.model.ref
        is_new = files.stage(site.store.vault(task.execution.to_digest())) is Stage.NEW
        if is_new and model in (ref, ref.partition("@")[0]):
            yield task


def _estimate(site: Site, task: SiteTask, report: Progress) -> Finding:
    spec = check_task(site, task)
    report(task.execution.model.ref, "fetch")
    site.runtime.install(task.model.cube, site.blobs)
    name = task.execution.dataset.ref.partition("/")[2]
    cases = site.store.get_dataset(name).card.statistics.cases
    control = f"estimate of {task.execution.model.ref} on {name}"
    few = min(_CASES, cases)
    try:
        one_s = _seconds(site, task, spec, 1, report)
        few_s = _seconds(site, task, spec, few, report)
    except RunFailed as exc:
        return Finding(control=control, what=_WHAT, held=False, observed=exc.message, fix=exc.hint, required=False)
    finally:
        remove_tree(site.store.root / "work" / "estimate")
    return judged(control, one_s, few_s, few, cases, spec.limits.infer.time_s)


def judged(control: str, one_s: float, few_s: float, few: int, cases: int, most_s: int) -> Finding:
    """The line through one case and `few` cases, at all cases, held against the time that a run may take."""
    per_case_s = max(0.0, few_s - one_s) / (few - 1) if few > 1 else 0.0
    start_s = max(0.0, one_s - per_case_s)
    whole_s = start_s + per_case_s * cases
    held = whole_s <= most_s
    seen = (
        f"about {whole_s:.0f} s for {cases} cases, of {most_s} allowed; rough: by {few} cases, {per_case_s:.2g} s each "
        f"after a start of {start_s:.1f} s"
    )
    fix = "" if held else "Ask the committee for more time (limits.infer.time_s), or use a faster machine."
    return Finding(control=control, what=_WHAT, held=held, observed=seen, fix=fix, required=False)


def _seconds(site: Site, task: SiteTask, spec: BenchmarkSpec, count: int, report: Progress) -> float:
    """How long the model takes for the first `count` cases, starting included."""
    report(task.execution.model.ref, f"try {count} of the cases")
    folder = site.store.fresh_work("estimate")
    prepared = site.store.dataset_folder(task.execution.dataset.ref.partition("/")[2]) / "prepared"
    take_cases(prepared / "cases", folder / "cases", count)
    weights = site.blobs.path(task.model.weights) if task.model.weights else None
    owner = site.store.get_site().fingerprint
    started = time.monotonic()
    steps.infer(
        site.runtime,
        spec.bind_model(task.model),
        weights,
        folder / "cases",
        folder / "out",
        spec.limits.infer,
        owner,
    )
    return time.monotonic() - started


def take_cases(source: Path, target: Path, count: int) -> None:
    """A folder of cases with the first `count` rows of `cases.csv` alone, and the files that are named by their ids."""
    target.mkdir(mode=0o700)
    with (
        (source / "cases.csv").open(encoding="utf-8", newline="") as rows,
        (target / "cases.csv").open("w", encoding="utf-8", newline="") as out,
    ):
        kept = [row for _, row in zip(range(count + 1), csv.reader(rows), strict=False)]
        csv.writer(out, lineterminator="\n").writerows(kept)
    ids = {row[0] for row in kept[1:] if row}
    for path in source.iterdir():
        if path.name != "cases.csv" and path.is_file() and path.name.partition(".")[0] in ids:
            shutil.copyfile(path, target / path.name)
