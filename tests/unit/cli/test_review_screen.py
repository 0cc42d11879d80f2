"""What a data owner sees before deciding: every count that would leave, as rows; what follows; what release means."""

from pathlib import Path

import pytest

from medeval.cli.review_screen import MEANINGS, screen_of
from medeval.disclosure.withhold import to_releasable
from medeval.domain.attestation import SandboxRecord
from medeval.domain.execution import ExecutionSpec, Pinned, PinnedDataset
from medeval.domain.lifecycle import ExecutionState
from medeval.domain.messages import SiteTask
from medeval.domain.result import Evaluation
from medeval.report.pen import Pen, cells
from medeval.signing import dsse, keys
from medeval.site.records import FailureRecord, Refusal, RunRecord, SignedRecord, Stage
from medeval.site.review import Reviewed
from medeval.site.store import ExecutionFiles, SiteStore
from tests.boards import PLAN, REGIONS, STRICT, a_digest, a_spec, an_evaluation, by_region
from tests.worlds import make_card

EVALUATION = an_evaluation((41, 12, 6, 4, 2, 3, 1, 0, 0, 0), (0, 0, 1, 1, 2, 3, 4, 6, 12, 26))
ONE_CLASS = an_evaluation((52, 48, 10, 0, 0, 0, 0, 0, 0, 0), (0,) * 10)
RUN = RunRecord(sandbox=SandboxRecord(runtime="docker", version="20.10", level=2), medeval="0.1.0")


@pytest.fixture
def store(tmp_path: Path) -> SiteStore:
    store = SiteStore(tmp_path / "site")
    store.put_spec(a_spec())
    return store


@pytest.fixture
def files(store: SiteStore) -> ExecutionFiles:
    spec, card = a_spec(), make_card()
    execution = ExecutionSpec(
        benchmark=Pinned(ref=spec.ref, digest=spec.to_digest()),
        model=Pinned(ref=card.ref, digest=card.to_digest()),
        dataset=PinnedDataset(ref="north/masses", digest=a_digest("masses")),
    )
    files = store.execution(execution.to_digest())
    files.put_task(SiteTask(execution=execution, state=ExecutionState.PENDING, organisation="A lab", model=card))
    return files


def shown(store: SiteStore, files: ExecutionFiles, pen: Pen | None = None, *, sent: bool = False) -> list[str]:
    execution = files.task().execution
    reviewed = Reviewed(
        files=files,
        execution=execution.to_digest(),
        benchmark=execution.benchmark.ref,
        model=execution.model.ref,
        dataset=execution.dataset.ref,
        stage=files.stage(store.root / "vault"),
        sent=sent,
    )
    return screen_of(reviewed, store, pen or Pen(80))


def below(lines: list[str], title: str) -> list[str]:
    """The lines of the block that begins with a title."""
    start = next(number for number, line in enumerate(lines) if line.startswith(title))
    end = next((number for number in range(start, len(lines)) if not lines[number]), len(lines))
    return lines[start + 1 : end]


def evaluated(files: ExecutionFiles, evaluation: Evaluation = EVALUATION) -> None:
    files.put_evaluation(evaluation, RUN)


def test_every_count_that_would_leave_stands_in_a_row(store, files):
    evaluated(files)
    lines = shown(store, files)
    assert lines[0] == "logistic@1.0.0"
    facts = dict(line.split(maxsplit=1) for line in below(lines, "logistic@1.0.0"))
    execution = files.task().execution.to_digest()
    assert facts == {
        "benchmark": "breast@1.0.0",
        "dataset": "north/masses",
        "state": "waiting for review",
        "sent": "no",
        "execution": execution,
    }
    assert [line.split() for line in below(lines, "What leaves: cases")] == [
        ["cases", "124"], ["negative", "69"], ["positive", "55"],
    ]  # fmt: skip
    _, *bins = below(lines, "What leaves: cases per bin")
    table = EVALUATION.states[0]
    shares = [(a, b, (a + b) * (0.05 + 0.1 * i)) for i, (a, b) in enumerate(zip(table.n0, table.n1, strict=True))]
    rows = [line.split()[-3:] for line in bins[-10:]]
    assert [(int(n0), int(n1), float(total)) for n0, n1, total in rows] == [pytest.approx(row) for row in shares]
    assert bins[-10].startswith("0 to 0.1 ")


def test_levels_that_stay_here_are_named_with_the_reason_and_no_count(store, files):
    spec = a_spec(model_interface={"features": ["a"], "groups": {"region": REGIONS}})
    store.put_spec(spec)
    task = files.task()
    pinned = Pinned(ref=spec.ref, digest=spec.to_digest())
    files.put_task(task.model_copy(update={"execution": task.execution.model_copy(update={"benchmark": pinned})}))
    evaluated(files, to_releasable(by_region(4, 50, 70), STRICT, PLAN))
    lines = shown(store, files)
    assert [line.split(maxsplit=2)[1:] for line in below(lines, "What does not leave: levels withheld")] == [
        ["a", "insufficient: fewer than 10 cases in it, or in all other levels"],
        ["b", "suppressed: else a smaller level would follow from what is shown"],
    ]
    assert [line for line in lines if line.startswith("What leaves: cases (region ")] == [
        "What leaves: cases (region c)"
    ]


def test_which_side_an_edge_falls_to_is_said(store, files):
    evaluated(files)
    text = " ".join(shown(store, files))
    assert "a score on an edge belongs to the lower bin" in text


def test_no_figure_goes_without_its_interval(store, files):
    evaluated(files)
    figures = below(shown(store, files), "What follows from these counts, each with its 95% interval")
    assert [line.split()[0] for line in figures] == ["AUROC", "Accuracy", "PPV"]
    assert figures[1].split(maxsplit=1)[1] == "0.94 (0.88 to 0.97)"
    assert all("(" in line and " to " in line for line in figures)


def test_what_cannot_be_estimated_says_why(store, files):
    evaluated(files, ONE_CLASS)
    figures = below(shown(store, files), "What follows from these counts")
    assert figures[0].split(maxsplit=1)[1] == "not estimable: one class only"
    assert figures[2].split(maxsplit=1)[1] == "not estimable: no case was called positive"


def test_what_release_means_is_said_last(store, files):
    evaluated(files)
    sentence = " ".join(below([*shown(store, files), ""], "Nothing of this has left."))
    whole = "Nothing of this has left. " + sentence
    assert "`medeval result release logistic@1.0.0` signs" in " ".join(shown(store, files))
    assert "What was released cannot be called back." in " ".join(whole.split())
    assert "`medeval result withhold logistic@1.0.0`" in " ".join(shown(store, files))


def test_a_failure_is_a_block_of_its_own(store, files):
    failure = {"code": "model-timed-out", "message": "the model passed its time limit", "hint": "Ask its owner."}
    files.put_failure(FailureRecord.from_plain(failure))
    lines = shown(store, files)
    block = below(lines, "Why there is no result (the server learns the code alone)")
    assert dict(line.split(maxsplit=1) for line in block) == failure
    assert not any(line.startswith("What leaves") for line in lines)


def signed(kind: str, **answer: object) -> SignedRecord:
    envelope = dsse.seal(b"{}", keys.new_private_key())
    return SignedRecord.from_plain({"kind": kind, "envelope": envelope.model_dump(mode="json"), **answer})


@pytest.mark.parametrize(
    ("record", "sent", "words"),
    [
        (signed("released"), True, "These counts were released. They cannot be called back."),
        (signed("released"), False, "go out on the next `medeval site run`"),
        (signed("withheld"), True, "`medeval result release logistic@1.0.0 --withheld` releases them"),
    ],
)
def test_what_was_decided_is_said(store, files, record, sent, words):
    evaluated(files)
    files.put_signed(record)
    assert words in " ".join(shown(store, files, sent=sent))


def test_a_refusal_is_a_block_of_its_own(store, files):
    evaluated(files)
    refusal = Refusal(code="signature.invalid", message="another\x9b2Jkey")
    files.put_signed(signed("released", refusal=refusal.model_dump()))
    block = below(shown(store, files), "What the server answered")
    assert [line.split()[0] for line in block] == ["code", "message"]
    assert "\x9b" not in " ".join(shown(store, files))


def test_every_stage_has_its_sentence():
    assert set(MEANINGS) == set(Stage)


def test_it_reads_in_a_narrow_terminal_without_unicode(store, files):
    """Prose and tables keep to the width; a digest is never broken, so that it can be compared and copied."""
    evaluated(files)
    lines = shown(store, files, Pen(44, unicode=False))
    assert [line for line in lines if cells(line) > 44 and "sha256:" not in line] == []
    assert "\n".join(lines).isascii()
