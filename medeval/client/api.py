"""The results server's API, one method per request; each raises the `MedevalError` that the server states."""

from typing import TypeVar
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError

from medeval.client.http import Transport
from medeval.domain.base import Value
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.messages import (
    About,
    Acceptance,
    Association,
    BenchmarkItem,
    DatasetItem,
    Decision,
    Identity,
    IssuedToken,
    Leaderboard,
    ModelItem,
    NewAssociation,
    NewSite,
    NewToken,
    RegisteredSite,
    Site,
    SiteTask,
)
from medeval.domain.package import ModelCard
from medeval.errors import ServerFault

T = TypeVar("T")


class Api:
    """Everything that people ask of a server; results go through `client.results` alone."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def about(self) -> About:
        """What the server says of itself."""
        return self._get(About, "/about")

    def whoami(self) -> Identity:
        """Whom the token speaks for."""
        return self._get(Identity, "/whoami")

    def issue_token(self, new: NewToken) -> IssuedToken:
        """Make a token (operator)."""
        return self._post(IssuedToken, "/tokens", new)

    def register_site(self, new: NewSite) -> RegisteredSite:
        """Register a site (data owner); again with the same key gives a fresh upload token."""
        return self._post(RegisteredSite, "/sites", new)

    def list_sites(self) -> list[Site]:
        """All sites, by name."""
        return self._get(list[Site], "/sites")

    def get_site(self, name: str) -> Site:
        """One site; raises `NotFound`."""
        return self._get(Site, f"/sites/{quote(name, safe='')}")

    def accept_site(self, name: str, acceptance: Acceptance) -> Site:
        """Accept a site's key by its fingerprint (operator)."""
        return self._post(Site, f"/sites/{quote(name, safe='')}/acceptance", acceptance)

    def publish_benchmark(self, spec: BenchmarkSpec) -> BenchmarkItem:
        """Publish a spec whose blobs are uploaded (committee)."""
        return self._post(BenchmarkItem, "/benchmarks", spec)

    def list_benchmarks(self) -> list[BenchmarkItem]:
        """All benchmarks, by name and version."""
        return self._get(list[BenchmarkItem], "/benchmarks")

    def get_benchmark(self, ref: str) -> BenchmarkItem:
        """`name@version`, or the newest version of `name`; raises `NotFound`."""
        return self._get(BenchmarkItem, f"/benchmarks/{quote(ref, safe='@')}")

    def submit_model(self, card: ModelCard) -> ModelItem:
        """Submit a model whose blobs are uploaded (model owner)."""
        return self._post(ModelItem, "/models", card)

    def list_models(self) -> list[ModelItem]:
        """All models, by name and version."""
        return self._get(list[ModelItem], "/models")

    def get_model(self, ref: str) -> ModelItem:
        """`name@version`, or the newest version of `name`; raises `NotFound`."""
        return self._get(ModelItem, f"/models/{quote(ref, safe='@')}")

    def list_datasets(self, benchmark_ref: str | None = None) -> list[DatasetItem]:
        """The registered datasets, of one benchmark or of all."""
        return self._get(list[DatasetItem], "/datasets", {"benchmark": benchmark_ref} if benchmark_ref else None)

    def request_association(self, new: NewAssociation) -> Association:
        """Ask to use a model (its owner) or a dataset (its owner) in a benchmark; idempotent."""
        return self._post(Association, "/associations", new)

    def list_associations(self, benchmark_ref: str) -> list[Association]:
        """The associations of a benchmark, models first."""
        return self._get(list[Association], "/associations", {"benchmark": benchmark_ref})

    def decide(self, decision: Decision) -> Association:
        """Approve or reject an association (committee)."""
        return self._post(Association, "/associations/decision", decision)

    def list_tasks(self, site: str) -> list[SiteTask]:
        """The executions that the site may pull, with their states (its own token, or its owner's)."""
        return self._get(list[SiteTask], f"/sites/{quote(site, safe='')}/tasks")

    def get_leaderboard(self, ref: str) -> Leaderboard:
        """The leaderboard of a benchmark, as this viewer may see it."""
        return self._get(Leaderboard, f"/leaderboards/{quote(ref, safe='@')}")

    def _get(self, answer: type[T], path: str, query: dict[str, str] | None = None) -> T:
        return read_answer(answer, self._transport.call("GET", path, query=query))

    def _post(self, answer: type[T], path: str, body: Value) -> T:
        return read_answer(answer, self._transport.call("POST", path, body))


def read_answer(answer: type[T], data: bytes) -> T:
    """The message in an answer; raises `ServerFault` when it is none of this medeval's."""
    try:
        return TypeAdapter(answer).validate_json(data)
    except ValidationError as exc:
        hint = "Compare the versions of medeval on both sides; check the server's address."
        raise ServerFault("the server's answer cannot be read", hint) from exc
