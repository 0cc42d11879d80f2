"""A model and an evaluator that collude: they know every case, and write into a result whatever passes.

What gets out under the rules of hospitals is at most the bits that were computed; codes are of a closed list; neither
log lines nor time are in a statement.
"""

import base64
import json
import random
from itertools import pairwise
from math import log2
from pathlib import Path

import pytest

from medeval.disclosure.bits import no_result_bits, result_bits
from medeval.disclosure.check import check_against, read_evaluation, to_release
from medeval.domain.attestation import Outcome
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.failures import FailureCode, failure_code
from medeval.domain.package import CubeKind, Limits, Task
from medeval.domain.policies import HOSPITAL
from medeval.errors import MedevalError
from medeval.runtime.port import Ending, RunResult
from medeval.runtime.steps import check_ending
from medeval.site.records import FailureRecord
from medeval.site.release import plain_text, release, report_failure
from tests.attack.bad_files import SECRET
from tests.attack.report import Tell
from tests.boards import a_spec, an_analysis
from tests.sites import FakeEgress, add_execution, make_site

TOPIC = "collusion to smuggle"
#: Cases per class, inner edges: from what can be counted out to what a hospital has.
SIZES = [((60, 60), [0.5]), ((60, 60), [0.25, 0.5, 0.75]), ((500, 300), [place / 20 for place in range(1, 20)])]
SECRETS = 2000


def spec_of(inner: list[float]) -> BenchmarkSpec:
    analysis = an_analysis(score_edges=[0.0, *inner, 1.0])
    return a_spec(analysis=analysis, metrics=[{"name": "auroc"}], disclosure="hospital")


def encoded(spec: BenchmarkSpec, classes: tuple[int, int], secret: random.Random) -> bytes:
    """A result that holds as much of a secret as its states have room for: every count, and every sum."""
    edges = list(spec.analysis.model_dump()["score_edges"])
    n0, n1 = (shares(total, len(edges) - 1, secret) for total in classes)
    bins = zip(pairwise(edges), n0, n1, strict=True)
    limits = [(round(low * 1000) * (a + b), round(high * 1000) * (a + b)) for (low, high), a, b in bins]
    sums = [{"hi": 0, "lo": secret.randint(*pair)} for pair in limits]
    table = {"kind": "score-table", "edges": edges, "positive_when": "above", "resolution": 0.001}
    state = {**table, "n0": n0, "n1": n1, "sums": sums}
    return json.dumps({"format": "medeval/evaluation@1", "cases": sum(classes), "states": [state]}).encode()


def shares(total: int, parts: int, secret: random.Random) -> list[int]:
    """Any way to share out so many cases, large cells as likely as small ones."""
    cuts = sorted(secret.randint(0, total) for _ in range(parts - 1))
    return [after - before for before, after in zip([0, *cuts], [*cuts, total], strict=True)]


@pytest.mark.parametrize(("classes", "inner"), SIZES, ids=["2-bins", "4-bins", "20-bins"])
def test_a_result_tells_no_more_than_its_bits(classes: tuple[int, int], inner: list[float], tell: Tell) -> None:
    spec, secret = spec_of(inner), random.Random(20261124)  # noqa: S311 drawn alike at each run
    told, most, room = set(), 0.0, set()
    for _ in range(SECRETS):
        data = encoded(spec, classes, secret)
        room.add(data)
        released = to_release(read_evaluation(data, spec), spec, HOSPITAL)
        check_against(released, spec, HOSPITAL)
        told.add(released.to_canonical())
        most = max(most, result_bits(released, spec.analysis, HOSPITAL))
    seen = f"{log2(len(told)):.1f} bits got out of {log2(len(room)):.1f} tried, {most:.1f} computed"
    tell(TOPIC, f"a result of {len(inner) + 1} bins", f"{seen} ({len(told)} different of {len(room)} messages)")
    assert len(room) > SECRETS / 2, "the colluders had more to say"
    assert log2(len(told)) <= most <= HOSPITAL.max_bits


# --- exit codes, log lines, time --------------------------------------------------------------------------------

#: Every way in which a model's or an evaluator's run can end.
ENDINGS = [(Ending.EXITED, code) for code in range(256)] + [(ending, 137) for ending in Ending if ending != "exited"]


def failed(kind: CubeKind, task: Task, ending: Ending, code: int, secret: random.Random) -> MedevalError | None:
    """What a run comes to that ends so, says so much and takes so long."""
    result = RunResult(ending, code, secret.random() * 3600, f"{SECRET} {secret.getrandbits(256)}")
    try:
        check_ending(result, kind, task, Limits())
    except MedevalError as exc:
        exc.log = result.log
        return exc
    return None


@pytest.mark.parametrize(("kind", "task"), [(CubeKind.MODEL, Task.INFER), (CubeKind.EVALUATOR, Task.EVALUATE)])
def test_an_exit_code_tells_one_code_of_a_list(kind: CubeKind, task: Task, tmp_path: Path, tell: Tell) -> None:
    """256 codes, three other endings, a new log and another duration each time: what is sent is counted."""
    site, egress = make_site(tmp_path)
    secret, sent, codes = random.Random(3), set(), set()  # noqa: S311 drawn alike at each run
    for place, (ending, code) in enumerate(ENDINGS):
        exc = failed(kind, task, ending, code, secret)
        if exc is None:
            assert (ending, code) == (Ending.EXITED, 0)
            continue
        known = failure_code(exc, by_evaluator=kind is CubeKind.EVALUATOR)
        if known in codes and place % 16:
            continue  # sent before, with another log
        codes.add(known)
        files = add_execution(site, f"model-{place}", evaluated=False)
        files.put_log(exc.log)
        files.put_failure(FailureRecord(code=known, message=plain_text(exc.message), hint=plain_text(exc.hint)))
        report_failure(site, files, known)
        statement = payload_of(egress)
        execution = statement["predicate"].pop("execution")
        assert execution == files.task().execution.model_dump(mode="json")
        assert SECRET not in json.dumps(statement)
        assert statement["predicate"].keys() == {"outcome", "reason"}
        sent.add(statement["predicate"]["reason"])
    most = no_result_bits(Outcome.FAILED)
    tell(
        TOPIC, f"a failure of {kind}", f"{log2(len(sent)):.1f} bits got out, {most:.1f} computed ({len(ENDINGS)} tried)"
    )
    assert sent <= {code.value for code in FailureCode}
    assert log2(len(sent)) <= most


def test_log_lines_and_time_are_in_no_statement(tmp_path: Path) -> None:
    """The same result, after runs that print and take whatever they like, is the same statement to the byte."""
    told = set()
    for number in range(5):
        site, egress = make_site(tmp_path / str(number))
        files = add_execution(site, "model")
        files.put_log(f"{SECRET} {number}" * number)
        release(site, files)
        told.add(egress.sent[-1].payload)
    assert len(told) == 1
    assert SECRET.encode() not in base64.b64decode(told.pop())


def payload_of(egress: FakeEgress) -> dict[str, dict[str, object]]:
    """The statement that was sent last."""
    return dict(json.loads(base64.b64decode(egress.sent[-1].payload)))
