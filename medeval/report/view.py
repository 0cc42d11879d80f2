"""What the page's template prints, as plain values: every word, class and figure prepared."""

from dataclasses import dataclass

from markupsafe import Markup

from medeval.domain.messages import Leaderboard
from medeval.report.findings import Finding


@dataclass(frozen=True)
class Figure:
    """A value and its interval, or the words in their place; `small` is the line below."""

    value: str = ""
    interval: str = ""
    words: str = ""
    small: str = ""


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
class Table:
    """Rows of words below a heading; the first column names the row, the others are figures but for `words`."""

    ident: str
    title: str
    about: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: tuple[int, ...] = ()


@dataclass(frozen=True)
class Drawing:
    """A picture with its caption, and the same figures as a table."""

    svg: Markup
    head: str
    caption: str
    table: Table


@dataclass(frozen=True)
class GroupLine:
    """A level of a variable, as a row of a board; `withheld` says at how many sites it is."""

    name: str
    level: str
    mean: Figure
    plot: Markup
    spread: tuple[str, str, str]
    cases: str
    withheld: Tag | None
    others: Figure


@dataclass(frozen=True)
class MetricsTable:
    """Figures of every model or subgroup (`first`): a column for each metric or estimand."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Figure, ...]], ...]
    first: str = "Model"


@dataclass(frozen=True)
class Subgroups:
    """The levels by the primary metric, on one scale, and by every other metric."""

    lines: tuple[GroupLine, ...]
    scale: Markup
    others: MetricsTable | None
    withholds: bool
    ident: str


@dataclass(frozen=True)
class Detail:
    """All of one model: forest plot, the mean without each site, calibration, decisions, subgroups."""

    forest: Drawing | None
    left_out: Table | None
    drawings: tuple[Drawing, ...]
    groups: Subgroups | None


@dataclass(frozen=True)
class ModelLine:
    """A model: its row of the board, its row of the matrix, its details."""

    name: str
    version: str
    organisation: str
    summary: str
    anchor: str
    primary: Figure
    plot: Markup
    spread: tuple[str, str, str]
    rank: str
    sites: str
    tags: tuple[Tag, ...]
    flags: tuple[str, ...]
    counts: str
    cells: tuple[HeatCell, ...]
    detail: Detail | None


@dataclass(frozen=True)
class Tier:
    """Models of one tier; the title is empty where nothing was ranked."""

    title: str
    about: str
    models: tuple[ModelLine, ...]


@dataclass(frozen=True)
class SiteHead:
    """The head of a column of the matrix."""

    title: str
    counts: tuple[str, ...]


@dataclass(frozen=True)
class OtherTable:
    """Another metric's figures, site by model."""

    title: str
    meaning: str
    rows: tuple[tuple[str, tuple[Figure, ...]], ...]


@dataclass(frozen=True)
class Matrix:
    """Every site, every model."""

    sites: tuple[SiteHead, ...]
    css: str
    about: str
    key: tuple[tuple[str, str], ...]
    states: tuple[Tag, ...]
    missing: tuple[Missing, ...]
    hidden: str
    few: str
    others: tuple[OtherTable, ...]


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
    order: str
    spread_head: str
    metrics_title: str
    counts_head: str
    facts: tuple[tuple[str, str, str], ...]
    findings: tuple[Finding, ...]
    scale: Markup
    tiers: tuple[Tier, ...]
    ranked: bool
    notes: tuple[tuple[str, str], ...]
    predicts: bool
    comparisons: Table | None
    comparisons_note: str
    not_compared: str
    estimands: MetricsTable
    metrics: MetricsTable
    matrix: Matrix
    methods: tuple[str, ...]
    source: str
    origins: tuple[Origin, ...]

    @property
    def models(self) -> tuple[ModelLine, ...]:
        """Of all tiers, in the order of the board."""
        return tuple(model for tier in self.tiers for model in tier.models)
