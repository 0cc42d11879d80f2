"""How far an execution has come is read from its files: every combination of them has one answer."""

from itertools import product

import pytest

from medeval.domain.attestation import Envelope
from medeval.domain.base import digest_of
from medeval.domain.failures import FailureCode
from medeval.domain.lifecycle import ExecutionState
from medeval.domain.messages import StatementReceipt
from medeval.errors import SiteStateError
from medeval.signing import dsse, keys
from medeval.site.records import FailureRecord, Refusal, RunRecord, SignedRecord, Stage
from medeval.site.store import ExecutionFiles
from tests.worlds import EVALUATION, make_card, make_spec, provenance_of

ENVELOPE: Envelope = dsse.seal(b"{}", keys.new_private_key())
DIGEST = digest_of(b"")
RECEIPT = StatementReceipt(execution=DIGEST, state=ExecutionState.RELEASED, log_index=0, log_head=DIGEST)
REFUSAL = Refusal(code="conflict", message="it is final")
FAILURE = FailureRecord(code=FailureCode.MODEL_EXITED, message="m", hint="h")
RUN = RunRecord(sandbox=provenance_of(make_spec(), make_card()).sandbox, medeval="0.1.0")

SIGNED = [None, *product(("released", "withheld", "failed"), (None, "receipt", "refusal"))]


def signed_record(kind: str, answer: str | None) -> SignedRecord:
    answers = {"receipt": {"receipt": RECEIPT}, "refusal": {"refusal": REFUSAL}, None: {}}[answer]
    record = SignedRecord.from_plain({"kind": kind, "envelope": ENVELOPE.model_dump(mode="json")})
    return record.model_copy(update=answers)


def make_files(folder, signed, failure, evaluation, predictions):
    files, vault = ExecutionFiles(folder / "execution"), folder / "vault"
    if signed is not None:
        files.put_signed(signed_record(*signed))
    if failure:
        files.put_failure(FAILURE)
    if evaluation:
        files.put_evaluation(EVALUATION, RUN)
    if predictions:
        vault.mkdir()
        (vault / "predictions.csv").write_text("case_id,score\n")
    return files, vault


def expected_stage(signed, failure, evaluation, predictions) -> Stage:
    """What was signed counts most, then a failure, then what was computed; the first that is there."""
    kind, answer = signed or ("", None)
    found = [
        (answer == "refusal", Stage.REFUSED),
        (kind == "released", Stage.RELEASED),
        (kind == "withheld", Stage.WITHHELD),
        (kind == "failed" or failure, Stage.FAILED),
        (evaluation, Stage.EVALUATED),
        (predictions, Stage.PREDICTED),
    ]
    return next((stage for is_there, stage in found if is_there), Stage.NEW)


@pytest.mark.parametrize(
    ("signed", "failure", "evaluation", "predictions"),
    list(product(SIGNED, (False, True), (False, True), (False, True))),
)
def test_every_combination_of_files_has_one_stage(tmp_path, signed, failure, evaluation, predictions):
    files, vault = make_files(tmp_path, signed, failure, evaluation, predictions)
    assert files.stage(vault) is expected_stage(signed, failure, evaluation, predictions)


def test_the_table_reaches_every_stage():
    cases = product(SIGNED, (False, True), (False, True), (False, True))
    assert {expected_stage(*case) for case in cases} == set(Stage)


@pytest.mark.parametrize("kind", ["released", "withheld", "failed"])
def test_a_statement_waits_until_the_server_has_answered(kind):
    assert signed_record(kind, None).is_waiting
    assert not signed_record(kind, "receipt").is_waiting
    assert not signed_record(kind, "refusal").is_waiting


def test_another_attempt_begins_where_the_predictions_end(tmp_path):
    """A failure is forgotten with the statement about it, and nothing else is."""
    files, vault = make_files(tmp_path, ("failed", "receipt"), True, False, True)
    files.forget_failure()
    assert files.stage(vault) is Stage.PREDICTED


@pytest.mark.parametrize("name", ["statement.json", "failure.json", "evaluation.json"])
def test_a_damaged_file_is_an_error_and_no_stage(tmp_path, name):
    """Half a file must not look like an earlier stage: the work would be done again, or a decision lost."""
    files, vault = make_files(tmp_path, None, False, False, False)
    files.folder.mkdir()
    (files.folder / name).write_text('{"cases": 12')
    with pytest.raises(SiteStateError, match=name) as caught:
        files.stage(vault)
    assert "cases" not in caught.value.message
    assert caught.value.hint
