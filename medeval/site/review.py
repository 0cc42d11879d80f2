"""`result list`, and which results a name means when one is released or withheld."""

from dataclasses import dataclass

from medeval.errors import Conflict, NotFound
from medeval.site import outbox
from medeval.site.comparison_files import ComparisonFiles, list_comparisons, name_of
from medeval.site.context import Site
from medeval.site.records import Stage
from medeval.site.store import ExecutionFiles

SHORTEST_ID = 6
_SEE = "See `medeval result list`."


@dataclass(frozen=True)
class Reviewed:
    """One execution as the data owner sees it; or a comparison, whose `model` is `comparison/DATASET`."""

    files: ExecutionFiles | ComparisonFiles
    execution: str
    benchmark: str
    model: str
    dataset: str
    stage: Stage
    sent: bool

    @property
    def is_comparison(self) -> bool:
        """Whether it compares models, in place of being the result of one."""
        return isinstance(self.files, ComparisonFiles)

    def is_named(self, name: str) -> bool:
        """Whether a name means this execution: the model, with or without version, or the id's first letters."""
        start = name.removeprefix("sha256:")
        by_id = len(start) >= SHORTEST_ID and self.execution.removeprefix("sha256:").startswith(start)
        return by_id or _is_ref(name, self.model)

    def is_in(self, benchmark: str | None, dataset: str | None) -> bool:
        """Whether it belongs to a benchmark and a dataset, each by name; None means any."""
        own_dataset = dataset is None or dataset in (self.dataset, self.dataset.partition("/")[2])
        return own_dataset and (benchmark is None or _is_ref(benchmark, self.benchmark))


def list_results(site: Site) -> list[Reviewed]:
    """Every execution and comparison of this site, by benchmark, dataset, model."""
    found = [_reviewed(site, files) for files in site.store.list_executions()]
    found += [_reviewed_comparison(files) for files in list_comparisons(site.store)]
    return sorted(found, key=lambda row: (row.benchmark, row.dataset, row.model))


def get_results(
    site: Site, names: list[str], *, benchmark: str | None = None, dataset: str | None = None
) -> list[Reviewed]:
    """The executions that the names mean, all of them without a name; raises `NotFound` for a lost name."""
    rows = [row for row in list_results(site) if row.is_in(benchmark, dataset)]
    for name in names:
        if not any(row.is_named(name) for row in rows):
            raise NotFound(f"there is no execution of {name[:80]} here", _SEE)
    return [row for row in rows if not names or any(row.is_named(name) for name in names)]


def releasable(
    site: Site,
    names: list[str],
    *,
    benchmark: str | None = None,
    dataset: str | None = None,
    withheld: bool = False,
) -> list[Reviewed]:
    """What `release` means: results that wait for review, and signed ones that have not reached the server.

    A withheld result is meant only with `withheld`, a refused one only by name. A name of which everything is released
    means that: releasing it again does nothing.
    """
    rows = get_results(site, names, benchmark=benchmark, dataset=dataset)
    if withheld:
        return _required([row for row in rows if row.stage is Stage.WITHHELD], rows, names)
    waiting = [row for row in rows if _waits(row) or (names and row.stage is Stage.REFUSED)]
    if waiting or not names:
        return waiting
    return _required([row for row in rows if row.stage is Stage.RELEASED], rows, names)


def withholdable(
    site: Site, names: list[str], *, benchmark: str | None = None, dataset: str | None = None
) -> list[Reviewed]:
    """What `withhold` means: results that wait for review, refused ones, and withheld ones that were not sent."""
    rows = get_results(site, names, benchmark=benchmark, dataset=dataset)
    found = [row for row in rows if row.stage is Stage.EVALUATED or (not row.is_comparison and _can_still(row))]
    if found or not names:
        return found
    if any(row.stage is Stage.RELEASED for row in rows):
        raise Conflict("that result is released already", "What has left a site cannot be called back.")
    return _required([row for row in rows if row.stage is Stage.WITHHELD], rows, names)


def _waits(row: Reviewed) -> bool:
    return row.stage is Stage.EVALUATED or (row.stage is Stage.RELEASED and not row.sent)


def _can_still(row: Reviewed) -> bool:
    """Whether a signed result can be withheld: the server refused it, or does not know yet that it is withheld."""
    return row.stage is Stage.REFUSED or (row.stage is Stage.WITHHELD and not row.sent)


def _required(found: list[Reviewed], named: list[Reviewed], names: list[str]) -> list[Reviewed]:
    """What was found; raises `NotFound`, telling how the named ones stand, when names were given and nothing was."""
    if names and not found:
        stages = ", ".join(sorted({row.stage for row in named}))
        raise NotFound(f"no result of {', '.join(names)[:80]} is there to decide on: {stages}", _SEE)
    return found


def _is_ref(name: str, ref: str) -> bool:
    return name in (ref, ref.partition("@")[0])


def _reviewed(site: Site, files: ExecutionFiles) -> Reviewed:
    execution = files.task().execution
    return Reviewed(
        files=files,
        execution=execution.to_digest(),
        benchmark=execution.benchmark.ref,
        model=execution.model.ref,
        dataset=execution.dataset.ref,
        stage=files.stage(site.store.vault(execution.to_digest())),
        sent=_is_sent(files),
    )


def _reviewed_comparison(files: ComparisonFiles) -> Reviewed:
    comparison = files.spec()
    return Reviewed(
        files=files,
        execution=comparison.to_digest(),
        benchmark=comparison.benchmark.ref,
        model=name_of(comparison),
        dataset=comparison.dataset.ref,
        stage=files.stage(),
        sent=_is_sent(files),
    )


def _is_sent(files: ExecutionFiles | ComparisonFiles) -> bool:
    signed = files.signed()
    return signed is not None and not outbox.is_waiting(files) and not signed.is_refused
