import json

import pytest

from medeval.domain.attestation import (
    CubeRecord,
    HexSha256,
    NoResultPredicate,
    NoResultStatement,
    Outcome,
    Provenance,
    ResultPredicate,
    ResultStatement,
    SandboxRecord,
    Subject,
    WithholdReason,
    read_statement,
)
from medeval.domain.execution import ExecutionSpec, Pinned, PinnedDataset
from medeval.domain.failures import FailureCode
from medeval.domain.families.base import Wide
from medeval.domain.families.binary import PositiveWhen, ScoreTable
from medeval.domain.result import Evaluation, SiteResult
from medeval.errors import ResultRefused

DIGEST = "sha256:" + "a" * 64
EXECUTION = ExecutionSpec(
    benchmark=Pinned(ref="heart@1.0", digest=DIGEST),
    model=Pinned(ref="logistic@1.0", digest=DIGEST),
    dataset=PinnedDataset(ref="cleveland/heart", digest=DIGEST),
)
SUBJECT = (Subject(digest=HexSha256(sha256=EXECUTION.to_digest().removeprefix("sha256:"))),)
TABLE = ScoreTable(
    edges=(0.0, 0.5, 1.0),
    positive_when=PositiveWhen.ABOVE,
    n0=(60, 4),
    n1=(6, 30),
    sums=(Wide.of(66 * 2**50), Wide.of(34 * 3 * 2**50)),
)
RECORD = CubeRecord(kind="image", digest=DIGEST)
RESULT = ResultStatement(
    subject=SUBJECT,
    predicate=ResultPredicate(
        result=SiteResult(
            execution=EXECUTION,
            evaluation=Evaluation(format="medeval/evaluation@1", cases=100, states=(TABLE,)),
        ),
        provenance=Provenance(
            medeval="0.1.0",
            sandbox=SandboxRecord(runtime="docker", version="20.10.24+dfsg1", level=2),
            model=RECORD,
            weights=None,
            evaluator=RECORD,
            preparator=RECORD,
        ),
    ),
)


def no_result(outcome, reason):
    predicate = NoResultPredicate(execution=EXECUTION, outcome=outcome, reason=reason)
    return NoResultStatement(subject=SUBJECT, predicate=predicate)


@pytest.mark.parametrize(
    "statement",
    [
        RESULT,
        no_result(Outcome.FAILED, FailureCode.MODEL_EXITED),
        no_result(Outcome.WITHHELD, WithholdReason.DISCLOSURE_RISK),
    ],
    ids=["result", "failed", "withheld"],
)
def test_a_statement_is_read_as_it_was_written(statement):
    assert read_statement(statement.to_canonical()) == statement


def test_the_layout_is_in_totos():
    """in-toto attestation framework, spec/v1/statement.md: the four members and their names."""
    plain = json.loads(RESULT.to_canonical())
    assert set(plain) == {"_type", "subject", "predicateType", "predicate"}
    assert plain["_type"] == "https://in-toto.io/Statement/v1"
    assert plain["subject"][0]["digest"] == {"sha256": EXECUTION.to_digest()[7:]}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"reason":"model-exited"', b'"reason":"Mrs Example died"'),
        (b'"outcome":"failed"', b'"outcome":"failed","log":"Traceback"'),
        (b'"outcome":"failed"', b'"outcome":"released"'),
        (b"urn:medeval:no-result:1", b"urn:medeval:result:1"),
        (b"urn:medeval:no-result:1", b"urn:medeval:notes:1"),
        (b"in-toto.io/Statement/v1", b"in-toto.io/Statement/v0.1"),
        (b'"subject":[', b'"subject":[{"name":"execution","digest":{"sha256":"' + b"0" * 64 + b'"}},'),
    ],
)
def test_nothing_undeclared_can_be_stated(before, after):
    data = no_result(Outcome.FAILED, FailureCode.MODEL_EXITED).to_canonical()
    changed = data.replace(before, after)
    assert changed != data
    with pytest.raises(ResultRefused) as refused:
        read_statement(changed)
    assert "Example" not in refused.value.message


def test_the_site_of_an_execution_is_that_of_its_dataset():
    assert EXECUTION.site == "cleveland"


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [(Outcome.FAILED, WithholdReason.DATA_QUALITY), (Outcome.WITHHELD, FailureCode.MODEL_EXITED)],
)
def test_a_reason_belongs_to_its_outcome(outcome, reason):
    with pytest.raises(ValueError, match="reason"):
        no_result(outcome, reason)
