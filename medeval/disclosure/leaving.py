"""What may leave of an evaluation: levels withheld, small cells merged, counts rounded, as the policy in force asks.

Applied again it changes nothing: that is how a server finds what a site should have done.
"""

from medeval.disclosure.merging import merged, rounded_count
from medeval.disclosure.withhold import to_releasable
from medeval.domain.dataset import DatasetStatistics
from medeval.domain.families.base import ClusterSizes
from medeval.domain.families.binary import BinaryPlan, ScoreTable
from medeval.domain.paired import ceiled_whole
from medeval.domain.plan import Plan
from medeval.domain.policies import DisclosurePolicy
from medeval.domain.result import Evaluation, GroupEvaluation, States


def to_leave(evaluation: Evaluation, plan: Plan, policy: DisclosurePolicy) -> Evaluation:
    """The evaluation as it may leave a site under a policy.

    Whether a level is small is asked of exact counts, and again of rounded ones: what leaves must look so, too.
    """
    kept = to_releasable(evaluation, policy, plan)
    if not policy.merges or not isinstance(plan, BinaryPlan):
        return kept
    found = _merged(kept, plan, policy)
    return found if found == evaluation else to_leave(found, plan, policy)


def card_counts(counts: DatasetStatistics, plan: Plan, policy: DisclosurePolicy) -> DatasetStatistics:
    """The counts of a dataset as its card may show them: rounded, and the classes still adding up to all cases."""
    per_class = tuple(rounded_count(count, policy.round_to) for count in counts.per_class)
    cases = sum(per_class) if plan.classes_share_cases else rounded_count(counts.cases, policy.round_to)
    return DatasetStatistics(cases=cases, per_class=per_class)


def _merged(evaluation: Evaluation, plan: BinaryPlan, policy: DisclosurePolicy) -> Evaluation:
    groups = tuple(
        group.model_copy(update=_parts(group, plan, policy)) if isinstance(group, GroupEvaluation) else group
        for group in evaluation.groups
    )
    return evaluation.model_copy(update={**_parts(evaluation, plan, policy), "groups": groups})


def _parts(part: Evaluation | GroupEvaluation, plan: BinaryPlan, policy: DisclosurePolicy) -> dict[str, object]:
    states: States = tuple(
        merged(state, policy, plan.threshold) if isinstance(state, ScoreTable) else state for state in part.states
    )
    cases = sum(sum(state.classes) for state in states if isinstance(state, ScoreTable))
    return {"cases": cases, "states": states, "clusters": part.clusters and _sizes(part.clusters, cases, policy)}


def _sizes(sizes: ClusterSizes, cases: int, policy: DisclosurePolicy) -> ClusterSizes:
    """Patients rounded as cases are; the squares of their cases to three digits, and possible for so many patients."""
    clusters = max(1, min(rounded_count(sizes.clusters, policy.round_to), cases))
    least = max(sizes.squares, cases, -(-(cases**2) // clusters))
    return ClusterSizes(clusters=clusters, squares=min(ceiled_whole(least), cases**2))
