"""Subgroups of a model: every metric of each level, and of all other levels together, over the sites that show them."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.estimate import AnyCounts, CaseCounts, NotEstimable, Reason
from medeval.domain.messages import GroupResult, PooledMetric
from medeval.domain.result import Evaluation, Withheld, WithheldGroup
from medeval.stats.estimates import count_positives
from medeval.stats.pooling import BySite, not_pooled, pooled_metrics


@dataclass(frozen=True)
class _Pooled:
    """Some levels together: their cases and every metric of the benchmark."""

    counts: AnyCounts
    metrics: tuple[PooledMetric, ...]


def group_results(spec: BenchmarkSpec, released: BySite, *, show_sites: bool) -> tuple[GroupResult, ...]:
    """Every declared level, in order.

    A site that withholds a level is missing from it, and from the complement of every level of that variable. Where no
    site shows a level, `insufficient` or `suppressed` stands in the place of each figure.
    """

    @cache  # the complement in two levels is the other level
    def pooled(name: str, levels: tuple[str, ...]) -> _Pooled:
        return _pooled(spec, released, name, levels, show_sites=show_sites)

    found = []
    for name, level in spec.model_interface.levels:
        own = pooled(name, (level,))
        rest = pooled(name, tuple(other for other in spec.model_interface.groups[name] if other != level))
        withheld = sum(bool(_reasons(evaluation, name, (level,))) for evaluation in released.values())
        found.append(
            GroupResult(
                name=name,
                level=level,
                counts=own.counts,
                withheld=withheld,
                pooled=own.metrics,
                complement=rest.metrics,
            )
        )
    return tuple(found)


def _pooled(spec: BenchmarkSpec, released: BySite, name: str, levels: tuple[str, ...], *, show_sites: bool) -> _Pooled:
    names = [metric.name for metric in spec.metrics]
    parts = {site: part for site, whole in released.items() if (part := whole.find_levels(name, levels)) is not None}
    if not parts:
        return _absent(names, _why_withheld(released, name, levels))
    if len(parts) == 1 and not show_sites:
        return _absent(names, Reason.ONE_SITE)
    metrics = pooled_metrics(parts, names, spec.analysis, show_sites=show_sites, leave_out=False)
    return _Pooled(_counts(spec, parts), metrics)


def _absent(names: list[str], reason: Reason) -> _Pooled:
    return _Pooled(NotEstimable(reason=reason), tuple(not_pooled(name, reason) for name in names))


def _why_withheld(released: BySite, name: str, levels: tuple[str, ...]) -> Reason:
    """Insufficient where one level is meant and any site says so of it, else suppressed: other levels are the cause."""
    reasons = {reason for whole in released.values() for reason in _reasons(whole, name, levels)}
    return Reason.INSUFFICIENT if len(levels) == 1 and Withheld.INSUFFICIENT in reasons else Reason.SUPPRESSED


def _reasons(evaluation: Evaluation, name: str, levels: Collection[str]) -> list[Withheld]:
    return [
        group.withheld
        for group in evaluation.groups
        if isinstance(group, WithheldGroup) and group.name == name and group.level in levels
    ]


def _counts(spec: BenchmarkSpec, parts: BySite) -> CaseCounts:
    positives = [count_positives(part, spec.analysis) for part in parts.values()]
    known = [n for n in positives if n is not None]
    return CaseCounts(
        cases=sum(part.cases for part in parts.values()), positives=sum(known) if len(known) == len(positives) else None
    )
