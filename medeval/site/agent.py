"""`site run`: pull tasks, execute what is allowed, send what is signed. It polls; nothing connects into a hospital."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass

from medeval.domain.lifecycle import ExecutionState
from medeval.errors import DigestMismatch, MedevalError, ModelNotAllowed, ServerUnreachable
from medeval.packaging.progress import Progress
from medeval.site import execute, outbox
from medeval.site.context import Site
from medeval.site.records import Stage
from medeval.site.store import ExecutionFiles


@dataclass(frozen=True)
class Round:
    """What one round of an agent did."""

    evaluated: int
    failed: int
    sent: int
    not_allowed: tuple[str, ...]
    waiting: int


def run_once(site: Site, report: Progress, *, retry_failed: bool = False) -> Round:
    """One round. Without the server, known executions still run; then `ServerUnreachable` is raised.

    Runs that a killed agent left behind are ended first.
    """
    site.runtime.reap(site.store.get_site().fingerprint)
    shutil.rmtree(site.store.root / "work", ignore_errors=True)
    unpulled = _attempt(lambda: pull(site))
    if retry_failed:
        _forget_failures(site)
    before = _count(site)
    refused, stopped = _execute_all(site, report)
    sent, unsent = outbox.flush(site)
    failure = stopped or unsent or unpulled
    if isinstance(failure, ServerUnreachable):
        raise ServerUnreachable(failure.message, outbox.kept_hint(site)) from failure
    if failure:
        raise failure
    after = _count(site)
    return Round(
        evaluated=after[Stage.EVALUATED] - before[Stage.EVALUATED],
        failed=after[Stage.FAILED] - before[Stage.FAILED],
        sent=sent,
        not_allowed=refused,
        waiting=after[Stage.EVALUATED],
    )


def pull(site: Site) -> None:
    """Keep every task that the server offers; one it calls finished, and that this site does not know, is left out.

    So is one that names other digests than this site pinned: kept, it would stand in the way of the true one. Raises
    `DigestMismatch` for the first of these, once the others are kept.
    """
    wrong: DigestMismatch | None = None
    for task in site.api.list_tasks(site.store.get_site().name):
        try:
            execute.check_pins(site, task)
        except DigestMismatch as exc:
            wrong = wrong or exc
            continue
        files = site.store.execution(task.execution.to_digest())
        known = (files.folder / "task.json").exists()
        if not known and task.state is not ExecutionState.RELEASED:
            files.put_task(task)
    if wrong:
        raise wrong


def _execute_all(site: Site, report: Progress) -> tuple[tuple[str, ...], MedevalError | None]:
    """Execute what is open; what stops one execution does not stop the next. Returns models not allowed, first stop."""
    refused: list[str] = []
    stops: list[MedevalError] = []
    waiting = _open_executions(site)
    for number, files in enumerate(waiting):
        try:
            execute.execute(site, files, _counted(report, number, len(waiting)))
        except ModelNotAllowed:
            refused.append(files.task().execution.model.ref)
        except MedevalError as exc:
            stops.append(exc)
    return tuple(dict.fromkeys(refused)), next(iter(stops), None)


def _counted(report: Progress, number: int, total: int) -> Progress:
    """Tells, beside each step, how many executions are done."""

    def told(subject: str, step: str, part: float | None = None) -> None:
        report(subject, f"{step}, {number + 1} of {total}", number / total)

    return told


def _open_executions(site: Site) -> list[ExecutionFiles]:
    return [files for files in site.store.list_executions() if _stage(site, files) in (Stage.NEW, Stage.PREDICTED)]


def _forget_failures(site: Site) -> None:
    """Make room for another attempt at everything that failed."""
    for files in site.store.list_executions():
        if _stage(site, files) is Stage.FAILED:
            shutil.rmtree(site.store.vault(files.task().execution.to_digest()), ignore_errors=True)
            files.forget_failure()


def _count(site: Site) -> dict[Stage, int]:
    stages = [_stage(site, files) for files in site.store.list_executions()]
    return {stage: stages.count(stage) for stage in Stage}


def _stage(site: Site, files: ExecutionFiles) -> Stage:
    return files.stage(site.store.vault(files.task().execution.to_digest()))


def _attempt(action: Callable[[], None]) -> MedevalError | None:
    try:
        action()
    except (ServerUnreachable, DigestMismatch) as exc:
        return exc
    return None
