"""The ledger as a page in a real browser: it fits a phone, breaks no policy, prints, and reads in both themes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from medeval.domain.base import digest_of
from medeval.domain.ledger import Entry, EntryKind
from medeval.report import ledger_page
from tests.e2e.test_pages import CONTRAST, CUT, THEMES, WIDTHS, open_page
from tests.ledgers import FINGERPRINT, an_event, chain_of

LONG = "flamby-local-cleveland-seed-1-with-a-name-as-long-as-can-be"


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        yield running
        running.close()


def a_ledger(size: int) -> tuple[Entry, ...]:
    """Entries of many kinds over more than a year, some with long words."""
    kinds = (
        EntryKind.RESULT,
        EntryKind.STOPPED,
        EntryKind.WITHHELD,
        EntryKind.CARD,
        EntryKind.FAILURE,
        EntryKind.RECOVERED,
    )
    events = [
        an_event(
            kinds[n % len(kinds)],
            LONG if n % 3 == 0 else f"m{n}",
            dataset=f"north/ward-{n % 4}",
            owner="Institute of Quite Long Names and Even Longer Addresses",
            note="Agreed on. " * 20 if n % 7 == 0 else "",
        )
        for n in range(size)
    ]
    return chain_of(*events, days=12)


@pytest.fixture(params=[0, 40])
def page_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    entries = a_ledger(request.param)
    source = ledger_page.Source("north", "North hospital & sons <clinic>", FINGERPRINT, entries[-1].to_digest())
    path = tmp_path / "ledger.html"
    path.write_text(ledger_page.export(entries, source), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", WIDTHS)
def test_it_fits_and_reads(browser: Browser, page_file: Path, width: int) -> None:
    complaints: list[str] = []
    page = open_page(browser, page_file, width, "light", complaints)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CUT) == []
    assert page.title().startswith("Ledger of North hospital & sons <clinic> ")
    cells = page.evaluate("[...document.querySelectorAll('tbody td')].map(cell => cell.innerText.trim())")
    assert cells
    assert all(cells), "an empty cell says nothing"
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        assert page.evaluate(CONTRAST) == []
    assert complaints == []


def test_it_prints_every_entry(browser: Browser, tmp_path: Path) -> None:
    entries = a_ledger(40)
    source = ledger_page.Source("north", "North", FINGERPRINT, entries[-1].to_digest())
    path = tmp_path / "ledger.html"
    path.write_text(ledger_page.export(entries, source), encoding="utf-8")
    page = open_page(browser, path, 1280, "light", [])
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 718, "height": 1000})  # A4 at 96 dpi, with margins
    assert page.evaluate("document.documentElement.scrollWidth") <= 718
    assert page.evaluate(CUT) == []
    rows = page.evaluate("[...document.querySelectorAll('table')].map(table => table.tBodies[0].rows.length)")
    assert rows == [len({(e.event.topic.dataset, e.moment.year) for e in entries}), len(entries)]
    assert digest_of(entries[-1].to_canonical()) in page.inner_text("main")
