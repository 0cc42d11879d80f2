"""Why an execution gave no result: a closed list, the only thing that the server learns of a failure.

A cube reports a failure by its exit code (`EXIT_CODES`), so that no text leaves the sandbox. Standard library alone,
since evaluators import it inside containers.
"""

from enum import StrEnum

from medeval import errors


class FailureCode(StrEnum):
    """What went wrong, without a word of the data."""

    MODEL_EXITED = "model-exited"
    MODEL_TIMED_OUT = "model-timed-out"
    MODEL_OUT_OF_MEMORY = "model-out-of-memory"
    MODEL_WROTE_NOTHING = "model-wrote-nothing"
    MODEL_OUTPUT_TOO_LARGE = "model-output-too-large"
    PREDICTIONS_WRONG_COLUMNS = "predictions-wrong-columns"
    PREDICTIONS_WRONG_CASES = "predictions-wrong-cases"
    PREDICTIONS_NOT_FINITE = "predictions-not-finite"
    PREDICTIONS_OUT_OF_RANGE = "predictions-out-of-range"
    EVALUATOR_FAILED = "evaluator-failed"
    RESULT_REFUSED = "result-refused"
    TOO_FEW_CASES = "too-few-cases"


#: Exit codes by which a cube names its failure; any other code that is not zero means "exited".
EXIT_CODES: dict[int, type[errors.MedevalError]] = {
    cls.exit_code: cls
    for cls in (
        errors.DataError,
        errors.MissingColumn,
        errors.EmptyData,
        errors.WrongColumns,
        errors.WrongCases,
        errors.ScoreNotFinite,
        errors.ScoreOutOfRange,
    )
}

_BY_ERROR: dict[type[errors.MedevalError], FailureCode] = {
    errors.CubeExited: FailureCode.MODEL_EXITED,
    errors.CubeTimedOut: FailureCode.MODEL_TIMED_OUT,
    errors.CubeOutOfMemory: FailureCode.MODEL_OUT_OF_MEMORY,
    errors.WroteNothing: FailureCode.MODEL_WROTE_NOTHING,
    # A link or a special file in place of what was asked for: nothing that could be taken over.
    errors.RunFailed: FailureCode.MODEL_WROTE_NOTHING,
    errors.OutputTooLarge: FailureCode.MODEL_OUTPUT_TOO_LARGE,
    errors.WrongColumns: FailureCode.PREDICTIONS_WRONG_COLUMNS,
    errors.WrongCases: FailureCode.PREDICTIONS_WRONG_CASES,
    errors.ScoreNotFinite: FailureCode.PREDICTIONS_NOT_FINITE,
    errors.ScoreOutOfRange: FailureCode.PREDICTIONS_OUT_OF_RANGE,
    errors.TooFewCases: FailureCode.TOO_FEW_CASES,
    errors.ResultRefused: FailureCode.RESULT_REFUSED,
}


def failure_code(error: errors.MedevalError, *, by_evaluator: bool) -> FailureCode:
    """The code under which an execution's error is reported; an evaluator's own crash is not the model's."""
    code = _BY_ERROR.get(type(error), FailureCode.EVALUATOR_FAILED)
    return FailureCode.EVALUATOR_FAILED if by_evaluator and code.startswith("model-") else code
