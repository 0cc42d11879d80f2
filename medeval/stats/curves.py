"""What calibration plot and decision curve are drawn from: the added score tables of a binary classification."""

import numpy as np

from medeval.domain.estimate import NotEstimable
from medeval.domain.families.binary import BinaryPlan, ScoreTable
from medeval.domain.messages import ScoreBins
from medeval.domain.plan import Plan
from medeval.domain.result import Evaluation
from medeval.stats.calibration import Risks, calibration_curve
from medeval.stats.families.binary import decision
from medeval.stats.measure import Measured


def score_bins(evaluation: Evaluation, plan: Plan) -> ScoreBins | None:
    """The points of both pictures; None for a task without a score table, and for no cases."""
    table = evaluation.states[0]
    if not (isinstance(plan, BinaryPlan) and isinstance(table, ScoreTable) and evaluation.cases):
        return None
    risks, curve = Risks.of(table), calibration_curve(table)
    thresholds = tuple(edge for edge in table.edges if 0 < edge < 1)
    benefits = [decision(evaluation, "net_benefit", edge, plan) for edge in thresholds]
    known = [item for item in benefits if isinstance(item, Measured)]
    prevalence = sum(table.n1) / evaluation.cases
    return ScoreBins(
        cases=tuple(int(n) for n in risks.n0 + risks.n1),
        positives=tuple(int(n) for n in risks.n1),
        risk=tuple(float(risk) for risk in risks.mean),
        curve=None if isinstance(curve, NotEstimable) else tuple(float(np.clip(y, 0, 1)) for y in curve[1]),
        thresholds=thresholds if len(known) == len(thresholds) else (),
        net_benefit=tuple(item.value for item in known),
        treat_all=tuple(prevalence - (1 - prevalence) * edge / (1 - edge) for edge in thresholds),
        low=tuple(item.low for item in known),
        high=tuple(item.high for item in known),
    )
