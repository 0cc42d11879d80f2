"""A picture as a file of its own: SVG with the stylesheet's rules inside, in light colours, or PNG through an extra."""

import re
from collections.abc import Callable
from functools import cache
from importlib import resources

from markupsafe import Markup

from medeval.errors import MissingExtra, UsageError
from medeval.report.draw import Picture, join, text

_MARGIN, _HEAD = 16.0, 50.0
#: Pixels for each unit of the drawing: sharp in print at column width.
_SCALE = 3
#: The heat map's colours and states, which the page draws as cells of a table.
_OF_FILES = """
svg .h0 { fill: var(--h0); } svg .h1 { fill: var(--h1); } svg .h2 { fill: var(--h2); } svg .h3 { fill: var(--h3); }
svg .h4 { fill: var(--h4); } svg .h5 { fill: var(--h5); } svg .h6 { fill: var(--h6); }
svg .plain { fill: var(--paper); stroke: var(--rule-2); }
svg .none { fill: var(--wash); stroke: var(--rule-2); stroke-dasharray: 3 3; }
svg .cross { stroke: var(--bad); stroke-width: 1.5; fill: none; } svg .ground { fill: var(--paper); }
svg .over { font-weight: 600; stroke: var(--wash); stroke-width: 5px; paint-order: stroke; }
svg text.hd { fill: var(--h-dark); stroke: none; } svg text.hl { fill: var(--h-light); stroke: none; }
"""
#: Families of which most machines have one; pixels need a font, and what draws them falls back to none by itself.
_FONTS = ("DejaVu Sans", "Liberation Sans", "Noto Sans", "Arial", "Helvetica", "Segoe UI", "Roboto", "FreeSans")
_LETTER = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">'
    '<text x="2" y="16" font-size="16" font-family="sans-serif">?</text></svg>'
)
_TEMPLATE = Markup(
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<svg xmlns="http://www.w3.org/2000/svg" width="{w:g}" height="{h:g}" viewBox="{x:g} {y:g} {w:g} {h:g}" role="img" '
    'aria-labelledby="{ident}-t {ident}-d"><style>{style}</style>'
    '<rect class="ground" x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}"/>{inside}</svg>\n'
)


def to_svg(picture: Picture, source: str) -> str:
    """One SVG file that needs nothing beside it; text stays text. `source` says below the title what it is from."""
    width, height = picture.width + 2 * _MARGIN, picture.height + _HEAD + 2 * _MARGIN
    words = join([text("tb", 0, 14 - _HEAD, picture.title), text("t2", 0, 32 - _HEAD, source)])
    box = {"x": -_MARGIN, "y": -_MARGIN - _HEAD, "w": width, "h": height}
    # The style is ours, and holds none of the signs that XML gives a meaning to.
    inside = picture.inside + words
    return str(_TEMPLATE.format(**box, ident=picture.ident, style=Markup(style()), inside=inside))  # noqa: S704


def to_png(picture: Picture, source: str) -> bytes:
    """The same as pixels, three for each unit; raises `MissingExtra` without the extra, `UsageError` without a font."""
    try:
        import resvg_py  # noqa: PLC0415 an extra
    except ImportError as exc:
        raise MissingExtra("what turns SVG into PNG is not installed", "Install medeval[png], or write SVG.") from exc
    font = next((family for family in _FONTS if _draws(resvg_py.svg_to_bytes, family)), None)
    if font is None:
        raise UsageError("no font was found to draw text with", "Install DejaVu Sans, or write SVG.")
    return bytes(resvg_py.svg_to_bytes(svg_string=to_svg(picture, source), zoom=_SCALE, sans_serif_family=font))


def _draws(render: Callable[..., bytes], family: str) -> bool:
    """Whether a letter of that family leaves a mark: a font that is missing leaves none, and raises nothing."""
    marks = [render(svg_string=_LETTER.replace("?", letter), sans_serif_family=family) for letter in ("O", " ")]
    return marks[0] != marks[1]


@cache
def style() -> str:
    """The stylesheet's rules for pictures, with the light theme's colours in place of their names."""
    sheet = resources.files("medeval.report").joinpath("medeval.css").read_text(encoding="utf-8")
    root = re.search(r":root \{(.*?)\}", sheet, re.DOTALL)
    tokens = dict(re.findall(r"(--[a-z0-9-]+): ([^;]+);", root[1] if root else ""))
    rules = re.findall(r"(?:^|(?<=\} ))(?:figure )?svg (?:text|\.[a-z0-9]+)[^{,]*\{[^}]*\}", sheet, re.MULTILINE)
    found = " ".join([*rules, *_OF_FILES.split("\n")]).replace("figure svg", "svg")
    # programs that know no variable fonts round 650 down
    found = found.replace("font-weight: 650", "font-weight: 700")
    while "var(--" in found:
        found = re.sub(r"var\((--[a-z0-9-]+)\)", lambda name: tokens[name[1]], found)
    return re.sub(r"\bsvg (?=[.t])", "", found).strip()
