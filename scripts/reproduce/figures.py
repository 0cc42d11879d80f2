"""A published figure beside ours, and how they are told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

TOLERANCE = 1e-12
#: In place of a site: the metric of all sites' cases together.
ALL_CASES = "all cases"

#: Model, metric, site.
Key: TypeAlias = tuple[str, str, str]


@dataclass(frozen=True)
class Figure:
    """One published figure and ours; `digits` where it is published to so many decimals, else to double precision."""

    model: str
    metric: str
    site: str
    published: float
    measured: float
    digits: int | None = None

    @property
    def is_equal(self) -> bool:
        """Equal to 1e-12, or to the decimals that were published."""
        tolerance = TOLERANCE if self.digits is None else 0.5 * 10**-self.digits
        return abs(self.published - self.measured) <= tolerance


def read_cells(board: dict[str, Any]) -> dict[Key, float]:
    """The estimate of every cell of a leaderboard's matrix, and of all cases, by (model, metric, site)."""
    sites = [column["dataset"].partition("/")[0] for column in board["columns"]]
    together = {
        (row["model"].partition("@")[0], found["metric"], ALL_CASES): found["all_cases"]["value"]
        for row in board["rows"]
        for found in row["pooled"]
        if found["all_cases"]["kind"] == "estimate"
    }
    return together | {
        (row["model"].partition("@")[0], found["metric"], site): found["estimate"]["value"]
        for row in board["rows"]
        for site, cell in zip(sites, row["cells"], strict=True)
        for found in cell["estimates"]
        if found["estimate"]["kind"] == "estimate"
    }


def print_table(title: str, figures: Sequence[Figure]) -> None:
    """Published beside measured, a line per model and metric."""
    sites = list(dict.fromkeys(figure.site for figure in figures))
    print(f"\n{title}\n{'model':<24}{'metric':<14}" + "".join(f"{site:>24}" for site in sites))
    rows: dict[tuple[str, str], dict[str, Figure]] = {}
    for figure in figures:
        rows.setdefault((figure.model, figure.metric), {})[figure.site] = figure
    for (model, metric), by_site in rows.items():
        cells = (by_site.get(site) for site in sites)
        print(f"{model:<24}{metric:<14}" + "".join(f"{_shown(cell):>24}" for cell in cells))
    equal = sum(figure.is_equal for figure in figures)
    exact = all(figure.digits is None for figure in figures)
    print(f"{equal} of {len(figures)} published figures are equal{f' to {TOLERANCE:g}' if exact else ''}.")


def _shown(figure: Figure | None) -> str:
    if figure is None:
        return ""
    return f"{figure.published:.6f} {figure.measured:.6f} {'=' if figure.is_equal else '!'}"
