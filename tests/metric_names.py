"""Which metrics a plan accepts, of all that have a word."""

from medeval.domain.plan import Plan
from medeval.report.words import known_metrics


def metrics_of(plan: Plan, *ends: str) -> list[str]:
    """The names that a plan accepts, each with the first of `ends` (where or of what it is taken) that it accepts."""
    found = (next((name + end for end in ends if accepts(plan, name + end)), None) for name in known_metrics())
    return [name for name in found if name]


def accepts(plan: Plan, name: str) -> bool:
    """Is it a metric of the plan?"""
    try:
        plan.check_metric(name)
    except ValueError:
        return False
    return True
