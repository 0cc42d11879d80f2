"""Datasets: a card per prepared dataset, sent by the site's own credential."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from medeval.disclosure.check import check_enough
from medeval.disclosure.leaving import card_counts
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.dataset import DatasetCard
from medeval.domain.messages import DatasetItem
from medeval.domain.permissions import Action
from medeval.errors import Conflict, Forbidden, NotFound, ResultRefused
from medeval.server.auth import Principal
from medeval.server.db.models import BenchmarkRow, DatasetRow, SiteRow
from medeval.server.db.session import save
from medeval.server.services import benchmarks
from medeval.server.services.sites import own_site


def register(session: Session, by: Principal, card: DatasetCard) -> DatasetItem:
    """Register a card that keeps the benchmark's disclosure policy; the same card again changes nothing."""
    by.check(Action.REGISTER_DATASET)
    site = own_site(session, by)
    if card.site != site.name:
        raise Forbidden(f"site: this token belongs to {site.name}", "Send the card with its own site's token.")
    found = session.scalar(select(DatasetRow).where(DatasetRow.site_id == site.id, DatasetRow.name == card.name))
    if found is not None:
        return _registered_before(found, card)
    benchmark = _benchmark_of(session, card)
    check_card(card, benchmarks.spec_of(benchmark))
    row = DatasetRow(
        name=card.name,
        digest=card.to_digest(),
        document=card.to_canonical().decode(),
        site=site,
        benchmark=benchmark,
    )
    save(session, row, by.audit("register dataset", card.ref))
    return to_item(row)


def check_card(card: DatasetCard, spec: BenchmarkSpec) -> None:
    """Hold a card against its benchmark; raises `ResultRefused` or `TooFewCases` naming field and rule."""
    statistics = card.statistics
    classes = spec.analysis.class_names
    adds_up = sum(statistics.per_class) == statistics.cases or not spec.analysis.classes_share_cases
    if len(statistics.per_class) != len(classes) or not adds_up:
        hint = "Prepare the dataset again with the benchmark's preparator."
        raise ResultRefused("statistics.per_class: must be one count for each class, which add up to cases", hint)
    if card.preparator != spec.preparator.cube.identity:
        hint = "Prepare the dataset again with the preparator that the benchmark spec pins."
        raise ResultRefused("preparator: is not the one that the benchmark spec pins", hint)
    policy = spec.disclosure.stricter(card.policy)
    check_enough(statistics.cases, statistics.per_class, policy, where="statistics")
    if card_counts(statistics, spec.analysis, policy) != statistics:
        hint = "Nothing was recorded. Send the card as `medeval dataset join` makes it."
        raise ResultRefused(f"statistics: not rounded to {policy.round_to}, as policy {policy.name} asks", hint)


def list_all(session: Session, benchmark_ref: str | None) -> list[DatasetItem]:
    """The datasets of a benchmark, or all, by site and name."""
    query = select(DatasetRow).join(SiteRow).order_by(SiteRow.name, DatasetRow.name)
    if benchmark_ref is not None:
        query = query.where(DatasetRow.benchmark_id == benchmarks.get_row(session, benchmark_ref).id)
    return [to_item(row) for row in session.scalars(query)]


def get_row(session: Session, ref: str) -> DatasetRow:
    """The row of `site/name`; raises `NotFound`."""
    site, _, name = ref.partition("/")
    query = select(DatasetRow).join(SiteRow).where(SiteRow.name == site, DatasetRow.name == name)
    row = session.scalar(query)
    if row is None:
        raise NotFound(f"there is no dataset {ref}", "Write SITE/NAME; list them with `medeval dataset list`.")
    return row


def card_of(row: DatasetRow) -> DatasetCard:
    """The card that was registered."""
    return DatasetCard.model_validate_json(row.document)


def to_item(row: DatasetRow) -> DatasetItem:
    """The message of a row."""
    return DatasetItem(digest=row.digest, organisation=row.site.organisation, card=card_of(row))


def _benchmark_of(session: Session, card: DatasetCard) -> BenchmarkRow:
    row = session.scalar(select(BenchmarkRow).where(BenchmarkRow.digest == card.benchmark))
    if row is None:
        raise NotFound("benchmark: no benchmark of this digest is published", "Prepare it for a published benchmark.")
    return row


def _registered_before(row: DatasetRow, card: DatasetCard) -> DatasetItem:
    if row.digest != card.to_digest():
        raise Conflict(f"dataset {row.ref} is registered with another content", "Register it under another name.")
    return to_item(row)
