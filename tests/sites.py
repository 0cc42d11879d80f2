"""A site on disk with executions at chosen stages, whose only door out is a fake that a test commands."""

from dataclasses import dataclass, field
from pathlib import Path

from medeval.domain.attestation import Envelope, SandboxRecord
from medeval.domain.base import digest_of
from medeval.domain.execution import ExecutionSpec, Pinned, PinnedDataset
from medeval.domain.lifecycle import ExecutionState
from medeval.domain.messages import SiteTask, StatementReceipt
from medeval.errors import MedevalError
from medeval.signing import keys
from medeval.site.context import Site
from medeval.site.records import RunRecord
from medeval.site.store import ExecutionFiles, SiteStore, write
from tests.worlds import EVALUATION, make_card, make_spec

SANDBOX = SandboxRecord(runtime="docker", version="20.10", level=2)


@dataclass
class FakeEgress:
    """Takes statements, or answers with the error that a test sets."""

    answer: MedevalError | None = None
    sent: list[Envelope] = field(default_factory=list)

    def send_statement(self, envelope: Envelope) -> StatementReceipt:
        """A receipt, or the error."""
        if self.answer is not None:
            raise self.answer
        self.sent.append(envelope)
        digest = envelope.to_digest()
        return StatementReceipt(execution=digest, state=ExecutionState.RELEASED, log_index=0, log_head=digest)


def make_site(root: Path) -> tuple[Site, FakeEgress]:
    """A site with a key and a pinned benchmark."""
    store, egress = SiteStore(root), FakeEgress()
    write(store.key_file, keys.new_private_key())
    store.put_spec(make_spec())
    # Nothing here asks the server, fetches a blob or runs a cube.
    site = Site(store, None, None, egress, lambda: None)  # type: ignore[arg-type]
    return site, egress


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
