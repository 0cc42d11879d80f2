"""Paired comparisons at a real server: from three sites to the board, and everything that is refused on the way."""

import json
from typing import Any

import numpy as np
import pytest

from medeval.client.results import ResultsClient
from medeval.domain.attestation import ComparisonStatement, SandboxRecord, WithholdReason
from medeval.domain.base import digest_of
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.lifecycle import ExecutionState
from medeval.domain.messages import Leaderboard, SiteTask, StatementSubmission, WhyNotCompared
from medeval.domain.paired import Discordant, PairedCovariance, TooFewDiscordant
from medeval.domain.permissions import Role
from medeval.errors import Conflict, Forbidden, MedevalError, NotFound, ResultRefused
from medeval.report.versus import not_compared_words
from medeval.signing import dsse
from medeval.signing.log import head_of
from tests.paired_cases import (
    COMPARING,
    comparison_of,
    comparison_statement,
    evaluation_of,
    paired_of,
    read_alike,
)
from tests.worlds import SiteSide, World, no_result, record_of, result_statement

NAMES = ("alpha", "beta", "gamma")


class Ready:
    """A site that has released the results of its models, and can state how they compare."""

    def __init__(self, world: World, spec: BenchmarkSpec, name: str, seed: int) -> None:
        self.spec, self.site = spec, world.register(name)
        world.join(self.site, spec)
        self.labels, self.scores = read_alike(len(NAMES), seed)
        self.tasks = sorted(self.site.api.list_tasks(name), key=lambda task: task.model.ref)

    def release(self, *places: int) -> "Ready":
        for place in places or range(len(self.tasks)):
            evaluation = evaluation_of(self.spec, self.labels, self.scores[place])
            self.site.send(result_statement(self.tasks[place], self.spec, evaluation))
        return self

    def statement(self, *places: int) -> ComparisonStatement:
        chosen = list(places or range(len(self.tasks)))
        paired = paired_of(self.spec, self.labels, self.scores[chosen])
        return comparison_statement(self.spec, comparison_of([self.tasks[place] for place in chosen]), paired)


def publish(world: World, models: tuple[str, ...] = NAMES, **changes: Any) -> BenchmarkSpec:
    spec = world.publish(**(COMPARING | changes))
    for name in models:
        world.enter(world.submit(name), spec)
    return spec


def board_of(world: World, role: Role | None = Role.COMMITTEE) -> Leaderboard:
    return world.api(role).get_leaderboard("breast")


def changed(statement: ComparisonStatement, **parts: Any) -> ComparisonStatement:
    """With other parts of the paired evaluation."""
    result = statement.predicate.result
    paired = result.paired.model_copy(update=parts)
    predicate = statement.predicate.model_copy(update={"result": result.model_copy(update={"paired": paired})})
    return statement.model_copy(update={"predicate": predicate})


def auroc_of(statement: ComparisonStatement) -> PairedCovariance:
    state = statement.predicate.result.paired.states[0]
    assert isinstance(state, PairedCovariance)
    return state


# --- the honest way ---------------------------------------------------------------------------------------------


def test_comparisons_of_three_sites_reach_the_board(world: World) -> None:
    """On both databases: in the log, in the comparisons of the board, in ranks and tiers."""
    spec = publish(world)
    sites = [Ready(world, spec, name, seed).release() for seed, name in enumerate(("north", "south", "west"))]
    before = board_of(world)
    assert before.comparisons == ()
    assert {row.rank.tier for row in before.rows if row.rank} == {1}, "nothing tells them apart on three sites"
    statements = [site.statement() for site in sites]
    receipts = [ready.site.send(statement) for ready, statement in zip(sites, statements, strict=True)]
    for receipt, statement in zip(receipts, statements, strict=True):
        assert receipt.execution == statement.predicate.result.comparison.to_digest()
        assert receipt.state is ExecutionState.RELEASED

    board = board_of(world)
    assert board.log_size == 12
    assert board.log_head == receipts[-1].log_head
    compared = {(item.metric, item.first, item.second): item for item in board.comparisons}
    assert {pair[1:] for pair in compared if pair[0] == "auroc"} == {
        ("alpha@1.0.0", "beta@1.0.0"),
        ("alpha@1.0.0", "gamma@1.0.0"),
    }, "each with the best"
    found = compared["auroc", "alpha@1.0.0", "gamma@1.0.0"]
    values = np.array([auroc_of(statement).values for statement in statements])
    apart = values[:, 0] - values[:, 2]
    assert found.sites == 3
    assert apart.min() <= found.difference <= apart.max()
    assert found.low < found.difference < found.high
    assert found.p <= found.p_adjusted <= 1
    assert board.tier_basis == "differences on the same cases"
    assert [row.rank is not None for row in board.rows] == [True] * 3
    # Accuracy has too few discordant cases at a site: that is told, not hidden.
    pairs = [pair for item in statements for pair in item.predicate.result.paired.states[1].pairs]
    assert any(isinstance(pair, TooFewDiscordant) for pair in pairs)
    assert {item.metric for item in board.not_compared} == {"accuracy"}
    assert all(min(pair.first_only, pair.second_only) >= 10 for pair in pairs if isinstance(pair, Discordant))


def test_declared_comparisons_are_made_and_no_others(sqlite_world: World) -> None:
    analysis = {"primary_metric": "auroc", "score_edges": [0, 0.25, 0.5, 0.75, 1], "task": "binary-classification"}
    declared = [{"first": "gamma", "second": "beta"}]
    spec = publish(sqlite_world, analysis=analysis | {"comparisons": declared})
    for seed, name in enumerate(("north", "south", "west")):
        ready = Ready(sqlite_world, spec, name, seed).release()
        ready.site.send(ready.statement())
    (found,) = [item for item in board_of(sqlite_world).comparisons if item.metric == "auroc"]
    assert (found.first, found.second, found.p) == ("gamma@1.0.0", "beta@1.0.0", found.p_adjusted)
    assert found.difference < 0


def test_what_is_declared_and_not_compared_is_told_with_the_reason(sqlite_world: World) -> None:
    analysis = {"primary_metric": "f1", "score_edges": [0, 0.25, 0.5, 0.75, 1], "task": "binary-classification"}
    declared = [{"first": "gamma", "second": "beta"}, {"first": "gamma", "second": "unseen"}]
    spec = publish(sqlite_world, analysis=analysis | {"comparisons": declared}, metrics=[{"name": "f1"}])
    for seed, name in enumerate(("north", "south", "west")):
        Ready(sqlite_world, spec, name, seed).release()
    found = {(item.first, item.second): item.reason for item in board_of(sqlite_world).not_compared}
    assert found == {
        ("gamma@1.0.0", "beta@1.0.0"): WhyNotCompared.NO_PAIRED_COMPARISON,
        ("gamma@1.0.0", "unseen"): WhyNotCompared.NO_RESULT,
    }
    words = not_compared_words(board_of(sqlite_world))
    assert "a model without a released result cannot be compared" in words
    assert "models are not compared case by case by F1" in words


def test_two_sites_are_not_enough_and_nobody_sees_one_alone(sqlite_world: World) -> None:
    spec = publish(sqlite_world)
    for seed, name in enumerate(("north", "south")):
        ready = Ready(sqlite_world, spec, name, seed).release()
        ready.site.send(ready.statement())
    for role in (Role.COMMITTEE, None):
        assert board_of(sqlite_world, role).comparisons == ()
        assert [row.rank for row in board_of(sqlite_world, role).rows] == [None] * 3


def test_a_further_model_gives_the_next_comparison(sqlite_world: World) -> None:
    """The board takes the latest of each dataset; the older one stays in the log, and is answered as before."""
    spec = publish(sqlite_world)
    sites = [Ready(sqlite_world, spec, name, seed) for seed, name in enumerate(("north", "south", "west"))]
    first = []
    for ready in sites:
        ready.release(0, 1)
        first.append(ready.site.send(ready.statement(0, 1)))
    assert {item.second for item in board_of(sqlite_world).comparisons if item.metric == "auroc"} == {"beta@1.0.0"}
    envelopes = []
    for ready in sites:
        ready.release(2)
        ready.site.send(ready.statement())
        envelopes.append(ready.site.seal(ready.statement(0, 1)))
    seconds = {item.second for item in board_of(sqlite_world).comparisons if item.metric == "auroc"}
    assert seconds == {"beta@1.0.0", "gamma@1.0.0"}
    size = board_of(sqlite_world).log_size
    for ready, receipt, envelope in zip(sites, first, envelopes, strict=True):
        assert ready.site.results.submit_statement(StatementSubmission(envelope=envelope)) == receipt
    assert board_of(sqlite_world).log_size == size
    again = {item.second for item in board_of(sqlite_world).comparisons if item.metric == "auroc"}
    assert again == seconds, "an old envelope brings no old comparison back"


def test_results_and_comparisons_are_one_chain(sqlite_world: World) -> None:
    ready = Ready(sqlite_world, publish(sqlite_world), "north", 5)
    entries, statements = [], []
    for place, task in enumerate(ready.tasks):
        statements.append(
            result_statement(task, ready.spec, evaluation_of(ready.spec, ready.labels, ready.scores[place]))
        )
    for statement in (*statements, ready.statement()):
        receipt = ready.site.send(statement)
        entries.append(ready.site.seal(statement).to_digest())
        assert receipt.log_head == head_of(entries)


def test_a_model_that_lost_its_approval_is_not_on_the_board(sqlite_world: World) -> None:
    spec = publish(sqlite_world)
    sites = [Ready(sqlite_world, spec, name, seed).release() for seed, name in enumerate(("north", "south", "west"))]
    sqlite_world.approve(spec, "model", "gamma@1.0.0", "rejected")
    for ready in sites:
        ready.site.send(ready.statement())
    board = board_of(sqlite_world)
    named = {name for item in board.comparisons for name in (item.first, item.second)}
    assert named == {"alpha@1.0.0", "beta@1.0.0"}


# --- what is refused --------------------------------------------------------------------------------------------


@pytest.fixture
def ready(sqlite_world: World) -> Ready:
    return Ready(sqlite_world, publish(sqlite_world), "north", 1).release()


def refused(
    world: World, site: SiteSide, statement: ComparisonStatement, error: type[MedevalError], words: str
) -> None:
    """Refused, and without a trace."""
    size = board_of(world).log_size
    with pytest.raises(error, match=words):
        site.send(statement)
    assert board_of(world).log_size == size


def test_the_same_models_are_compared_once(sqlite_world: World, ready: Ready) -> None:
    statement = ready.statement()
    assert ready.site.send(statement) == ready.site.send(statement)
    provenance = statement.predicate.provenance.model_copy(update={"medeval": "9.9.9"})
    other = statement.model_copy(
        update={"predicate": statement.predicate.model_copy(update={"provenance": provenance})}
    )
    refused(sqlite_world, ready.site, other, Conflict, "compared on this dataset before")


def test_a_withheld_or_missing_result_is_not_compared(sqlite_world: World) -> None:
    ready = Ready(sqlite_world, publish(sqlite_world), "north", 1).release(0, 1)
    refused(sqlite_world, ready.site, ready.statement(), NotFound, "gamma@1.0.0 has no result")
    ready.site.send(no_result(ready.tasks[2], WithholdReason.DATA_QUALITY))
    refused(sqlite_world, ready.site, ready.statement(), Conflict, "gamma@1.0.0 is withheld")


def test_another_sites_executions_are_not_compared(sqlite_world: World, ready: Ready) -> None:
    south = Ready(sqlite_world, ready.spec, "south", 2)
    refused(sqlite_world, south.site, ready.statement(), NotFound, "has no result of this dataset")


def test_names_go_with_digests(sqlite_world: World, ready: Ready) -> None:
    statement = ready.statement()
    comparison = statement.predicate.result.comparison
    strange = comparison.dataset.model_copy(update={"digest": digest_of(b"other data")})
    other = comparison.model_copy(update={"dataset": strange})
    refused(
        sqlite_world,
        ready.site,
        comparison_statement(ready.spec, other, statement.predicate.result.paired),
        NotFound,
        "has no result of this dataset",
    )


def test_subjects_are_the_executions(sqlite_world: World, ready: Ready) -> None:
    statement = ready.statement()
    for subject in (statement.subject[::-1], statement.subject[:2]):
        other = statement.model_copy(update={"subject": subject})
        refused(sqlite_world, ready.site, other, ResultRefused, "subject")


@pytest.mark.parametrize("cases", [119, 121, 99])
def test_cases_are_those_of_the_results(sqlite_world: World, ready: Ready, cases: int) -> None:
    refused(sqlite_world, ready.site, changed(ready.statement(), cases=cases), ResultRefused, "cases")


def test_values_are_those_of_the_results(sqlite_world: World, ready: Ready) -> None:
    statement = ready.statement()
    state, *rest = statement.predicate.result.paired.states
    values = (state.values[0] + 1e-6, *state.values[1:])
    other = changed(statement, states=(state.model_copy(update={"values": values}), *rest))
    refused(sqlite_world, ready.site, other, ResultRefused, r"states\[0\]: disagrees with the models' results")


def test_other_cases_of_as_many_are_found_out(sqlite_world: World, ready: Ready) -> None:
    """Predictions that were changed after the evaluation."""
    labels, scores = read_alike(len(NAMES), 77)
    paired = paired_of(ready.spec, labels, scores)
    other = comparison_statement(ready.spec, comparison_of(ready.tasks), paired)
    refused(sqlite_world, ready.site, other, ResultRefused, r"states\[0\]: disagrees")


def test_counts_are_those_of_the_results(sqlite_world: World, ready: Ready) -> None:
    statement = ready.statement()
    auroc, accuracy = statement.predicate.result.paired.states
    wrong = Discordant(first_only=40, second_only=12)
    other = changed(statement, states=(auroc, accuracy.model_copy(update={"pairs": (wrong, *accuracy.pairs[1:])})))
    refused(sqlite_world, ready.site, other, ResultRefused, r"states\[1\]: disagrees")


def test_small_counts_and_many_digits_do_not_pass(sqlite_world: World, ready: Ready) -> None:
    statement = ready.statement()
    auroc, accuracy = statement.predicate.result.paired.states
    small = accuracy.model_copy(update={"pairs": (Discordant(first_only=9, second_only=12), *accuracy.pairs[1:])})
    exact = auroc.model_copy(update={"differences": tuple(value * 1.00001 for value in auroc.differences)})
    for states in ((auroc, small), (exact, accuracy)):
        other = changed(statement, states=states)
        refused(sqlite_world, ready.site, other, ResultRefused, "more digits or smaller counts")


def test_states_are_those_of_the_plan(sqlite_world: World, ready: Ready) -> None:
    statement = ready.statement()
    auroc, accuracy = statement.predicate.result.paired.states
    for states in ((auroc,), (accuracy, auroc), (auroc, accuracy, accuracy)):
        refused(sqlite_world, ready.site, changed(statement, states=states), ResultRefused, "states")


def test_too_many_models(sqlite_world: World, ready: Ready) -> None:
    statement = ready.statement()
    plain = statement.model_dump(mode="json", by_alias=True)
    model = plain["predicate"]["result"]["comparison"]["models"][0]
    plain["predicate"]["result"]["comparison"]["models"] = [
        {"ref": f"m{number:03}@1.0.0", "digest": model["digest"]} for number in range(51)
    ]
    refused_bytes(sqlite_world, ready, plain, "models")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -1.0, "0.5", None])
def test_what_is_no_variance(sqlite_world: World, ready: Ready, number: object) -> None:
    plain = ready.statement().model_dump(mode="json", by_alias=True)
    plain["predicate"]["result"]["paired"]["states"][0]["variances"][0] = number
    refused_bytes(sqlite_world, ready, plain, r"variances|number|finite|NaN|Infinity")


def test_variances_that_cannot_go_together(sqlite_world: World, ready: Ready) -> None:
    plain = ready.statement().model_dump(mode="json", by_alias=True)
    plain["predicate"]["result"]["paired"]["states"][0]["differences"][0] = 0.9
    refused_bytes(sqlite_world, ready, plain, "cannot go with")


def refused_bytes(world: World, ready: Ready, plain: dict[str, Any], words: str) -> None:
    """What no canonical JSON can hold, written as any sender could."""
    size = board_of(world).log_size
    envelope = dsse.seal(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode(), ready.site.private_key)
    with pytest.raises(ResultRefused, match=words):
        ready.site.results.submit_statement(StatementSubmission(envelope=envelope))
    assert board_of(world).log_size == size


def test_provenance_is_what_the_benchmark_pins(sqlite_world: World) -> None:
    spec = publish(sqlite_world, data_class="restricted")
    ready = Ready(sqlite_world, spec, "north", 1).release()
    statement = ready.statement()
    plain_process = SandboxRecord(runtime="process", version="3.11", level=0)
    strange = record_of(spec.preparator.cube)
    for part, words in (({"sandbox": plain_process}, "sandbox"), ({"evaluator": strange}, "evaluator")):
        provenance = statement.predicate.provenance.model_copy(update=part)
        predicate = statement.predicate.model_copy(update={"provenance": provenance})
        refused(sqlite_world, ready.site, statement.model_copy(update={"predicate": predicate}), ResultRefused, words)


def test_an_evaluator_that_does_not_compare(sqlite_world: World) -> None:
    """A comparison for a benchmark that has none."""
    comparing = publish(sqlite_world)
    spec = sqlite_world.publish(name="other")
    for name in NAMES:
        sqlite_world.enter(sqlite_world.api(Role.COMMITTEE).get_model(name).card, spec)
    ready = Ready(sqlite_world, spec, "north", 1).release()
    ready_paired = paired_of(comparing, ready.labels, ready.scores)
    statement = comparison_statement(spec, comparison_of(ready.tasks), ready_paired)
    refused(sqlite_world, ready.site, statement, ResultRefused, "no comparison of so many models")


def test_only_a_site_states_a_comparison(sqlite_world: World, ready: Ready) -> None:
    submission = StatementSubmission(envelope=ready.site.seal(ready.statement()))
    for role in (Role.COMMITTEE, Role.MODEL_OWNER, Role.OPERATOR, Role.DATA_OWNER):
        person = ResultsClient(sqlite_world.transport(sqlite_world.token(role)))
        with pytest.raises(Forbidden):
            person.submit_statement(submission)


def test_tasks_are_of_one_dataset(ready: Ready) -> None:
    """A comparison names one dataset, so executions of two cannot stand in it."""
    found: list[SiteTask] = ready.tasks
    assert {execution.dataset for execution in comparison_of(found).executions} == {found[0].execution.dataset}
