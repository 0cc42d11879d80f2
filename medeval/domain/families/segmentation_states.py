"""The states of a segmentation: per structure counts, voxels and moments of each case's values; and of their mean."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from medeval.domain.base import Value
from medeval.domain.families.base import UNIT_BITS, Count, Moments, State, Wide
from medeval.errors import ResultRefused

Millimetres = Annotated[float, Field(gt=0, le=10_000)]
StructureName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,60}$")]

HINT = "Nothing has left. Use the evaluator and the parameters that the benchmark spec pins."
#: dsc, iou; then nsd at each tau; then hd95, assd.
_BEFORE_NSD, _AFTER_NSD = ("dsc", "iou"), ("hd95", "assd")


class CaseRules(Value):
    """How one case is measured; a state repeats it, so that unlike states cannot be added.

    `boundary` is the definition of a mask's boundary (`medeval.metrics.surface_elements`), `taus` the tolerances of
    `nsd` in mm. `penalty` is the distance, in mm, of a case in which a structure is missed, or found where there is
    none; no distance counts for more. `both_empty` says whether a case without the structure in truth and prediction
    is left out of the means, and counted, or has the values of a perfect prediction.
    """

    boundary: Literal["voxel-centres", "surface-elements"]
    taus: tuple[Millimetres, ...] = Field(max_length=20)
    penalty: Literal["image-diagonal"] | Millimetres
    both_empty: Literal["excluded", "one"]

    @property
    def metrics(self) -> tuple[str, ...]:
        """What is measured of each case, in the order of a state's moments."""
        return (*_BEFORE_NSD, *(f"nsd@{tau:g}" for tau in self.taus), *_AFTER_NSD)

    def top(self, place: int) -> float | None:
        """The largest value of the metric at that place; None where the image decides."""
        if place < len(_BEFORE_NSD) + len(self.taus):
            return 1.0
        return None if self.penalty == "image-diagonal" else self.penalty


class StructureMeans(State):
    """Moments, per metric, of each case's mean over those of its structures that count."""

    kind: Literal["structures-mean"] = "structures-mean"
    rules: CaseRules
    moments: tuple[Moments, ...] = Field(max_length=24)
    summed = ("moments",)


class StructureCases(State):
    """One structure: in how many cases it is, or is said to be, voxels, and moments of each case's values per metric.

    `both_empty`, `missed` and `false_alarm` count cases with the structure in neither mask, in the truth alone, in the
    prediction alone. `voxels` are those of both masks, of predictions, of truths. `spread` holds, over `units`
    (patients, or cases where each is of its own), the sums of u * u, u * w and w * w, where u is twice the voxels of
    both and w those of prediction and truth together: what the variance of the micro-averaged Dice needs.
    """

    kind: Literal["structure"] = "structure"
    structure: StructureName
    rules: CaseRules
    cases: Count
    both_empty: Count
    missed: Count
    false_alarm: Count
    voxels: tuple[Wide, Wide, Wide]
    units: Count
    spread: tuple[Wide, Wide, Wide]
    moments: tuple[Moments, ...] = Field(max_length=24)
    summed = ("cases", "both_empty", "missed", "false_alarm", "voxels", "units", "spread", "moments")

    @property
    def counted(self) -> int:
        """The cases whose values count."""
        return self.cases - self.both_empty if self.rules.both_empty == "excluded" else self.cases

    def check(self, at: int) -> None:
        """Raise `ResultRefused` unless counts, voxels and moments could be those of the same cases."""
        both, predicted, true = (wide.total for wide in self.voxels)
        found = self.cases - self.both_empty - self.missed - self.false_alarm
        fits = (
            found >= 0,
            0 <= both <= min(predicted, true),
            predicted - both >= self.false_alarm,
            true - both >= self.missed,
            self.units <= self.cases,
            self._could_spread(2 * both, predicted + true),
        )
        if not all(fits):
            raise ResultRefused(f"states[{at}]: counts and voxels contradict each other", HINT)
        check_moments(self.moments, self.rules, at, self.counted)
        # Every overlap of a case that is missed or a false alarm is 0; every distance is the penalty.
        lost = self.missed + self.false_alarm
        for place, moments in enumerate(self.moments):
            top, total = self.rules.top(place), moments.total.real
            overlap = self.rules.metrics[place] not in _AFTER_NSD
            if (overlap and total > self.counted - lost) or (not overlap and top and total < lost * top * (1 - 1e-12)):
                raise ResultRefused(f"states[{at}].moments: contradict the missed structures", HINT)

    def _could_spread(self, u: int, w: int) -> bool:
        """By Cauchy and Schwarz."""
        uu, uw, ww = (wide.total for wide in self.spread)
        return 0 <= uu <= uw <= ww and uw * uw <= uu * ww and u * u <= self.units * uu and w * w <= self.units * ww


#: A unit of a sum is 2**-52; the mean over structures of a penalty may pass the penalty by its rounding.
_CEILING = 2**UNIT_BITS * (1 + 1e-12)


def check_moments(found: tuple[Moments, ...], rules: CaseRules, at: int, n: int | None) -> None:
    """Raise `ResultRefused` unless these are the rules' metrics, of `n` cases each, or of the same number of cases."""
    if len(found) != len(rules.metrics) or {one.n for one in found} - {found[0].n if n is None else n}:
        raise ResultRefused(f"states[{at}].moments: must be those of the plan's metrics, over all its cases", HINT)
    if len({one.totals is None for one in found}) > 1:
        raise ResultRefused(f"states[{at}].moments: are partly of patients", HINT)
    for place, moments in enumerate(found):
        if not _are_possible(moments, rules.top(place)):
            raise ResultRefused(f"states[{at}].moments: are not those of any cases", HINT)


def _are_possible(moments: Moments, top: float | None) -> bool:
    """Sums of values from 0 to `top`, each rounded once, obey the inequality of Cauchy and Schwarz."""
    n, total, squares = moments.n, moments.total.total, moments.squares.total
    if min(total, squares) < 0 or (top is not None and total > n * round(top * _CEILING)):
        return False
    # Half a unit of each value, and of each square what a double can hold of it.
    rounding = (total >> UNIT_BITS) + (squares >> UNIT_BITS) + 2 * n
    sums = moments.totals
    fits = sums is None or (sums.clusters <= n <= sums.sizes <= n * n and min(sums.clusters, 1) == min(n, 1))
    return fits and total * total <= n * (squares + rounding) << UNIT_BITS
