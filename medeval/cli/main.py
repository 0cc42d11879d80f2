"""The `medeval` command: sections by role, nouns loaded when they are used, and the one boundary of errors."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from medeval.cli.sections import RoleGroup
from medeval.errors import MedevalError

app = typer.Typer(
    name="medeval",
    cls=RoleGroup,
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _tell_version(wanted: bool) -> None:
    """Eager: asked for the version, `medeval` asks for no command."""
    if wanted:
        from importlib.metadata import version

        typer.echo(f"medeval {version('medeval')}")
        raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    home: Annotated[
        Path, typer.Option(envvar="MEDEVAL_HOME", help="Folder of this login and, at a data owner, of its site.")
    ] = Path("~/.medeval"),
    _version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Evaluate medical AI models where the patient data lives; only aggregate metrics leave."""
    # Sandboxes bind what lies below it, and take absolute paths alone.
    ctx.obj = home.expanduser().resolve()


def main() -> None:
    """Run a command; every failure ends in `error:` and `hint:` on stderr and its own exit code."""
    try:
        code = app(standalone_mode=False)
    except MedevalError as exc:
        code = _tell(exc.message, exc.hint, exc.exit_code)
        _tell_words(exc.log)
    except typer.TyperException as exc:
        code = _tell_misuse(exc)
    except (typer.Abort, KeyboardInterrupt):
        code = _tell("stopped", "Run the same command again: it goes on where it stopped.", 130)
    except Exception as exc:  # noqa: BLE001 the boundary: nobody is shown a traceback, which can hold data and paths
        kind = type(exc).__name__
        hint = "This is a defect of medeval: nothing was lost, please report the command that you typed."
        code = _tell(f"something unexpected happened ({kind})", hint, MedevalError.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


def _tell_misuse(exc: typer.TyperException) -> int:
    """What is wrong with the words; the help, where there were none (Typer exports no name for that class)."""
    if type(exc).__name__ == "NoArgsIsHelpError":
        typer.echo(exc.format_message(), err=True)
        return exc.exit_code
    return _tell(exc.format_message(), "See the same command with --help.", exc.exit_code)


def _tell_words(log: str) -> None:
    """What the cube that failed had printed: plain text already, for whoever ran it."""
    if log:
        from medeval.cli.terminal import pen_for

        pen = pen_for(sys.stderr)
        for line in log.splitlines():
            typer.echo(f"  | {pen.clean(line)}", err=True)


def _tell(message: str, hint: str, exit_code: int) -> int:
    typer.echo(f"error: {message}", err=True)
    if hint:
        typer.echo(f"hint:  {hint}", err=True)
    return exit_code
