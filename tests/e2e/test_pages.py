"""The offline report in a real browser: it fits a phone, breaks no policy, prints, and reads in both themes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from medeval.report import html
from medeval.stats.leaderboard import ModelFacts, SiteFacts
from tests.boards import GOOD, a_board, a_large_board, a_spec, an_analysis, released

WIDTHS = (1280, 390)
THEMES = ("light", "dark")

# What a reader would miss: text cut or covered by its own box, and text too faint on its ground (WCAG 2.2, 1.4.3).
CUT = """() => [...document.querySelectorAll('td, th, dd, dt, p, li, h1, h2, h3, figcaption')]
  .filter(e => e.getClientRects().length && !e.closest('.sr, .skip'))
  .filter(e => innerWidth > 704 || !e.closest('.stack thead'))
  .filter(e => e.scrollWidth > e.clientWidth + 1)
  .map(e => e.tagName + ': ' + e.textContent.trim().slice(0, 60))"""

SHOWN = """[...document.querySelectorAll('figure svg')].filter(svg => svg.getClientRects().length)
  .filter(svg => svg.classList.length).map(svg => svg.classList[0])"""

CONTRAST = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = c => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const lum = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ground = e => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor);
    if (c[3] === 255) return c; } return [255, 255, 255, 255]; };
  const faint = [];
  for (const e of document.querySelectorAll('main *, header *, footer *')) {
    if (!e.getClientRects().length || ![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    const style = getComputedStyle(e);
    const ink = rgba(e.closest('svg') && e.tagName !== 'svg' ? style.fill : style.color);
    const [hi, lo] = [lum(ink), lum(ground(e))].sort((a, b) => b - a);
    if ((hi + .05) / (lo + .05) < 4.5) faint.push(`${e.tagName}.${e.getAttribute('class')}: ${e.textContent.trim()}`);
  }
  return faint; }"""


def heart_board() -> object:
    """Real hospitals' long names, four decimals, many models, very small sites."""
    names = [f"flamby-local-cleveland-seed-{i}" for i in range(6)]
    titles = (
        "Cleveland Clinic Foundation",
        "Hungarian Institute of Cardiology, Budapest",
        "University Hospitals Zurich and Basel",
        "V.A. Medical Center, Long Beach",
    )
    metrics = [{"name": "accuracy", "decimals": 4}, {"name": "auroc", "decimals": 4}]
    places = tuple(GOOD)[:4]
    return a_board(
        spec=a_spec(metrics=metrics, analysis=an_analysis("accuracy")),
        models=tuple(ModelFacts(f"{name}@1.0.0", "FLamby", "Logistic regression") for name in names),
        sites=tuple(SiteFacts(f"{place}/masses", "Heart", title) for place, title in zip(places, titles, strict=True)),
        executions=tuple(released(name, place, GOOD[place]) for name in names for place in places),
    )


def many_sites_board() -> object:
    """Fourteen sites: the matrix scrolls inside its frame."""
    places = [f"site-{i}" for i in range(14)]
    return a_board(
        sites=tuple(SiteFacts(f"{place}/masses", "Masses", f"Regional hospital {place}") for place in places),
        executions=tuple(released("logistic", place, GOOD["north"]) for place in places),
    )


BOARDS = {
    "breast": lambda: a_board("source"),
    "large": a_large_board,
    "heart": heart_board,
    "many": many_sites_board,
    "hidden": lambda: a_board(show_cells=False),
    "empty": lambda: a_board(executions=(), log_size=0, log_head=None),
}


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(params=BOARDS, name="report")
def a_report(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"{request.param}.html"
    path.write_text(html.export(BOARDS[request.param]()), encoding="utf-8")
    return path


def open_page(browser: Browser, report: Path, width: int, theme: str, complaints: list[str]) -> Page:
    """The report, offline, with everything that the browser complains of."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce", offline=True
    )
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if request.url != report.as_uri() else None)
    page.goto(report.as_uri())
    return page


@pytest.mark.parametrize("width", WIDTHS)
def test_report_fits_and_reads(browser: Browser, report: Path, width: int) -> None:
    complaints: list[str] = []
    page = open_page(browser, report, width, "light", complaints)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CUT) == []
    assert all(page.evaluate("[...document.querySelectorAll('.heat td')].map(cell => cell.innerText.trim())"))
    assert set(page.evaluate(SHOWN)) <= {"wide" if width == 1280 else "narrow"}
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        assert page.evaluate(CONTRAST) == []
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert complaints == []
    page.context.close()


def test_checks_of_this_file_see_what_they_look_for(browser: Browser, tmp_path: Path) -> None:
    """Squeezed figures are seen as cut, pale ones as faint."""
    report = tmp_path / "board.html"
    css = html.css() + ".heat td b { font-size: 4rem } p { color: #999 }"
    text = html.export(heart_board()).replace(html.style_hash(html.css()), html.style_hash(css))
    report.write_text(text.replace(html.css(), css), encoding="utf-8")
    page = open_page(browser, report, 390, "light", [])
    assert page.evaluate(CUT)
    assert page.evaluate(CONTRAST)
    page.context.close()


def test_every_row_of_the_board_says_its_interval_on_a_phone(browser: Browser, tmp_path: Path) -> None:
    report = tmp_path / "board.html"
    report.write_text(html.export(a_board()), encoding="utf-8")
    page = open_page(browser, report, 390, "light", [])
    rows = page.locator(".board tbody tr:not(.tier)").all_inner_texts()
    assert len(rows) == 3
    assert all(" to 1." in row or " to 0." in row or "not pooled" in row for row in rows)
    page.context.close()


def test_injected_style_and_script_are_refused(browser: Browser, tmp_path: Path) -> None:
    """The policy itself works: a page with something added breaks it, and the browser says so."""
    report = tmp_path / "tampered.html"
    added = "<style>h1 { color: red }</style><script>document.title = 'owned'</script></body>"
    report.write_text(html.export(a_board()).replace("</body>", added), encoding="utf-8")
    complaints: list[str] = []
    page = open_page(browser, report, 1280, "light", complaints)
    assert page.title() == "Breast masses at five sites – medeval"  # noqa: RUF001
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") != "rgb(255, 0, 0)"
    assert len([text for text in complaints if "Content Security Policy" in text]) == 2
    page.context.close()


def test_keyboard_reaches_the_skip_link_first(browser: Browser, tmp_path: Path) -> None:
    report = tmp_path / "board.html"
    report.write_text(html.export(a_board()), encoding="utf-8")
    page = open_page(browser, report, 1280, "light", [])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to main content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.context.close()


def test_paper_is_white_and_has_every_table(browser: Browser, tmp_path: Path) -> None:
    report = tmp_path / "board.html"
    report.write_text(html.export(a_board()), encoding="utf-8")
    page = open_page(browser, report, 794, "dark", [])
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert page.evaluate(
        "[...document.querySelectorAll('details table')].every(t => t.checkVisibility({contentVisibilityAuto: true}))"
    )
    assert page.pdf(format="A4").startswith(b"%PDF-")
    page.context.close()
