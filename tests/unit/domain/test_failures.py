import subprocess
import sys

import pytest

from medeval import errors
from medeval.domain.failures import EXIT_CODES, FailureCode, failure_code

RUN_ERRORS = [
    cls for cls in errors.error_classes().values() if issubclass(cls, errors.RunFailed | errors.ResultRefused)
]


@pytest.mark.parametrize("cls", RUN_ERRORS, ids=lambda cls: cls.code)
def test_each_way_to_fail_has_a_code(cls):
    code = failure_code(cls("m"), by_evaluator=False)
    assert code in FailureCode
    assert code is not FailureCode.EVALUATOR_FAILED


@pytest.mark.parametrize("cls", [errors.CubeExited, errors.CubeTimedOut, errors.CubeOutOfMemory, errors.WroteNothing])
def test_an_evaluators_own_crash_is_not_the_models(cls):
    assert failure_code(cls("m"), by_evaluator=True) is FailureCode.EVALUATOR_FAILED
    assert failure_code(cls("m"), by_evaluator=False).startswith("model-")


def test_what_an_evaluator_says_of_predictions_is_the_models():
    assert failure_code(errors.WrongCases("m"), by_evaluator=True) is FailureCode.PREDICTIONS_WRONG_CASES


def test_exit_codes_of_cubes_are_those_of_the_error_classes():
    assert {code: cls.code for code, cls in EXIT_CODES.items()} == {
        12: "data.invalid",
        13: "data.missing-column",
        14: "data.empty",
        21: "predictions.wrong-columns",
        22: "predictions.wrong-cases",
        23: "predictions.not-finite",
        24: "predictions.out-of-range",
    }


def test_cubes_can_import_failures_and_strict_json_with_the_standard_library_alone():
    """-S leaves site-packages out: an evaluator's image holds no pydantic."""
    code = "import sys; sys.path.insert(0, '.'); import medeval.domain.failures, medeval.domain.strict_json"
    root = errors.__file__.rpartition("/medeval/")[0]
    subprocess.run([sys.executable, "-S", "-c", code], cwd=root, check=True, timeout=60)
