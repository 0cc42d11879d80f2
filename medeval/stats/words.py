"""What happened to an execution without a result, in words that people read."""

from medeval.domain.attestation import WithholdReason
from medeval.domain.failures import FailureCode
from medeval.domain.policies import Audience

PENDING = "no statement yet"
UNNAMED = "the site names no reason"

_WORDS: dict[str, str] = {
    FailureCode.MODEL_EXITED: "the model stopped with an error",
    FailureCode.MODEL_TIMED_OUT: "the model passed its time limit",
    FailureCode.MODEL_OUT_OF_MEMORY: "the model passed its memory limit",
    FailureCode.MODEL_WROTE_NOTHING: "the model wrote no predictions",
    FailureCode.MODEL_OUTPUT_TOO_LARGE: "the model wrote more than the benchmark allows",
    FailureCode.PREDICTIONS_WRONG_COLUMNS: "the predictions have the wrong columns",
    FailureCode.PREDICTIONS_WRONG_CASES: "the predictions do not hold each case once",
    FailureCode.PREDICTIONS_NOT_FINITE: "a score is no finite number",
    FailureCode.PREDICTIONS_OUT_OF_RANGE: "a score lies outside 0 to 1",
    FailureCode.EVALUATOR_FAILED: "the evaluator failed",
    FailureCode.RESULT_REFUSED: "the result breaks the benchmark's rules",
    FailureCode.TOO_FEW_CASES: "too few cases to release",
    WithholdReason.DATA_OWNER_DECISION: "the data owner's decision",
    WithholdReason.DATA_QUALITY: "the data owner doubts the quality of the data",
    WithholdReason.DISCLOSURE_RISK: "the data owner sees a risk of disclosure",
    WithholdReason.MODEL_CONCERN: "the data owner has a concern about the model",
}

_AUDIENCES: dict[Audience, str] = {
    Audience.EVERYONE: "everyone",
    Audience.PARTICIPANTS: "participants",
    Audience.COMMITTEE: "the committee",
}


def reason_words(code: str) -> str:
    """The words for a failure code or a reason to withhold."""
    return _WORDS.get(code, UNNAMED)


def hidden_words(audience: Audience) -> str:
    """Why a viewer does not see a site's own result."""
    return f"results of single sites are shown to {_AUDIENCES[audience]}"
