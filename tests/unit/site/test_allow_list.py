"""What may run at a site: exactly the digests and standing rules that its data owner made."""

import pytest

from medeval.domain.base import digest_of
from medeval.domain.execution import ExecutionSpec, Pinned, PinnedDataset
from medeval.domain.lifecycle import ExecutionState
from medeval.domain.messages import SiteTask
from medeval.site.records import AllowedModel, AllowList, StandingRule
from tests.worlds import make_card

CARD = make_card("logistic")
OTHER = make_card("boosted")


def task(*, benchmark="breast", organisation="University", card=CARD) -> SiteTask:
    return SiteTask(
        execution=ExecutionSpec(
            benchmark=Pinned(ref=f"{benchmark}@1.0.0", digest=digest_of(benchmark.encode())),
            model=Pinned(ref=card.ref, digest=card.to_digest()),
            dataset=PinnedDataset(ref="north/masses", digest=digest_of(b"masses")),
        ),
        state=ExecutionState.PENDING,
        organisation=organisation,
        model=card,
    )


def allowed(card) -> AllowedModel:
    return AllowedModel(ref=card.ref, digest=card.to_digest())


@pytest.mark.parametrize(
    ("rules", "permitted"),
    [
        (AllowList(), False),
        (AllowList(models=(allowed(CARD),)), True),
        (AllowList(models=(allowed(OTHER),)), False),
        (AllowList(models=(allowed(OTHER), allowed(CARD))), True),
        # The name alone is nothing: the digest counts.
        (AllowList(models=(AllowedModel(ref=CARD.ref, digest=OTHER.to_digest()),)), False),
        (AllowList(models=(AllowedModel(ref=OTHER.ref, digest=CARD.to_digest()),)), True),
        (AllowList(rules=(StandingRule(benchmark="breast"),)), True),
        (AllowList(rules=(StandingRule(benchmark="heart"),)), False),
        (AllowList(rules=(StandingRule(benchmark="breast", organisation="University"),)), True),
        (AllowList(rules=(StandingRule(benchmark="breast", organisation="Company"),)), False),
        (AllowList(rules=(StandingRule(benchmark="heart", organisation="University"),)), False),
        (AllowList(rules=(StandingRule(benchmark="heart"), StandingRule(benchmark="breast"))), True),
        (AllowList(models=(allowed(OTHER),), rules=(StandingRule(benchmark="heart"),)), False),
    ],
)
def test_permits(rules, permitted):
    assert rules.permits(task()) is permitted


def test_a_rule_for_a_name_is_not_one_for_names_that_begin_alike():
    rules = AllowList(rules=(StandingRule(benchmark="breast"),))
    assert not rules.permits(task(benchmark="breast-cancer"))
    assert not AllowList(rules=(StandingRule(benchmark="breast-cancer"),)).permits(task())


def test_any_change_of_a_card_ends_the_permission():
    rules = AllowList(models=(allowed(CARD),))
    for changes in ({"version": "1.0.1"}, {"parameters": {"seed": 1}}, {"weights": None}):
        assert not rules.permits(task(card=make_card("logistic", **changes))), changes
