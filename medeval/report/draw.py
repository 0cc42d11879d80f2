"""The few SVG elements that the pictures are made of; classes carry the look, and text is escaped."""

from collections.abc import Iterable

from markupsafe import Markup


def join(parts: Iterable[str]) -> Markup:
    """Elements one after the other; plain strings are escaped."""
    return Markup("").join(parts)


def line(kind: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    """A straight line."""
    return Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(kind, x1, y1, x2, y2)


def path(kind: str, shape: str) -> Markup:
    """A path."""
    return Markup('<path class="{}" d="{}"/>').format(kind, shape)


def square(kind: str, x: float, y: float, side: float) -> Markup:
    """A square around a point."""
    return Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
        kind, x - side / 2, y - side / 2, side, side
    )


def text(kind: str, x: float, y: float, words: str, anchor: str = "start") -> Markup:
    """A line of text."""
    classes = Markup(' class="{}"').format(kind) if kind else Markup("")
    return Markup('<text{} x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(classes, x, y, anchor, words)


def short(words: str, most: int) -> str:
    """Words cut in their middle, where there is no room; the table beside the picture has them whole."""
    if len(words) <= most:
        return words
    head = most // 2
    return f"{words[:head]}…{words[-(most - 1 - head) :]}"
