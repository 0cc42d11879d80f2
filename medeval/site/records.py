"""What a site keeps on its own disk about itself, its datasets, its rules and its executions."""

from enum import StrEnum
from typing import Literal

from medeval.domain.attestation import Envelope, Outcome, SandboxRecord
from medeval.domain.base import Value
from medeval.domain.dataset import DatasetCard
from medeval.domain.failures import FailureCode
from medeval.domain.ids import Digest, Name, Text, Title, VersionedRef
from medeval.domain.messages import SiteTask, StatementReceipt


class SiteRecord(Value):
    """The site itself: name, key fingerprint, and the runtime that was probed when it was set up."""

    name: Name
    title: Title
    server: str
    fingerprint: Digest
    sandbox: SandboxRecord
    package_kind: Literal["image", "source"]


class DatasetRecord(Value):
    """A prepared dataset: the card that may leave, and the benchmark that prepared it."""

    card: DatasetCard
    benchmark: VersionedRef
    joined: bool = False


class AllowedModel(Value):
    """One model that may run here, by digest."""

    ref: VersionedRef
    digest: Digest


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


class SignedRecord(Value):
    """A signed statement, and the server's receipt once it was sent."""

    kind: Literal["released"] | Outcome
    envelope: Envelope
    receipt: StatementReceipt | None = None


class Stage(StrEnum):
    """How far an execution has come at this site, derived from its files."""

    NEW = "new"
    PREDICTED = "predicted"
    EVALUATED = "waiting for review"
    FAILED = "failed"
    WITHHELD = "withheld"
    RELEASED = "released"
