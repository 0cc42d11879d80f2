"""`benchmark check` and `benchmark publish`: from a draft with folders to a spec with digests."""

from dataclasses import dataclass
from pathlib import Path

from medeval.client.api import Api
from medeval.client.blobs import BlobClient
from medeval.domain.benchmark import BenchmarkDraft, BenchmarkSpec, BoundCube, CubeFolder
from medeval.domain.messages import BenchmarkItem
from medeval.domain.package import CubeKind
from medeval.errors import Conflict, NotFound, SpecError
from medeval.packaging.archive import tar_folder
from medeval.packaging.build import build_cube
from medeval.packaging.manifest import load_manifest, load_yaml
from medeval.packaging.progress import Progress
from medeval.packaging.rehearse import rehearse_benchmark, rehearsing
from medeval.packaging.store import BlobStore
from medeval.packaging.transfer import upload_blobs
from medeval.runtime.port import Runtime

DRAFT = "benchmark.yaml"


def check_draft(folder: Path) -> BenchmarkDraft:
    """The draft of a benchmark, with its cubes' manifests and its rehearsal data in place.

    Raises `SpecError` naming the field and the rule, `NotFound` for a folder that is not there.
    """
    draft = load_yaml(folder / DRAFT, BenchmarkDraft)
    for field, kind in (("preparator", CubeKind.PREPARATOR), ("evaluator", CubeKind.EVALUATOR)):
        cube: CubeFolder = getattr(draft, field)
        if load_manifest(folder / cube.folder).kind is not kind:
            raise SpecError(f"{DRAFT}: {field}.folder: that cube is not a {kind}", "Name the folder of one.")
    rehearsal = folder / draft.rehearsal.folder
    if not rehearsal.is_dir() or not any(rehearsal.iterdir()):
        raise NotFound(f"{DRAFT}: rehearsal.folder: there is no data in it", "Put invented raw data there.")
    return draft


@dataclass(frozen=True)
class Published:
    """A published benchmark, and whether this call published it."""

    item: BenchmarkItem
    is_new: bool


def publish(
    folder: Path, runtime: Runtime, store: BlobStore, api: Api, blobs: BlobClient, progress: Progress
) -> Published:
    """Resolve a draft, rehearse it, upload what the server lacks, publish.

    A version that is published already stays as it is: its cubes are not built again, since a second build of one
    Dockerfile would give other digests. Raises `Conflict`, before anything is built, when the draft says otherwise.
    """
    draft = check_draft(folder)
    known = find_published(api, draft.ref)
    if known is not None:
        return Published(_unchanged(folder, draft, known, store), is_new=False)
    spec = resolve(folder, draft, runtime, store, progress)
    with rehearsing(store.root, runtime) as owner:
        rehearse_benchmark(spec, runtime, store, progress, owner)
    upload_blobs(spec.blobs, store, blobs, progress)
    return Published(api.publish_benchmark(spec), is_new=True)


def resolve(
    folder: Path, draft: BenchmarkDraft, runtime: Runtime, store: BlobStore, progress: Progress
) -> BenchmarkSpec:
    """Build the draft's cubes and freeze every digest."""
    terms = draft.model_dump(mode="json", exclude={"preparator", "evaluator", "rehearsal"})
    cubes = {
        field: _bind(folder, cube, runtime, store, progress).model_dump(mode="json")
        for field, cube in (("preparator", draft.preparator), ("evaluator", draft.evaluator))
    }
    rehearsal = store.add_chunks(tar_folder(folder / draft.rehearsal.folder))
    return BenchmarkSpec.from_plain({**terms, **cubes, "rehearsal": rehearsal.model_dump(mode="json")})


def find_published(api: Api, ref: str) -> BenchmarkItem | None:
    """The published benchmark of that name and version, if there is one."""
    try:
        return api.get_benchmark(ref)
    except NotFound:
        return None


def _bind(folder: Path, cube: CubeFolder, runtime: Runtime, store: BlobStore, progress: Progress) -> BoundCube:
    built = build_cube(folder / cube.folder, runtime, store, progress)
    return BoundCube(cube=built, parameters={**built.manifest.parameters, **cube.parameters})


def _unchanged(folder: Path, draft: BenchmarkDraft, known: BenchmarkItem, store: BlobStore) -> BenchmarkItem:
    rehearsal = store.add_chunks(tar_folder(folder / draft.rehearsal.folder))
    if not _same_terms(draft, known.spec) or rehearsal != known.spec.rehearsal:
        hint = "Raise `version` in benchmark.yaml: a published version never changes."
        raise Conflict(f"{draft.ref} is published, and this draft says something else", hint)
    return known


def _same_terms(draft: BenchmarkDraft, spec: BenchmarkSpec) -> bool:
    """Whether everything but the cubes' digests is as published."""
    cubes = {"preparator", "evaluator", "rehearsal"}
    return draft.model_dump(exclude=cubes) == spec.model_dump(exclude=cubes) and all(
        {**bound.cube.manifest.parameters, **cube.parameters} == bound.parameters
        for cube, bound in ((draft.preparator, spec.preparator), (draft.evaluator, spec.evaluator))
    )
