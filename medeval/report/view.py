"""What the page's template prints, as plain values: every word, class and figure prepared."""

from dataclasses import dataclass

from markupsafe import Markup

from medeval.domain.messages import Leaderboard
from medeval.report.findings import Finding


@dataclass(frozen=True)
class Figure:
    """A value and its interval, or the words in their place."""

    value: str = ""
    interval: str = ""
    words: str = ""


@dataclass(frozen=True)
class Tag:
    """A word with its mark, and the class that repeats it in colour."""

    css: str
    words: str


@dataclass(frozen=True)
class HeatCell:
    """A cell of the matrix: a figure, or a state with its reason; `anchor` leads to the reason."""

    css: str
    figure: Figure
    few: bool = False
    state: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class Missing:
    """Why a cell holds no estimate."""

    anchor: str
    model: str
    site: str
    tag: Tag
    reason: str


@dataclass(frozen=True)
class SiteLine:
    """A site of one model's table."""

    site: str
    counts: str
    figure: Figure


@dataclass(frozen=True)
class ModelLine:
    """A model: its row of the board, its row of the matrix, its forest plot."""

    name: str
    version: str
    organisation: str
    summary: str
    anchor: str
    primary: Figure
    others: tuple[tuple[str, Figure], ...]
    plot: Markup
    sites: str
    missing: tuple[Tag, ...]
    counts: str
    pooled_counts: str
    cells: tuple[HeatCell, ...]
    table: tuple[SiteLine, ...]
    forests: tuple[Markup, ...]


@dataclass(frozen=True)
class SiteHead:
    """The head of a column of the matrix."""

    title: str
    counts: tuple[str, ...]


@dataclass(frozen=True)
class OtherTable:
    """Another metric's figures, site by model."""

    title: str
    rows: tuple[tuple[str, tuple[Figure, ...]], ...]


@dataclass(frozen=True)
class Origin:
    """Where a result came from: the signed envelope and what ran the containers."""

    model: str
    site: str
    sandbox: str
    envelope: str


@dataclass(frozen=True)
class Page:
    """All that the template needs."""

    board: Leaderboard
    metric: str
    heading: str
    meaning: str
    level: str
    facts: tuple[tuple[str, str, str], ...]
    findings: tuple[Finding, ...]
    scale: Markup
    models: tuple[ModelLine, ...]
    sites: tuple[SiteHead, ...]
    heat_css: str
    key: tuple[tuple[str, str], ...]
    states: tuple[Tag, ...]
    missing: tuple[Missing, ...]
    hidden: str
    few: bool
    other_names: tuple[str, ...]
    others: tuple[OtherTable, ...]
    methods: tuple[str, ...]
    source: str
    origins: tuple[Origin, ...]
