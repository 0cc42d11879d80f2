"""`medeval login`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medeval.cli.options import Output, OutputOption, home_of
from medeval.errors import UsageError

if TYPE_CHECKING:
    from medeval.domain.messages import Identity

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
    from medeval.cli.context import login_file, open_api
    from medeval.cli.render import show
    from medeval.client.login import Login, save_login

    texts = _read(token_file or [], tokens)
    found = [(open_api(server, text).whoami(), text) for text in texts]
    kept = {identity.role: text for identity, text in found}
    save_login(login_file(home_of(ctx)), Login.from_plain({"server": server.rstrip("/"), "tokens": kept}))
    show([_row(identity, server) for identity, _ in found], output, spare=("organisation", "holder"))


def _read(files: list[Path], folder: Path | None) -> list[str]:
    paths = [*files, *(sorted(folder.glob("*.token")) if folder else [])]
    if folder and not paths:
        raise UsageError("the folder holds no token file", "Token files end in .token.")
    if not paths:
        return [typer.prompt("Token", hide_input=True, err=True)]
    try:
        return [path.read_text("ascii").strip() for path in paths]
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError("a token file cannot be read", "Check the path and who may read it.") from exc


def _row(identity: "Identity", server: str) -> dict[str, Any]:
    return {**identity.model_dump(mode="json"), "server": server.rstrip("/")}
