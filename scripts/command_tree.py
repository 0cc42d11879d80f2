"""The commands of `medeval` as plain values, read from the command line's own tree."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from typer.main import get_command

from medeval.cli.main import app
from medeval.cli.sections import SECTIONS


@dataclass(frozen=True)
class Parameter:
    """An argument or an option: how it is written, whether a value follows, whether many may, what it is for."""

    names: tuple[str, ...]
    takes_value: bool
    many: bool
    is_option: bool
    required: bool
    default: str
    help: str


@dataclass(frozen=True)
class Command:
    """One command: its words after `medeval`, what it does, its parameters, the section of `--help`."""

    words: tuple[str, ...]
    section: str
    help: str
    parameters: tuple[Parameter, ...]


def root_parameters() -> tuple[Parameter, ...]:
    """The options of `medeval` itself."""
    return _parameters(get_command(app))


def commands() -> Iterator[Command]:
    """Every command, in the order of the help."""
    root: Any = get_command(app)
    for section, nouns in SECTIONS.items():
        for noun in nouns:
            for words, command in _leaves((noun,), root.get_command(None, noun)):
                yield Command(words, section, " ".join((command.help or "").split()), _parameters(command))


def _leaves(words: tuple[str, ...], found: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """What can be run below a word, with all its words."""
    verbs = getattr(found, "commands", None)
    if verbs is None:
        yield words, found
    for verb, command in (verbs or {}).items():
        yield from _leaves((*words, verb), command)


def _parameters(command: Any) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(
            names=(*sorted(found.opts, key=len, reverse=True), *found.secondary_opts),
            takes_value=not getattr(found, "is_flag", False),
            many=found.nargs == -1,
            is_option=found.param_type_name == "option",
            required=found.required,
            default="" if found.default in (None, False, ()) else str(getattr(found.default, "value", found.default)),
            help=getattr(found, "help", None) or "",
        )
        for found in command.params
    )
