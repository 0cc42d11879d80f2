"""`result release`, `result withhold`, and failures: sign a statement, keep it, send it through the one door."""

from medeval.domain.attestation import (
    ComparisonPredicate,
    ComparisonProvenance,
    ComparisonStatement,
    CubeRecord,
    HexSha256,
    NoResultPredicate,
    NoResultStatement,
    Outcome,
    Provenance,
    ResultPredicate,
    ResultStatement,
    Subject,
    WithholdReason,
)
from medeval.domain.base import Value, digest_of
from medeval.domain.execution import ExecutionSpec
from medeval.domain.failures import FailureCode
from medeval.domain.ids import Digest
from medeval.domain.ledger import Decider, EntryKind
from medeval.domain.paired import SiteComparison
from medeval.domain.result import SiteResult
from medeval.errors import Conflict, MedevalError
from medeval.signing import dsse
from medeval.site.comparison_files import ComparisonFiles
from medeval.site.context import Site
from medeval.site.egress import REFUSALS
from medeval.site.entries import Decided, Terms, of_kept, topic_of_comparison
from medeval.site.records import Refusal, SignedRecord, Stage
from medeval.site.spending import check_can_leave, terms_of
from medeval.site.store import ExecutionFiles, StatedFiles


def statement_of(site: Site, files: ExecutionFiles | ComparisonFiles) -> ResultStatement | ComparisonStatement:
    """The statement that a release would sign: its canonical bytes are exactly what leaves in the envelope.

    Raises `Conflict` where there is nothing to release.
    """
    return _comparison_statement(site, files) if isinstance(files, ComparisonFiles) else _result_statement(site, files)


def check_approved(site: Site, files: ExecutionFiles | ComparisonFiles, digest: str) -> None:
    """Raise `Conflict` unless the bytes that would be signed have the digest that a person approved."""
    if digest_of(statement_of(site, files).to_canonical()) != digest:
        hint = "Nothing has left. Look at it again: `medeval result review`."
        raise Conflict("what would leave is not what was reviewed", hint)


def release(
    site: Site, files: ExecutionFiles | ComparisonFiles, note: str = "", rule: Digest | None = None
) -> SignedRecord:
    """Sign a result or a comparison and send it; one signed before is sent again at most, never signed anew.

    Raises `BudgetExhausted` or `DifferencingRisk` where it may not leave any more.
    `note` is for the ledger, and stays here; `rule` is the release rule that decides in place of a person.
    """
    signed = files.signed()
    if isinstance(files, ComparisonFiles):
        if signed is None:
            check_can_leave(site, files, owners_of(site, files))
            signed = _sign_comparison(site, files, rule)
        return send(site, files, signed.model_copy(update={"refusal": None}), note)
    if signed is not None and signed.kind is Outcome.FAILED:
        raise Conflict("this execution failed: there is nothing to release", "See `medeval result show`.")
    if signed is None or signed.kind is Outcome.WITHHELD:
        check_can_leave(site, files, owners_of(site, files))
        signed = _sign_result(site, files, rule)
    return send(site, files, signed.model_copy(update={"refusal": None}), note)


def withhold(site: Site, files: ExecutionFiles | ComparisonFiles, reason: WithholdReason, note: str = "") -> None:
    """Keep a result or a comparison at the site; raises `Conflict` for what may have left."""
    if isinstance(files, ComparisonFiles):
        _withhold_comparison(site, files, reason, note)
    else:
        _withhold_result(site, files, reason, note)


def _withhold_comparison(site: Site, files: ComparisonFiles, reason: WithholdReason, note: str) -> None:
    """Nobody is told: no one waits for a comparison, as the server does for a result."""
    if files.signed() is not None:
        raise Conflict("this comparison was signed already", "What has left a site cannot be called back.")
    if files.paired() is None:
        raise Conflict("there is no comparison to withhold", "See `medeval result list`.")
    topic = topic_of_comparison(files.spec(), owners_of(site, files))
    site.ledger.append(of_kept(EntryKind.WITHHELD, topic, reason, Decided(note=note)))
    files.put_withheld(reason)


def _withhold_result(site: Site, files: ExecutionFiles, reason: WithholdReason, note: str) -> None:
    """Sign that the result is withheld, and why.

    A released one cannot be withheld any more, unless the server refused it; nor can one of which nobody knows whether
    the server has it.
    """
    signed = files.signed()
    if signed is None and files.evaluation() is None:
        raise Conflict("there is no evaluation to withhold", "See `medeval result list`.")
    if signed is not None and signed.kind != Outcome.WITHHELD and not signed.is_refused:
        hint = "What has left a site cannot be called back."
        if signed.is_waiting:
            hint = "It may have left; `medeval site run` finds out."
        raise Conflict(f"this execution is {signed.kind} already", hint)
    if signed is None or signed.kind is not Outcome.WITHHELD:
        signed = _sign_no_result(site, files, Outcome.WITHHELD, reason)
    send(site, files, signed, note)


def report_failure(site: Site, files: ExecutionFiles, code: FailureCode) -> SignedRecord:
    """Sign that an execution failed, with the code alone, and send it."""
    signed = files.signed() or _sign_no_result(site, files, Outcome.FAILED, code)
    return send(site, files, signed)


def send(site: Site, files: ExecutionFiles | ComparisonFiles, signed: SignedRecord, note: str = "") -> SignedRecord:
    """Send a signed statement unless the server has receipted it, and keep its answer.

    Raises `ServerUnreachable`, and nothing is lost; or the server's refusal, which is kept too.
    """
    if signed.receipt is not None:
        return signed
    by = Decider.POLICY if signed.kind is Outcome.FAILED or signed.rule else Decider.DATA_OWNER
    words = f"by release rule {signed.rule}" if signed.rule else note
    decided, terms = Decided(by=by, owners=owners_of(site, files), note=words), _terms(site, files)
    try:
        answer: dict[str, object] = {"receipt": site.egress.send_statement(signed.envelope, decided, terms)}
    except REFUSALS as exc:
        files.put_signed(signed.model_copy(update={"refusal": _refusal(exc)}))
        raise
    signed = signed.model_copy(update=answer)
    files.put_signed(signed)
    return signed


def owners_of(site: Site, files: ExecutionFiles | ComparisonFiles) -> tuple[str, ...]:
    """The organisations of the models, as the server named them with the tasks; each once."""
    executions = files.spec().executions if isinstance(files, ComparisonFiles) else (files.task().execution,)
    found = [site.store.execution(execution.to_digest()) for execution in executions]
    return tuple(sorted({one.task().organisation for one in found if one.is_known()}))


def _terms(site: Site, files: ExecutionFiles | ComparisonFiles) -> Terms:
    """The pinned spec, and the policy of the dataset's card."""
    subject = files.spec() if isinstance(files, ComparisonFiles) else files.task().execution
    return terms_of(site, subject.benchmark.digest, subject.dataset.ref)


def _refusal(error: MedevalError) -> Refusal:
    return Refusal(code=error.code, message=plain_text(error.message))


def plain_text(text: str, most: int = 500) -> str:
    """Text as a record can hold it: no control characters, not too long."""
    return "".join(character if character.isprintable() else " " for character in text)[:most]


def _sign_result(site: Site, files: ExecutionFiles, rule: Digest | None) -> SignedRecord:
    return _sign(site, files, Stage.RELEASED.value, _result_statement(site, files), rule)


def _sign_comparison(site: Site, files: ComparisonFiles, rule: Digest | None) -> SignedRecord:
    signed = _sign(site, files, Stage.RELEASED.value, _comparison_statement(site, files), rule)
    files.forget_withheld()
    return signed


def _comparison_statement(site: Site, files: ComparisonFiles) -> ComparisonStatement:
    paired, run = files.paired(), files.run()
    if paired is None or run is None:
        raise Conflict("there is no comparison to release", "See `medeval result list`.")
    comparison = files.spec()
    evaluator = site.store.get_spec(comparison.benchmark.digest).evaluator.cube
    provenance = ComparisonProvenance(medeval=run.medeval, sandbox=run.sandbox, evaluator=CubeRecord.of(evaluator))
    result = SiteComparison(comparison=comparison, paired=paired)
    return ComparisonStatement(
        subject=tuple(map(_subject, comparison.executions)),
        predicate=ComparisonPredicate(result=result, provenance=provenance),
    )


def _sign_no_result(
    site: Site, files: ExecutionFiles, outcome: Outcome, reason: FailureCode | WithholdReason
) -> SignedRecord:
    execution = files.task().execution
    predicate = NoResultPredicate(execution=execution, outcome=outcome, reason=reason)
    return _sign(site, files, outcome, NoResultStatement(subject=(_subject(execution),), predicate=predicate))


def _sign(site: Site, files: StatedFiles, kind: str, statement: Value, rule: Digest | None = None) -> SignedRecord:
    """Sign and keep before anything is sent: a crash after this sends the same bytes again.

    Nothing is signed where the ledger does not hold.
    """
    site.ledger.check()
    envelope = dsse.seal(statement.to_canonical(), site.store.key_file.read_bytes())
    signed = SignedRecord.from_plain({"kind": kind, "envelope": envelope.model_dump(mode="json"), "rule": rule})
    files.put_signed(signed)
    return signed


def _result_statement(site: Site, files: ExecutionFiles) -> ResultStatement:
    evaluation, run, task = files.evaluation(), files.run(), files.task()
    if evaluation is None or run is None:
        raise Conflict("there is no evaluation to release", "See `medeval result list`.")
    spec = site.store.get_spec(task.execution.benchmark.digest)
    provenance = Provenance(
        medeval=run.medeval,
        sandbox=run.sandbox,
        model=CubeRecord.of(task.model.cube),
        weights=task.model.weights.digest if task.model.weights else None,
        evaluator=CubeRecord.of(spec.evaluator.cube),
        preparator=CubeRecord.of(spec.preparator.cube),
    )
    result = SiteResult(execution=task.execution, evaluation=evaluation)
    predicate = ResultPredicate(result=result, provenance=provenance)
    return ResultStatement(subject=(_subject(task.execution),), predicate=predicate)


def _subject(execution: ExecutionSpec) -> Subject:
    return Subject(digest=HexSha256(sha256=execution.to_digest().removeprefix("sha256:")))
