"""What is signed and not yet receipted, and failures not yet signed: sent at the end of every round."""

from dataclasses import dataclass

from medeval.errors import MedevalError, ServerUnreachable, SiteBusy
from medeval.site import release
from medeval.site.comparison_files import ComparisonFiles, list_comparisons, name_of
from medeval.site.context import Site
from medeval.site.egress import REFUSALS
from medeval.site.lock import hold
from medeval.site.store import ExecutionFiles


@dataclass(frozen=True)
class Flushed:
    """How many statements left, whose models' statements the server refused for good, and what stopped one."""

    sent: int
    refused: tuple[str, ...]
    stopped: MedevalError | None


def flush(site: Site) -> Flushed:
    """Send what waits. A statement that is refused does not stop the next one; an unreachable server stops them all.

    Each is sent under the `review` lock: while a person decides, nothing is sent, and the next round sends it.
    """
    sent, refused, first = 0, [], None
    for files in _all(site):
        try:
            with hold(site.store.root, "review"):
                if is_waiting(files):
                    _send(site, files)
                    sent += 1
        except SiteBusy:
            continue
        except REFUSALS:
            refused.append(_name(files))
        except MedevalError as exc:
            first = first or exc
            if isinstance(exc, ServerUnreachable):
                break
    return Flushed(sent, tuple(dict.fromkeys(refused)), first)


def is_waiting(files: ExecutionFiles | ComparisonFiles) -> bool:
    """Whether something has still to leave: a signed statement, or the code of an execution's failure."""
    signed = files.signed()
    if signed is not None:
        return signed.is_waiting
    return isinstance(files, ExecutionFiles) and files.failure() is not None


def kept_hint(site: Site) -> str:
    """What to tell people while the server is away."""
    waiting = sum(1 for files in _all(site) if is_waiting(files))
    kept = "1 statement is kept and goes out" if waiting == 1 else f"{waiting} statements are kept and go out"
    return f"{kept} on the next `medeval site run`. Nothing was lost."


def _all(site: Site) -> list[ExecutionFiles | ComparisonFiles]:
    """Results before comparisons, which the server holds against them."""
    return [*site.store.list_executions(), *list_comparisons(site.store)]


def _name(files: ExecutionFiles | ComparisonFiles) -> str:
    return files.task().execution.model.ref if isinstance(files, ExecutionFiles) else name_of(files.spec())


def _send(site: Site, files: ExecutionFiles | ComparisonFiles) -> None:
    signed, failure = files.signed(), files.failure()
    if signed is not None:
        release.send(site, files, signed)
    elif isinstance(files, ExecutionFiles) and failure is not None:
        release.report_failure(site, files, failure.code)
