"""A site on disk with executions at chosen stages, whose only door out is a fake that a test commands."""

from pathlib import Path
from typing import Any

from medeval.domain.attestation import Envelope, SandboxRecord
from medeval.domain.base import digest_of
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.dataset import DatasetCard, DatasetStatistics
from medeval.domain.execution import ExecutionSpec, Pinned, PinnedDataset
from medeval.domain.lifecycle import ExecutionState
from medeval.domain.messages import SiteTask, StatementReceipt, StatementSubmission
from medeval.domain.policies import PUBLIC_DATA
from medeval.errors import MedevalError
from medeval.signing import keys
from medeval.site.context import Site
from medeval.site.egress import Egress
from medeval.site.ledger import SiteLedger
from medeval.site.records import DatasetRecord, RunRecord
from medeval.site.store import ExecutionFiles, SiteStore, write
from tests.worlds import EVALUATION, make_card, make_spec

SANDBOX = SandboxRecord(runtime="docker", version="20.10", level=2)


class FakeEgress(Egress):
    """The door of a site, ledger and all, behind which stands no server but what a test sets."""

    def __init__(self, store: SiteStore) -> None:
        super().__init__("http://127.0.0.1:9", store.upload_token_file, "", SiteLedger(store))
        self.answer: MedevalError | None = None
        self.sent: list[Envelope] = []

    def _results(self) -> Any:
        return self

    def submit_statement(self, submission: StatementSubmission) -> StatementReceipt:
        """A receipt, or the error."""
        self._check_recorded(submission.to_canonical())
        if self.answer is not None:
            raise self.answer
        self.sent.append(submission.envelope)
        digest = submission.to_digest()
        return StatementReceipt(execution=digest, state=ExecutionState.RELEASED, log_index=0, log_head=digest)


def make_site(root: Path) -> tuple[Site, FakeEgress]:
    """A site with a key and a pinned benchmark."""
    store = SiteStore(root)
    egress = FakeEgress(store)
    write(store.key_file, keys.new_private_key())
    spec = make_spec()
    store.put_spec(spec)
    card = dataset_card(spec)
    store.put_dataset(DatasetRecord(card=card, counts=card.statistics, benchmark=spec.ref, raw=card.fingerprint))
    # Nothing here asks the server, fetches a blob or runs a cube.
    site = Site(store, None, None, egress, lambda: None)  # type: ignore[arg-type]
    return site, egress


def dataset_card(spec: BenchmarkSpec) -> DatasetCard:
    """The card of `north/data`."""
    return DatasetCard(
        site="north",
        name="data",
        title="Data",
        benchmark=spec.to_digest(),
        preparator=spec.preparator.cube.identity,
        fingerprint=digest_of(b"data"),
        statistics=DatasetStatistics(cases=120, per_class=(60, 60)),
        policy=PUBLIC_DATA,
    )


def add_execution(site: Site, model: str, *, version: str = "1.0.0", evaluated: bool = True) -> ExecutionFiles:
    """An execution of a model, evaluated or new."""
    spec, card = make_spec(), make_card(model, version=version)
    execution = ExecutionSpec(
        benchmark=Pinned(ref=spec.ref, digest=spec.to_digest()),
        model=Pinned(ref=card.ref, digest=card.to_digest()),
        dataset=PinnedDataset(ref="north/data", digest=digest_of(b"data")),
    )
    files = site.store.execution(execution.to_digest())
    task = SiteTask(execution=execution, state=ExecutionState.PENDING, organisation="Owner", model=card)
    files.put_task(task)
    if evaluated:
        files.put_evaluation(EVALUATION, RunRecord(sandbox=SANDBOX, medeval="0.1.0"))
    return files
