"""The few SVG elements that the pictures are made of; classes carry the look, and text is escaped."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True)
class Picture:
    """A drawing with its words; `ident` keeps the ids of title and description unique on a page."""

    ident: str
    width: float
    height: float
    title: str
    description: str
    shapes: Markup

    @property
    def inside(self) -> Markup:
        """Title, description, shapes."""
        words = Markup('<title id="{0}-t">{1}</title><desc id="{0}-d">{2}</desc>')
        return words.format(self.ident, self.title, self.description) + self.shapes

    def to_html(self, variant: str = "") -> Markup:
        """As an element of a page; `variant` is the class `wide` or `narrow`, of which the stylesheet shows one."""
        css = Markup(' class="{}"').format(variant) if variant else Markup("")
        return Markup('<svg{} viewBox="0 0 {:g} {:g}" role="img" aria-labelledby="{}-t {}-d">{}</svg>').format(
            css, self.width, self.height, self.ident, self.ident, self.inside
        )


def join(parts: Iterable[str]) -> Markup:
    """Elements one after the other; plain strings are escaped."""
    return Markup("").join(parts)


def line(kind: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    """A straight line."""
    return Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(kind, x1, y1, x2, y2)


def path(kind: str, shape: str) -> Markup:
    """A path."""
    return Markup('<path class="{}" d="{}"/>').format(kind, shape)


def bar(kind: str, x: float, y: float, width: float, height: float) -> Markup:
    """A filled box from its upper left corner."""
    return Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
        kind, x, y, max(0.0, width), max(0.0, height)
    )


def square(kind: str, x: float, y: float, side: float) -> Markup:
    """A square around a point."""
    return bar(kind, x - side / 2, y - side / 2, side, side)


def dot(kind: str, x: float, y: float, radius: float) -> Markup:
    """A round point."""
    return Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="{:g}"/>').format(kind, x, y, radius)


def points(places: Sequence[tuple[float, float]]) -> str:
    """The value of a `points` attribute."""
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def polyline(kind: str, places: Sequence[tuple[float, float]]) -> Markup:
    """An open line through places."""
    return Markup('<polyline class="{}" points="{}"/>').format(kind, points(places))


def polygon(kind: str, places: Sequence[tuple[float, float]]) -> Markup:
    """A filled shape."""
    return Markup('<polygon class="{}" points="{}"/>').format(kind, points(places))


def text(kind: str, x: float, y: float, words: str, anchor: str = "start") -> Markup:
    """A line of text."""
    classes = Markup(' class="{}"').format(kind) if kind else Markup("")
    return Markup('<text{} x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(classes, x, y, anchor, words)


def upright(kind: str, x: float, y: float, words: str) -> Markup:
    """A line of text that runs upwards, around its middle."""
    shape = Markup('<text class="{}" transform="translate({:.1f} {:.1f}) rotate(-90)" text-anchor="middle">{}</text>')
    return shape.format(kind, x, y, words)


def arrow_low(kind: str, x: float, y: float) -> Markup:
    """Where a line goes on beyond the lower end of the axis."""
    return path(kind, f"M{x + 5:.1f} {y - 4:.1f}l-5 4l5 4")


def arrow_high(kind: str, x: float, y: float) -> Markup:
    """Where a line goes on beyond the upper end of the axis."""
    return path(kind, f"M{x - 5:.1f} {y - 4:.1f}l5 4l-5 4")


def short(words: str, most: int) -> str:
    """Words cut in their middle, where there is no room; the table beside the picture has them whole."""
    if len(words) <= most:
        return words
    head = most // 2
    return f"{words[:head]}…{words[-(most - 1 - head) :]}"
