"""Which levels of a subgroup variable a site keeps back, so that none is small and no small one can be worked out.

Primary suppression: a level whose cases, or whose complement's cases, are fewer than the policy's `min_per_class` is
`insufficient`, zero included, for zero says that nobody is there. Secondary suppression: what a reader knows besides is
the whole, and so how many cases all withheld levels hold together. Alone, or together fewer than the minimum, a
withheld level would follow by subtraction; so would one whose size is the only one that the reasons given allow. So the
next smallest level is `suppressed` too, until none does or nothing of the variable is shown.

Sources: Hundepool et al. 2012, *Statistical Disclosure Control*, sections 4.2 and 4.4 (primary and secondary cells;
recalculation from margins); the output rules of ACRO/SACRO (minimum threshold 10, differencing), OpenSAFELY (counts of
7 or fewer, and complementary redaction), NHS England (small numbers, secondary suppression) and CMS (1 to 10, and
whatever would let them be derived).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from medeval.domain.plan import Plan
from medeval.domain.policies import DisclosurePolicy
from medeval.domain.result import Evaluation, Group, GroupEvaluation, Withheld, WithheldGroup
from medeval.errors import ResultRefused, TooFewCases

_HINT = "Nothing has left. A site withholds small levels by itself: send what it made of the evaluator's result."


@dataclass(frozen=True)
class _Variable:
    """The levels of a variable by place: cases of those shown, reasons of those withheld; `rest` are their cases."""

    shown: dict[int, int]
    withheld: dict[int, Withheld]
    whole: int
    #: The fewest cases of any class of a level, or of all other levels together, where cells may not be small.
    fewest: dict[int, int]

    @property
    def rest(self) -> int:
        return self.whole - sum(self.shown.values())

    def without(self, place: int, reason: Withheld) -> "_Variable":
        shown = {other: cases for other, cases in self.shown.items() if other != place}
        return replace(self, shown=shown, withheld={**self.withheld, place: reason})


def to_releasable(evaluation: Evaluation, policy: DisclosurePolicy, plan: Plan) -> Evaluation:
    """The same with the levels withheld that the policy keeps at the site; what is withheld already stays so.

    Where cells may not be small, each class of a level must hold enough cases too. Applied again it changes nothing:
    that is how a server finds what a site should have withheld.
    """
    groups: list[Group] = []
    for name in dict.fromkeys(group.name for group in evaluation.groups):
        levels = [group for group in evaluation.groups if group.name == name]
        fewest = _fewest(levels, evaluation, plan) if policy.merges else {}
        groups += _releasable(levels, evaluation.cases, policy, fewest)
    return evaluation.model_copy(update={"groups": tuple(groups)})


def _fewest(levels: Sequence[Group], whole: Evaluation, plan: Plan) -> dict[int, int]:
    of_all = plan.check_states(whole.cases, whole.states)
    found = {}
    for place, level in enumerate(levels):
        if isinstance(level, GroupEvaluation):
            classes = plan.check_states(level.cases, level.states)
            found[place] = min((min(n, all_of - n) for n, all_of in zip(classes, of_all, strict=True)), default=0)
    return found


def withheld_levels(evaluation: Evaluation) -> tuple[WithheldGroup, ...]:
    """The levels of which nothing is shown, in order."""
    return tuple(group for group in evaluation.groups if isinstance(group, WithheldGroup))


def _releasable(levels: Sequence[Group], whole: int, policy: DisclosurePolicy, fewest: dict[int, int]) -> list[Group]:
    shown = {place: level.cases for place, level in enumerate(levels) if isinstance(level, GroupEvaluation)}
    before = {place: level.withheld for place, level in enumerate(levels) if isinstance(level, WithheldGroup)}
    variable = _primary(_Variable(shown, before, whole, fewest), policy.min_per_class)
    kept = _suppressed(variable, policy.min_per_class).withheld
    return [
        WithheldGroup(name=level.name, level=level.level, withheld=kept[place]) if place in kept else level
        for place, level in enumerate(levels)
    ]


def _primary(variable: _Variable, least: int) -> _Variable:
    """Without levels of which there, or everywhere else, are fewer cases than the minimum."""
    for place, cases in tuple(variable.shown.items()):
        if min(cases, variable.whole - cases, variable.fewest.get(place, cases)) < least:
            variable = variable.without(place, Withheld.INSUFFICIENT)
    return variable


def _suppressed(variable: _Variable, least: int) -> _Variable:
    """Without the next smallest level, the first of equal ones, for as long as a withheld one could be worked out."""
    while variable.withheld and variable.shown and _gives_away(variable, least):
        smallest = min(variable.shown, key=lambda place: (variable.shown[place], place))
        variable = variable.without(smallest, Withheld.SUPPRESSED)
    return variable


def _gives_away(variable: _Variable, least: int) -> bool:
    """Whether a withheld level, or a sum below the minimum, follows from the rest and from the reasons given.

    An insufficient level holds 0 to `least` - 1 cases, a suppressed one `least` or more: at either end of what they can
    hold together, each size is known.
    """
    suppressed = sum(reason is Withheld.SUPPRESSED for reason in variable.withheld.values())
    insufficient = len(variable.withheld) - suppressed
    if len(variable.withheld) == 1 or variable.rest < least:
        return True
    if suppressed:
        return variable.rest <= suppressed * least
    return variable.rest >= insufficient * (least - 1)


def check_withheld(evaluation: Evaluation, policy: DisclosurePolicy, plan: Plan) -> None:
    """Hold the levels that are withheld, and those that are not, against the policy.

    Raises `TooFewCases` where more should be withheld, `ResultRefused` where the rules ask for nothing of the kind.
    """
    rule = f"min_per_class of policy {policy.name} is {policy.min_per_class}"
    reasons: dict[str, set[Withheld]] = {}
    for group in withheld_levels(evaluation):
        reasons.setdefault(group.name, set()).add(group.withheld)
    if reasons and not policy.min_per_class:
        raise ResultRefused(f"groups: a level is withheld; {rule}, which asks for none", _HINT)
    if any(Withheld.INSUFFICIENT not in found for found in reasons.values()):
        raise ResultRefused("groups: a level is suppressed, but none of its variable is insufficient", _HINT)
    if to_releasable(evaluation, policy, plan) != evaluation:
        raise TooFewCases(f"groups: a level that holds, or gives away, too few cases must be withheld; {rule}", _HINT)
