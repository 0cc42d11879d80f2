"""The heat map's steps: fixed edges, so that a colour means the same in every release."""

from bisect import bisect_right

from medeval.domain.benchmark import Metric
from medeval.domain.estimate import Estimate
from medeval.report.words import word_for

#: A cell whose metric has no range that a colour could stand for.
PLAIN = "plain"


def has_steps(metric: Metric) -> bool:
    """Whether the metric has fixed edges; without them cells hold figures alone."""
    return bool(word_for(metric.name).edges)


def rises(metric: Metric) -> bool:
    """Whether a stronger colour means a higher figure; else it means a lower one."""
    edges = word_for(metric.name).edges
    return edges == tuple(sorted(edges))


def step_of(estimate: Estimate, metric: Metric) -> str:
    """The class `h0` .. `h6` of a value as it is printed, so that figure and colour agree; stronger is better."""
    edges, printed = word_for(metric.name).edges, round(estimate.value, metric.decimals)
    if not edges:
        return PLAIN
    if rises(metric):
        return f"h{bisect_right(edges, printed)}"
    return f"h{sum(printed < edge for edge in edges)}"


def key_of(metric: Metric) -> list[tuple[str, str]]:
    """(class, words) of each step, from the palest to the strongest."""
    edges = word_for(metric.name).edges
    if not edges:
        return []
    if rises(metric):
        return [("h0", f"below {edges[0]:.2f}"), *((f"h{i}", f"from {edge:.2f}") for i, edge in enumerate(edges, 1))]
    return [("h0", f"from {edges[0]:.2f}"), *((f"h{i}", f"below {edge:.2f}") for i, edge in enumerate(edges, 1))]
