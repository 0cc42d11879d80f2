"""The whole way of a result through a real server, on both databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from medeval.domain.attestation import WithholdReason
from medeval.domain.estimate import Estimate, NotEstimable, Reason
from medeval.domain.failures import FailureCode
from medeval.domain.lifecycle import AssociationState, ExecutionState
from medeval.domain.messages import CellResult, NewAssociation
from medeval.domain.permissions import Role
from medeval.errors import Conflict, ResultRefused
from medeval.signing.log import head_of
from tests.worlds import no_result, result_statement


def test_results_of_two_sites_reach_the_leaderboard(world):
    spec, card = world.publish(), world.submit()
    north, south = world.register("north"), world.register("south")
    for site in (north, south):
        world.join(site, spec)
    world.enter(card, spec)
    receipts, envelopes = [], []
    for site in (north, south):
        (task,) = site.api.list_tasks(site.name)
        assert task.state is ExecutionState.PENDING
        assert task.organisation == "Local installation"
        statement = result_statement(task, spec)
        receipts.append(site.send(statement))
        envelopes.append(site.seal(statement).to_digest())
        assert receipts[-1].execution == task.execution.to_digest()
        assert [found.state for found in site.api.list_tasks(site.name)] == [ExecutionState.RELEASED]
    assert [receipt.log_index for receipt in receipts] == [0, 1]
    assert receipts[-1].log_head == head_of(envelopes)

    board = world.api(Role.COMMITTEE).get_leaderboard("breast")
    (row,) = board.rows
    assert (row.sites, row.counts.cases, row.counts.positives) == (2, 240, 120)
    assert [cell.envelope for cell in row.cells if isinstance(cell, CellResult)] == envelopes
    assert row.pooled[0].estimate == NotEstimable(reason=Reason.FEW_SITES)
    assert isinstance(row.pooled[0].within, Estimate)
    assert isinstance(row.pooled[0].all_cases, Estimate)
    assert board.executions[ExecutionState.RELEASED] == board.log_size == 2
    assert board.log_head == receipts[-1].log_head
    page = requests.get(f"{world.url}/benchmarks/{spec.ref}", timeout=10)
    assert page.status_code == 200
    assert "logistic" in page.text
    assert "style=" not in page.text


def test_the_same_statement_twice_is_recorded_once(world):
    spec, site, task = _one_task(world)
    statement = result_statement(task, spec)
    assert site.send(statement) == site.send(statement)
    assert world.api(None).get_leaderboard("breast").log_size == 1


def test_a_released_result_is_final(world):
    spec, site, task = _one_task(world)
    site.send(result_statement(task, spec))
    other = result_statement(task, spec)
    newer = other.predicate.provenance.model_copy(update={"medeval": "9.9.9"})
    other = other.model_copy(update={"predicate": other.predicate.model_copy(update={"provenance": newer})})
    with pytest.raises(Conflict, match="it is released"):
        site.send(other)
    with pytest.raises(Conflict, match="it is released"):
        site.send(no_result(task, WithholdReason.DATA_QUALITY))


def test_failed_then_withheld_then_released(world):
    spec, site, task = _one_task(world)
    failed = site.send(no_result(task, FailureCode.MODEL_TIMED_OUT))
    withheld = site.send(no_result(task, WithholdReason.DATA_QUALITY))
    board = world.api(Role.COMMITTEE).get_leaderboard("breast")
    assert board.rows[0].cells[0].kind == "withheld"
    assert site.send(no_result(task, FailureCode.MODEL_TIMED_OUT)) == failed
    released = site.send(result_statement(task, spec))
    assert [failed.state, withheld.state, released.state] == ["failed", "withheld", "released"]
    assert [failed.log_index, withheld.log_index, released.log_index] == [0, 1, 2]


def test_a_model_whose_approval_ended_is_no_task_any_more(world):
    spec, site, task = _one_task(world)
    world.approve(spec, "model", task.model.ref, "rejected")
    assert site.api.list_tasks(site.name) == []
    with pytest.raises(Conflict, match="is not approved in the benchmark"):
        site.send(result_statement(task, spec))
    assert world.api(Role.COMMITTEE).get_leaderboard("breast").rows == ()


def test_participation_by_policy_needs_no_committee(world):
    spec = world.publish(participation={"models": "automatic", "datasets": "automatic"})
    card, site = world.submit(), world.register()
    dataset = site.dataset_card(spec)
    site.results.register_dataset(dataset)
    asked = [
        site.api.request_association(NewAssociation(benchmark=spec.ref, kind="dataset", subject=dataset.ref)),
        world.api(Role.MODEL_OWNER).request_association(
            NewAssociation(benchmark=spec.ref, kind="model", subject=card.ref)
        ),
    ]
    assert {association.state for association in asked} == {AssociationState.APPROVED}
    assert len(site.api.list_tasks("north")) == 1
    assert world.api(Role.OPERATOR).list_associations("breast") == list(reversed(asked))


def test_two_statements_at_once_do_not_fork_the_log(world):
    """Four sites send at the same moment; the heads form one chain."""
    spec, card = world.publish(), world.submit()
    sites = [world.register(f"site-{number}") for number in range(4)]
    for site in sites:
        world.join(site, spec)
    world.enter(card, spec)
    statements = [result_statement(site.api.list_tasks(site.name)[0], spec) for site in sites]
    with ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(lambda pair: pair[0].send(pair[1]), zip(sites, statements, strict=True)))
    envelopes = [site.seal(statement).to_digest() for site, statement in zip(sites, statements, strict=True)]
    in_order = sorted(zip(receipts, envelopes, strict=True), key=lambda pair: pair[0].log_index)
    assert [receipt.log_index for receipt, _ in in_order] == [0, 1, 2, 3]
    for index, (receipt, _) in enumerate(in_order):
        assert receipt.log_head == head_of([envelope for _, envelope in in_order[: index + 1]])


def test_the_same_statement_many_times_at_once_is_recorded_once(world):
    spec, site, task = _one_task(world)
    statement = result_statement(task, spec)
    with ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(lambda _: site.send(statement), range(6)))
    assert len(set(map(str, receipts))) == 1


def test_a_refused_result_leaves_no_trace(world):
    spec, site, task = _one_task(world)
    wrong = result_statement(task, spec)
    evaluation = wrong.predicate.result.evaluation.model_copy(update={"cases": 119})
    result = wrong.predicate.result.model_copy(update={"evaluation": evaluation})
    wrong = wrong.model_copy(update={"predicate": wrong.predicate.model_copy(update={"result": result})})
    with pytest.raises(ResultRefused, match=r"states\[0\]"):
        site.send(wrong)
    board = world.api(Role.COMMITTEE).get_leaderboard("breast")
    assert (board.log_size, board.log_head) == (0, None)
    assert board.rows[0].cells[0].kind == "pending"


def _one_task(world):
    spec, card, site = world.publish(), world.submit(), world.register()
    world.join(site, spec)
    world.enter(card, spec)
    (task,) = site.api.list_tasks(site.name)
    return spec, site, task
