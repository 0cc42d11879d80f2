"""What the server refuses, each with an error that the client rebuilds; and what may be sent twice."""

import pytest

from medeval.client.api import Api
from medeval.domain.attestation import Envelope
from medeval.domain.base import digest_of
from medeval.domain.lifecycle import AssociationState
from medeval.domain.messages import (
    Acceptance,
    Decision,
    NewAssociation,
    NewToken,
    StatementSubmission,
)
from medeval.domain.permissions import Role
from medeval.errors import (
    Conflict,
    Forbidden,
    NotFound,
    ResultRefused,
    SignatureInvalid,
    SpecError,
    TooFewCases,
    Unauthenticated,
    UsageError,
)
from medeval.signing import dsse, keys
from tests.boards import an_evaluation
from tests.worlds import SiteSide, World, make_card, make_spec, new_site, result_statement, source_cube

# --- sites ------------------------------------------------------------------------------------------------------


def test_registering_again_gives_a_fresh_token_and_ends_the_old_one(sqlite_world):
    site = sqlite_world.register()
    again = site.api.register_site(site.new_site())
    assert again.site.accepted
    assert again.upload_token != site.token
    assert Api(sqlite_world.transport(again.upload_token)).whoami().holder == "north"
    with pytest.raises(Unauthenticated):
        Api(sqlite_world.transport(site.token)).whoami()


def test_a_site_name_that_is_taken(sqlite_world):
    site = sqlite_world.register()
    with pytest.raises(Conflict, match="registered with another key"):
        site.api.register_site(new_site("north", keys.new_private_key()))
    with pytest.raises(Conflict, match="taken by another organisation"):
        sqlite_world.api(Role.DATA_OWNER).register_site(site.new_site())


def test_a_key_is_accepted_by_its_fingerprint_alone(sqlite_world):
    site = sqlite_world.register(accept=False)
    operator = sqlite_world.api(Role.OPERATOR)
    right = operator.get_site("north").fingerprint
    assert right == keys.fingerprint(keys.public_key_of(site.private_key))
    with pytest.raises(SignatureInvalid, match="another fingerprint") as refused:
        operator.accept_site("north", Acceptance(fingerprint=digest_of(b"other")))
    assert right in refused.value.hint
    assert not operator.get_site("north").accepted
    assert operator.accept_site("north", Acceptance(fingerprint=right)).accepted
    assert operator.accept_site("north", Acceptance(fingerprint=right)).accepted
    assert [found.name for found in operator.list_sites()] == ["north"]


def test_a_key_that_is_none(sqlite_world):
    api = sqlite_world.api(Role.DATA_OWNER)
    short = new_site("north", keys.new_private_key()).model_copy(update={"public_key": "AAAA"})
    with pytest.raises(SignatureInvalid, match="32 bytes"):
        api.register_site(short)


def test_an_upload_token_is_not_issued_by_hand(sqlite_world):
    with pytest.raises(UsageError, match="registration"):
        sqlite_world.api(Role.OPERATOR).issue_token(NewToken(holder="x", organisation="X", role=Role.SITE))


def test_tasks_are_for_the_site_and_its_owner(sqlite_world):
    north, south = sqlite_world.register("north"), sqlite_world.register("south")
    for allowed in (north.api, Api(sqlite_world.transport(north.token))):
        assert allowed.list_tasks("north") == []
    for other in (south.api, Api(sqlite_world.transport(south.token))):
        with pytest.raises(Forbidden):
            other.list_tasks("north")
    with pytest.raises(NotFound):
        north.api.list_tasks("east")


# --- benchmarks and models --------------------------------------------------------------------------------------


def test_a_benchmark_needs_its_blobs(sqlite_world):
    api = sqlite_world.api(Role.COMMITTEE)
    with pytest.raises(Conflict, match="blobs of the preparator, the evaluator, the rehearsal data are not"):
        api.publish_benchmark(make_spec())
    sqlite_world.upload(b"preparator", b"rehearsal")
    with pytest.raises(Conflict, match="blobs of the evaluator are not on the server"):
        api.publish_benchmark(make_spec())


def test_a_published_version_never_changes(sqlite_world):
    spec, api = sqlite_world.publish(), sqlite_world.api(Role.COMMITTEE)
    assert api.publish_benchmark(spec).digest == spec.to_digest()
    with pytest.raises(Conflict, match="another content") as refused:
        api.publish_benchmark(make_spec(title="Another title"))
    assert "Raise `version`" in refused.value.hint


def test_the_newest_version_is_meant_without_one(sqlite_world):
    for version in ("1.9.0", "1.10.0", "1.2.0"):
        sqlite_world.publish(version=version)
        sqlite_world.submit(version=version)
    api = sqlite_world.api(Role.OPERATOR)
    assert api.get_benchmark("breast").spec.version == api.get_model("logistic").card.version == "1.10.0"
    assert api.get_benchmark("breast@1.2.0").spec.version == api.get_model("logistic@1.2.0").card.version == "1.2.0"
    assert [item.spec.version for item in api.list_benchmarks()] == ["1.10.0", "1.9.0", "1.2.0"]
    assert [item.card.version for item in api.list_models()] == ["1.10.0", "1.9.0", "1.2.0"]


@pytest.mark.parametrize("ref", ["breast@2.0.0", "nothing", "logistic@7.0.0"])
def test_what_is_not_there(sqlite_world, ref):
    api = sqlite_world.api(Role.OPERATOR)
    for ask in (api.get_benchmark, api.get_model, api.get_leaderboard, api.list_associations, api.list_datasets):
        with pytest.raises(NotFound):
            ask(ref)


@pytest.mark.parametrize("ref", ["Breast", "breast@", "a b", "breast@one", "../etc"])
def test_what_is_no_reference(sqlite_world, ref):
    with pytest.raises((UsageError, NotFound)):
        sqlite_world.api(Role.OPERATOR).get_benchmark(ref)


def test_a_model_needs_its_blobs(sqlite_world):
    with pytest.raises(Conflict, match="blobs of the model, the weights are not on the server"):
        sqlite_world.api(Role.MODEL_OWNER).submit_model(make_card())


def test_a_submitted_version_never_changes(sqlite_world):
    card, api = sqlite_world.submit(), sqlite_world.api(Role.MODEL_OWNER)
    assert api.submit_model(card).digest == card.to_digest()
    with pytest.raises(Conflict, match="another content"):
        api.submit_model(make_card(summary="Another summary"))


def test_a_model_name_belongs_to_who_used_it_first(sqlite_world):
    sqlite_world.submit()
    other = Api(sqlite_world.transport(sqlite_world.new_token(Role.MODEL_OWNER, "Another company")))
    with pytest.raises(Conflict, match="taken by another organisation"):
        other.submit_model(make_card(version="2.0.0"))


def test_a_model_must_be_a_model(sqlite_world):
    with pytest.raises(SpecError, match=r"cube\.manifest\.kind"):
        sqlite_world.api(Role.MODEL_OWNER).submit_model(make_card(cube=source_cube("evaluator", "evaluate")))


# --- datasets ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statistics", "error", "says"),
    [
        ({"cases": 99, "per_class": [49, 50]}, TooFewCases, r"statistics\.cases: too few; min_cases"),
        ({"cases": 120, "per_class": [111, 9]}, TooFewCases, r"statistics\.per_class: .*min_per_class"),
        ({"cases": 120, "per_class": [60, 61]}, ResultRefused, "add up"),
        ({"cases": 120, "per_class": [-10, 130]}, SpecError, r"per_class\[0\]: .*greater than or equal to 0"),
    ],
)
def test_a_dataset_must_keep_the_disclosure_policy(sqlite_world, statistics, error, says):
    spec, site = sqlite_world.publish(), sqlite_world.register()
    with pytest.raises(error, match=says) as refused:
        site.results.register_dataset(site.dataset_card(spec, statistics=statistics))
    assert not any(str(number) in refused.value.message for number in (49, 50, 99, 111))


def test_a_dataset_is_bound_to_site_benchmark_and_preparator(sqlite_world):
    spec, site = sqlite_world.publish(), sqlite_world.register()
    sqlite_world.register("south")
    send = site.results.register_dataset
    with pytest.raises(Forbidden, match="this token belongs to north"):
        send(site.dataset_card(spec, site="south"))
    with pytest.raises(NotFound, match="no benchmark of this digest"):
        send(site.dataset_card(spec, benchmark=digest_of(b"other")))
    with pytest.raises(ResultRefused, match="preparator"):
        send(site.dataset_card(spec, preparator=digest_of(b"other")))


def test_a_registered_dataset_never_changes(sqlite_world):
    spec, site = sqlite_world.publish(), sqlite_world.register()
    card = site.dataset_card(spec)
    assert site.results.register_dataset(card) == site.results.register_dataset(card)
    with pytest.raises(Conflict, match="another content"):
        site.results.register_dataset(site.dataset_card(spec, title="Other"))
    assert [item.card for item in site.api.list_datasets()] == [card]
    assert [item.card for item in site.api.list_datasets("breast")] == [card]
    sqlite_world.publish(version="2.0.0")
    assert site.api.list_datasets("breast@2.0.0") == []


# --- associations -----------------------------------------------------------------------------------------------


def test_an_association_waits_for_the_committee(sqlite_world):
    spec, card = sqlite_world.publish(), sqlite_world.submit()
    new = NewAssociation(benchmark=spec.ref, kind="model", subject=card.ref)
    owner, committee = sqlite_world.api(Role.MODEL_OWNER), sqlite_world.api(Role.COMMITTEE)
    assert owner.request_association(new).state is AssociationState.PENDING
    rejected = Decision.from_plain(new.model_dump() | {"state": "rejected", "reason": "no card"})
    assert committee.decide(rejected) == committee.decide(rejected)
    (found,) = owner.list_associations("breast")
    assert (found.state, found.reason) == (AssociationState.REJECTED, "no card")
    assert owner.request_association(new) == found, "asking again is no second request"
    assert committee.decide(rejected.model_copy(update={"state": AssociationState.APPROVED})).state == "approved"


def test_only_the_owner_asks(sqlite_world):
    spec, card, site = sqlite_world.publish(), sqlite_world.submit(), sqlite_world.register()
    dataset = site.dataset_card(spec)
    site.results.register_dataset(dataset)
    stranger = Api(sqlite_world.transport(sqlite_world.new_token(Role.MODEL_OWNER, "Another company")))
    with pytest.raises(Forbidden, match="belongs to another organisation"):
        stranger.request_association(NewAssociation(benchmark=spec.ref, kind="model", subject=card.ref))
    with pytest.raises(Forbidden, match="belongs to another organisation"):
        sqlite_world.api(Role.DATA_OWNER).request_association(
            NewAssociation(benchmark=spec.ref, kind="dataset", subject=dataset.ref)
        )


def test_a_dataset_takes_part_in_the_benchmark_that_it_was_prepared_for(sqlite_world):
    spec, site = sqlite_world.publish(), sqlite_world.register()
    other = sqlite_world.publish(version="2.0.0")
    dataset = site.dataset_card(spec)
    site.results.register_dataset(dataset)
    with pytest.raises(Conflict, match="prepared for another benchmark"):
        site.api.request_association(NewAssociation(benchmark=other.ref, kind="dataset", subject=dataset.ref))


def test_a_decision_needs_a_request(sqlite_world):
    spec, card = sqlite_world.publish(), sqlite_world.submit()
    with pytest.raises(NotFound, match="was not brought into"):
        sqlite_world.approve(spec, "model", card.ref)


# --- statements -------------------------------------------------------------------------------------------------


@pytest.fixture
def ready(sqlite_world) -> tuple[World, SiteSide, object]:
    """A world with one task, and the honest statement of its result."""
    spec, card, site = sqlite_world.publish(), sqlite_world.submit(), sqlite_world.register()
    sqlite_world.join(site, spec)
    sqlite_world.enter(card, spec)
    (task,) = site.api.list_tasks("north")
    return sqlite_world, site, result_statement(task, spec)


def test_a_site_whose_key_is_not_accepted(sqlite_world):
    site = sqlite_world.register(accept=False)
    envelope = dsse.seal(b"{}", site.private_key)
    with pytest.raises(Forbidden, match="is not accepted yet") as refused:
        site.results.submit_statement(StatementSubmission(envelope=envelope))
    assert keys.fingerprint(keys.public_key_of(site.private_key)) in refused.value.hint


def test_another_key(ready):
    _, site, statement = ready
    wrong = dsse.seal(statement.to_canonical(), keys.new_private_key())
    with pytest.raises(SignatureInvalid, match=r"signatures\[0\]\.keyid"):
        site.results.submit_statement(StatementSubmission(envelope=wrong))
    right = site.seal(statement)
    forged = wrong.signatures[0].model_copy(update={"keyid": right.signatures[0].keyid})
    with pytest.raises(SignatureInvalid, match="does not match"):
        site.results.submit_statement(StatementSubmission(envelope=wrong.model_copy(update={"signatures": (forged,)})))


def test_a_payload_that_was_changed(ready):
    _, site, statement = ready
    other = dsse.seal(statement.to_canonical().replace(b"docker", b"podman"), site.private_key)
    tampered = Envelope(payload=other.payload, signatures=site.seal(statement).signatures)
    with pytest.raises(SignatureInvalid):
        site.results.submit_statement(StatementSubmission(envelope=tampered))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ((b'{"_type"', b'{ "_type"'), "canonical"),
        ((b'"cases":120', b'"cases":"120"'), r"cases: Input should be a valid integer"),
        ((b'"cases":120', b'"cases":120,"names":["x"]'), "names: Extra inputs are not permitted"),
        ((b'"cases":120', b'"cases":NaN'), "NaN is not a number"),
        ((b'"cases":120', b'"cases":120,"cases":120'), "a key stands twice"),
        ((b'"n0":[', b'"n0":[-'), r"n0\[0\]: Input should be greater than or equal to 0"),
        ((b'"cases":120', b'"cases":121'), "must add up to cases"),
        ((b"urn:medeval:result:1", b"urn:medeval:other:1"), "predicateType|does not match"),
        ((b'"kind":"source"', b'"kind":"image"'), r"provenance\.model: is not what"),
    ],
)
def test_a_signed_payload_that_breaks_a_rule(ready, change, says):
    world, site, statement = ready
    payload = statement.to_canonical().replace(*change)
    assert payload != statement.to_canonical()
    with pytest.raises(ResultRefused, match=says):
        site.results.submit_statement(StatementSubmission(envelope=dsse.seal(payload, site.private_key)))
    assert world.api(None).get_leaderboard("breast").log_size == 0


def test_a_subject_that_is_another_execution(ready):
    _, site, statement = ready
    subject = statement.subject[0]
    other = subject.model_copy(update={"digest": subject.digest.model_copy(update={"sha256": "0" * 64})})
    with pytest.raises(ResultRefused, match=r"subject\[0\]\.digest"):
        site.send(statement.model_copy(update={"subject": (other,)}))


@pytest.mark.parametrize("part", ["benchmark", "model", "dataset"])
def test_an_execution_that_is_no_task(ready, part):
    _, site, _ = ready
    task = site.api.list_tasks("north")[0]
    pinned = getattr(task.execution, part).model_copy(update={"digest": digest_of(b"other")})
    other = task.model_copy(update={"execution": task.execution.model_copy(update={part: pinned})})
    with pytest.raises(NotFound, match="none of this site's tasks"):
        site.send(result_statement(other, make_spec()))


def test_a_name_that_does_not_go_with_its_digest(ready):
    _, site, _ = ready
    task = site.api.list_tasks("north")[0]
    pinned = task.execution.model.model_copy(update={"ref": "other@1.0.0"})
    other = task.model_copy(update={"execution": task.execution.model_copy(update={"model": pinned})})
    with pytest.raises(NotFound, match="do not go with"):
        site.send(result_statement(other, make_spec()))


def test_the_task_of_another_site(ready):
    world, _, statement = ready
    south = world.register("south")
    with pytest.raises(NotFound, match="none of this site's tasks"):
        south.send(statement)


def test_too_few_cases(ready):
    _, site, _ = ready
    task = site.api.list_tasks("north")[0]
    few = an_evaluation((40, 10, 10, 8, 2, 4, 2, 2, 31, 1), (1, 0, 0, 0, 0, 0, 0, 0, 1, 2))
    with pytest.raises(TooFewCases, match="min_per_class"):
        site.send(result_statement(task, make_spec(), few))


def test_weights_that_are_not_the_cards(ready):
    _, site, statement = ready
    predicate = statement.predicate
    provenance = predicate.provenance.model_copy(update={"weights": None})
    wrong = predicate.model_copy(update={"provenance": provenance})
    with pytest.raises(ResultRefused, match=r"provenance\.weights"):
        site.send(statement.model_copy(update={"predicate": wrong}))


# --- who sees what ----------------------------------------------------------------------------------------------


def test_cells_are_for_participants(ready):
    world, site, statement = ready
    site.send(statement)
    seen = {
        None: "hidden",
        Role.COMMITTEE: "result",
        Role.OPERATOR: "result",
        Role.MODEL_OWNER: "result",
        Role.DATA_OWNER: "hidden",
    }
    for role, kind in seen.items():
        assert world.api(role).get_leaderboard("breast").rows[0].cells[0].kind == kind, role
    for own in (site.api, Api(world.transport(site.token))):
        assert own.get_leaderboard("breast").rows[0].cells[0].kind == "result"
    stranger = world.register("south")
    for other in (stranger.api, Api(world.transport(stranger.token))):
        assert other.get_leaderboard("breast").rows[0].cells[0].kind == "hidden"


def test_a_leaderboard_that_is_not_for_everyone(sqlite_world):
    sqlite_world.publish(visibility={"pooled": "committee", "per_site": "committee"})
    for role in (None, Role.DATA_OWNER, Role.MODEL_OWNER):
        with pytest.raises(Forbidden, match="shown to committee alone"):
            sqlite_world.api(role).get_leaderboard("breast")
    assert sqlite_world.api(Role.COMMITTEE).get_leaderboard("breast").rows == ()
