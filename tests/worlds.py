"""A results server on a real port, and a small federation that speaks to it."""

import base64
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import uvicorn

from medeval.client.api import Api
from medeval.client.blobs import BlobClient
from medeval.client.http import Transport
from medeval.client.results import ResultsClient
from medeval.domain.attestation import (
    ComparisonStatement,
    CubeRecord,
    Envelope,
    HexSha256,
    NoResultPredicate,
    NoResultStatement,
    Outcome,
    Provenance,
    ResultPredicate,
    ResultStatement,
    SandboxRecord,
    Subject,
    WithholdReason,
)
from medeval.domain.base import digest_of
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.dataset import DatasetCard, DatasetStatistics
from medeval.domain.execution import ExecutionSpec
from medeval.domain.failures import FailureCode
from medeval.domain.lifecycle import AssociationState
from medeval.domain.messages import (
    Acceptance,
    Decision,
    NewAssociation,
    NewSite,
    NewToken,
    SiteTask,
    StatementReceipt,
    StatementSubmission,
)
from medeval.domain.package import BlobRef, ModelCard
from medeval.domain.permissions import Role
from medeval.domain.policies import PUBLIC_DATA
from medeval.domain.result import Evaluation, SiteResult
from medeval.server.app import create_app, prepare
from medeval.server.settings import ServerSettings
from medeval.signing import dsse, keys
from tests.boards import STRICT_RULES, a_spec, an_evaluation

#: 120 cases, 60 in each class: enough for the strict policy.
EVALUATION = an_evaluation((20, 10, 10, 8, 2, 4, 2, 2, 1, 1), (1, 1, 2, 2, 4, 2, 8, 10, 10, 20))
AnyStatement: TypeAlias = ResultStatement | NoResultStatement | ComparisonStatement
POLICY = STRICT_RULES


@contextmanager
def running(settings: ServerSettings, **parts: Any) -> Iterator[str]:
    """A server in a thread of this process, on a free port; yields its URL."""
    prepare(settings)
    listener = socket.create_server((settings.host, 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    app = create_app(settings, **parts)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def blob_of(data: bytes) -> BlobRef:
    """The reference of some bytes."""
    return BlobRef(digest=digest_of(data), size_bytes=len(data))


def source_cube(kind: str, *tasks: str) -> dict[str, Any]:
    """A cube, as plain values, whose archive is the bytes of its name."""
    manifest = {
        "format": "medeval/mlcube@1",
        "name": kind,
        "version": "1.0.0",
        "kind": kind,
        "summary": f"A {kind}",
        "tasks": tasks,
    }
    archive = blob_of(kind.encode()).model_dump()
    return {"manifest": manifest, "package": {"kind": "source", "archive": archive}}


def make_spec(**changes: Any) -> BenchmarkSpec:
    """A benchmark whose blobs are the bytes `preparator`, `evaluator` and `rehearsal`."""
    plain = {
        "preparator": {"cube": source_cube("preparator", "prepare", "sanity_check", "statistics")},
        "evaluator": {"cube": source_cube("evaluator", "evaluate")},
        "rehearsal": blob_of(b"rehearsal").model_dump(),
        "disclosure": POLICY,
    }
    return a_spec(**(plain | changes))


def make_card(name: str = "logistic", **changes: Any) -> ModelCard:
    """A model whose blobs are the bytes `model` and `weights`."""
    plain = {
        "name": name,
        "version": "1.0.0",
        "summary": f"The model {name}",
        "cube": source_cube("model", "infer"),
        "weights": blob_of(b"weights").model_dump(),
    }
    return ModelCard.from_plain(plain | changes)


@dataclass
class SiteSide:
    """A site: its key, its data owner's API, its upload side."""

    name: str
    private_key: bytes
    api: Api
    results: ResultsClient
    token: str

    def new_site(self) -> NewSite:
        """Its registration."""
        return new_site(self.name, self.private_key)

    def dataset_card(self, spec: BenchmarkSpec, name: str = "data", **changes: Any) -> DatasetCard:
        """A card of 120 cases."""
        plain = {
            "site": self.name,
            "name": name,
            "title": "Data",
            "benchmark": spec.to_digest(),
            "preparator": spec.preparator.cube.identity,
            "fingerprint": digest_of(name.encode()),
            "statistics": DatasetStatistics(cases=120, per_class=(60, 60)).model_dump(),
            "policy": PUBLIC_DATA.model_dump(),
        }
        return DatasetCard.from_plain(plain | changes)

    def send(self, statement: AnyStatement) -> StatementReceipt:
        """Sign and submit."""
        return self.results.submit_statement(StatementSubmission(envelope=self.seal(statement)))

    def seal(self, statement: AnyStatement) -> Envelope:
        """Sign."""
        return dsse.seal(statement.to_canonical(), self.private_key)


@dataclass
class World:
    """A federation on one server: APIs per role, made on demand and closed at the end."""

    url: str
    data_dir: Path
    folder: Path
    stack: ExitStack
    _transports: dict[str, Transport] = field(default_factory=dict)

    def transport(self, token: str | None) -> Transport:
        """A transport with this token."""
        key = token or ""
        if key not in self._transports:
            self._transports[key] = self.stack.enter_context(Transport(self.url, token))
        return self._transports[key]

    def token(self, role: Role) -> str:
        """The first token of a role."""
        return (self.data_dir / "tokens" / f"{role}.token").read_text().strip()

    def api(self, role: Role | None) -> Api:
        """The API as the first holder of a role, or as nobody."""
        return Api(self.transport(self.token(role) if role else None))

    def blobs(self, role: Role) -> BlobClient:
        """Blob transfer as the first holder of a role."""
        return BlobClient(self.transport(self.token(role)))

    def new_token(self, role: Role, organisation: str) -> str:
        """A further token."""
        new = NewToken(holder="someone", organisation=organisation, role=role)
        return self.api(Role.OPERATOR).issue_token(new).token

    def upload(self, *contents: bytes) -> None:
        """Bring bytes to the server."""
        for data in contents:
            path = self.folder / "blob"
            path.write_bytes(data)
            self.blobs(Role.COMMITTEE).upload(path, blob_of(data))

    def publish(self, **changes: Any) -> BenchmarkSpec:
        """A published benchmark."""
        self.upload(b"preparator", b"evaluator", b"rehearsal")
        spec = make_spec(**changes)
        self.api(Role.COMMITTEE).publish_benchmark(spec)
        return spec

    def submit(self, name: str = "logistic", **changes: Any) -> ModelCard:
        """A submitted model."""
        self.upload(b"model", b"weights")
        card = make_card(name, **changes)
        self.api(Role.MODEL_OWNER).submit_model(card)
        return card

    def register(self, name: str = "north", *, accept: bool = True, organisation: str | None = None) -> SiteSide:
        """A registered site; each data owner is an organisation of its own."""
        private = keys.new_private_key()
        token = self.new_token(Role.DATA_OWNER, organisation or f"Hospital {name}")
        api = Api(self.transport(token))
        registered = api.register_site(new_site(name, private))
        if accept:
            self.api(Role.OPERATOR).accept_site(name, Acceptance(fingerprint=registered.site.fingerprint))
        results = ResultsClient(self.transport(registered.upload_token))
        return SiteSide(name, private, api, results, registered.upload_token)

    def join(self, site: SiteSide, spec: BenchmarkSpec, name: str = "data") -> DatasetCard:
        """A dataset of the site, approved in the benchmark."""
        card = site.dataset_card(spec, name)
        site.results.register_dataset(card)
        site.api.request_association(NewAssociation(benchmark=spec.ref, kind="dataset", subject=card.ref))
        self.approve(spec, "dataset", card.ref)
        return card

    def enter(self, card: ModelCard, spec: BenchmarkSpec) -> None:
        """Let a model take part."""
        new = NewAssociation(benchmark=spec.ref, kind="model", subject=card.ref)
        self.api(Role.MODEL_OWNER).request_association(new)
        self.approve(spec, "model", card.ref)

    def approve(self, spec: BenchmarkSpec, kind: str, subject: str, state: str = "approved") -> None:
        """The committee's decision."""
        decision = Decision.from_plain(
            {"benchmark": spec.ref, "kind": kind, "subject": subject, "state": state, "reason": "as agreed"}
        )
        assert self.api(Role.COMMITTEE).decide(decision).state is AssociationState(state)


def new_site(name: str, private_key: bytes) -> NewSite:
    """A registration with this key."""
    public = base64.b64encode(keys.public_key_of(private_key)).decode()
    return NewSite(name=name, title=f"Hospital {name}", public_key=public)


def record_of(cube: Any) -> CubeRecord:
    """What a statement says of a cube."""
    return CubeRecord(kind=cube.package.kind, digest=cube.identity)


def provenance_of(spec: BenchmarkSpec, card: ModelCard) -> Provenance:
    """The provenance of an honest run."""
    return Provenance(
        medeval="0.1.0",
        sandbox=SandboxRecord(runtime="docker", version="20.10", level=2),
        model=record_of(card.cube),
        weights=card.weights.digest if card.weights else None,
        evaluator=record_of(spec.evaluator.cube),
        preparator=record_of(spec.preparator.cube),
    )


def subject_of(execution: ExecutionSpec) -> tuple[Subject]:
    """The subject of a statement about an execution."""
    return (Subject(digest=HexSha256(sha256=execution.to_digest().removeprefix("sha256:"))),)


def result_statement(task: SiteTask, spec: BenchmarkSpec, evaluation: Evaluation = EVALUATION) -> ResultStatement:
    """The statement of a released result."""
    result = SiteResult(execution=task.execution, evaluation=evaluation)
    return ResultStatement(
        subject=subject_of(task.execution),
        predicate=ResultPredicate(result=result, provenance=provenance_of(spec, task.model)),
    )


def no_result(task: SiteTask, reason: FailureCode | WithholdReason) -> NoResultStatement:
    """The statement of an execution without a result."""
    outcome = Outcome.FAILED if isinstance(reason, FailureCode) else Outcome.WITHHELD
    return NoResultStatement(
        subject=subject_of(task.execution),
        predicate=NoResultPredicate(execution=task.execution, outcome=outcome, reason=reason),
    )
