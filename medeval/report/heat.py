"""The heat map's steps: fixed edges, so that a colour means the same in every release."""

from bisect import bisect_right

from medeval.domain.benchmark import Metric, MetricName
from medeval.domain.estimate import Estimate

EDGES: dict[MetricName, tuple[float, ...]] = {
    MetricName.AUROC: (0.65, 0.70, 0.75, 0.80, 0.85, 0.90),
    MetricName.ACCURACY: (0.50, 0.60, 0.70, 0.80, 0.90, 0.95),
    MetricName.PRECISION: (0.50, 0.60, 0.70, 0.80, 0.90, 0.95),
}


def step_of(estimate: Estimate, metric: Metric) -> str:
    """The class `h0` .. `h6` of a value as it is printed, so that figure and colour agree."""
    return f"h{bisect_right(EDGES[metric.name], round(estimate.value, metric.decimals))}"


def key_of(metric: Metric) -> list[tuple[str, str]]:
    """(class, words) of each step, from low to high."""
    edges = EDGES[metric.name]
    return [("h0", f"below {edges[0]:.2f}"), *((f"h{i}", f"from {edge:.2f}") for i, edge in enumerate(edges, 1))]
