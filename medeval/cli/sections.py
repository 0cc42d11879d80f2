"""The group behind `medeval`: its help is a table, and a noun's module is imported when the noun is typed."""

import importlib
from typing import Any

from typer.core import TyperGroup
from typer.main import get_command

#: Section -> noun -> (module, what it does). The order is that of the help.
SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Start here": {
        "demo": ("medeval.cli.demo", "Play a whole federation on this machine."),
        "login": ("medeval.cli.login", "Tell medeval which server and tokens to use."),
    },
    "Benchmark committee": {
        "benchmark": ("medeval.cli.benchmark", "Write, check, publish benchmarks; approve models and datasets."),
    },
    "Model owner": {
        "model": ("medeval.cli.model", "Package, rehearse and submit models."),
    },
    "Data owner": {
        "site": ("medeval.cli.site", "Set up a site, allow models, run executions."),
        "dataset": ("medeval.cli.dataset", "Prepare datasets and join benchmarks."),
        "result": ("medeval.cli.result", "Review results; release or withhold them."),
    },
    "Everyone": {
        "leaderboard": ("medeval.cli.leaderboard", "Show and export the pooled results of a benchmark."),
    },
    "Operator": {
        "server": ("medeval.cli.server", "Run a results server; hand out tokens; accept sites."),
    },
}
NOUNS = {noun: entry for section in SECTIONS.values() for noun, entry in section.items()}


class RoleGroup(TyperGroup):
    """A Typer group whose commands are the table above."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Every noun, in the order of the help."""
        return list(NOUNS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a noun, imported now; None for an unknown one."""
        if cmd_name not in NOUNS:
            return None
        return get_command(importlib.import_module(NOUNS[cmd_name][0]).app)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Sections by role, without importing a single noun."""
        for title, nouns in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(noun, summary) for noun, (_, summary) in nouns.items()])
