"""Whether one more release may leave: the leak budget of its dataset, and models that are nearly another.

The budget is that of the data, not of a name: datasets of this site that were prepared from the same raw data share it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from medeval.disclosure.bits import paired_bits, result_bits
from medeval.disclosure.budget import Proposed, check_budget, evaluations, quarter_start, spent, year_start
from medeval.domain.ledger import Entry
from medeval.domain.messages import SiteTask
from medeval.domain.policies import Budget, find_budget
from medeval.site.comparison_files import ComparisonFiles
from medeval.site.context import Site
from medeval.site.entries import Terms, topic_of_comparison, topic_of_execution
from medeval.site.near_models import check_models_apart
from medeval.site.store import ExecutionFiles


@dataclass(frozen=True)
class Spending:
    """What a release would tell at most, in bits, and how far the budgets of its dataset would be used with it.

    `limits` is None for data that anyone can download. Counts are of calendar years and quarters, without this one.
    """

    bits: float
    limits: Budget | None
    bits_this_year: float
    evaluations_this_year: int
    owner_evaluations_this_quarter: int


def check_can_run(site: Site, task: SiteTask) -> None:
    """Raise `BudgetExhausted` where no result of this execution could leave any more."""
    execution = task.execution
    topic = topic_of_execution(execution, (task.organisation,))
    terms = terms_of(site, execution.benchmark.digest, execution.dataset.ref)
    entries = _entries(site, execution.dataset.ref)
    check_budget(entries, Proposed(topic), find_budget(terms.policy), datetime.now(UTC))


def check_can_leave(site: Site, files: ExecutionFiles | ComparisonFiles, owners: tuple[str, ...]) -> None:
    """Raise `BudgetExhausted`, or `DifferencingRisk`, where a result or a comparison may not be released any more."""
    proposed, terms = _proposed(site, files, owners)
    entries = _entries(site, proposed.topic.dataset or "")
    check_budget(entries, proposed, find_budget(terms.policy), datetime.now(UTC))
    if isinstance(files, ExecutionFiles):
        check_models_apart(site, files)


def spending_of(site: Site, files: ExecutionFiles | ComparisonFiles, owners: tuple[str, ...]) -> Spending:
    """What the release of something that waits would cost."""
    proposed, terms = _proposed(site, files, owners)
    dataset, now = proposed.topic.dataset or "", datetime.now(UTC)
    entries = _entries(site, dataset)
    by_owner = [evaluations(entries, owner, dataset, quarter_start(now)) for owner in owners]
    return Spending(
        bits=proposed.bits,
        limits=find_budget(terms.policy),
        bits_this_year=spent(entries, dataset, year_start(now)),
        evaluations_this_year=evaluations(entries, None, dataset, year_start(now)),
        owner_evaluations_this_quarter=max(by_owner, default=0),
    )


def terms_of(site: Site, benchmark: str, dataset: str) -> Terms:
    """The pinned spec of a benchmark, by digest, and the site's own policy for a dataset, by `site/name`."""
    card = site.store.get_dataset(dataset.partition("/")[2]).card
    return Terms(site.store.get_spec(benchmark), card.policy)


def _proposed(site: Site, files: ExecutionFiles | ComparisonFiles, owners: tuple[str, ...]) -> tuple[Proposed, Terms]:
    if isinstance(files, ComparisonFiles):
        comparison, paired = files.spec(), files.paired()
        terms = terms_of(site, comparison.benchmark.digest, comparison.dataset.ref)
        bits = paired_bits(paired, terms.policy) if paired else 0.0
        return Proposed(topic_of_comparison(comparison, owners), bits, is_evaluation=False), terms
    execution, evaluation = files.task().execution, files.evaluation()
    terms = terms_of(site, execution.benchmark.digest, execution.dataset.ref)
    bits = result_bits(evaluation, terms.spec.analysis, terms.policy) if evaluation else 0.0
    return Proposed(topic_of_execution(execution, owners), bits), terms


def _entries(site: Site, dataset: str) -> tuple[Entry, ...]:
    """The ledger, in which whatever is about the same raw data is about this dataset."""
    ledger, records = site.ledger.read(), {record.card.ref: record.raw for record in site.store.list_datasets()}
    alike = {ref for ref, raw in records.items() if raw == records.get(dataset)}
    found = ledger.entries if ledger else ()
    return tuple(_about(entry, dataset) if entry.event.topic.dataset in alike else entry for entry in found)


def _about(entry: Entry, dataset: str) -> Entry:
    topic = entry.event.topic.model_copy(update={"dataset": dataset})
    return entry.model_copy(update={"event": entry.event.model_copy(update={"topic": topic})})
