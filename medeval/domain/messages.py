"""Messages between sites, people and the results server."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints

from medeval.domain.attestation import Base64, Envelope
from medeval.domain.base import Value
from medeval.domain.benchmark import BenchmarkSpec, Metric, MetricName
from medeval.domain.dataset import DatasetCard
from medeval.domain.estimate import AnyCounts, AnyEstimate, NotShown
from medeval.domain.execution import ExecutionSpec
from medeval.domain.ids import Digest, Name, Text, Title, VersionedRef
from medeval.domain.lifecycle import AssociationState, ExecutionState
from medeval.domain.package import ModelCard
from medeval.domain.permissions import Role

Secret = Annotated[str, StringConstraints(pattern=r"^medeval_[A-Za-z0-9_-]{43}$")]
SubjectRef = Annotated[str, StringConstraints(min_length=1, max_length=140, pattern=r"^[a-z0-9@./-]+$")]


class Problem(Value):
    """An error on the wire: RFC 9457 problem details, with medeval's `code` and `hint`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str


class About(Value):
    """What a server says of itself to anyone."""

    service: Literal["medeval"] = "medeval"
    version: str
    api: Literal[1] = 1


class NewToken(Value):
    """A token to be made; the holder's name and organisation are shown with what it does."""

    holder: Name
    organisation: Title
    role: Role


class Identity(Value):
    """Who a token speaks for."""

    holder: Name
    organisation: Title
    role: Role


class IssuedToken(Value):
    """A token, shown this one time; the server keeps its hash alone."""

    identity: Identity
    token: Secret


class NewSite(Value):
    """A site to be registered, with its Ed25519 public key (32 bytes, base64)."""

    name: Name
    title: Title
    public_key: Base64


class Site(Value):
    """A registered site; statements are taken once an operator accepted its key by fingerprint."""

    name: Name
    title: Title
    organisation: Title
    fingerprint: Digest
    accepted: bool


class RegisteredSite(Value):
    """The answer to a registration: the upload credential is shown this one time."""

    site: Site
    upload_token: Secret


class Acceptance(Value):
    """An operator's acceptance of a site's key, by the fingerprint that both sides see."""

    fingerprint: Digest


class BenchmarkItem(Value):
    """A published benchmark."""

    digest: Digest
    organisation: Title
    spec: BenchmarkSpec


class ModelItem(Value):
    """A submitted model."""

    digest: Digest
    organisation: Title
    card: ModelCard


class DatasetItem(Value):
    """A registered dataset."""

    digest: Digest
    organisation: Title
    card: DatasetCard


class NewAssociation(Value):
    """A request to use a model (`name@version`) or a dataset (`site/name`) in a benchmark."""

    benchmark: VersionedRef
    kind: Literal["model", "dataset"]
    subject: SubjectRef


class Association(Value):
    """Consent to use a model or a dataset in a benchmark, and where it stands."""

    benchmark: VersionedRef
    kind: Literal["model", "dataset"]
    subject: SubjectRef
    organisation: Title
    state: AssociationState
    reason: Text


class Decision(Value):
    """The committee's word on an association."""

    benchmark: VersionedRef
    kind: Literal["model", "dataset"]
    subject: SubjectRef
    state: Literal[AssociationState.APPROVED, AssociationState.REJECTED]
    reason: Text = ""


class SiteTask(Value):
    """An execution that a site may pull: model owner's organisation included, for standing rules."""

    execution: ExecutionSpec
    state: ExecutionState
    organisation: Title
    model: ModelCard


class StatementReceipt(Value):
    """A verified statement: the state of its execution, its place in the log."""

    execution: Digest
    state: ExecutionState
    log_index: int = Field(ge=0)
    log_head: Digest


class StatementSubmission(Value):
    """A signed statement, as a site sends it."""

    envelope: Envelope


class BlobStatus(Value):
    """How much of a blob the server holds."""

    digest: Digest
    received_bytes: int = Field(ge=0)
    complete: bool


# --- the leaderboard --------------------------------------------------------------------------------------------


class MetricEstimates(Value):
    """The estimate of one metric."""

    metric: MetricName
    estimate: AnyEstimate


class CellResult(Value):
    """What one model reached at one site; `from_source`: a cube ran from its source folder, not as an image."""

    kind: Literal["result"] = "result"
    cases: int
    positives: int
    estimates: tuple[MetricEstimates, ...]
    sandbox: Text
    envelope: Digest
    from_source: bool = False


Cell: TypeAlias = Annotated[CellResult | NotShown, Field(discriminator="kind")]


class SiteColumn(Value):
    """A site of the matrix."""

    dataset: str
    title: Title
    site_title: Title


class LeaderboardRow(Value):
    """One model: pooled estimates, and a cell for each column of the leaderboard."""

    model: VersionedRef
    organisation: Title
    summary: Title
    sites: int
    counts: AnyCounts
    pooled: tuple[MetricEstimates, ...]
    cells: tuple[Cell, ...]


class Leaderboard(Value):
    """What the committee sees; rows are sorted by the primary metric, those without a value last.

    `estimand` says in words what a pooled value is. Cells a viewer may not see are `hidden`.
    """

    format: Literal["medeval/leaderboard@1"] = "medeval/leaderboard@1"
    benchmark: VersionedRef
    benchmark_digest: Digest
    title: Title
    question: Title
    data_label: Title
    policy: str
    primary_metric: MetricName
    metrics: tuple[Metric, ...]
    confidence_level: float
    estimand: Text
    columns: tuple[SiteColumn, ...]
    rows: tuple[LeaderboardRow, ...]
    executions: dict[ExecutionState, int]
    log_size: int
    log_head: Digest | None
