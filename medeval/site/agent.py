"""`site run`: pull tasks, execute what is allowed, send what is signed. It polls; nothing connects into a hospital."""

import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from medeval.domain.lifecycle import ExecutionState
from medeval.errors import DigestMismatch, EngineFault, MedevalError, ModelNotAllowed, ServerUnreachable
from medeval.packaging.progress import Progress
from medeval.runtime.removal import remove_tree
from medeval.site import automatic, comparisons, execute, outbox, review
from medeval.site.comparison_files import list_comparisons
from medeval.site.context import Site
from medeval.site.records import Stage
from medeval.site.store import ExecutionFiles


@dataclass(frozen=True)
class Round:
    """What one round of an agent did; `stopped` is the first thing that kept it from doing more.

    `released` left by a release rule; of `held` a rule covers the results, but budget or differencing keeps them here.
    """

    evaluated: int
    failed: int
    compared: int
    released: int
    sent: int
    held: tuple[str, ...]
    not_allowed: tuple[str, ...]
    refused: tuple[str, ...]
    waiting: int
    stopped: MedevalError | None


@dataclass(frozen=True)
class Pulled:
    """The executions that the server offers now (None: it could not be asked), and what was wrong with its answer."""

    offered: frozenset[str] | None
    wrong: MedevalError | None


@dataclass(frozen=True)
class Executed:
    """How each execution of a round ended."""

    stages: Counter[Stage]
    not_allowed: tuple[str, ...]
    stopped: MedevalError | None


def run_once(site: Site, report: Progress, *, retry_failed: bool = False) -> Round:
    """One round. Without the server, executions that are known here still run.

    What a killed agent left behind, running or on disk, is cleared first. Raises `LedgerBroken` before it does anything
    where the ledger does not hold.
    """
    site.ledger.check()
    site.runtime.reap(site.store.get_site().fingerprint)
    remove_tree(site.store.root / "work")
    pulled = pull(site)
    if retry_failed:
        _forget_failures(site)
    executed = _execute_all(site, _open_executions(site, pulled.offered), report)
    made = comparisons.make_all(site, report)
    left = automatic.release_covered(site, report)
    flushed = outbox.flush(site)
    return Round(
        evaluated=executed.stages[Stage.EVALUATED],
        failed=executed.stages[Stage.FAILED],
        compared=made.compared,
        released=left.released,
        sent=left.released + flushed.sent,
        held=left.held,
        not_allowed=executed.not_allowed,
        refused=flushed.refused,
        waiting=sum(row.stage is Stage.EVALUATED for row in review.list_results(site)),
        stopped=_explained(site, executed.stopped or made.stopped or left.stopped or flushed.stopped or pulled.wrong),
    )


def pull(site: Site) -> Pulled:
    """Keep every task that the server offers and that this site does not know, unless it is released already.

    One that names other digests than this site pinned is left out: kept, it would stand in the way of the true one.
    """
    try:
        tasks = site.api.list_tasks(site.store.get_site().name)
    except ServerUnreachable as exc:
        return Pulled(None, exc)
    offered, wrong = set(), None
    for task in tasks:
        try:
            execute.check_pins(site, task)
        except DigestMismatch as exc:
            wrong = wrong or exc
            continue
        offered.add(task.execution.to_digest())
        files = site.store.execution(task.execution.to_digest())
        if not files.is_known() and task.state is not ExecutionState.RELEASED:
            files.put_task(task)
    return Pulled(frozenset(offered), wrong)


def _open_executions(site: Site, offered: frozenset[str] | None) -> list[ExecutionFiles]:
    """What is left to execute: of that, only what the server offers now, if it could be asked."""
    found = [files for files in site.store.list_executions() if _stage(site, files) in (Stage.NEW, Stage.PREDICTED)]
    return [files for files in found if offered is None or files.task().execution.to_digest() in offered]


def _execute_all(site: Site, waiting: list[ExecutionFiles], report: Progress) -> Executed:
    """What stops one execution does not stop the next."""
    stages: Counter[Stage] = Counter()
    not_allowed: list[str] = []
    stops: list[MedevalError] = []
    for number, files in enumerate(waiting):
        try:
            execute.execute(site, files, _counted(report, number, len(waiting)))
        except ModelNotAllowed:
            not_allowed.append(files.task().execution.model.ref)
        except MedevalError as exc:
            stops.append(exc)
        except (OSError, ValueError, RecursionError) as exc:
            hint = "The other executions went on; run it again, and report it if it stays."
            stops.append(EngineFault(f"an execution stopped unexpectedly ({type(exc).__name__})", hint))
        else:
            stages[_stage(site, files)] += 1
    return Executed(stages, unique(not_allowed), next(iter(stops), None))


def unique(words: Iterable[str]) -> tuple[str, ...]:
    """Each word once, in order."""
    return tuple(dict.fromkeys(words))


def _counted(report: Progress, number: int, total: int) -> Progress:
    """Tells, beside each step, how many executions are done."""

    def told(subject: str, step: str, part: float | None = None) -> None:
        report(subject, f"{step}, {number + 1} of {total}", number / total)

    return told


def _forget_failures(site: Site) -> None:
    """Make room for another attempt at everything that failed."""
    for files in site.store.list_executions():
        if _stage(site, files) is Stage.FAILED:
            shutil.rmtree(site.store.vault(files.task().execution.to_digest()), ignore_errors=True)
            files.forget_failure()
    for comparison in list_comparisons(site.store):
        if comparison.stage() is Stage.FAILED:
            comparison.forget_failure()


def _explained(site: Site, stopped: MedevalError | None) -> MedevalError | None:
    """Beside an unreachable server, what is kept until it is back."""
    if isinstance(stopped, ServerUnreachable):
        return ServerUnreachable(stopped.message, outbox.kept_hint(site))
    return stopped


def _stage(site: Site, files: ExecutionFiles) -> Stage:
    return files.stage(site.store.vault(files.task().execution.to_digest()))
