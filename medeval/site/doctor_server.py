"""What the doctor sees of the results server: that it answers, what time it has, that packages come through it."""

from collections.abc import Callable
from importlib.metadata import version

from medeval.client.api import Api
from medeval.client.blobs import BlobClient
from medeval.client.greeting import Greeting
from medeval.errors import MedevalError
from medeval.site.doctor import Finding

#: Statements carry times, and certificates are good for a time: a clock that is off by more is wrong.
_MOST_OFF_S = 60


def check_server(ask: Callable[[], Greeting]) -> tuple[Finding, ...]:
    """Whether the server answers, in which version, and how far its clock is from the one here."""
    what = "the results server answers"
    try:
        greeting = ask()
    except MedevalError as exc:
        return (Finding(control="server", what=what, held=False, observed=exc.message, fix=exc.hint),)
    seen = f"medeval {greeting.about.version}, here {version('medeval')}"
    return Finding(control="server", what=what, held=True, observed=seen, fix=""), check_clock(greeting.ahead_s)


def check_clock(ahead_s: float | None) -> Finding:
    """Whether the clock here is that of the server, to a minute; a server that tells no time is no reason to refuse."""
    what = "the clock is right"
    if ahead_s is None:
        fix = "See whether something between here and the server takes the header Date away."
        seen = "the server told no time"
        return Finding(control="clock", what=what, held=False, observed=seen, fix=fix, required=False)
    held = abs(ahead_s) <= _MOST_OFF_S
    seen = f"{abs(ahead_s):.0f} s {'ahead of' if ahead_s > 0 else 'behind'} the server's"
    fix = "" if held else "Set the clock (NTP), or tell the operator that the server's is wrong."
    return Finding(control="clock", what=what, held=held, observed=seen, fix=fix)


def check_packages(api: Api, blobs: BlobClient) -> Finding:
    """Whether the packages of a benchmark can be had from the server; no byte of one is fetched."""
    what = "packages can be fetched"
    try:
        wanted = [blob for item in api.list_benchmarks() for blob in item.spec.evaluator.cube.package.blobs][-1:]
        missing = [blob for blob in wanted if not blobs.holds(blob)]
    except MedevalError as exc:
        return Finding(control="packages", what=what, held=False, observed=exc.message, fix=exc.hint)
    if missing:
        fix = "Tell the operator: the server's blobs are not where it looks for them."
        return Finding(control="packages", what=what, held=False, observed="the server does not hold them", fix=fix)
    seen = "a benchmark's evaluator is there" if wanted else "no benchmark is published yet"
    return Finding(control="packages", what=what, held=True, observed=seen, fix="")
