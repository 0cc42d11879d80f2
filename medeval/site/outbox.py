"""What is signed and not yet receipted, and failures not yet signed: sent at the end of every round."""

from medeval.errors import MedevalError, ServerUnreachable
from medeval.site import release
from medeval.site.context import Site
from medeval.site.store import ExecutionFiles


def flush(site: Site) -> tuple[int, MedevalError | None]:
    """Send what waits; returns how many statements left, and the first thing that stopped one.

    A statement that the server refuses does not stop the next one; an unreachable server stops them all.
    """
    sent, first = 0, None
    for files in site.store.list_executions():
        if not is_waiting(files):
            continue
        try:
            _send(site, files)
            sent += 1
        except ServerUnreachable as exc:
            return sent, exc
        except MedevalError as exc:
            first = first or exc
    return sent, first


def is_waiting(files: ExecutionFiles) -> bool:
    """Whether something of this execution has still to leave: a signed statement, or a failure's code."""
    signed = files.signed()
    return files.failure() is not None if signed is None else signed.receipt is None


def kept_hint(site: Site) -> str:
    """What to tell people while the server is away."""
    waiting = sum(1 for files in site.store.list_executions() if is_waiting(files))
    return f"{waiting} statements are kept and go out on the next `medeval site run`. Nothing was lost."


def _send(site: Site, files: ExecutionFiles) -> None:
    signed, failure = files.signed(), files.failure()
    if signed is not None:
        release.send(site, files, signed)
    elif failure is not None:
        release.report_failure(site, files, failure.code)
