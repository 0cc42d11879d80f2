"""The metrics of answers in words: means of per-case scores, over cases or over patients."""

from medeval.domain.estimate import Reason
from medeval.domain.families.joint import JointMoments
from medeval.domain.families.text import MEAN_OF, TextPlan
from medeval.domain.result import Evaluation
from medeval.stats.joint import Joint, mean_of, share_of
from medeval.stats.measure import Measure, undefined

#: Columns of 0 and 1: their means are shares.
_SHARES = frozenset({"exact", "refusal"})


def measure(evaluation: Evaluation, name: str, plan: TextPlan) -> Measure:
    """One metric of an evaluation that was checked against the plan."""
    if not evaluation.cases:
        return undefined(Reason.NO_CASES)
    state = evaluation.states[0]
    assert isinstance(state, JointMoments)  # noqa: S101 the plan checked it
    column = MEAN_OF[name]
    joint, place = Joint.of(state), plan.columns.index(column)
    if column in _SHARES:
        return share_of(joint, place, 0, plan.confidence_level, Reason.NO_CASES)
    return mean_of(joint, place, plan.confidence_level)
