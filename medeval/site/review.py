"""`result list` and `result show`: what waits for the data owner, and what became of the rest."""

from dataclasses import dataclass

from medeval.errors import NotFound
from medeval.site.context import Site
from medeval.site.records import Stage
from medeval.site.store import ExecutionFiles


@dataclass(frozen=True)
class Reviewed:
    """One execution as the data owner sees it."""

    files: ExecutionFiles
    execution: str
    benchmark: str
    model: str
    dataset: str
    stage: Stage
    sent: bool

    def is_named(self, name: str) -> bool:
        """Whether a name means this execution: the model, with or without version, or the id's first letters."""
        hexdigest = self.execution.removeprefix("sha256:")
        shortest = 6
        by_id = len(name) >= shortest and hexdigest.startswith(name.removeprefix("sha256:"))
        return by_id or name in (self.model, self.model.partition("@")[0])


def list_results(site: Site) -> list[Reviewed]:
    """Every execution of this site, by benchmark, dataset, model."""
    found = [_reviewed(site, files) for files in site.store.list_executions()]
    return sorted(found, key=lambda row: (row.benchmark, row.dataset, row.model))


def get_results(site: Site, names: list[str], stages: frozenset[Stage]) -> list[Reviewed]:
    """The executions in one of these stages that the names mean, or all of them; raises `NotFound` for a lost name."""
    rows = [row for row in list_results(site) if row.stage in stages]
    for name in names:
        if not any(row.is_named(name) for row in rows):
            wanted = " or ".join(sorted(stages))
            raise NotFound(f"no execution of {name[:80]} is {wanted}", "See `medeval result list`.")
    return [row for row in rows if not names or any(row.is_named(name) for name in names)]


def _reviewed(site: Site, files: ExecutionFiles) -> Reviewed:
    execution = files.task().execution
    signed = files.signed()
    return Reviewed(
        files=files,
        execution=execution.to_digest(),
        benchmark=execution.benchmark.ref,
        model=execution.model.ref,
        dataset=execution.dataset.ref,
        stage=files.stage(site.store.vault(execution.to_digest())),
        sent=signed is not None and signed.receipt is not None,
    )
