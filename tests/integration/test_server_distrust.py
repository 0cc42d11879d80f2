"""What the server does not believe: a result beyond its card, too weak a sandbox, a committee of strangers."""

import pytest

from medeval.client.api import Api
from medeval.domain.attestation import SandboxRecord
from medeval.domain.messages import Decision
from medeval.domain.permissions import Role
from medeval.errors import Conflict, Forbidden, ResultRefused
from medeval.stats.pooling import merge_evaluations
from tests.worlds import EVALUATION, make_spec, result_statement


@pytest.fixture
def task(sqlite_world):
    spec, card, site = sqlite_world.publish(data_class="restricted"), sqlite_world.submit(), sqlite_world.register()
    sqlite_world.join(site, spec)
    sqlite_world.enter(card, spec)
    (found,) = site.api.list_tasks("north")
    return spec, card, site, found


def test_a_result_covers_its_dataset_card(task):
    spec, _, site, found = task
    twice = merge_evaluations([EVALUATION, EVALUATION])
    with pytest.raises(ResultRefused, match=r"evaluation\.cases: must be those of the dataset's card"):
        site.send(result_statement(found, spec, twice))
    site.send(result_statement(found, spec))


def test_a_plain_process_saw_no_restricted_data(task):
    spec, _, site, found = task
    honest = result_statement(found, spec)
    process = SandboxRecord(runtime="process", version="3.11", level=0)
    provenance = honest.predicate.provenance.model_copy(update={"sandbox": process})
    predicate = honest.predicate.model_copy(update={"provenance": provenance})
    with pytest.raises(ResultRefused, match=r"provenance\.sandbox\.level: must be 1 or more .* not 0"):
        site.send(honest.model_copy(update={"predicate": predicate}))


def test_a_sandbox_below_what_the_benchmark_asks_for(sqlite_world):
    spec, card = sqlite_world.publish(data_class="public", sandbox_level=3), sqlite_world.submit()
    site = sqlite_world.register()
    sqlite_world.join(site, spec)
    sqlite_world.enter(card, spec)
    (found,) = site.api.list_tasks("north")
    honest = result_statement(found, spec)
    for level in (0, 2, 3):
        sandbox = SandboxRecord(runtime="docker", version="20.10", level=level)
        provenance = honest.predicate.provenance.model_copy(update={"sandbox": sandbox})
        statement = honest.model_copy(
            update={"predicate": honest.predicate.model_copy(update={"provenance": provenance})}
        )
        if level < 3:
            with pytest.raises(ResultRefused, match=f"must be 3 or more for this benchmark, not {level}"):
                site.send(statement)
        else:
            site.send(statement)


def test_a_benchmarks_name_and_decisions_belong_to_who_published_it(sqlite_world, task):
    spec, card, _, _ = task
    stranger = Api(sqlite_world.transport(sqlite_world.new_token(Role.COMMITTEE, "Another Organisation")))
    with pytest.raises(Conflict, match="belongs to another organisation"):
        stranger.publish_benchmark(make_spec(version="9.0.0"))
    decision = Decision.from_plain(
        {"benchmark": spec.ref, "kind": "model", "subject": card.ref, "state": "rejected", "reason": "envy"}
    )
    with pytest.raises(Forbidden):
        stranger.decide(decision)
