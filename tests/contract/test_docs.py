"""What the documentation tells people to type exists, and every link in it leads somewhere."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import command_tree

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path
    for path in [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("mlcubes/*/*.md"),
        *ROOT.glob("benchmarks/*/*.md"),
    ]
    if "reference" not in path.parts
)
COMMANDS = {command.words: command for command in command_tree.commands()}
NOUNS = {words[0] for words in COMMANDS}
GROUPS = {words[:length] for words in COMMANDS for length in range(1, len(words))}
ROOT_OPTIONS = {name: found for found in command_tree.root_parameters() for name in found.names}
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))


def typed(text: str) -> Iterator[str]:
    """Command lines of shell blocks, joined over backslashes, and those between backticks."""
    blocks = re.findall(r"^```(?:sh|console|bash)\n(.*?)^```", text, re.M | re.S)
    for block in blocks:
        for line in block.replace("\\\n", " ").splitlines():
            yield line.strip().removeprefix("$ ")
    yield from re.findall(r"(?<!`)`((?:medeval|make) [^`\n]+)`(?!`)", text)


def words_of(line: str, program: str) -> list[str] | None:
    """The words after the program, or None when the line calls something else."""
    words = shlex.split(line, comments=True)
    while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
        words = words[1:]
    return words[1:] if words and words[0] in (program, f".venv/bin/{program}") else None


def find_fault(words: list[str]) -> str | None:
    """Why `medeval WORDS` could not be typed, or None."""
    words, fault = drop_options(words, ROOT_OPTIONS)
    if fault or not words:
        return fault
    path = next((path for path in starts(words) if path in COMMANDS), None)
    if path is None:  # a noun alone shows its help
        return None if tuple(words) in GROUPS else f"no command {' '.join(words)}"
    parameters = COMMANDS[path].parameters
    options = {name: found for found in parameters if found.is_option for name in found.names}
    rest, fault = drop_options(words[len(path) :], options, everywhere=True)
    arguments = [found for found in parameters if not found.is_option]
    most = 10**6 if any(found.many for found in arguments) else len(arguments)
    return fault or (f"too many words: {rest}" if len(rest) > most else None)


def starts(words: list[str]) -> Iterator[tuple[str, ...]]:
    """The first word, the first two, and so on."""
    yield from (tuple(words[:length]) for length in range(1, len(words) + 1))


def drop_options(words: list[str], options: dict, *, everywhere: bool = False) -> tuple[list[str], str | None]:
    """The words without options and their values; at the front alone unless `everywhere`."""
    kept: list[str] = []
    waiting = iter(words)
    for word in waiting:
        if word.startswith("-") and (everywhere or not kept):
            name, _, value = word.partition("=")
            if name == "--help":
                continue
            if name not in options:
                return kept, f"no option {name}"
            if options[name].takes_value and not value and next(waiting, None) is None:
                return kept, f"{name} needs a value"
        else:
            kept.append(word)
    return kept, None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_exists(page):
    lines = list(typed(page.read_text()))
    wrong = {line: fault for line in lines if (words := words_of(line, "medeval")) and (fault := find_fault(words))}
    assert wrong == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_exists(page):
    called = [words for line in typed(page.read_text()) if (words := words_of(line, "make"))]
    targets = {word for words in called for word in words if "=" not in word and not word.startswith("-")}
    assert targets <= TARGETS


@pytest.mark.parametrize(
    "page", [*PAGES, *ROOT.glob("docs/reference/*.md")], ids=lambda page: str(page.relative_to(ROOT))
)
def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text())
    broken = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert broken == []


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("medeval benchmark publish x", None),
        ("MEDEVAL_HOME=x medeval --home y result release --all -o json", None),
        ("medeval benchmark", None),
        ("medeval benchmark publsh x", "no command benchmark publsh x"),
        ("medeval frob", "no command frob"),
        ("medeval site ledger", None),
        ("medeval site ledger export x.html", None),
        ("medeval site ledger burn", "no command site ledger burn"),
        ("medeval result release --everything", "no option --everything"),
        ("medeval --house x result list", "no option --house"),
        ("medeval benchmark publish x y", "too many words: ['x', 'y']"),
        ("medeval server start --port", "--port needs a value"),
    ],
)
def test_the_reader_of_commands_finds_faults(line, fault):
    assert find_fault(words_of(line, "medeval")) == fault


def test_each_noun_is_shown_to_someone():
    calls = [words for page in PAGES for line in typed(page.read_text()) if (words := words_of(line, "medeval"))]
    shown = {rest[0] for words in calls if (rest := drop_options(words, ROOT_OPTIONS)[0])}
    assert shown >= NOUNS
