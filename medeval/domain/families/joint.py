"""Joint moments: the one state behind every functional of means, with intervals that respect clusters.

Per-case values v = (1, v1, ..., vd) are added up within a cluster (a patient; or the case itself where cases are
independent). The state holds the sums of these cluster totals and of their products. From them come the means, any
smooth function of the means (a ratio, F1, R2, concordance), and its variance by linearisation, robust to whatever
correlation there is inside a cluster (Binder 1983, Int Stat Rev 51:279-292).
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from medeval.domain.families.base import UNIT_BITS, Count, State, Wide
from medeval.errors import ResultRefused


def _divides_one(step: float) -> float:
    """What is 1 stays 1 when it is rounded: a right answer, a label at the end of the range."""
    if round(1 / step) * step != 1.0:
        raise ValueError("1 must be a whole number of steps")
    return step


#: A step to which per-case values are rounded before they are summed, or `exact`.
Resolution = Annotated[float, Field(ge=1e-6, le=0.1), AfterValidator(_divides_one)] | Literal["exact"]
_HINT = "Nothing has left. Use the evaluator and the parameters that the benchmark spec pins."
#: A product of cluster totals is rounded to a unit, which this many units a cluster cover ...
_SLACK = 4
#: ... after the totals and the product were rounded to a double each: by 3 * 2**-53 of it, and so of their sum.
_DOUBLES_BITS = 51


class JointMoments(State):
    """Sums over clusters of the totals of each column, and of the products of each two columns' totals.

    The first column is `one`, so its total is the number of cases. `totals` has d + 1 entries, `products` the upper
    triangle by rows, (d + 1)(d + 2) / 2 entries; both in units of 2**-52, each cluster's product rounded to a unit.
    """

    kind: Literal["joint-moments"] = "joint-moments"
    columns: tuple[str, ...] = Field(min_length=2, max_length=12)
    clusters: Count
    totals: tuple[Wide, ...]
    products: tuple[Wide, ...]
    summed = ("clusters", "totals", "products")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        width = len(self.columns)
        if self.columns[0] != "one" or len(self.totals) != width or len(self.products) != width * (width + 1) // 2:
            raise ValueError("joint moments need the column one, a total per column and a product per pair of columns")
        return self

    @property
    def cases(self) -> int:
        """The number of cases."""
        return self.totals[0].total >> UNIT_BITS

    def total(self, column: str) -> Wide:
        """The total of one column."""
        return self.totals[self.columns.index(column)]

    def count(self, column: str) -> int:
        """The total of a column of whole numbers."""
        return self.total(column).total >> UNIT_BITS

    def product(self, first: str, second: str) -> Wide:
        """The sum over clusters of the product of two columns' totals."""
        low, high = sorted((self.columns.index(first), self.columns.index(second)))
        return self.products[low * len(self.columns) - low * (low - 1) // 2 + high - low]

    def check(self, cases: int, at: int) -> None:
        """Raise `ResultRefused` unless the state is of so many cases, and could be of any cases at all."""
        if self.totals[0].total != cases << UNIT_BITS:
            raise ResultRefused(f"states[{at}].totals: do not count the cases", _HINT)
        if not min(cases, 1) <= self.clusters <= cases:
            raise ResultRefused(f"states[{at}].clusters: are more than cases, or none", _HINT)
        for column in self.columns:
            square, total = self.product(column, column).total, self.total(column).total
            rounding = (square >> _DOUBLES_BITS) + _SLACK * self.clusters
            # Cauchy and Schwarz: (sum of t)**2 <= clusters * sum of t**2
            if total * total > self.clusters * ((square + rounding) << UNIT_BITS):
                raise ResultRefused(f"states[{at}].products: are not those of any cases", _HINT)

    def check_bounds(self, limits: Mapping[str, tuple[float, float]], at: int) -> None:
        """Raise `ResultRefused` where a column's mean lies outside the range of its values."""
        for column, (low, high) in limits.items():
            total, units = self.total(column).total, self.totals[0].total
            if not Fraction(low) * units - self.cases <= total <= Fraction(high) * units + self.cases:
                raise ResultRefused(f"states[{at}].totals: {column} lies outside its range", _HINT)

    def check_whole(self, columns: tuple[str, ...], at: int) -> None:
        """Raise `ResultRefused` unless these columns hold whole numbers of which none is negative."""
        for column in columns:
            total = self.total(column).total
            if total < 0 or total % (1 << UNIT_BITS):
                raise ResultRefused(f"states[{at}].totals: {column} is no count", _HINT)


def joint_numbers(columns: int) -> int:
    """How many numbers joint moments of so many columns hold, `one` among them."""
    return 1 + columns + columns * (columns + 1) // 2
