"""What a data owner sees of a comparison before deciding: every number that would leave stands in a row."""

from pathlib import Path

import pytest

from medeval.cli.review_screen import OF_COMPARISONS, screen_of
from medeval.domain.attestation import WithholdReason
from medeval.domain.estimate import Reason
from medeval.domain.execution import Pinned, PinnedDataset
from medeval.domain.families.base import Moments, Wide
from medeval.domain.paired import (
    ComparisonSpec,
    Discordant,
    DiscordantCounts,
    NotComparable,
    PairedCovariance,
    PairedEvaluation,
    PairedMoments,
    TooFewDiscordant,
)
from medeval.report.pen import Pen
from medeval.site import review
from medeval.site.comparison_files import ComparisonFiles, comparison_files
from medeval.site.records import RunRecord, Stage
from medeval.site.review import Reviewed
from tests.boards import a_digest
from tests.sites import SANDBOX, make_site

COVARIANCE = PairedCovariance(metric="auroc", values=(0.81, 0.76), variances=(0.00123, 0.00145), differences=(0.00067,))
COUNTS = DiscordantCounts(metric="accuracy", n=120, pairs=(Discordant(first_only=17, second_only=31),))
FEW = DiscordantCounts(metric="accuracy", n=120, pairs=(TooFewDiscordant(),))
MOMENTS = PairedMoments(metric="dsc", pairs=(Moments(n=40, total=Wide.of(3 << 51), squares=Wide.of(5 << 50)),))
NOTHING = NotComparable(metric="auroc", reason=Reason.ONE_CLASS_ONLY)


class Shown:
    """One comparison of a site, at the stage that a test brings it to."""

    def __init__(self, root: Path) -> None:
        self.site, _ = make_site(root)
        models = tuple(Pinned(ref=f"{name}@1.0.0", digest=a_digest(name)) for name in ("forest", "logistic"))
        spec = ComparisonSpec(
            benchmark=Pinned(ref="breast@1.0.0", digest=a_digest("spec")),
            dataset=PinnedDataset(ref="north/masses", digest=a_digest("masses")),
            models=models,
        )
        self.files: ComparisonFiles = comparison_files(self.site.store, spec.to_digest())
        self.files.put_spec(spec)

    def keep(self, *states: PairedCovariance | DiscordantCounts | PairedMoments | NotComparable) -> "Shown":
        paired = PairedEvaluation(format="medeval/paired@1", cases=120, states=states)
        self.files.put_paired(paired, RunRecord(sandbox=SANDBOX, medeval="0.1.0"))
        return self

    @property
    def row(self) -> Reviewed:
        (row,) = review.list_results(self.site)
        return row

    def lines(self, width: int = 100) -> list[str]:
        return screen_of(self.row, self.site.store, Pen(width))


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    return Shown(tmp_path)


def test_every_number_that_would_leave_stands_there(shown: Shown) -> None:
    text = "\n".join(shown.keep(COVARIANCE, COUNTS, MOMENTS).lines())
    for word in ("comparison/masses", "120", "0.81", "0.76", "0.00123", "0.00145", "0.00067", "17", "31", "40"):
        assert word in text
    assert "forest@1.0.0 and logistic@1.0.0" in text
    for number in (1.5, 1.25):
        assert str(number) in text


def test_what_is_too_small_is_told_and_not_shown_as_none(shown: Shown) -> None:
    line = next(line for line in shown.keep(FEW).lines() if line.startswith("forest@1.0.0 and"))
    assert line.split(maxsplit=3)[3] == "too few to leave  too few to leave"


def test_why_nothing_is_compared_is_told(shown: Shown) -> None:
    assert "one class only" in "\n".join(shown.keep(NOTHING).lines())


def test_what_a_decision_does_is_said_of_a_comparison(shown: Shown) -> None:
    waiting = " ".join(shown.keep(COVARIANCE).lines(200))
    assert OF_COMPARISONS[Stage.EVALUATED].format(name="comparison/masses")[:80] in waiting
    assert "nobody is told" in waiting
    shown.files.put_withheld(WithholdReason.DISCLOSURE_RISK)
    assert "`medeval result release comparison/masses --withheld`" in " ".join(shown.lines(200))


def test_before_it_is_made_there_is_nothing_to_see(shown: Shown) -> None:
    assert not any(line.startswith("What leaves") for line in shown.lines())
