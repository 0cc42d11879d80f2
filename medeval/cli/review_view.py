"""What the review page prints of one result: the bytes, why each number passed, the cost, and what changed."""

from base64 import b64decode
from dataclasses import dataclass

from medeval.cli.review_screen import figures_of
from medeval.cli.reviewing import approval_of
from medeval.domain.base import digest_of
from medeval.site.comparison_files import ComparisonFiles
from medeval.site.context import Site
from medeval.site.records import Stage
from medeval.site.release import owners_of
from medeval.site.review import Reviewed
from medeval.site.sheet import HOLDS, Line, Sheet, sheet_of
from medeval.site.spending import Spending, spending_of

#: Width of a bar, in the units of its picture.
_WIDTH = 640.0


@dataclass(frozen=True)
class Bar:
    """A budget as a bar: spent before, this release up to a mark, what is left."""

    label: str
    words: str
    before: float
    now: float
    mark: float
    left: float


@dataclass(frozen=True)
class ReviewView:
    """What the template prints of something that waits."""

    reviewed: Reviewed
    owners: str
    sandbox: str
    bytes: str
    size_bytes: int
    digest: str
    obstacle: str | None
    sheet: Sheet
    bits: str
    bars: tuple[Bar, ...]
    cost: dict[str, str]
    figures: dict[str, str]

    @property
    def passes(self) -> bool:
        """Whether rules and budget let it leave."""
        return self.obstacle is None and all(line.verdict == HOLDS for line in self.sheet.lines)


@dataclass(frozen=True)
class DecidedView:
    """What the template prints of something that was decided on."""

    reviewed: Reviewed
    title: str
    words: str
    size_bytes: int
    digest: str


def view_of(site: Site, reviewed: Reviewed) -> ReviewView:
    """Something that waits; raises `LedgerBroken`."""
    plain, owners = approval_of(site, reviewed), owners_of(site, reviewed.files)
    spending = spending_of(site, reviewed.files, owners)
    return ReviewView(
        reviewed=reviewed,
        owners=", ".join(owners),
        sandbox=_sandbox(reviewed),
        bytes=plain["bytes"],
        size_bytes=plain["size_bytes"],
        digest=plain["digest"],
        obstacle=plain["stands_in_the_way"],
        sheet=sheet_of(site, reviewed.files),
        bits=f"{spending.bits:.0f}",
        bars=_bars(spending),
        cost=plain["cost"],
        figures=_figures(site, reviewed),
    )


def decided_view(reviewed: Reviewed) -> DecidedView:
    """Something that does not wait any more."""
    title, words = _OUTCOMES.get(reviewed.stage, _OTHER)
    signed = reviewed.files.signed()
    if signed is not None and not reviewed.sent:
        words += " The results server has not answered yet: the next `medeval site run` sends these bytes again."
    data = b64decode(signed.envelope.payload) if signed else b""
    return DecidedView(reviewed, title, words, len(data), digest_of(data) if data else "")


_LEFT = "The bytes of this digest left for the results server, signed. They cannot be called back."
_KEPT = (
    "The numbers stay here. The results server learns the reason from the list, and nothing else; of a withheld"
    " comparison it learns nothing."
)
_REFUSED = "The bytes were signed and sent, and count nowhere. `medeval result show` tells what the server answered."
_NONE = "There is no result yet, or it failed. `medeval result list` tells how it stands."
_OUTCOMES = {
    Stage.RELEASED: ("It was released", _LEFT),
    Stage.WITHHELD: ("It was withheld", _KEPT),
    Stage.REFUSED: ("The results server refused it", _REFUSED),
}
_OTHER = ("There is nothing to decide", _NONE)


def _sandbox(reviewed: Reviewed) -> str:
    run = reviewed.files.run()
    return f"{run.sandbox.runtime}, level {run.sandbox.level}" if run else "unknown"


def _figures(site: Site, reviewed: Reviewed) -> dict[str, str]:
    if isinstance(reviewed.files, ComparisonFiles):
        return {}
    evaluation = reviewed.files.evaluation()
    if evaluation is None:
        return {}
    spec = site.store.get_spec(reviewed.files.task().execution.benchmark.digest)
    return figures_of(evaluation, spec)


def _bars(spending: Spending) -> tuple[Bar, ...]:
    limits = spending.limits
    if limits is None:
        return ()
    return (
        _bar("This release", 0.0, spending.bits, limits.release_bits),
        _bar("These data, this year", spending.bits_this_year, spending.bits, limits.dataset_bits_per_year),
    )


def _bar(label: str, before: float, now: float, limit: float) -> Bar:
    start = min(before / limit, 1.0) * _WIDTH
    mark = min((before + now) / limit, 1.0) * _WIDTH
    spent = f"{before:,.0f} spent + {now:,.0f} now" if before else f"{now:,.0f}"
    words = f"{spent} of {limit:,.0f} bits; {max(limit - before - now, 0):,.0f} left"
    return Bar(label, words, round(start, 1), round(mark - start, 1), round(mark, 1), round(_WIDTH - mark, 1))


def plain_line(line: Line) -> tuple[tuple[str, str], ...]:
    """(head, words) of a line of the sheet, after its field."""
    bits = "in the total" if line.bits is None else f"{line.bits:.1f}"
    heads = ("Leaves", "Rule", "Threshold", "Here", "Bits, at most")
    return tuple(zip(heads, (line.leaves, line.rule, line.threshold, line.here, bits), strict=True))
