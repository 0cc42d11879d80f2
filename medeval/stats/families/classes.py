"""The metrics of several classes: from the K x K table and the score tables, or from those of single labels.

A macro average is one of all classes of the plan or of none: where a class has no case at a site, the site has no macro
average, since the mean of the other classes would be another quantity.
"""

import numpy as np
from numpy.typing import NDArray

from medeval.domain.estimate import Reason
from medeval.domain.families.base import parse_metric
from medeval.domain.families.binary import ScoreTable
from medeval.domain.families.classes import OF_ONE_CLASS, ConfusionMatrix, MulticlassPlan, MultilabelPlan
from medeval.domain.families.joint import JointMoments
from medeval.domain.result import Evaluation
from medeval.stats import decisions, matrix
from medeval.stats.decisions import Sampling
from medeval.stats.families import binary
from medeval.stats.joint import Joint, index_of, share_of
from medeval.stats.macro import macro_average
from medeval.stats.measure import Measure, design_effect, proportion, undefined

_HIT, _FALSE, _MISSED, _EXACT = 1, 2, 3, 4


def measure(evaluation: Evaluation, name: str, plan: MulticlassPlan | MultilabelPlan) -> Measure:
    """One metric of an evaluation that was checked against the plan."""
    if not evaluation.cases:
        return undefined(Reason.NO_CASES)
    if isinstance(plan, MulticlassPlan):
        return _multiclass(evaluation, name, plan)
    return _multilabel(evaluation, name, plan)


def _multiclass(evaluation: Evaluation, name: str, plan: MulticlassPlan) -> Measure:
    parts, table = parse_metric(name), _matrix(evaluation)
    deff = design_effect(evaluation.cases, evaluation.clusters)
    sampling = Sampling(plan.confidence_level, plan.replicates, plan.seed, deff)
    if parts.base == "macro_auroc":
        return _macro("auroc", evaluation, table.per_class, plan)
    if parts.of is not None:
        place = plan.classes.index(parts.of)
        if parts.base in OF_ONE_CLASS:
            return _one_class(parts.base, table, place, sampling)
        return _of_table(parts.base, evaluation, place, plan)
    return _whole(parts.base, table, sampling)


def _matrix(evaluation: Evaluation) -> ConfusionMatrix:
    state = evaluation.states[0]
    assert isinstance(state, ConfusionMatrix)  # noqa: S101 the plan checked it
    return state


def _whole(base: str, table: ConfusionMatrix, sampling: Sampling) -> Measure:
    """A metric of the whole matrix; micro F1 of one decision a case is accuracy."""
    cells = np.array(table.counts, dtype=np.int64)
    if base in ("accuracy", "micro_f1"):
        return proportion(int(np.trace(cells)), int(cells.sum()), sampling.level, Reason.NO_CASES, sampling.deff)
    if base in matrix.NEED_TWO_CLASSES and sum(1 for count in table.per_class if count) < 2:
        return undefined(Reason.ONE_CLASS_ONLY)
    if base in matrix.NEED_EVERY_CLASS and not all(table.per_class):
        return undefined(Reason.CLASS_ABSENT)
    return matrix.functional(base, cells, sampling)


def _one_class(base: str, table: ConfusionMatrix, place: int, sampling: Sampling) -> Measure:
    """One class against the rest, by the decisions."""
    cells = np.array(table.counts, dtype=np.int64)
    tp = int(cells[place, place])
    fp, fn = int(cells[:, place].sum()) - tp, int(cells[place].sum()) - tp
    four = (tp, fp, int(cells.sum()) - tp - fp - fn, fn)
    found = decisions.share(base, four, sampling)
    if found is not None:
        return found
    if not tp + fp + fn:
        return undefined(Reason.CLASS_UNUSED)
    return decisions.functional(decisions.Functional(decisions.f_beta), four, sampling)


def _multilabel(evaluation: Evaluation, name: str, plan: MultilabelPlan) -> Measure:
    parts = parse_metric(name)
    if parts.of is not None:
        return _of_table(name.partition("/")[0], evaluation, plan.classes.index(parts.of), plan)
    if parts.base in ("macro_auroc", "macro_f1"):
        positive = tuple(_table(evaluation, place, plan).classes[1] for place in range(len(plan.classes)))
        return _macro(parts.base.removeprefix("macro_"), evaluation, positive, plan)
    state = evaluation.states[-1]
    assert isinstance(state, JointMoments)  # noqa: S101 the plan checked it
    joint = Joint.of(state)
    if parts.base == "exact_match":
        return share_of(joint, _EXACT, 0, plan.confidence_level, Reason.NO_CASES)
    if not any(joint.means[:_MISSED]):
        return undefined(Reason.NO_POSITIVE_CASE)
    return index_of(joint, _micro_f1, plan.confidence_level)


def _micro_f1(means: NDArray[np.complex128]) -> np.complex128:
    hit, false, missed, _ = means
    found: np.complex128 = 2 * hit / (2 * hit + false + missed)
    return found


def _macro(
    base: str, evaluation: Evaluation, per_class: tuple[int, ...], plan: MulticlassPlan | MultilabelPlan
) -> Measure:
    """The mean over all classes, or no value."""
    if not all(0 < count < evaluation.cases for count in per_class):
        one = sum(1 for count in per_class if count) == 1 and isinstance(plan, MulticlassPlan)
        return undefined(Reason.ONE_CLASS_ONLY if one else Reason.CLASS_ABSENT)
    found = [_of_table(base, evaluation, place, plan) for place in range(len(per_class))]
    return macro_average(found, evaluation.cases, plan.confidence_level)


def _of_table(base: str, evaluation: Evaluation, place: int, plan: MulticlassPlan | MultilabelPlan) -> Measure:
    """A metric of one class against the rest, from its score table, as in a binary classification."""
    of_class = evaluation.model_copy(update={"states": (_table(evaluation, place, plan),), "groups": ()})
    return binary.measure(of_class, base, plan.binary())


def _table(evaluation: Evaluation, place: int, plan: MulticlassPlan | MultilabelPlan) -> ScoreTable:
    state = evaluation.states[place + isinstance(plan, MulticlassPlan)]
    assert isinstance(state, ScoreTable)  # noqa: S101 the plan checked it
    return state
