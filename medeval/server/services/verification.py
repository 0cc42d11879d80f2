"""What the server verifies of a statement before it believes a word of it."""

import base64

from medeval.disclosure.check import classes_of
from medeval.domain.attestation import (
    ComparisonPredicate,
    ComparisonStatement,
    CubeRecord,
    Envelope,
    Provenance,
    ResultPredicate,
    ResultStatement,
    SandboxRecord,
    Statement,
    executions_of,
    read_statement,
)
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.dataset import DatasetCard, DatasetStatistics
from medeval.domain.levels import LEVELS
from medeval.domain.package import ModelCard
from medeval.domain.result import Evaluation
from medeval.errors import Forbidden, ResultRefused, SignatureInvalid
from medeval.server.db.models import SiteRow
from medeval.signing import dsse, keys

_SEND_AS_SIGNED = "Nothing was recorded. Send the statement as `medeval result release` makes it."


def verify(site: SiteRow, envelope: Envelope) -> Statement:
    """The statement in an envelope that the site's accepted key signed, in canonical form, about its own subject."""
    if not site.accepted:
        hint = f"Ask the operator to accept the key of site {site.name} by its fingerprint {site.fingerprint}."
        raise Forbidden(f"the key of site {site.name} is not accepted yet", hint)
    if envelope.signatures[0].keyid != site.fingerprint:
        hint = f"Sign with the key whose fingerprint is {site.fingerprint}."
        raise SignatureInvalid("signatures[0].keyid: is not the fingerprint of the site's accepted key", hint)
    payload = dsse.unseal(envelope, keys.read_public_key(site.public_key))
    statement = read_statement(payload)
    if statement.to_canonical() != payload:
        raise ResultRefused("payload: must be canonical JSON (RFC 8785)", _SEND_AS_SIGNED)
    executions = executions_of(statement)
    if len(statement.subject) != len(executions):
        raise ResultRefused("subject: must name each execution of the predicate once", _SEND_AS_SIGNED)
    for at, (subject, execution) in enumerate(zip(statement.subject, executions, strict=True)):
        if "sha256:" + subject.digest.sha256 != execution.to_digest():
            raise ResultRefused(f"subject[{at}].digest: is not that of the predicate's execution", _SEND_AS_SIGNED)
    return statement


def result_in(document: str) -> ResultPredicate:
    """The released result in the envelope of an entry of the log, which was verified before it was appended."""
    statement = read_statement(base64.b64decode(Envelope.model_validate_json(document).payload))
    if not isinstance(statement, ResultStatement):
        raise AssertionError("an entry in state released without a result")
    return statement.predicate


def comparison_in(document: str) -> ComparisonPredicate:
    """The released comparison in the envelope of an entry of the log, which was verified before it was appended."""
    statement = read_statement(base64.b64decode(Envelope.model_validate_json(document).payload))
    if not isinstance(statement, ComparisonStatement):
        raise AssertionError("an entry of a comparison without one")
    return statement.predicate


def check_covers(evaluation: Evaluation, card: DatasetCard, spec: BenchmarkSpec) -> None:
    """Raise `ResultRefused` unless the evaluation covers the cases of the dataset's card, in all and per class."""
    if DatasetStatistics(cases=evaluation.cases, per_class=classes_of(evaluation, spec)) != card.statistics:
        hint = "Evaluate the whole dataset that was registered."
        raise ResultRefused("evaluation.cases: must be those of the dataset's card, in all and per class", hint)


def check_sandbox(sandbox: SandboxRecord, spec: BenchmarkSpec) -> None:
    """Raise `ResultRefused` for a result under less isolation than the benchmark asks for."""
    if sandbox.level < spec.least_level:
        hint = f"Run it in a sandbox of level {spec.least_level}: {LEVELS[spec.least_level]}."
        raise ResultRefused(
            f"provenance.sandbox.level: must be {spec.least_level} or more for this benchmark, not {sandbox.level}",
            hint,
        )


def check_provenance(provenance: Provenance, spec: BenchmarkSpec, card: ModelCard) -> None:
    """Raise `ResultRefused`, naming the field, unless what ran is what the spec and the card pin."""
    pinned = (
        ("model", provenance.model, CubeRecord.of(card.cube)),
        ("weights", provenance.weights, card.weights.digest if card.weights else None),
        ("evaluator", provenance.evaluator, CubeRecord.of(spec.evaluator.cube)),
        ("preparator", provenance.preparator, CubeRecord.of(spec.preparator.cube)),
    )
    for field, stated, expected in pinned:
        if stated != expected:
            hint = "Run the execution again with the cubes that the benchmark and the model card pin."
            raise ResultRefused(f"provenance.{field}: is not what the benchmark and the model card pin", hint)
