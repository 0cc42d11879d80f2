"""Messages between sites, people and the results server."""

from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints

from medeval.domain.attestation import Base64, Envelope
from medeval.domain.base import Value
from medeval.domain.benchmark import BenchmarkSpec, Metric
from medeval.domain.dataset import DatasetCard
from medeval.domain.estimate import (
    AnyCounts,
    AnyEstimate,
    EvidenceFlag,
    Heterogeneity,
    NotShown,
    PredictionInterval,
)
from medeval.domain.execution import ExecutionSpec
from medeval.domain.families.base import Column, MetricId
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

    metric: MetricId
    estimate: AnyEstimate


class LeftOut(Value):
    """The headline estimate without one site."""

    dataset: str
    estimate: AnyEstimate


class PooledMetric(Value):
    """One metric of one model over the sites at which it can be estimated: three estimands, each under its own name.

    `estimate` is the headline, the mean of a random-effects meta-analysis; `within` the mean of the sites weighted by
    cases or pairs; `all_cases` that of the added counts. `prediction` is there from five sites on; `lowest` and
    `highest` are the sites' own extremes, where the viewer may see them. `left_out` is the headline without each site.
    """

    metric: MetricId
    estimate: AnyEstimate
    sites: int = Field(ge=0)
    prediction: PredictionInterval | None = None
    lowest: float | None = None
    highest: float | None = None
    heterogeneity: Heterogeneity | None = None
    within: AnyEstimate
    all_cases: AnyEstimate
    left_out: tuple[LeftOut, ...] = ()


class Rank(Value):
    """A model's rank by the primary metric: its interval over resampled sites and cases, and its tier.

    Models of one tier were not shown to differ from the first of it.
    """

    low: int = Field(ge=1)
    high: int = Field(ge=1)
    tier: int = Field(ge=1)


class PooledComparison(Value):
    """First model minus second, on the same cases within sites by their comparison statements, pooled over sites.

    `p_adjusted` is Holm's over all comparisons of the metric.
    """

    first: VersionedRef
    second: VersionedRef
    metric: MetricId
    difference: float
    low: float
    high: float
    p: float = Field(ge=0, le=1)
    p_adjusted: float = Field(ge=0, le=1)
    sites: int = Field(ge=1)


class WhyNotCompared(StrEnum):
    """Why there is no comparison of two models that a benchmark wants compared."""

    TOO_FEW_SITES = "too few sites"
    NO_RESULT = "no result"
    NO_PAIRED_COMPARISON = "no paired comparison"


class NotComparedPair(Value):
    """Two models that are not compared on the same cases, and why.

    Too few sites have compared them; or one of them has no result, and stands here by its name alone; or there is no
    paired comparison of the metric.
    """

    first: VersionedRef | Name
    second: VersionedRef | Name
    metric: MetricId
    reason: WhyNotCompared = WhyNotCompared.TOO_FEW_SITES
    sites: int = Field(ge=0)


class GroupResult(Value):
    """One level of a declared variable, such as `sex` = `F`: its cases, every metric, and the same of all other levels.

    `complement` is there so that a level is never read without what it is held against. Both are over the sites that
    show them: `withheld` counts those that withhold the level because it, or one that would follow from it, is small.
    """

    name: Column
    level: Column
    counts: AnyCounts
    withheld: int = Field(default=0, ge=0)
    pooled: tuple[PooledMetric, ...]
    complement: tuple[PooledMetric, ...]


class ScoreBins(Value):
    """What calibration plot and decision curve are drawn from: the added score tables, where they may be shown.

    Per occupied bin the cases, the positive ones, the mean risk and the smooth calibration curve (None where no curve
    can be fitted); per threshold the net benefit of the model, of treating all, and the model's interval.
    """

    cases: tuple[int, ...]
    positives: tuple[int, ...]
    risk: tuple[float, ...]
    curve: tuple[float, ...] | None
    thresholds: tuple[float, ...]
    net_benefit: tuple[float, ...]
    treat_all: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


class CellResult(Value):
    """What one model reached at one site; `from_source`: a cube ran from its source folder, not as an image."""

    kind: Literal["result"] = "result"
    cases: int
    positives: int | None
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
    """One model: pooled estimates, and a cell for each column of the leaderboard.

    `flags` say why its evidence is thin; `rank` is None where nothing can be ranked.
    """

    model: VersionedRef
    organisation: Title
    summary: Title
    sites: int
    counts: AnyCounts
    pooled: tuple[PooledMetric, ...]
    flags: tuple[EvidenceFlag, ...] = ()
    rank: Rank | None = None
    groups: tuple[GroupResult, ...] = ()
    bins: ScoreBins | None = None
    cells: tuple[Cell, ...]


class Leaderboard(Value):
    """What the committee sees; rows are sorted by the primary metric, those without a value last.

    `estimand` says in words what a pooled value is, `tier_basis` what tells the tiers apart (empty where nothing does).
    Cells a viewer may not see are `hidden`.
    """

    format: Literal["medeval/leaderboard@1"] = "medeval/leaderboard@1"
    benchmark: VersionedRef
    benchmark_digest: Digest
    title: Title
    question: Title
    data_label: Title
    policy: str
    primary_metric: MetricId
    metrics: tuple[Metric, ...]
    confidence_level: float
    estimand: Text
    tier_basis: Text = ""
    columns: tuple[SiteColumn, ...]
    rows: tuple[LeaderboardRow, ...]
    comparisons: tuple[PooledComparison, ...] = ()
    not_compared: tuple[NotComparedPair, ...] = ()
    executions: dict[ExecutionState, int]
    log_size: int
    log_head: Digest | None
