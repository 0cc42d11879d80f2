"""Statements of a site, as in-toto statements in DSSE envelopes.

in-toto Statement v1 (in-toto attestation framework, spec/v1/statement.md); DSSE v1 (secure-systems-lab/dsse,
envelope.md and protocol.md). A site states one of two things of an execution: its result, or why there is none; and of
several executions on one dataset how their models compare.
"""

import json
from enum import StrEnum
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from medeval.domain import strict_json
from medeval.domain.base import Value, explain
from medeval.domain.controls import Control
from medeval.domain.execution import ExecutionSpec
from medeval.domain.failures import FailureCode
from medeval.domain.ids import Digest
from medeval.domain.levels import Level
from medeval.domain.package import Cube
from medeval.domain.paired import MAX_MODELS, SiteComparison
from medeval.domain.result import SiteResult
from medeval.errors import ResultRefused

STATEMENT_TYPE: Literal["https://in-toto.io/Statement/v1"] = "https://in-toto.io/Statement/v1"
PAYLOAD_TYPE: Literal["application/vnd.in-toto+json"] = "application/vnd.in-toto+json"

Base64 = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]*={0,2}$", max_length=2_000_000)]
HexDigest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
PlainWord = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+-]{0,39}$")]


class SandboxRecord(Value):
    """What ran the containers: runtime, its version, the level of isolation (`domain.levels`).

    `observed` names the controls that were tried on the site's own machine and held.
    """

    runtime: Literal["docker", "bubblewrap", "unshare", "process"]
    version: PlainWord
    level: Level
    observed: tuple[Control, ...] = Field(default=(), max_length=len(Control))


class CubeRecord(Value):
    """Which bytes ran: `image` by config digest, `source` by the digest of folder + lock."""

    kind: Literal["image", "source"]
    digest: Digest

    @classmethod
    def of(cls, cube: Cube) -> "CubeRecord":
        """What a statement says of a cube."""
        return cls(kind=cube.package.kind, digest=cube.identity)


class Provenance(Value):
    """How a result came about."""

    medeval: PlainWord
    sandbox: SandboxRecord
    model: CubeRecord
    weights: Digest | None
    evaluator: CubeRecord
    preparator: CubeRecord


class ResultPredicate(Value):
    """A released result."""

    result: SiteResult
    provenance: Provenance


class Outcome(StrEnum):
    """Why there is no result."""

    WITHHELD = "withheld"
    FAILED = "failed"


class WithholdReason(StrEnum):
    """Why a data owner withheld a result: a closed list, since free text could carry data."""

    DATA_OWNER_DECISION = "data-owner-decision"
    DATA_QUALITY = "data-quality"
    DISCLOSURE_RISK = "disclosure-risk"
    MODEL_CONCERN = "model-concern"


class NoResultPredicate(Value):
    """An execution that gave no result: the code of its failure, or the reason for which it was withheld."""

    execution: ExecutionSpec
    outcome: Outcome
    reason: FailureCode | WithholdReason

    @model_validator(mode="after")
    def _has_a_reason_of_its_outcome(self) -> Self:
        if isinstance(self.reason, FailureCode) is not (self.outcome is Outcome.FAILED):
            raise ValueError("reason: a failure has a failure's code, a withheld result a data owner's reason")
        return self


class HexSha256(Value):
    """in-toto's DigestSet, sha256 alone."""

    sha256: HexDigest


class Subject(Value):
    """What a statement speaks of: an execution, by the hex of its digest."""

    name: Literal["execution"] = "execution"
    digest: HexSha256


class ResultStatement(Value):
    """The statement of a released result."""

    type: Literal["https://in-toto.io/Statement/v1"] = Field(default=STATEMENT_TYPE, alias="_type")
    subject: tuple[Subject]
    predicateType: Literal["urn:medeval:result:1"] = "urn:medeval:result:1"  # noqa: N815 in-toto's name
    predicate: ResultPredicate


class ComparisonProvenance(Value):
    """How a comparison came about: the models' predictions are those of their executions."""

    medeval: PlainWord
    sandbox: SandboxRecord
    evaluator: CubeRecord


class ComparisonPredicate(Value):
    """A released paired comparison."""

    result: SiteComparison
    provenance: ComparisonProvenance


class ComparisonStatement(Value):
    """The statement of a released comparison; its subjects are the executions compared, in the order of the models."""

    type: Literal["https://in-toto.io/Statement/v1"] = Field(default=STATEMENT_TYPE, alias="_type")
    subject: tuple[Subject, ...] = Field(min_length=2, max_length=MAX_MODELS)
    predicateType: Literal["urn:medeval:comparison:1"] = "urn:medeval:comparison:1"  # noqa: N815 in-toto's name
    predicate: ComparisonPredicate


class NoResultStatement(Value):
    """The statement of an execution without a result."""

    type: Literal["https://in-toto.io/Statement/v1"] = Field(default=STATEMENT_TYPE, alias="_type")
    subject: tuple[Subject]
    predicateType: Literal["urn:medeval:no-result:1"] = "urn:medeval:no-result:1"  # noqa: N815 in-toto's name
    predicate: NoResultPredicate


Statement: TypeAlias = Annotated[
    ResultStatement | NoResultStatement | ComparisonStatement, Field(discriminator="predicateType")
]


def executions_of(statement: Statement) -> tuple[ExecutionSpec, ...]:
    """The executions that a statement's predicate speaks of; its subjects have to be their digests."""
    match statement:
        case ResultStatement():
            return (statement.predicate.result.execution,)
        case ComparisonStatement():
            return statement.predicate.result.comparison.executions
        case _:
            return (statement.predicate.execution,)


_STATEMENT: TypeAdapter[Statement] = TypeAdapter(Statement, config=ConfigDict(defer_build=True))


def read_statement(payload: bytes) -> Statement:
    """A statement from the bytes of an envelope's payload; raises `ResultRefused` naming field and rule."""
    plain = strict_json.loads(payload, refuse=ResultRefused)
    try:
        return _STATEMENT.validate_json(json.dumps(plain))
    except ValidationError as exc:
        raise ResultRefused(*explain(exc)) from None


class EnvelopeSignature(Value):
    """One signature of an envelope; `keyid` is the fingerprint of the site's public key."""

    keyid: Digest
    sig: Base64


class Envelope(Value):
    """A DSSE envelope around a statement."""

    payload: Base64
    payloadType: Literal["application/vnd.in-toto+json"] = PAYLOAD_TYPE  # noqa: N815 DSSE's name
    signatures: tuple[EnvelopeSignature]
