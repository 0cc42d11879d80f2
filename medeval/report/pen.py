"""Writing for a terminal: marks with an ASCII fallback, optional colour, nothing that could control the terminal."""

import unicodedata
from dataclasses import dataclass
from textwrap import TextWrapper

MARKS = {
    "failed": ("✕", "[x]"),
    "withheld": ("▨", "[w]"),
    "pending": ("…", "[..]"),
    "hidden": ("·", "[h]"),
    "not estimable": ("∅", "[-]"),
    "too few": ("∅", "[-]"),
    "suppressed": ("▨", "[w]"),
    "few": ("†", "+"),
    "source": ("!", "[!!]"),
}
GLYPHS = {
    "rule": ("─", "-"),
    "line": ("─", "-"),
    "start": ("├", "|"),
    "end": ("┤", "|"),
    "square": ("■", "*"),
    "open": ("□", "o"),
    "pooled-line": ("═", "="),
    "pooled-start": ("╞", "|"),
    "pooled-end": ("╡", "|"),
    "diamond": ("◆", "#"),
    "goes-on": ("◂", "<"),
    "goes-up": ("▸", ">"),
    "range": ("┄", "."),
    "range-end": ("╎", ":"),
    "band": ("░", "~"),
    "dot": ("●", "*"),
    "ideal": ("·", "."),
    "bar": ("▪", "#"),
    "tick": ("┴", "+"),
    "dash": ("\N{EN DASH}", "-"),
    "more": ("…", "~"),
}
#: Punctuation that has no ASCII letter inside it.
_PUNCTUATION = {0x2013: "-", 0x2014: "-", 0x2212: "-", 0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"'}
STYLES = {"bold": "1", "dim": "2", "accent": "36", "failed": "31", "withheld": "33", "warn": "33"}


@dataclass(frozen=True)
class Pen:
    """How this terminal can be written to."""

    width: int = 80
    unicode: bool = True
    color: bool = False

    def mark(self, state: str) -> str:
        """The mark of a state; it always stands beside its word or a count explained below."""
        return MARKS[state][0 if self.unicode else 1]

    def glyph(self, name: str) -> str:
        """One cell of a picture."""
        return GLYPHS[name][0 if self.unicode else 1]

    def paint(self, text: str, style: str) -> str:
        """The text in a colour that repeats what it says."""
        if not self.color or style not in STYLES:
            return text
        words = text.rstrip()
        return f"\x1b[{STYLES[style]}m{words}\x1b[0m{text[len(words) :]}"

    def clean(self, text: str) -> str:
        """Text of others, without characters that control a terminal or turn its direction."""
        kept = "".join("?" if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn") else char for char in text)
        if self.unicode:
            return kept
        plain = unicodedata.normalize("NFKD", kept.translate(_PUNCTUATION))
        return "".join(char for char in plain if not unicodedata.combining(char)).encode("ascii", "replace").decode()

    def fit(self, text: str, width: int) -> str:
        """Cleaned text, shortened in its middle where it is wider than `width` cells."""
        text = self.clean(text)
        if cells(text) <= width:
            return text
        head, tail = (width - 1) // 2, width - 1 - (width - 1) // 2
        while cells(text[:head]) + cells(text[-tail:]) + 1 > width:
            head, tail = (head - 1, tail) if head > tail else (head, tail - 1)
        return text[:head] + self.glyph("more") + text[-tail:]

    def paragraph(self, text: str, indent: str = " ") -> list[str]:
        """Cleaned text in lines of this terminal's width."""
        return [indent + line for line in wrap(self.clean(text), self.width - len(indent))]


def cells(text: str) -> int:
    """How many cells a text takes: two for wide characters, none for combining ones."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def wrap(text: str, width: int) -> list[str]:
    """Text in lines of at most `width` cells."""
    lines = TextWrapper(width).wrap(text)
    if all(cells(line) <= width for line in lines):
        return lines
    # Wide characters take two cells: half as many surely fit.
    return TextWrapper(max(1, width // 2)).wrap(text)


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Text filled with blanks to `width` cells."""
    blanks = " " * max(0, width - cells(text))
    return blanks + text if right else text + blanks
