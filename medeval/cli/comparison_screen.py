"""What a data owner reads of a paired comparison: every number that would leave, model by model and pair by pair."""

from collections.abc import Iterator
from typing import Any

from medeval.cli.states_screen import heading
from medeval.cli.table import blocks, lines_of
from medeval.domain.families.base import Moments
from medeval.domain.paired import (
    ComparisonSpec,
    Discordant,
    DiscordantCounts,
    NotComparable,
    PairedCovariance,
    PairedEvaluation,
    PairedMoments,
    PairedState,
    TooFewDiscordant,
    pairs,
)
from medeval.report.pen import Pen


def comparison_lines(spec: ComparisonSpec, paired: PairedEvaluation, pen: Pen) -> Iterator[list[str]]:
    """The cases, then each state as tables."""
    models = [model.ref for model in spec.models]
    yield [*heading("What leaves: cases", pen), *blocks([{"cases": paired.cases, "models": len(models)}], pen)]
    for state in paired.states:
        for title, rows in _tables(state, models):
            yield [*heading(f"What leaves: {title}", pen), *lines_of(rows, pen)]


def _tables(state: PairedState, models: list[str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    compared = [(f"{models[i]} and {models[j]}", n) for n, (i, j) in enumerate(pairs(len(models)))]
    match state:
        case PairedCovariance():
            rows = zip(models, state.values, state.variances, strict=True)
            yield f"{state.metric} of each model", [{"model": a, "value": b, "variance": c} for a, b, c in rows]
            yield (
                f"{state.metric}, the variance of the difference of two models",
                [{"models": name, "variance": state.differences[n]} for name, n in compared],
            )
        case DiscordantCounts():
            title = f"{state.metric}, of {state.n} cases those that one model alone has right"
            yield title, [{"models": name, **_counts(state.pairs[n])} for name, n in compared]
        case PairedMoments():
            title = f"{state.metric}, differences case by case"
            yield title, [{"models": name, **_moments(state.pairs[n])} for name, n in compared]
        case NotComparable():
            yield state.metric, [{"not comparable": state.reason.value}]


def _counts(pair: Discordant | TooFewDiscordant) -> dict[str, Any]:
    if not isinstance(pair, Discordant):
        return {"first_alone": "too few to leave", "second_alone": "too few to leave"}
    return {"first_alone": pair.first_only, "second_alone": pair.second_only}


def _moments(moments: Moments) -> dict[str, Any]:
    return {"cases": moments.n, "sum": moments.total.real, "sum_of_squares": moments.squares.real}
