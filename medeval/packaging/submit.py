"""`model submit`: a folder to a card, its blobs to the server, a request to the committee."""

from dataclasses import dataclass
from pathlib import Path

from medeval.client.api import Api
from medeval.client.blobs import BlobClient
from medeval.domain.messages import Association, ModelItem, NewAssociation
from medeval.domain.package import Cube, CubeKind, ModelCard
from medeval.errors import NotFound, SpecError
from medeval.packaging.build import build_cube
from medeval.packaging.manifest import load_manifest
from medeval.packaging.progress import Progress
from medeval.packaging.store import BlobStore
from medeval.packaging.transfer import upload_blobs
from medeval.runtime.port import Runtime


@dataclass(frozen=True)
class ModelSource:
    """A model folder; `weights` and `name` stand in for the manifest's, so that one folder gives many models."""

    folder: Path
    weights: Path | None = None
    name: str | None = None


def model_cards(sources: list[ModelSource], runtime: Runtime, store: BlobStore, progress: Progress) -> list[ModelCard]:
    """Build models, each folder once, and describe them; the store then holds every blob of the cards."""
    cubes: dict[Path, Cube] = {}
    for source in sources:
        _check_model(source)
        if source.folder not in cubes:
            cubes[source.folder] = build_cube(source.folder, runtime, store, progress)
    return [_card(source, cubes[source.folder], store) for source in sources]


def _check_model(source: ModelSource) -> None:
    """Refuse what is no model, or lacks its weights, before anything is built."""
    kind = load_manifest(source.folder).kind
    if kind is not CubeKind.MODEL:
        raise SpecError(f"mlcube.yaml: kind: a {kind} is no model", "Name the folder of a model.")
    weights_file(source)


def _card(source: ModelSource, cube: Cube, store: BlobStore) -> ModelCard:
    manifest, weights = cube.manifest, weights_file(source)
    return ModelCard.from_plain(
        {
            "name": source.name or manifest.name,
            "version": manifest.version,
            "summary": manifest.summary,
            "cube": cube.model_dump(mode="json"),
            "weights": store.add_file(weights).model_dump(mode="json") if weights else None,
            "parameters": manifest.parameters,
        }
    )


def weights_file(source: ModelSource) -> Path | None:
    """The weights that go with a model, or None for one without; raises `NotFound`."""
    declared = load_manifest(source.folder).weights
    path = source.weights or (source.folder / declared if declared else None)
    if path is not None and not path.is_file():
        raise NotFound(f"the weights file {path.name} is not there", "Train the model, or give --weights FILE.")
    return path


def submit_card(
    card: ModelCard, benchmark: str, store: BlobStore, api: Api, blobs: BlobClient, progress: Progress
) -> tuple[ModelItem, Association]:
    """Upload what the server lacks, submit, ask to take part. Again, it answers where the request stands."""
    ref = api.get_benchmark(benchmark).spec.ref
    progress(card.ref, "upload")
    upload_blobs(card.blobs, store, blobs, progress)
    item = api.submit_model(card)
    return item, api.request_association(NewAssociation(benchmark=ref, kind="model", subject=card.ref))
