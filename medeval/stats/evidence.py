"""Is there enough evidence behind an estimate: counts of events, and the standard error reached."""

from dataclasses import dataclass
from enum import StrEnum

from medeval.domain.estimate import EvidenceFlag
from medeval.domain.families.base import parse_metric
from medeval.stats.intervals import z_of

#: Fewer of either make an external validation unreliable (Vergouwe et al. 2005, J Clin Epidemiol 58:475-483; Collins et
#: al. 2016, Stat Med 35:214-226). A rule of thumb: the standard error reached counts as well.
FEWEST = 100


class Precision(StrEnum):
    """What kind of number it is, which sets the precision to reach; its value names it in words."""

    UNIT = "between 0 and 1"
    RATIO = "a ratio, such as observed to expected events"
    SLOPE = "a slope"


#: The widths of a 95% interval that Riley et al. (2021, Stat Med 40:4230-4251) use for the C-statistic, the ratio of
#: observed to expected events around 1, and the calibration slope.
TARGET_WIDTHS = {Precision.UNIT: 0.1, Precision.RATIO: 0.2, Precision.SLOPE: 0.2}


@dataclass(frozen=True)
class Reached:
    """An interval at a two-sided level on the scale that people read, and the kind of number."""

    low: float
    high: float
    level: float
    kind: Precision


def standard_error(reached: Reached) -> float:
    """The standard error that the width of the interval stands for, as of a normal estimate."""
    return (reached.high - reached.low) / (2 * z_of(reached.level))


def target_error(kind: Precision) -> float:
    """The largest standard error that counts as precise: 0.0255 between 0 and 1, 0.051 else."""
    return TARGET_WIDTHS[kind] / (2 * z_of(0.95))


def shortfalls(events: int | None, non_events: int | None, reached: Reached | None) -> tuple[EvidenceFlag, ...]:
    """What is missing, in the order of `EvidenceFlag`; empty if nothing is.

    Pass None for counts that a task has not, and for an estimate without an interval or without a scale of its own
    (a mean in millimetres): nothing is said of it then.
    """
    found = {
        EvidenceFlag.FEW_EVENTS: events is not None and events < FEWEST,
        EvidenceFlag.FEW_NON_EVENTS: non_events is not None and non_events < FEWEST,
        EvidenceFlag.IMPRECISE: reached is not None and standard_error(reached) > target_error(reached.kind),
    }
    return tuple(shortfall for shortfall, missing in found.items() if missing)


#: Metrics whose range is no unit: a ratio, a slope, or none that a target width is known for.
_KINDS: dict[str, Precision | None] = {
    "oe": Precision.RATIO,
    "calibration_slope": Precision.SLOPE,
    **dict.fromkeys(("calibration_intercept", "lr_positive", "lr_negative", "hd95", "assd"), None),
    **dict.fromkeys(("mae", "rmse", "bias", "loa_low", "loa_high", "froc"), None),
}


def precision_of(metric: str) -> Precision | None:
    """What kind of number a metric is; None where no width is known to aim at."""
    return _KINDS.get(parse_metric(metric).base, Precision.UNIT)
