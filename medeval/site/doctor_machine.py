"""What the doctor sees of the machine: room where the site and the engine keep things, and graphics processors."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from medeval.domain.package import BlobRef
from medeval.errors import EngineFault, MedevalError
from medeval.packaging.store import BlobStore
from medeval.runtime.port import KeepsImages, Runtime
from medeval.runtime.program import run_program
from medeval.site.doctor import Finding
from medeval.site.records import Stage
from medeval.site.store import SiteStore

#: A site that has less room than a few images and prepared datasets take will soon fail.
ROOM_BYTES = 10 * 2**30
_GIBIBYTE = 2**30
_DRIVER_S = 20


def check_room(home: Path, to_come_bytes: int) -> Finding:
    """Whether the disk that holds the site has room for work, and for the packages that are still to come."""
    return _room("room", "room for work and packages", home, to_come_bytes)


def check_engine_room(runtime: Runtime, to_come_bytes: int, *, is_chosen: bool) -> tuple[Finding, ...]:
    """The same of the place where an engine keeps images; nothing for a runtime that keeps none.

    An engine that does not answer matters only where it is the one that the site has chosen.
    """
    if not isinstance(runtime, KeepsImages):
        return ()
    what = "room for the engine's images"
    try:
        folder = runtime.image_folder()
    except MedevalError as exc:
        absent = Finding(control="engine-room", what=what, held=False, observed=exc.message, fix=exc.hint)
        return (absent,) if is_chosen else ()
    if not folder.exists():  # an engine in a virtual machine, or on another one
        fix = "See by hand that the engine's machine has room."
        seen = "it is not to be seen from here"
        return (Finding(control="engine-room", what=what, held=False, observed=seen, fix=fix, required=False),)
    return (_room("engine-room", what, folder, to_come_bytes),)


def _room(control: str, what: str, folder: Path, to_come_bytes: int) -> Finding:
    free, needed = shutil.disk_usage(folder).free, ROOM_BYTES + to_come_bytes
    held = free >= needed
    seen = f"{free / _GIBIBYTE:.0f} GiB are free of {needed / _GIBIBYTE:.1f} needed"
    fix = "" if held else "Make room, or move the folder to a larger disk."
    return Finding(control=control, what=what, held=held, observed=seen, fix=fix)


def to_come_bytes(store: SiteStore) -> int:
    """Bytes of the packages that this site's benchmarks and waiting executions name, and that are not here yet."""
    held = BlobStore(store.cache / "blobs")
    return sum(blob.size_bytes for blob in set(_named(store)) if held.find(blob) is None)


def _named(store: SiteStore) -> Iterator[BlobRef]:
    for record in store.list_datasets():
        spec = store.get_spec(record.card.benchmark)
        yield from spec.preparator.cube.package.blobs
        yield from spec.evaluator.cube.package.blobs
    for files in store.list_executions():
        task = files.task()
        if files.stage(store.vault(task.execution.to_digest())) is Stage.NEW:
            yield from task.model.cube.package.blobs
            if task.model.weights:
                yield task.model.weights


def check_gpu(devices: Path = Path("/dev")) -> Finding:
    """Which graphics processors the machine has; told for whoever plans, and no reason to refuse anything."""
    nodes = sorted(path.name for path in devices.glob("nvidia[0-9]*"))
    seen = f"{len(nodes)}: {_names() or 'their driver does not answer'}" if nodes else "none"
    if nodes:
        seen += "; models do not get them"
    return Finding(control="gpu", what="graphics processors", held=True, observed=seen, fix="", required=False)


def _names() -> str:
    """What the driver calls them, each kind once."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ""
    try:
        told = run_program([program, "--query-gpu=name", "--format=csv,noheader"], timeout_s=_DRIVER_S)
    except EngineFault:
        return ""
    names = dict.fromkeys("".join(filter(str.isprintable, line)).strip()[:60] for line in told.output.splitlines())
    return ", ".join(names) if told.exit_code == 0 else ""
