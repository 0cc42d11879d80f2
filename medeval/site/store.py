"""The site's folder: one place for every file, each written whole or not at all.

What an execution has reached is derived from the files that are there, so a process killed at any point loses nothing.
"""

import os
from pathlib import Path
from typing import TypeVar

from medeval.domain.base import Value
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.messages import SiteTask
from medeval.domain.result import Evaluation
from medeval.errors import NotFound, SiteStateError
from medeval.runtime.removal import remove_tree
from medeval.site.records import (
    AllowList,
    DatasetRecord,
    Examination,
    FailureRecord,
    RunRecord,
    SignedRecord,
    SiteRecord,
    Stage,
)
from medeval.site.release_rules import ReleaseRules

Record = TypeVar("Record", bound=Value)


class SiteStore:
    """Files of one site below `root`; raises `SiteStateError` for a file that cannot be read."""

    def __init__(self, root: Path) -> None:
        self.root = root

    # --- the site itself ---

    @property
    def key_file(self) -> Path:
        """The private key, 32 bytes."""
        return self.root / "keys" / "site.key"

    @property
    def salt_file(self) -> Path:
        """The salt of dataset fingerprints, 32 bytes."""
        return self.root / "keys" / "salt"

    @property
    def upload_token_file(self) -> Path:
        """The upload credential; read by `egress` alone."""
        return self.root / "keys" / "upload.token"

    @property
    def ledger_file(self) -> Path:
        """The lines of the ledger; written by `ledger` alone."""
        return self.root / "ledger.jsonl"

    @property
    def ledger_head_file(self) -> Path:
        """The signed head of the ledger; written by `ledger` alone."""
        return self.root / "ledger.head"

    @property
    def cache(self) -> Path:
        """Blobs by digest, and what was unpacked from them."""
        return self.root / "cache"

    def get_site(self) -> SiteRecord:
        """The site's own record; raises `NotFound` before `site init`."""
        record = self._find(self.root / "site.json", SiteRecord)
        if record is None:
            raise NotFound("there is no site in this folder", "Set one up with `medeval site init NAME`.")
        return record

    def find_site(self) -> SiteRecord | None:
        """The site's own record, if it was set up."""
        return self._find(self.root / "site.json", SiteRecord)

    def put_site(self, record: SiteRecord) -> None:
        """Keep the site's own record."""
        write(self.root / "site.json", record.to_canonical())

    def find_examination(self) -> Examination | None:
        """What the doctor last saw, if it looked."""
        return self._find(self.root / "examination.json", Examination)

    def put_examination(self, examination: Examination) -> None:
        """Keep what the doctor saw."""
        write(self.root / "examination.json", examination.to_canonical())

    def get_allow_list(self) -> AllowList:
        """What may run here; nothing when no rule was made."""
        return self._find(self.root / "allow.json", AllowList) or AllowList()

    def put_allow_list(self, rules: AllowList) -> None:
        """Keep what may run here."""
        write(self.root / "allow.json", rules.to_canonical())

    def get_release_rules(self) -> ReleaseRules:
        """What may be released without a person; nothing when no rule was made."""
        return self._find(self.root / "release-rules.json", ReleaseRules) or ReleaseRules()

    def put_release_rules(self, rules: ReleaseRules) -> None:
        """Keep what may be released without a person."""
        write(self.root / "release-rules.json", rules.to_canonical())

    # --- benchmarks and datasets ---

    def put_spec(self, spec: BenchmarkSpec) -> None:
        """Keep a spec under its digest."""
        write(self._spec_file(spec.to_digest()), spec.to_canonical())

    def get_spec(self, digest: str) -> BenchmarkSpec:
        """A spec that was pinned here; raises `NotFound`."""
        spec = self._find(self._spec_file(digest), BenchmarkSpec)
        if spec is None:
            raise NotFound("the benchmark of this dataset is not kept here", "Add the dataset again.")
        return spec

    def dataset_folder(self, name: str) -> Path:
        """Where a prepared dataset lies: `prepared/` and `dataset.json`."""
        return self.root / "datasets" / name

    def find_dataset(self, name: str) -> DatasetRecord | None:
        """A prepared dataset's record."""
        return self._find(self.dataset_folder(name) / "dataset.json", DatasetRecord)

    def get_dataset(self, name: str) -> DatasetRecord:
        """A prepared dataset's record; raises `NotFound`."""
        record = self.find_dataset(name)
        if record is None:
            raise NotFound(f"there is no dataset {name} at this site", "See `medeval dataset list`.")
        return record

    def put_dataset(self, record: DatasetRecord) -> None:
        """Keep a dataset's record."""
        write(self.dataset_folder(record.card.name) / "dataset.json", record.to_canonical())

    def list_datasets(self) -> list[DatasetRecord]:
        """Every prepared dataset, by name."""
        folder = self.root / "datasets"
        names = sorted(path.parent.name for path in folder.glob("*/dataset.json"))
        return [self.get_dataset(name) for name in names]

    # --- executions ---

    def list_executions(self) -> list["ExecutionFiles"]:
        """Every execution this site has heard of, by id."""
        return [ExecutionFiles(path.parent) for path in sorted(self.root.glob("executions/*/task.json"))]

    def execution(self, digest: str) -> "ExecutionFiles":
        """The files of one execution, whether or not they are there yet."""
        return ExecutionFiles(self.root / "executions" / digest.removeprefix("sha256:"))

    def vault(self, digest: str) -> Path:
        """Where the predictions of an execution are kept."""
        return self.root / "vault" / digest.removeprefix("sha256:")

    def fresh_work(self, name: str) -> Path:
        """An empty folder for one run."""
        folder = self.root / "work" / name
        remove_tree(folder)
        folder.mkdir(parents=True)
        return folder

    def _spec_file(self, digest: str) -> Path:
        return self.root / "benchmarks" / f"{digest.removeprefix('sha256:')}.json"

    def _find(self, path: Path, kind: type[Record]) -> Record | None:
        return read(path, kind)


class StatedFiles:
    """The files of what a site works out, decides on and states: how it ran or failed, what was signed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self) -> RunRecord | None:
        """Under what sandbox it ran."""
        return read(self.folder / "run.json", RunRecord)

    def failure(self) -> FailureRecord | None:
        """Why it failed, if it did."""
        return read(self.folder / "failure.json", FailureRecord)

    def put_failure(self, failure: FailureRecord) -> None:
        """Keep why it failed."""
        write(self.folder / "failure.json", failure.to_canonical())

    def log(self) -> str:
        """The end of what the cube that failed had printed, as plain text; it may hold data and never leaves."""
        try:
            return (self.folder / "cube.log").read_text("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def put_log(self, text: str) -> None:
        """Keep the end of what a failed cube printed, for this user's eyes alone."""
        write(self.folder / "cube.log", text.encode("utf-8"))

    def signed(self) -> SignedRecord | None:
        """The statement that was signed last."""
        return read(self.folder / "statement.json", SignedRecord)

    def put_signed(self, signed: SignedRecord) -> None:
        """Keep a signed statement, before it is sent and again with its receipt."""
        write(self.folder / "statement.json", signed.to_canonical())

    def forget_failure(self) -> None:
        """Make room for another attempt."""
        for name in ("statement.json", "failure.json", "cube.log"):
            (self.folder / name).unlink(missing_ok=True)


class ExecutionFiles(StatedFiles):
    """The files of one execution at this site."""

    def is_known(self) -> bool:
        """Whether this site has heard of it."""
        return (self.folder / "task.json").exists()

    def task(self) -> SiteTask:
        """What is to be executed; raises `SiteStateError` when the file is gone."""
        task = read(self.folder / "task.json", SiteTask)
        if task is None:
            raise SiteStateError("an execution's task is missing", "Run `medeval site run` to pull it again.")
        return task

    def put_task(self, task: SiteTask) -> None:
        """Keep what is to be executed."""
        write(self.folder / "task.json", task.to_canonical())

    def evaluation(self) -> Evaluation | None:
        """The checked evaluation, once there is one."""
        return read(self.folder / "evaluation.json", Evaluation)

    def put_evaluation(self, evaluation: Evaluation, run: RunRecord) -> None:
        """Keep a checked evaluation; `run` first, so that an evaluation never lacks it."""
        write(self.folder / "run.json", run.to_canonical())
        write(self.folder / "evaluation.json", evaluation.to_canonical())

    def stage(self, vault: Path) -> Stage:
        """How far it has come."""
        signed = self.signed()
        if signed is not None:
            return Stage.REFUSED if signed.is_refused else Stage(signed.kind)
        if self.failure() is not None:
            return Stage.FAILED
        if self.evaluation() is not None:
            return Stage.EVALUATED
        return Stage.PREDICTED if any(vault.glob("predictions.*")) else Stage.NEW


def read(path: Path, kind: type[Record]) -> Record | None:
    """A record from its file, or None when there is no file; raises `SiteStateError`."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise SiteStateError(f"{path.name} cannot be read", "Check who owns the site's folder.") from exc
    try:
        return kind.from_json(data, refuse=SiteStateError)
    except SiteStateError as exc:
        hint = "Restore it from the site's backup; what it speaks of cannot go on without it."
        raise SiteStateError(f"{path.parent.name}/{path.name} is damaged: {exc.message}", hint) from exc


def write(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Write a file whole: a reader sees the old bytes or the new ones, also after a crash."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
