"""How much of the leak budget is spent, by the ledger, and whether one more release fits in.

Every answer tells a little, and many answers together tell a lot: what a data owner lets out must be added up over
releases and bounded. Source: answers that are exact enough, if there are enough of them, give the data back (Dinur and
Nissim 2003, *Revealing information while preserving privacy*); a bound on each release alone does not compose.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from medeval.domain.ledger import Entry, EntryKind, Topic
from medeval.domain.policies import Budget
from medeval.errors import BudgetExhausted

_HINT = "Nothing has left. Wait for the next period, or agree on another budget with those who oversee the site."


@dataclass(frozen=True)
class Proposed:
    """What may be released: before a model runs its bits are not known, and none are counted.

    A paired comparison of what is released already is no evaluation.
    """

    topic: Topic
    bits: float = 0.0
    is_evaluation: bool = True


def year_start(now: datetime) -> datetime:
    """The start of the calendar year, in UTC."""
    return datetime(now.astimezone(UTC).year, 1, 1, tzinfo=UTC)


def quarter_start(now: datetime) -> datetime:
    """The start of the calendar quarter, in UTC."""
    now = now.astimezone(UTC)
    return datetime(now.year, 3 * ((now.month - 1) // 3) + 1, 1, tzinfo=UTC)


def spent(entries: Iterable[Entry], dataset: str, since: datetime) -> float:
    """The bits that messages about a dataset (`site/name`) told at most, with what failed or was withheld."""
    return sum(entry.event.bits for entry in entries if entry.event.topic.dataset == dataset and entry.moment >= since)


def evaluations(entries: Iterable[Entry], owner: str | None, dataset: str, since: datetime) -> int:
    """How many executions on a dataset gave a result that left: of one organisation's models, or of all (None)."""
    found = {
        entry.event.topic.subject
        for entry in entries
        if entry.event.kind is EntryKind.RESULT
        and entry.event.topic.dataset == dataset
        and (owner is None or owner in entry.event.topic.owners)
        and entry.moment >= since
    }
    return len(found)


def check_budget(entries: tuple[Entry, ...], proposed: Proposed, limits: Budget | None, now: datetime) -> None:
    """Raise `BudgetExhausted` where one more release does not fit in; without limits everything does.

    A result of an execution that was released already is the same answer once more, and costs nothing.
    """
    dataset = proposed.topic.dataset
    if limits is None or dataset is None or _is_released(entries, proposed):
        return
    _check(proposed.bits, limits.release_bits, "bits in one release")
    year = spent(entries, dataset, year_start(now)) + proposed.bits
    _check(year, limits.dataset_bits_per_year, f"bits of {dataset} in one year")
    if proposed.is_evaluation:
        _check_evaluations(entries, dataset, proposed.topic.owners, limits, now)


def _check_evaluations(
    entries: tuple[Entry, ...], dataset: str, owners: tuple[str, ...], limits: Budget, now: datetime
) -> None:
    of_all = 1 + evaluations(entries, None, dataset, year_start(now))
    _check(of_all, limits.dataset_evaluations_per_year, f"evaluations on {dataset} in one year")
    for owner in owners:
        of_owner = 1 + evaluations(entries, owner, dataset, quarter_start(now))
        _check(of_owner, limits.owner_evaluations_per_quarter, f"evaluations of {owner} on {dataset} in one quarter")


def _is_released(entries: Iterable[Entry], proposed: Proposed) -> bool:
    """Whether this execution's result has left before."""
    return proposed.is_evaluation and any(
        entry.event.kind is EntryKind.RESULT and entry.event.topic.subject == proposed.topic.subject
        for entry in entries
    )


def _check(would_be: float, limit: float, what: str) -> None:
    if would_be > limit:
        raise BudgetExhausted(f"the budget is {limit:g} {what}; with this release it would be {would_be:.0f}", _HINT)
