"""Models that are nearly another: their tables on the same patients could be subtracted.

Before a result is signed, its predictions are compared with those of every model whose result on the dataset was
released: on how many patients do they fall into another bin of the score table.
"""

import csv
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from pathlib import Path

from medeval.disclosure.differencing import check_apart
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.execution import ExecutionSpec
from medeval.domain.families.binary import BinaryPlan, PositiveWhen
from medeval.errors import SiteStateError
from medeval.site.context import Site
from medeval.site.store import ExecutionFiles

Bins = dict[str, int]


def check_models_apart(site: Site, files: ExecutionFiles) -> None:
    """Raise `DifferencingRisk` where a released model of the dataset differs from this one on a few patients."""
    execution = files.task().execution
    name = execution.dataset.ref.partition("/")[2]
    record = site.store.get_dataset(name)
    spec = site.store.get_spec(execution.benchmark.digest)
    least = spec.disclosure.stricter(record.card.policy).min_cell
    if not least or not isinstance(spec.analysis, BinaryPlan):
        return
    patients = _patients(site.store.dataset_folder(name) / "prepared" / spec.analysis.labels_file, spec)
    own = _bins(site, execution, spec)
    for other in _released(site, execution):
        theirs = _bins(site, other, spec)
        apart = {patients.get(case, case) for case, place in own.items() if theirs.get(case) != place}
        hint = "Keep it here: `medeval result withhold MODEL --reason disclosure-risk`."
        check_apart(len(apart), least, f"this model differs from {other.model.ref}, which is released,", hint)


def _released(site: Site, execution: ExecutionSpec) -> Iterator[ExecutionSpec]:
    """The other executions of the dataset whose results have been signed for release, where predictions are kept."""
    for files in site.store.list_executions():
        other, signed = files.task().execution, files.signed()
        same = other.dataset.digest == execution.dataset.digest and other != execution
        if same and signed is not None and signed.kind == "released":
            yield other


def _bins(site: Site, execution: ExecutionSpec, spec: BenchmarkSpec) -> Bins:
    """The bin of the plan's score table that each case falls into."""
    plan, interface = spec.analysis, spec.model_interface
    assert isinstance(plan, BinaryPlan)  # noqa: S101 asked before
    find = bisect_left if plan.positive_when is PositiveWhen.ABOVE else bisect_right
    file = site.store.vault(execution.to_digest()) / plan.predictions_file
    return {row[interface.case_id]: find(plan.score_edges, float(row[interface.score])) for row in _rows(file)}


def _patients(labels: Path, spec: BenchmarkSpec) -> dict[str, str]:
    """Whose case each is, where the spec names the patient."""
    cluster = spec.model_interface.cluster
    return {row[spec.model_interface.case_id]: row[cluster] for row in _rows(labels)} if cluster else {}


def _rows(file: Path) -> list[dict[str, str]]:
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))
    except OSError as exc:
        hint = "Restore the site's vault from the backup: without it nobody can tell whether two models are nearly one."
        raise SiteStateError("the predictions of a released result are missing", hint) from exc
