"""What is signed and not yet receipted, and failures not yet signed: sent at the end of every round."""

from dataclasses import dataclass

from medeval.errors import MedevalError, ServerUnreachable, SiteBusy
from medeval.site import release
from medeval.site.context import Site
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
    for files in site.store.list_executions():
        try:
            with hold(site.store.root, "review"):
                if is_waiting(files):
                    _send(site, files)
                    sent += 1
        except SiteBusy:
            continue
        except release.REFUSALS:
            refused.append(files.task().execution.model.ref)
        except MedevalError as exc:
            first = first or exc
            if isinstance(exc, ServerUnreachable):
                break
    return Flushed(sent, tuple(dict.fromkeys(refused)), first)


def is_waiting(files: ExecutionFiles) -> bool:
    """Whether something of this execution has still to leave: a signed statement, or a failure's code."""
    signed = files.signed()
    return files.failure() is not None if signed is None else signed.is_waiting


def kept_hint(site: Site) -> str:
    """What to tell people while the server is away."""
    waiting = sum(1 for files in site.store.list_executions() if is_waiting(files))
    kept = "1 statement is kept and goes out" if waiting == 1 else f"{waiting} statements are kept and go out"
    return f"{kept} on the next `medeval site run`. Nothing was lost."


def _send(site: Site, files: ExecutionFiles) -> None:
    signed, failure = files.signed(), files.failure()
    if signed is not None:
        release.send(site, files, signed)
    elif failure is not None:
        release.report_failure(site, files, failure.code)
