"""`medeval login`."""

from pathlib import Path
from typing import Annotated

import typer

from medeval.cli.options import Output, OutputOption, home_of
from medeval.errors import UsageError

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def login(
    ctx: typer.Context,
    server: Annotated[str, typer.Argument(help="Address of the results server, such as https://results.example.org.")],
    token_file: Annotated[
        list[Path] | None, typer.Option(help="File with a token; repeat it for several roles. Else you are asked.")
    ] = None,
    tokens: Annotated[Path | None, typer.Option(help="Folder of token files, such as the server's own.")] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Remember a server and the tokens of your roles, after asking the server whose they are."""
    from medeval.cli.context import login_file
    from medeval.cli.render import show
    from medeval.client.login import Login, save_login

    found = [_identify(server, text) for text in _read(token_file or [], tokens)]
    save_login(login_file(home_of(ctx)), Login.from_plain({"server": server.rstrip("/"), "tokens": dict(found)}))
    show([{"role": role, "server": server} for role, _ in found], output)


def _read(files: list[Path], folder: Path | None) -> list[str]:
    paths = [*files, *(sorted(folder.glob("*.token")) if folder else [])]
    if folder and not paths:
        raise UsageError("the folder holds no token file", "Token files end in .token.")
    if not paths:
        return [typer.prompt("Token", hide_input=True)]
    try:
        return [path.read_text("ascii").strip() for path in paths]
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError("a token file cannot be read", "Check the path and who may read it.") from exc


def _identify(server: str, token: str) -> tuple[str, str]:
    from medeval.cli.context import open_api

    return open_api(server, token).whoami().role.value, token
