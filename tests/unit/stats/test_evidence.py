"""What evidence falls short of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medeval.domain.estimate import EvidenceFlag
from medeval.stats.evidence import Precision, Reached, precision_of, shortfalls, standard_error, target_error
from medeval.stats.intervals import z_of

SHARP = Reached(0.80, 0.89, 0.95, Precision.UNIT)


@pytest.mark.parametrize(
    ("events", "non_events", "reached", "found"),
    [
        (100, 100, SHARP, ()),
        (99, 100, SHARP, (EvidenceFlag.FEW_EVENTS,)),
        (100, 99, SHARP, (EvidenceFlag.FEW_NON_EVENTS,)),
        (0, 0, None, (EvidenceFlag.FEW_EVENTS, EvidenceFlag.FEW_NON_EVENTS)),
        (None, None, None, ()),
        (None, None, Reached(0.7, 0.81, 0.95, Precision.UNIT), (EvidenceFlag.IMPRECISE,)),
        (None, None, Reached(0.92, 1.11, 0.95, Precision.RATIO), ()),
        (None, None, Reached(0.9, 1.11, 0.95, Precision.SLOPE), (EvidenceFlag.IMPRECISE,)),
        (5, 5, Reached(0, 1, 0.95, Precision.UNIT), tuple(EvidenceFlag)),
    ],
)
def test_shortfalls(events: int, non_events: int, reached: Reached, found: tuple[EvidenceFlag, ...]) -> None:
    assert shortfalls(events, non_events, reached) == found


def test_targets_are_the_published_standard_errors() -> None:
    """Riley et al. 2021: 0.0255 for the C-statistic, 0.051 for ln(O:E) and for the slope."""
    assert round(target_error(Precision.UNIT), 4) == 0.0255
    assert round(target_error(Precision.RATIO), 3) == round(target_error(Precision.SLOPE), 3) == 0.051


@given(st.floats(0.5, 0.999), st.floats(1e-3, 0.2))
def test_the_level_of_the_interval_is_nothing(level: float, error: float) -> None:
    half = z_of(level) * error
    assert standard_error(Reached(0.5 - half, 0.5 + half, level, Precision.UNIT)) == pytest.approx(error)


@given(st.integers(0, 300), st.integers(0, 300), st.floats(0, 1), st.floats(0, 1))
def test_more_evidence_never_falls_shorter(events: int, more: int, width: float, less: float) -> None:
    low, high = 0.5 - width / 2, 0.5 + width / 2
    before = set(shortfalls(events, events, Reached(low, high, 0.95, Precision.UNIT)))
    inner = Reached(0.5 - width * less / 2, 0.5 + width * less / 2, 0.95, Precision.UNIT)
    assert set(shortfalls(events + more, events + more, inner)) <= before


def test_the_kind_of_number_goes_by_the_metric() -> None:
    found = {name: precision_of(name) for name in ("auroc/melanoma", "dsc", "oe", "calibration_slope", "hd95/liver")}
    assert list(found.values()) == [Precision.UNIT, Precision.UNIT, Precision.RATIO, Precision.SLOPE, None]
