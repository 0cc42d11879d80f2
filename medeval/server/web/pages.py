"""The pages: the list of benchmarks, a leaderboard, an error."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from medeval.errors import MedevalError
from medeval.report import html
from medeval.server.deps import Reading
from medeval.server.services import leaderboards

router = APIRouter(include_in_schema=False)

#: A week: the stylesheet changes with a release alone.
_STYLE_AGE_S = 7 * 24 * 3600


def templates() -> Environment:
    """The pages' templates; what is not Markup is escaped, and a name that is not given is an error."""
    return Environment(loader=PackageLoader(__package__), autoescape=True, undefined=StrictUndefined)


@router.get("/")
def index(request: Request, session: Reading) -> HTMLResponse:
    """The benchmarks whose leaderboard everyone may see."""
    return _page(request, "index.html", items=leaderboards.list_shown_to_everyone(session))


@router.get("/benchmarks/{ref}")
def leaderboard(ref: str, request: Request, session: Reading) -> HTMLResponse:
    """A leaderboard, as someone without a token may see it."""
    board = leaderboards.get(session, None, ref)
    return _page(request, "leaderboard.html", board=board, body=Markup(html.body(board)))  # noqa: S704 escaped there


@router.get("/static/medeval.css")
def stylesheet() -> Response:
    """The one stylesheet."""
    return Response(html.css(), media_type="text/css", headers={"Cache-Control": f"public, max-age={_STYLE_AGE_S}"})


def error_page(request: Request, error: MedevalError) -> HTMLResponse:
    """A plain page that says what happened and what to do next."""
    return _page(request, "error.html", status_code=error.status, error=error)


def _page(request: Request, template: str, status_code: int = 200, **values: object) -> HTMLResponse:
    environment: Environment = request.app.state.templates
    text = environment.get_template(template).render(values)
    return HTMLResponse(text, status_code=status_code, headers={"Cache-Control": "no-store"})
