"""Any board that messages can hold is shown: in the terminal, as a page, as files."""

from html.parser import HTMLParser
from xml.etree import ElementTree as ET

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medeval.domain.messages import Leaderboard
from medeval.report import html, pictures, standalone, terminal
from medeval.report.kinds import Kind
from medeval.report.pen import cells
from tests.any_boards import any_boards

MANY = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


class Ids(HTMLParser):
    """The ids of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag
        self.found += [value for name, value in attrs if name == "id" and value]


@MANY
@given(any_boards(), st.integers(60, 200), st.booleans())
def test_terminal_shows_it_within_its_width(board: Leaderboard, width: int, unicode: bool) -> None:
    text = terminal.render(board, width=width, unicode=unicode)
    assert [line for line in text.splitlines() if cells(line) > max(80, width)] == []
    assert unicode or text.isascii()


@MANY
@given(any_boards())
def test_page_shows_it_with_unique_ids(board: Leaderboard) -> None:
    ids = Ids(html.export(board)).found
    assert len(set(ids)) == len(ids)


@MANY
@given(any_boards())
def test_files_are_xml(board: Leaderboard) -> None:
    plates = pictures.plates_of(board, set(Kind))
    assert len({plate.stem for plate in plates}) == len(plates)
    for plate in plates:
        text = standalone.to_svg(plate.picture, f"{board.title}: {board.data_label}")
        assert ET.fromstring(text.encode()).tag.endswith("svg")  # noqa: S314 our own picture
        assert "nan" not in text
