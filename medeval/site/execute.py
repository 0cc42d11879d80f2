"""One execution at the site: model, then evaluator; predictions go to the vault, the evaluation is held to the spec."""

from pathlib import Path

from medeval.disclosure.check import classes_of, read_evaluation, to_release
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.dataset import DatasetStatistics
from medeval.domain.failures import failure_code
from medeval.domain.ledger import Decider, EntryKind
from medeval.domain.messages import SiteTask
from medeval.domain.result import Evaluation
from medeval.errors import DigestMismatch, MedevalError, ModelNotAllowed, ResultRefused, RunFailed
from medeval.packaging.progress import Progress
from medeval.runtime import steps
from medeval.site.context import Site
from medeval.site.entries import Decided, of_kept, topic_of_execution
from medeval.site.examined import run_record
from medeval.site.prepare import check_sandbox
from medeval.site.records import FailureRecord
from medeval.site.release import plain_text
from medeval.site.spending import check_can_run
from medeval.site.store import ExecutionFiles


def execute(site: Site, files: ExecutionFiles, report: Progress) -> None:
    """Bring an execution to an evaluation or a failure; what an earlier, killed process finished is not done again.

    A cube that fails is recorded as a failure. Raises when the site itself cannot go on: a model that is not allowed,
    bytes of another digest, an engine or a server that does not answer.
    """
    task = files.task()
    spec = check_task(site, task)
    for step in (_infer, _evaluate):
        try:
            step(site, files, task, spec, report)
        except (RunFailed, ResultRefused) as exc:
            failure = _failure(exc, by_evaluator=step is _evaluate)
            if isinstance(exc, ResultRefused):
                topic = topic_of_execution(task.execution, (task.organisation,))
                site.ledger.append(of_kept(EntryKind.STOPPED, topic, failure.code, Decided(by=Decider.POLICY)))
            files.put_log(exc.log)
            files.put_failure(failure)
            return


def check_task(site: Site, task: SiteTask) -> BenchmarkSpec:
    """Hold a task against what this site pinned and permits; returns the pinned spec."""
    if not site.store.get_allow_list().permits(task):
        hint = f"If it should run here: `medeval site allow {task.execution.model.ref}`."
        raise ModelNotAllowed(f"{task.execution.model.ref} is not allowed at this site", hint)
    record = site.store.get_dataset(task.execution.dataset.ref.partition("/")[2])
    check_pins(site, task)
    spec = site.store.get_spec(record.card.benchmark)
    check_sandbox(site, spec)
    check_can_run(site, task)
    return spec


def check_pins(site: Site, task: SiteTask) -> None:
    """Raise `DigestMismatch` when a task for a dataset of this site names other digests than were pinned."""
    record = site.store.find_dataset(task.execution.dataset.ref.partition("/")[2])
    if record is None:
        return
    found = (
        ("benchmark", task.execution.benchmark.digest, record.card.benchmark),
        ("dataset", task.execution.dataset.digest, record.card.to_digest()),
        ("model", task.execution.model.digest, task.model.to_digest()),
    )
    for what, named, own in found:
        if named != own:
            hint = "Nothing was run. Ask the committee which bytes it approved."
            raise DigestMismatch(f"the server names another digest of the {what} than this site pinned", hint)


def _infer(site: Site, files: ExecutionFiles, task: SiteTask, spec: BenchmarkSpec, report: Progress) -> None:
    vault = site.store.vault(task.execution.to_digest())
    if (vault / spec.analysis.predictions_file).exists():
        return
    report(task.execution.model.ref, "fetch")
    site.runtime.install(task.model.cube, site.blobs)
    weights = site.blobs.path(task.model.weights) if task.model.weights else None
    report(task.execution.model.ref, "infer")
    predictions = steps.infer(
        site.runtime,
        spec.bind_model(task.model),
        weights,
        _prepared(site, task) / "cases",
        site.store.fresh_work(files.folder.name),
        spec.limits.infer,
        site.store.get_site().fingerprint,
    )
    steps.check_format(predictions, spec.analysis.predictions_file)
    vault.mkdir(parents=True, exist_ok=True, mode=0o700)
    predictions.rename(vault / predictions.name)


def _evaluate(site: Site, files: ExecutionFiles, task: SiteTask, spec: BenchmarkSpec, report: Progress) -> None:
    if files.evaluation() is not None:
        return
    site.runtime.install(spec.evaluator.cube, site.blobs)
    report(task.execution.model.ref, "evaluate")
    data = steps.evaluate(
        site.runtime,
        spec.bound_evaluator(),
        site.store.vault(task.execution.to_digest()) / spec.analysis.predictions_file,
        _prepared(site, task) / spec.analysis.labels_file,
        site.store.fresh_work(files.folder.name),
        spec.limits.evaluate,
        site.store.get_site().fingerprint,
    )
    files.put_evaluation(_checked(site, task, data, spec), run_record(site))


def _checked(site: Site, task: SiteTask, data: bytes, spec: BenchmarkSpec) -> Evaluation:
    """What may leave of the evaluation, which must cover every case of the prepared dataset."""
    evaluation = read_evaluation(data, spec)
    record = site.store.get_dataset(task.execution.dataset.ref.partition("/")[2])
    releasable = to_release(evaluation, spec, spec.disclosure.stricter(record.card.policy))
    if DatasetStatistics(cases=evaluation.cases, per_class=classes_of(evaluation, spec)) != record.counts:
        raise ResultRefused("cases: must be those of the prepared dataset, in all and per class", "Nothing has left.")
    return releasable


def _prepared(site: Site, task: SiteTask) -> Path:
    return site.store.dataset_folder(task.execution.dataset.ref.partition("/")[2]) / "prepared"


def _failure(error: MedevalError, *, by_evaluator: bool) -> FailureRecord:
    code = failure_code(error, by_evaluator=by_evaluator)
    return FailureRecord(code=code, message=plain_text(error.message), hint=plain_text(error.hint))
