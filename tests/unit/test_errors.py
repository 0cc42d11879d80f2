import subprocess
import sys

import pytest

from medeval import errors

CLASSES = sorted(errors.error_classes().values(), key=lambda cls: cls.code)


def tree(cls):
    return [cls, *(below for child in cls.__subclasses__() for below in tree(child))]


def test_codes_and_exit_codes_are_unique():
    """`error_classes` is keyed by code, so that two of one code would show as one: count the tree itself."""
    every = [cls for cls in tree(errors.MedevalError) if cls.__module__ == "medeval.errors"]
    assert len({cls.code for cls in every}) == len(every)
    assert len({cls.exit_code for cls in every}) == len(every)


def test_the_tree_has_one_file():
    """In a process of its own, since it imports every module there is."""
    code = """
import importlib, pkgutil, medeval
from medeval.errors import error_classes
for module in pkgutil.walk_packages(medeval.__path__, "medeval."):
    if not module.name.endswith("__main__") and ".migrations" not in module.name:
        importlib.import_module(module.name)
print({cls.__module__ for cls in error_classes().values()})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "{'medeval.errors'}"


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.code)
def test_each_class_sets_its_public_values(cls):
    assert {"code", "exit_code"} <= set(vars(cls))
    assert 1 <= cls.exit_code < 126, "126 and above are the shell's own"
    assert 400 <= cls.status < 600
    assert cls.__doc__


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.code)
def test_a_client_rebuilds_the_class_by_code(cls):
    rebuilt = errors.error_by_code(cls.code, "what happened", "what to do")
    assert type(rebuilt) is cls
    assert (rebuilt.message, rebuilt.hint, str(rebuilt)) == ("what happened", "what to do", "what happened")


def test_an_unknown_code_is_a_fault_of_the_server():
    assert type(errors.error_by_code("brand-new", "m")) is errors.ServerFault


def test_released_codes_never_change():
    """A wire contract: extend this table, never edit a line of it."""
    released = {
        "internal": (1, 500), "usage": (2, 400), "spec.invalid": (10, 422), "digest.mismatch": (11, 422),
        "data.invalid": (12, 422), "data.missing-column": (13, 422), "data.empty": (14, 422), "run.failed": (15, 422),
        "run.exited": (16, 422), "run.timeout": (17, 422), "run.out-of-memory": (18, 422),
        "run.wrote-nothing": (19, 422), "run.output-too-large": (20, 422), "predictions.wrong-columns": (21, 422),
        "predictions.wrong-cases": (22, 422), "predictions.not-finite": (23, 422),
        "predictions.out-of-range": (24, 422), "result.refused": (30, 422), "disclosure.too-few-cases": (31, 422),
        "site.model-not-allowed": (32, 403), "signature.invalid": (33, 422), "site.busy": (34, 409),
        "site.state": (35, 500), "server.unreachable": (40, 503), "auth.unauthenticated": (41, 401),
        "auth.forbidden": (42, 403), "not-found": (43, 404), "conflict": (44, 409), "server.fault": (45, 500),
        "transfer.interrupted": (46, 409), "transfer.too-large": (47, 413), "runtime.unavailable": (50, 503),
        "runtime.too-weak": (51, 422), "image.invalid": (52, 422), "build.failed": (53, 422),
        "engine.fault": (54, 503), "extra.missing": (55, 500),
    }  # fmt: skip
    now = {cls.code: (cls.exit_code, cls.status) for cls in CLASSES}
    assert {code: now.get(code) for code in released} == released
