"""The leaderboard as HTML: a body for the server's page, and one self-contained file that opens offline.

No script, no style attribute, nothing to fetch: the strictest content security policy holds. The export inlines
`medeval.css` unchanged, and its policy allows that text alone, by its hash (CSP Level 3, section 6.7.3.3).
"""

import hashlib
from base64 import b64encode
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from medeval.domain.messages import Leaderboard
from medeval.report.page import page_of


def body(board: Leaderboard) -> str:
    """What stands inside `<main>`; the page around it links `css()`."""
    return _environment().get_template("body.html.j2").render(page=page_of(board))


def export(board: Leaderboard) -> str:
    """One HTML file with everything in it."""
    text = css()
    # Trusted text: the body escaped its values, and the stylesheet is ours.
    return (
        _environment()
        .get_template("export.html.j2")
        .render(page=page_of(board), body=Markup(body(board)), css=Markup(text), style_hash=style_hash(text))  # noqa: S704
    )


def render(template: str, **values: object) -> str:
    """A template of this package; every value is escaped that is not `Markup`."""
    return _environment().get_template(template).render(**values)


def css() -> str:
    """The one stylesheet."""
    return resources.files("medeval.report").joinpath("medeval.css").read_text(encoding="utf-8")


def style_hash(text: str) -> str:
    """The source expression that allows an inline style of exactly this text."""
    return "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _environment() -> Environment:
    """Templates of this package; a missing value is an error, and every value is escaped."""
    loader = PackageLoader("medeval.report", "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
