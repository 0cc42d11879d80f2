"""The one boundary of errors: whatever is raised ends in `error:`, a hint, and an exit code; never in a traceback."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

import medeval
from medeval.cli import main as boundary
from medeval.errors import MedevalError, error_classes
from scripts.command_tree import commands
from tests.processes import MEDEVAL, run_medeval

PACKAGE = Path(medeval.__file__).parent


def end(monkeypatch, capsys, exc: BaseException) -> tuple[int, str]:
    """Exit code and stderr of a command that raises."""

    def command(**_: object) -> None:
        raise exc

    monkeypatch.setattr(boundary, "app", command)
    with pytest.raises(SystemExit) as ended:
        boundary.main()
    told = capsys.readouterr()
    assert told.out == ""
    return ended.value.code, told.err


@pytest.mark.parametrize("cls", error_classes().values(), ids=error_classes())
def test_each_expected_error_has_its_exit_code(cls, monkeypatch, capsys):
    code, told = end(monkeypatch, capsys, cls("what happened", "what to do"))
    assert (code, told) == (cls.exit_code, "error: what happened\nhint:  what to do\n")


@pytest.mark.parametrize(
    "exc", [ValueError("Smith, 1950"), KeyError("Smith"), RecursionError("Smith"), OSError(5, "Smith")]
)
def test_the_unexpected_shows_no_traceback_and_none_of_its_words(exc, monkeypatch, capsys):
    """What an exception holds can be a patient's value, a path or a token."""
    code, told = end(monkeypatch, capsys, exc)
    assert code == MedevalError.exit_code == 1
    assert told.startswith(f"error: something unexpected happened ({type(exc).__name__})\nhint:  ")
    assert "Smith" not in told
    assert "Traceback" not in told


def test_ctrl_c(monkeypatch, capsys):
    code, told = end(monkeypatch, capsys, KeyboardInterrupt())
    assert code == 130
    assert told.startswith("error: stopped\nhint:  ")


def test_in_a_real_process_too(tmp_path):
    """A home whose login file is a folder: nobody has thought of it, and it ends in peace."""
    (tmp_path / "login.json").mkdir()
    done = run_medeval(tmp_path, "benchmark", "list")
    assert done.returncode != 0
    assert re.match(r"error: .+\nhint:  .+\n", done.stderr)
    assert "Traceback" not in done.stderr
    assert str(tmp_path) not in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("frob",), "No such command 'frob'"),
        (("benchmark", "publsh"), "No such command 'publsh'"),
        (("benchmark", "show"), "Missing argument"),
        (("result", "list", "--output", "xml"), "xml"),
        (("server", "start", "--port", "99999"), "99999"),
        (("result", "release"), "say which results are meant"),
        (("benchmark", "approve", "heart", "--reject", "--all"), "a rejection needs a reason"),
        (("site", "allow", "--organisation", "x"), "--organisation narrows"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_words_that_cannot_be_meant(words, told, tmp_path):
    done = run_medeval(tmp_path, *words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "error: " in done.stderr
    assert told in done.stderr
    assert "hint:  " in done.stderr


def test_a_reader_that_went_away(tmp_path):
    """`medeval ... | head -1` is no defect."""
    with subprocess.Popen([*MEDEVAL, "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        told = process.stderr.read()
        process.wait(timeout=60)
    assert "Traceback" not in told
    assert "unexpected" not in told


def test_every_command_that_a_hint_names_exists():
    """Hints say what to type next: each `medeval NOUN VERB` in the source is a command."""
    verbs = {command.words for command in commands()}
    nouns = {words[:length] for words in verbs for length in range(1, len(words))}
    wrong = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for found in re.findall(r"`medeval ([a-z]+(?: [a-z]+){0,2})", node.value):
                    words = tuple(found.split())
                    if words not in nouns and not any(words[:length] in verbs for length in (1, 2, 3)):
                        wrong.add((path.relative_to(PACKAGE).as_posix(), found))
    assert wrong == set()
