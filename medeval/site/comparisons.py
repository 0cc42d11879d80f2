"""Comparisons at the site: released models of a dataset, compared on the predictions that its vault keeps.

A comparison is of all models that are released at the time. When one more is released the next comparison takes its
place; what was decided on the older one, or sent, is not touched.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from medeval.disclosure.paired import read_paired, to_release
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.execution import Pinned
from medeval.domain.failures import failure_code
from medeval.domain.ledger import Decider, EntryKind
from medeval.domain.package import Limits
from medeval.domain.paired import ComparisonSpec, PairedEvaluation, SiteComparison
from medeval.domain.result import Evaluation
from medeval.errors import EngineFault, MedevalError, ResultRefused, RunFailed, SiteBusy, SiteStateError
from medeval.packaging.progress import Progress
from medeval.runtime import steps
from medeval.site.comparison_files import comparison_files, list_comparisons, name_of
from medeval.site.context import Site
from medeval.site.entries import Decided, of_kept, topic_of_comparison
from medeval.site.examined import run_record
from medeval.site.lock import hold
from medeval.site.prepare import check_sandbox
from medeval.site.records import DatasetRecord, FailureRecord, Stage
from medeval.site.release import owners_of, plain_text
from medeval.site.store import ExecutionFiles
from medeval.stats.paired import aligned, check_agrees

_LONGEST_RUN_S = 86_400


@dataclass(frozen=True)
class Made:
    """How many comparisons a round made, and the first thing that kept it from another."""

    compared: int
    stopped: MedevalError | None


def make_all(site: Site, report: Progress) -> Made:
    """Compare the released models of every dataset that have not been compared; what stops one does not stop the next.

    A comparison that fails is kept as a failure, at this site alone.
    """
    compared = 0
    stopped: MedevalError | None = None
    for record in site.store.list_datasets():
        try:
            compared += _make(site, record, report)
        except SiteBusy:
            continue
        except MedevalError as exc:
            stopped = stopped or exc
        except (OSError, ValueError, RecursionError) as exc:
            hint = "Everything else went on; run it again, and report it if it stays."
            stopped = stopped or EngineFault(f"a comparison stopped unexpectedly ({type(exc).__name__})", hint)
    return Made(compared, stopped)


def wanted_comparison(site: Site, record: DatasetRecord) -> ComparisonSpec | None:
    """What is to be compared on a dataset: its released models, if they are two and the benchmark compares so many."""
    spec = site.store.get_spec(record.card.benchmark)
    executions = [files.task().execution for files in _released(site, record, spec)]
    if not spec.compared(len(executions)):
        return None
    models: list[Pinned] = sorted((execution.model for execution in executions), key=lambda model: model.ref)
    return ComparisonSpec(benchmark=executions[0].benchmark, dataset=executions[0].dataset, models=tuple(models))


def _released(site: Site, record: DatasetRecord, spec: BenchmarkSpec) -> Iterator[ExecutionFiles]:
    """The executions of a dataset whose results the server has, and whose predictions are here."""
    for files in site.store.list_executions():
        execution, signed = files.task().execution, files.signed()
        if execution.dataset.digest != record.card.to_digest() or signed is None or signed.receipt is None:
            continue
        vault = site.store.vault(execution.to_digest())
        if files.stage(vault) is Stage.RELEASED and (vault / spec.analysis.predictions_file).exists():
            yield files


def _make(site: Site, record: DatasetRecord, report: Progress) -> int:
    """Bring the comparison of a dataset to where it waits for review; 1 if that was not so before."""
    wanted = wanted_comparison(site, record)
    if wanted is None:
        return 0
    files = comparison_files(site.store, wanted.to_digest())
    if not files.is_known():
        files.put_spec(wanted)
    _give_way(site, wanted)
    if files.stage() is not Stage.NEW:
        return 0
    try:
        files.put_paired(_compare(site, wanted, report), run_record(site))
    except (RunFailed, ResultRefused) as exc:
        code = failure_code(exc, by_evaluator=True)
        if isinstance(exc, ResultRefused):
            topic = topic_of_comparison(wanted, owners_of(site, files))
            site.ledger.append(of_kept(EntryKind.STOPPED, topic, code, Decided(by=Decider.POLICY)))
        files.put_log(exc.log)
        files.put_failure(FailureRecord(code=code, message=plain_text(exc.message), hint=plain_text(exc.hint)))
        return 0
    return 1


def _give_way(site: Site, wanted: ComparisonSpec) -> None:
    """Forget older comparisons of the dataset of which nothing was signed; nobody may be deciding on one meanwhile."""
    with hold(site.store.root, "review"):
        for files in list_comparisons(site.store):
            older = files.spec()
            if older.dataset == wanted.dataset and older != wanted and files.signed() is None:
                files.remove()


def _compare(site: Site, wanted: ComparisonSpec, report: Progress) -> PairedEvaluation:
    spec = site.store.get_spec(wanted.benchmark.digest)
    check_sandbox(site, spec)
    site.runtime.install(spec.evaluator.cube, site.blobs)
    report(name_of(wanted), f"compare {len(wanted.models)} models")
    data = steps.compare(
        site.runtime,
        spec.bound_comparer(len(wanted.models)),
        [site.store.vault(execution.to_digest()) / spec.analysis.predictions_file for execution in wanted.executions],
        _prepared(site, wanted) / spec.analysis.labels_file,
        site.store.fresh_work(f"comparison-{wanted.to_digest()[-12:]}"),
        _limits(spec, len(wanted.models)),
        site.store.get_site().fingerprint,
    )
    return _checked(site, wanted, read_paired(data), spec)


def _checked(site: Site, wanted: ComparisonSpec, paired: PairedEvaluation, spec: BenchmarkSpec) -> PairedEvaluation:
    """What may leave of a comparison, which must agree with the released results."""
    card = site.store.get_dataset(wanted.dataset.ref.partition("/")[2]).card
    policy, evaluations = spec.disclosure.stricter(card.policy), _evaluations(site, wanted)
    if policy.merges:
        in_order = [evaluations[model.ref] for model in wanted.models]
        paired = aligned(paired, in_order, spec.analysis, policy.round_to)
    paired = to_release(paired, spec, len(wanted.models), policy)
    check_agrees(SiteComparison(comparison=wanted, paired=paired), spec, evaluations, policy.round_to)
    return paired


def _evaluations(site: Site, wanted: ComparisonSpec) -> dict[str, Evaluation]:
    found = {}
    for execution in wanted.executions:
        evaluation = site.store.execution(execution.to_digest()).evaluation()
        if evaluation is None:
            raise SiteStateError("the evaluation of a released result is missing", "Restore it from the backup.")
        found[execution.model.ref] = evaluation
    return found


def _limits(spec: BenchmarkSpec, models: int) -> Limits:
    """Those of an evaluation, with as much time as one evaluation of each model."""
    limits = spec.limits.evaluate
    return limits.model_copy(update={"time_s": min(limits.time_s * models, _LONGEST_RUN_S)})


def _prepared(site: Site, wanted: ComparisonSpec) -> Path:
    return site.store.dataset_folder(wanted.dataset.ref.partition("/")[2]) / "prepared"
