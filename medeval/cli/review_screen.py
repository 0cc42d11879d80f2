"""What a data owner reads before an irrevocable decision: every count that would leave, and what release means."""

from medeval.cli.comparison_screen import comparison_lines
from medeval.cli.states_screen import evaluation_lines, heading
from medeval.cli.table import blocks
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.estimate import AnyEstimate, NotEstimable
from medeval.domain.result import Evaluation
from medeval.report import reading
from medeval.report.pen import Pen
from medeval.site.comparison_files import ComparisonFiles
from medeval.site.records import Stage
from medeval.site.review import Reviewed
from medeval.site.store import ExecutionFiles, SiteStore
from medeval.stats.estimates import estimates_of

#: What has left, and what the data owner's words would do.
MEANINGS = {
    Stage.NEW: "There is no result yet. `medeval site run` goes on with it.",
    Stage.PREDICTED: "There is no result yet. `medeval site run` goes on with it.",
    Stage.EVALUATED: (
        "Nothing of this has left. `medeval result release {name}` signs the counts above, with the digests of what ran"
        " and the sandbox it ran in, and sends them to the results server, which pools them with those of other sites."
        " What was released cannot be called back. `medeval result withhold {name}` keeps them here; the server learns"
        " that, and the reason."
    ),
    Stage.FAILED: "There is nothing to release. `medeval site run --retry-failed` tries it once more.",
    Stage.WITHHELD: (
        "These counts were withheld: they have not left, and the server is told the reason alone."
        " `medeval result release {name} --withheld` releases them, and that cannot be called back."
    ),
    Stage.RELEASED: "These counts were released. They cannot be called back.",
    Stage.REFUSED: "These counts were signed and sent, and the server refused them: they count nowhere.",
}
#: Where a comparison differs from a result: nobody waits for it.
OF_COMPARISONS = {
    Stage.EVALUATED: (
        "Nothing of this has left. `medeval result release {name}` signs the numbers above and sends them to the"
        " results server, which pools them with those of other sites. What was released cannot be called back."
        " `medeval result withhold {name}` keeps them here; nobody is told."
    ),
    Stage.WITHHELD: (
        "These numbers were withheld: they have not left, and nobody is told. `medeval result release {name}"
        " --withheld` releases them, and that cannot be called back."
    ),
}
UNSENT = " They are signed and go out on the next `medeval site run`."


#: Above a failure: of a result, and of a comparison.
WHY = {
    False: "Why there is no result (the server learns the code alone)",
    True: "Why there is no comparison (the server learns nothing of it)",
}


def screen_of(reviewed: Reviewed, store: SiteStore, pen: Pen) -> list[str]:
    """One execution or comparison as lines: what it is, its numbers or its failure, what a decision does."""
    parts = [_heading(reviewed, pen), *_numbers(reviewed.files, store, pen)]
    parts += [_failure(reviewed, pen), _refusal(reviewed, pen), pen.paragraph(_meaning(reviewed), "")]
    return [line for part in parts if part for line in ["", *part]][1:]


def _numbers(files: ExecutionFiles | ComparisonFiles, store: SiteStore, pen: Pen) -> list[list[str]]:
    """What leaves, and what follows from it."""
    if isinstance(files, ComparisonFiles):
        paired = files.paired()
        return [] if paired is None else list(comparison_lines(files.spec(), paired, pen))
    evaluation = files.evaluation()
    if evaluation is None:
        return []
    spec = store.get_spec(files.task().execution.benchmark.digest)
    return [*evaluation_lines(evaluation, spec, pen), _estimates(evaluation, spec, pen)]


def _heading(reviewed: Reviewed, pen: Pen) -> list[str]:
    facts = {
        "benchmark": reviewed.benchmark,
        "dataset": reviewed.dataset,
        "state": reviewed.stage.value,
        "sent": reviewed.sent,
        "execution": reviewed.execution,
    }
    return [*heading(reviewed.model, pen), *blocks([facts], pen)]


# --- what does not leave ----------------------------------------------------------------------------------------


def _estimates(evaluation: Evaluation, spec: BenchmarkSpec, pen: Pen) -> list[str]:
    """What anyone who sees the counts can derive from them, with intervals."""
    title = f"What follows from these counts, each with its {spec.analysis.confidence_level * 100:g}% interval"
    return [*heading(title, pen), *blocks([figures_of(evaluation, spec)], pen)]


def figures_of(evaluation: Evaluation, spec: BenchmarkSpec) -> dict[str, str]:
    """Each metric of the benchmark, in words, with its interval."""
    figures = {}
    for metric, found in zip(spec.metrics, estimates_of(evaluation, spec.metrics, spec.analysis), strict=True):
        figures[reading.heading_of(metric)] = _figure(found.estimate, spec, found.metric)
    return figures


def _figure(estimate: AnyEstimate, spec: BenchmarkSpec, name: str) -> str:
    if isinstance(estimate, NotEstimable):
        return f"not estimable: {estimate.reason.value}"
    return reading.figure(estimate, spec.metric(name))


def _failure(reviewed: Reviewed, pen: Pen) -> list[str]:
    failure = reviewed.files.failure()
    if failure is None:
        return []
    rows = {"code": failure.code.value, "message": failure.message, "hint": failure.hint}
    return [
        *heading(WHY[reviewed.is_comparison], pen),
        *blocks([rows], pen),
    ]


def _refusal(reviewed: Reviewed, pen: Pen) -> list[str]:
    signed = reviewed.files.signed()
    if signed is None or signed.refusal is None:
        return []
    rows = {"code": signed.refusal.code, "message": signed.refusal.message}
    return [*heading("What the server answered", pen), *blocks([rows], pen)]


# --- what a decision does ---------------------------------------------------------------------------------------


def _meaning(reviewed: Reviewed) -> str:
    unsent = UNSENT if reviewed.stage is Stage.RELEASED and not reviewed.sent else ""
    meanings = OF_COMPARISONS if reviewed.is_comparison else {}
    return meanings.get(reviewed.stage, MEANINGS[reviewed.stage]).format(name=reviewed.model) + unsent
