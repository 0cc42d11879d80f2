"""Cases with times, events and risks for tests: drawn, and as the evaluation that a site would send."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st

from medeval.domain.families.survival import SurvivalPlan
from medeval.domain.result import Evaluation
from medeval.metrics.survival import states
from medeval.metrics.survival_cases import SurvivalCases

TIMES = [2.0, 4.0, 6.0]
#: Every time that `draw_cases` gives is an edge, so the table leaves nothing open but scores.
EDGES = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
PLAN: dict[str, Any] = {
    "task": "survival",
    "time_edges": EDGES,
    "score_edges": [-1.0, 0.0, 0.5, 2.0],
    "times": TIMES,
    "tau": 6.0,
    "outputs": "risk+probabilities",
    "exact_scalars": True,
}


def plan_of(**changes: Any) -> SurvivalPlan:
    return SurvivalPlan.from_plain({**PLAN, **changes})


def evaluate(cases: SurvivalCases, plan: SurvivalPlan | None = None) -> Evaluation:
    """The evaluation of cases, read back as a server reads it."""
    plan = plan or plan_of()
    plain: Mapping[str, Any] = {
        "format": "medeval/evaluation@1",
        "cases": len(cases.time),
        "states": states(cases, plan.model_dump(mode="json")),
    }
    return Evaluation.from_plain(plain)


def make_cases(n: int, seed: int, *, whole: bool = True) -> SurvivalCases:
    """Cases whose risk tells something; with `whole`, times are edges of the plan and tied."""
    rng = np.random.default_rng(seed)
    risk = np.round(rng.normal(size=n), 1)
    death, left = rng.exponential(5 * np.exp(-0.7 * risk)), rng.uniform(0.5, 9, n)
    time = np.minimum(death, left)
    time = np.clip(np.ceil(time), 1, 8) if whole else time
    by = np.exp(0.7 * risk)[:, None] * np.array(TIMES) / 5
    return SurvivalCases(time, death <= left, risk, 1 - np.exp(-by))


def of(rows: list[tuple[float, bool, float]]) -> SurvivalCases:
    """Cases of (time, event, risk), with a probability of a half at each time."""
    time, event, risk = (np.array(column) for column in zip(*rows, strict=True))
    halves = np.full((len(rows), len(TIMES)), 0.5)
    return SurvivalCases(time.astype(np.float64), event.astype(np.bool_), risk.astype(np.float64), halves)


def draw_cases(least: int = 0) -> st.SearchStrategy[SurvivalCases]:
    """Cases with ties in time and in risk, and times before, on and beyond the grid."""
    time = st.sampled_from([0.0, 0.5, 1.0, 2.0, 2.5, 4.0, 6.0, 8.0, 20.0])
    risk = st.one_of(st.sampled_from([-1.0, 0.0, 0.25, 2.0]), st.floats(-1e6, 1e6))
    shares = st.tuples(*[st.floats(0, 1)] * len(TIMES)).map(sorted)
    rows = st.lists(st.tuples(time, st.booleans(), risk, shares), min_size=least, max_size=25)
    return rows.map(_to_cases)


def _to_cases(rows: list[tuple[float, bool, float, list[float]]]) -> SurvivalCases:
    return SurvivalCases(
        np.array([row[0] for row in rows], dtype=np.float64),
        np.array([row[1] for row in rows], dtype=np.bool_),
        np.array([row[2] for row in rows], dtype=np.float64),
        np.array([row[3] for row in rows], dtype=np.float64).reshape(len(rows), len(TIMES)),
    )


def join(first: SurvivalCases, second: SurvivalCases) -> SurvivalCases:
    """Both sets of cases in one place."""
    assert first.probabilities is not None
    assert second.probabilities is not None
    return SurvivalCases(
        np.concatenate([first.time, second.time]),
        np.concatenate([first.event, second.event]),
        np.concatenate([first.risk, second.risk]),
        np.concatenate([first.probabilities, second.probabilities]),
    )
