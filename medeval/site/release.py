"""`result release`, `result withhold`, and failures: sign a statement, keep it, send it through the one door."""

from medeval.domain.attestation import (
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
from medeval.domain.base import Value
from medeval.domain.execution import ExecutionSpec
from medeval.domain.failures import FailureCode
from medeval.domain.messages import SiteTask
from medeval.domain.package import Cube
from medeval.domain.result import SiteResult
from medeval.errors import Conflict
from medeval.signing import dsse
from medeval.site.context import Site
from medeval.site.records import RunRecord, SignedRecord, Stage
from medeval.site.store import ExecutionFiles


def release(site: Site, files: ExecutionFiles) -> SignedRecord:
    """Sign an evaluation and send it; one that was signed before is sent again at most, never signed anew."""
    signed = files.signed()
    if signed is None or signed.kind is Outcome.WITHHELD:
        evaluation, run = files.evaluation(), files.run()
        if evaluation is None or run is None:
            raise Conflict("there is no evaluation to release", "See `medeval result list`.")
        task = files.task()
        result = SiteResult(execution=task.execution, evaluation=evaluation)
        signed = _sign(site, files, Stage.RELEASED.value, _result_statement(site, task, result, run))
    elif signed.kind is Outcome.FAILED:
        raise Conflict("this execution failed: there is nothing to release", "See `medeval result show`.")
    return send(site, files, signed)


def withhold(site: Site, files: ExecutionFiles, reason: WithholdReason) -> SignedRecord:
    """Sign that the result is withheld, and why; a released one cannot be withheld any more."""
    signed = files.signed()
    if signed is None:
        if files.evaluation() is None:
            raise Conflict("there is no evaluation to withhold", "See `medeval result list`.")
        signed = _sign_no_result(site, files, Outcome.WITHHELD, reason)
    elif signed.kind is not Outcome.WITHHELD:
        raise Conflict(f"this execution is {signed.kind} already", "What has left a site cannot be called back.")
    return send(site, files, signed)


def report_failure(site: Site, files: ExecutionFiles, code: FailureCode) -> SignedRecord:
    """Sign that an execution failed, with the code alone, and send it."""
    signed = files.signed() or _sign_no_result(site, files, Outcome.FAILED, code)
    return send(site, files, signed)


def send(site: Site, files: ExecutionFiles, signed: SignedRecord) -> SignedRecord:
    """Send a signed statement unless the server has receipted it; raises `ServerUnreachable`, and nothing is lost."""
    if signed.receipt is None:
        receipt = site.egress.send_statement(signed.envelope)
        signed = signed.model_copy(update={"receipt": receipt})
        files.put_signed(signed)
    return signed


def _sign_no_result(
    site: Site, files: ExecutionFiles, outcome: Outcome, reason: FailureCode | WithholdReason
) -> SignedRecord:
    execution = files.task().execution
    predicate = NoResultPredicate(execution=execution, outcome=outcome, reason=reason)
    return _sign(site, files, outcome, NoResultStatement(subject=(_subject(execution),), predicate=predicate))


def _sign(site: Site, files: ExecutionFiles, kind: str, statement: Value) -> SignedRecord:
    """Sign and keep before anything is sent: a crash after this sends the same bytes again."""
    envelope = dsse.seal(statement.to_canonical(), site.store.key_file.read_bytes())
    signed = SignedRecord.from_plain({"kind": kind, "envelope": envelope.model_dump(mode="json")})
    files.put_signed(signed)
    return signed


def _result_statement(site: Site, task: SiteTask, result: SiteResult, run: RunRecord) -> ResultStatement:
    spec = site.store.get_spec(task.execution.benchmark.digest)
    provenance = Provenance(
        medeval=run.medeval,
        sandbox=run.sandbox,
        model=_cube_record(task.model.cube),
        weights=task.model.weights.digest if task.model.weights else None,
        evaluator=_cube_record(spec.evaluator.cube),
        preparator=_cube_record(spec.preparator.cube),
    )
    predicate = ResultPredicate(result=result, provenance=provenance)
    return ResultStatement(subject=(_subject(task.execution),), predicate=predicate)


def _subject(execution: ExecutionSpec) -> Subject:
    return Subject(digest=HexSha256(sha256=execution.to_digest().removeprefix("sha256:")))


def _cube_record(cube: Cube) -> CubeRecord:
    return CubeRecord(kind=cube.package.kind, digest=cube.identity)
