"""What a site keeps on its own disk about itself, its datasets, its rules and its executions."""

from enum import StrEnum
from typing import Literal

from medeval.domain.attestation import Envelope, Outcome, SandboxRecord, WithholdReason
from medeval.domain.base import Value
from medeval.domain.controls import Control
from medeval.domain.dataset import DatasetCard, DatasetStatistics
from medeval.domain.failures import FailureCode
from medeval.domain.ids import Digest, Name, Text, Title, VersionedRef
from medeval.domain.levels import Level
from medeval.domain.messages import SiteTask, StatementReceipt


class SiteRecord(Value):
    """The site itself: name, key fingerprint, and the runtime that was probed when it was set up.

    `min_level` is the least level of isolation that the site asks for, whatever a benchmark does.
    """

    name: Name
    title: Title
    server: str
    fingerprint: Digest
    sandbox: SandboxRecord
    package_kind: Literal["image", "source"]
    min_level: Level = 0


class Examination(Value):
    """What the doctor last saw of the site's runtime: controls that held, and required ones that did not."""

    sandbox: SandboxRecord
    missing: tuple[Control, ...] = ()


class DatasetRecord(Value):
    """A prepared dataset: the card that may leave, and what prepared it.

    `counts` are exact, and `raw` is the salted fingerprint of the raw data; both stay at the site.
    """

    card: DatasetCard
    counts: DatasetStatistics
    benchmark: VersionedRef
    raw: Digest
    joined: bool = False


class AllowedModel(Value):
    """One model that may run here, by digest."""

    ref: VersionedRef
    digest: Digest

    @property
    def name(self) -> str:
        """The name, without the version."""
        return self.ref.partition("@")[0]


class StandingRule(Value):
    """Models that may run here without being named: those approved in a benchmark, of one organisation or of any."""

    benchmark: Name
    organisation: Title | None = None


class AllowList(Value):
    """What the data owner permits; nothing else runs, whatever the server says."""

    models: tuple[AllowedModel, ...] = ()
    rules: tuple[StandingRule, ...] = ()

    def permits(self, task: SiteTask) -> bool:
        """Whether the model of this task may run here."""
        if any(model.digest == task.execution.model.digest for model in self.models):
            return True
        return any(_covers(rule, task) for rule in self.rules)


def _covers(rule: StandingRule, task: SiteTask) -> bool:
    benchmark = task.execution.benchmark.ref.partition("@")[0]
    return rule.benchmark == benchmark and rule.organisation in (None, task.organisation)


class RunRecord(Value):
    """Under what sandbox an execution's containers ran."""

    sandbox: SandboxRecord
    medeval: str


class FailureRecord(Value):
    """Why an execution failed. `code` is what the server learns; `message` and `hint` stay at the site."""

    code: FailureCode
    message: Text
    hint: Text


class WithheldRecord(Value):
    """Why a comparison is kept at the site; nothing is sent of it."""

    reason: WithholdReason


class Refusal(Value):
    """Why the server refused a statement for good."""

    code: str
    message: Text


class SignedRecord(Value):
    """A signed statement, and what the server answered: a receipt, a refusal, or nothing yet.

    `rule` is the digest of the release rule by which it left, where no person decided.
    """

    kind: Literal["released"] | Outcome
    envelope: Envelope
    rule: Digest | None = None
    receipt: StatementReceipt | None = None
    refusal: Refusal | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether the server has not answered yet."""
        return self.receipt is None and self.refusal is None

    @property
    def is_refused(self) -> bool:
        """Whether the server refused it."""
        return self.refusal is not None


class Stage(StrEnum):
    """How far an execution, or a comparison, has come at this site, derived from its files."""

    NEW = "new"
    PREDICTED = "predicted"
    EVALUATED = "waiting for review"
    FAILED = "failed"
    WITHHELD = "withheld"
    RELEASED = "released"
    REFUSED = "refused by the server"
