"""The `Runtime` of a machine without a container engine: cubes run from their source, in namespaces where it can.

A source package is a folder's tar. It is unpacked once under its digest, and runs on the interpreter that runs
medeval: its identity is the source with its lock, and whoever reads a result is told so by the package kind.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from medeval.domain.attestation import SandboxRecord
from medeval.domain.package import Cube, Limits, SourcePackage
from medeval.errors import EngineFault, ImageInvalid, NotFound, RuntimeUnavailable
from medeval.runtime.environment import CUBE, IN, OUT, arguments
from medeval.runtime.outlet import Outlet, outlet_of
from medeval.runtime.port import BlobSource, Probe, RunRequest, RunResult
from medeval.runtime.sandbox import Scene, run_sealed
from medeval.runtime.sealing import Sealing
from medeval.runtime.staging import User, cube_user, lent, readable, scratch_beside
from medeval.runtime.unpack import untar
from medeval.runtime.view import View, view_of

_PROBE_LIMITS = Limits(time_s=30, memory_bytes=512 * 1024**2, output_bytes=1024**2, pids=64)

#: What the trial run answers when it sees a file of the host.
_LEAKS = 7


class EmbeddedRuntime:
    """Runs source packages behind one kind of sealing; unpacked packages are kept in `cache`."""

    def __init__(self, sealing: Sealing, cache: Path, user: User | None = None) -> None:
        self._sealing = sealing
        # A sandbox is started from the root folder, where a relative path means another place.
        self._folder = cache.resolve() / "source"
        own = User(os.geteuid(), os.getegid())
        # Without a root of its own, a cube could not reach the interpreter as another user.
        self._user = (user or cube_user()) if sealing.has_own_root else own

    @property
    def package_kind(self) -> str:
        """`source`."""
        return "source"

    def sandbox(self) -> SandboxRecord:
        """What a statement says of this runtime."""
        return SandboxRecord.from_plain(
            {"runtime": self._sealing.name, "version": self._sealing.version(), "level": self._sealing.level}
        )

    def probe(self) -> Probe:
        """Run this interpreter in a sandbox; one with a root of its own must hide the host's files. Never raises."""
        version, reason = "", ""
        try:
            version = self._sealing.version()
            reason = self._try_run()
        except (RuntimeUnavailable, EngineFault) as exc:
            words = "".join(getattr(exc, "__notes__", ())).strip()
            reason = words.splitlines()[-1] if words else exc.message
        sealing = self._sealing
        return Probe(sealing.name, version, sealing.level, self.package_kind, works=not reason, reason=reason)

    def install(self, cube: Cube, blobs: BlobSource) -> None:
        """Unpack the source under its digest, unless it is there."""
        package = _source(cube)
        folder = self._place(package)
        if folder.is_dir():
            return
        archive = blobs.path(package.archive)
        _check_digest(archive, package.archive.digest)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="incoming-") as scratch:
            unpacked = Path(scratch, "cube")
            untar(archive, unpacked)
            # Where another process was quicker, its folder stays: the bytes are the same.
            with contextlib.suppress(OSError):
                unpacked.rename(folder)

    def run(self, request: RunRequest) -> RunResult:
        """Run one task in a sandbox of its own, of which nothing is left afterwards."""
        folder = self._place(_source(request.cube))
        if not folder.is_dir():
            raise NotFound("the cube's source is not installed", "Fetch it first: `medeval site run` does.")
        output = request.output.resolve()
        outlet = outlet_of(request.task, output)
        with (
            scratch_beside(output) as scratch,
            readable(request.inputs, self._user, output) as inputs,
            lent(output, self._user),
        ):
            scene, source, target = self._scene(folder, inputs, outlet, scratch)
            command = [*request.cube.manifest.entrypoint, *arguments(request.task, source, target)]
            return run_sealed(self._sealing, command, scene, request.limits, self._user)

    def reap(self, owner: str) -> int:
        """Always 0: a sandbox ends with the agent that holds its lifeline, so none is ever left."""
        return 0

    def _place(self, package: SourcePackage) -> Path:
        return self._folder / package.identity.removeprefix("sha256:")

    def _scene(self, cube: Path, inputs: Mapping[str, Path], outlet: Outlet, scratch: Path) -> tuple[Scene, str, str]:
        """The scene of a run, with the names under which the cube finds its input and output folders."""
        if self._sealing.has_own_root:
            return Scene(view_of(cube, inputs, outlet), CUBE, "/tmp", outlet.folder, scratch), IN, OUT  # noqa: S108
        # A plain process could change what it is given, so it is given copies.
        _copy(cube, scratch / "cube")
        for name, path in inputs.items():
            _copy(path, scratch / "in" / name)
        (scratch / "tmp").mkdir()
        scene = Scene(View((), ()), str(scratch / "cube"), str(scratch / "tmp"), outlet.folder, scratch)
        return scene, str(scratch / "in"), str(outlet.folder)

    def _try_run(self) -> str:
        """Why this interpreter does not run here, or nothing."""
        with tempfile.TemporaryDirectory(prefix="medeval-") as folder:
            secret, cube, output, scratch = (Path(folder, name) for name in ("secret", "cube", "out", "scratch"))
            secret.write_text("not for cubes")
            for place in (cube, output, scratch):
                place.mkdir()
            with lent(output, self._user):
                scene, _, _ = self._scene(cube, {}, Outlet(output, output), scratch)
                found = f"import sys, os, numpy; sys.exit({_LEAKS} if os.path.exists({str(secret)!r}) else 0)"
                result = run_sealed(self._sealing, ["python", "-c", found], scene, _PROBE_LIMITS, self._user)
        if result.exit_code == _LEAKS and self._sealing.has_own_root:
            return "it does not hide the host's files"
        failed = result.exit_code not in {0, _LEAKS}
        return f"a trial run ended with exit code {result.exit_code}" if failed else ""


def _source(cube: Cube) -> SourcePackage:
    if not isinstance(cube.package, SourcePackage):
        raise RuntimeUnavailable(
            "this runtime runs cubes from source, and this cube is packaged as an image",
            "Run it on a machine with a Docker engine.",
        )
    return cube.package


def _check_digest(file: Path, digest: str) -> None:
    with file.open("rb") as stream:
        found = "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()
    if found != digest:
        raise ImageInvalid("a source package does not have its digest", "Fetch it again.")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copyfile(source, target)
