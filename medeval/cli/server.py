"""`medeval server`: run a results server, hand out tokens, accept sites."""

from pathlib import Path
from typing import Annotated

import typer

from medeval.cli.options import Output, OutputOption, home_of
from medeval.errors import MissingExtra, UsageError

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Run a results server; tokens; sites."
)


@app.command()
def start(
    data_dir: Annotated[Path, typer.Option(help="Folder of the database, the blobs and the first tokens.")] = Path(
        "medeval-server"
    ),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8080,
    database_url: Annotated[
        str | None, typer.Option(envvar="MEDEVAL_SERVER_DATABASE_URL", help="PostgreSQL by URL; else SQLite.")
    ] = None,
) -> None:
    """Run the results server until stopped; at its first start, make one token per role."""
    try:
        from medeval.server.app import serve
        from medeval.server.settings import ServerSettings
    except ModuleNotFoundError as exc:
        raise MissingExtra("the server is not installed", "Install it: pip install 'medeval[server]'.") from exc
    settings = ServerSettings(data_dir=data_dir, host=host, port=port, database_url=database_url)
    serve(settings, on_ready=lambda url: typer.echo(f"Results server on {url}, tokens in {data_dir / 'tokens'}"))


@app.command()
def token(
    ctx: typer.Context,
    holder: Annotated[str, typer.Argument(help="Short name of who will hold it.")],
    role: Annotated[str, typer.Option(help="operator, committee, model-owner or data-owner.")],
    organisation: Annotated[str | None, typer.Option(help="The holder's organisation.")] = None,
    save: Annotated[Path | None, typer.Option(help="Write the token to this file, readable by you alone.")] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Make an API token; it is shown this one time."""
    from medeval.cli.context import get_api
    from medeval.cli.render import show_one
    from medeval.domain.messages import NewToken
    from medeval.domain.permissions import Role

    api = get_api(home_of(ctx), Role.OPERATOR)
    new = NewToken.from_plain(
        {"holder": holder, "role": role, "organisation": organisation or holder}, refuse=UsageError
    )
    issued = api.issue_token(new)
    if save:
        _keep(save, issued.token)
    kept = {"token_file": str(save)} if save else {"token": issued.token}
    show_one({**issued.identity.model_dump(mode="json"), **kept}, output)


@app.command()
def sites(ctx: typer.Context, output: OutputOption = Output.TABLE) -> None:
    """List the registered sites with the fingerprints of their keys."""
    from medeval.cli.context import get_api
    from medeval.cli.render import show

    show(get_api(home_of(ctx)).list_sites(), output, empty="No site has registered yet.")


@app.command()
def accept(
    ctx: typer.Context,
    site: Annotated[str, typer.Argument(help="The site, by name.")],
    fingerprint: Annotated[
        str | None, typer.Option(help="As the data owner read it to you. Without it you are asked to compare.")
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Accept a site's key after comparing its fingerprint with the data owner; only then its statements count."""
    from medeval.cli.context import get_api
    from medeval.cli.render import show_one
    from medeval.domain.messages import Acceptance
    from medeval.domain.permissions import Role

    api = get_api(home_of(ctx), Role.OPERATOR)
    compared = fingerprint or _compare(api.get_site(site).fingerprint)
    accepted = api.accept_site(site, Acceptance.from_plain({"fingerprint": compared}, refuse=UsageError))
    show_one(accepted, output)


def _compare(shown: str) -> str:
    typer.echo(f"The server has {shown}", err=True)
    typer.confirm("Does the data owner's `medeval site show` say the same?", abort=True, err=True)
    return shown


def _keep(path: Path, secret: str) -> None:
    import os

    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secret + "\n")
