"""The help: sections by role, every noun in one, every command with a sentence and every option with its purpose."""

import re

import pytest

from scripts.command_tree import commands, root_parameters
from tests.processes import run_medeval

COMMANDS = list(commands())


def test_sections_by_role_in_this_order(tmp_path):
    """The order in which a federation comes about."""
    done = run_medeval(tmp_path, "--help")
    sections = re.findall(r"^(\w[\w ]*):\n((?:  .*\n|\n)*)", done.stdout, re.M)
    nouns = {title: re.findall(r"^  ([a-z]+)  ", text, re.M) for title, text in sections if title != "Options"}
    assert nouns == {
        "Start here": ["demo", "login"],
        "Benchmark committee": ["benchmark"],
        "Model owner": ["model"],
        "Data owner": ["site", "dataset", "result"],
        "Everyone": ["leaderboard"],
        "Operator": ["server"],
    }
    assert list(nouns)[:2] == ["Start here", "Benchmark committee"]


def test_the_commands_that_people_were_promised():
    words = {" ".join(command.words) for command in COMMANDS}
    promised = {
        "benchmark": "init check publish list show approve",
        "model": "init build test submit list show",
        "dataset": "add join list show",
        "site": "init allow run show",
        "result": "list show release withhold",
        "leaderboard": "show export",
        "server": "start token sites accept",
    }
    expected = {f"{noun} {verb}" for noun, verbs in promised.items() for verb in verbs.split()} | {"login", "demo"}
    assert expected <= words


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command.words))
def test_each_says_what_it_does(command):
    assert re.match(r"[A-Z].*[.!]", command.help), command.help
    unexplained = [parameter.names for parameter in command.parameters if not parameter.help]
    assert unexplained == [] or unexplained == [("--help",)]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command.words))
def test_each_prints_for_machines_too(command):
    """Everywhere but at a server that serves."""
    options = {name for parameter in command.parameters for name in parameter.names}
    assert ("--output" in options) is (command.words != ("server", "start"))


def test_the_root_has_a_home_and_a_version(tmp_path):
    names = {name for parameter in root_parameters() for name in parameter.names}
    assert {"--home", "--version"} <= names
    done = run_medeval(tmp_path, "--version")
    assert re.fullmatch(r"medeval \d+\.\d+\.\d+\n", done.stdout)


@pytest.mark.parametrize("noun", sorted({command.words[0] for command in COMMANDS if len(command.words) > 1}))
def test_a_noun_alone_shows_its_verbs(noun, tmp_path):
    done = run_medeval(tmp_path, noun)
    assert done.returncode == 2
    shown = done.stdout + done.stderr
    verbs = [command.words[1] for command in COMMANDS if command.words[0] == noun]
    assert [verb for verb in verbs if f" {verb} " not in shown] == []
