"""The local review page: in a real browser, against the real command and a real server; and what it refuses."""

import base64
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Browser, Page, sync_playwright

from medeval.domain.policies import HOSPITAL
from medeval.site.build import site_store
from tests.e2e.test_pages import CUT
from tests.processes import MEDEVAL
from tests.wards import Ward, open_ward
from tests.worlds import World


@contextmanager
def reviewing(home: Path) -> Iterator[str]:
    """`medeval result review --page` in a process of its own; gives its link, and stops it as a person would."""
    command = [*MEDEVAL, "--home", str(home), "result", "review", "--page"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(3)]
            yield lines[2].strip()
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
            assert (process.returncode, err) == (0, "")
            assert "The review page is closed." in out
        finally:
            process.kill()


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        yield running
        running.close()


def sent_by(ward: Ward) -> dict[str, bytes]:
    """What each model's signed statement holds, byte for byte."""
    found = {}
    for files in site_store(ward.home.path).list_executions():
        signed = files.signed()
        if signed is not None:
            found[files.task().execution.model.ref] = base64.b64decode(signed.envelope.payload)
    return found


def open_result(page: Page, model: str) -> None:
    page.get_by_role("link", name=model).click()
    page.get_by_role("heading", name="May this leave the site?").wait_for()


def test_a_person_releases_one_result_and_withholds_another(ward: Ward, browser: Browser) -> None:
    ward.evaluate("first", "second")
    shown = {item["model"]: item for item in ward.home.told("result", "review")}
    with reviewing(ward.home.path) as link:
        page = browser.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(link)
        assert page.get_by_role("heading", level=1).inner_text() == "2 results wait for your decision"
        assert "token" not in page.url
        open_result(page, "first@1.0.0")
        assert page.locator("#bytes").text_content() == shown["first@1.0.0"]["bytes"]
        assert page.locator("#digest").text_content() == shown["first@1.0.0"]["digest"].removeprefix("sha256:")
        page.get_by_role("button", name="Release these").click()
        assert sent_by(ward) == {}, "without the tick the form does not go out"
        page.get_by_label("I have looked at the bytes").check()
        page.get_by_label("Note (optional)").fill("Agreed with the board,\nby phone.")
        page.get_by_role("button", name="Release these").click()
        page.get_by_role("heading", name="It was released").wait_for()
        page.get_by_role("link", name="Back to the list").click()
        open_result(page, "second@1.0.0")
        page.get_by_label("Reason for the committee").select_option("model-concern")
        page.get_by_label("Note for the ledger").fill("It saw <our> patients & more.")
        page.get_by_role("button", name="Withhold").click()
        page.get_by_role("heading", name="It was withheld").wait_for()
        page.goto(link.partition("/enter")[0])
        assert page.get_by_role("heading", level=1).inner_text() == "Nothing waits for your decision"
        assert complaints == []
    sent = sent_by(ward)
    assert sent["first@1.0.0"].decode() == shown["first@1.0.0"]["bytes"], "what was approved, byte for byte"
    assert b"model-concern" in sent["second@1.0.0"]
    assert ward.cells() == {"first": "result", "second": "withheld"}
    notes = {entry["event"]["note"] for entry in ward.home.told("site", "ledger", "show")}
    assert {"Agreed with the board, by phone.", "It saw <our> patients & more."} <= notes
    assert not any(b"phone" in data or b"patients" in data for data in sent.values()), "notes stay here"


@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_a_screen_and_a_phone(ward: Ward, browser: Browser, width: int) -> None:
    ward.evaluate("first")
    with reviewing(ward.home.path) as link:
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.goto(link)
        open_result(page, "first@1.0.0")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(CUT) == []


def put_predictions(ward: Ward) -> None:
    """What the site kept of each model's run: no two models are alike."""
    store, interface = site_store(ward.home.path), ward.spec.model_interface
    for place, files in enumerate(store.list_executions(), start=1):
        vault = store.vault(files.task().execution.to_digest())
        vault.mkdir(parents=True)
        rows = [f"case-{n},{place / 10 + 0.05}" for n in range(120)]
        (vault / "predictions.csv").write_text("\n".join([f"{interface.case_id},{interface.score}", *rows]) + "\n")


def test_lost_predictions_are_shown_as_what_stands_in_the_way(sqlite_world: World) -> None:
    ward = open_ward(sqlite_world, HOSPITAL)
    ward.evaluate("first")
    with reviewing(ward.home.path) as link:
        session = requests.Session()
        [path] = re.findall(r'href="(/results/[0-9a-f]{64})"', session.get(link, timeout=30).text)
        text = session.get(link.partition("/enter")[0] + path, timeout=30).text
    assert "The rules do not let it leave" in text
    assert "Restore the site" in text
    assert "/withhold" in text
    assert "/release" not in text, "there is no button for what cannot be"


@pytest.mark.parametrize("width", [1280, 390])
def test_under_hospital_it_shows_what_was_merged_and_the_budget(
    sqlite_world: World, browser: Browser, width: int
) -> None:
    ward = open_ward(sqlite_world, HOSPITAL)
    ward.evaluate("first", "second")
    put_predictions(ward)
    ward.home.told("result", "release", "second")
    with reviewing(ward.home.path) as link:
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.goto(link)
        open_result(page, "first@1.0.0")
        text = page.locator("main").inner_text()
        assert "10 bins before, 2 after" in text
        assert text.count("5 bins merged") == 2
        assert re.search(r"This release: \d+ of 1,024 bits", text)
        assert re.search(r"These data, this year: \d+ spent \+ \d+ now of 8,192 bits; [\d,]+ left", text)
        assert "Last release to this owner: second@1.0.0" in text
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(CUT) == []


# --- what it refuses --------------------------------------------------------------------------------------------


@dataclass
class Visitor:
    """A browser's session, by hand."""

    origin: str
    session: requests.Session

    def get(self, path: str, **headers: str) -> requests.Response:
        return self.session.get(self.origin + path, headers=headers, timeout=30)

    def post(self, path: str, form: dict[str, str], origin: str | None = None) -> requests.Response:
        headers = {"Origin": origin or self.origin}
        return self.session.post(self.origin + path, data=form, headers=headers, timeout=30, allow_redirects=False)


@pytest.fixture
def link(ward: Ward) -> Iterator[str]:
    ward.evaluate("first", "second")
    with reviewing(ward.home.path) as link:
        yield link


@pytest.fixture
def visitor(link: str) -> Visitor:
    parts = urlsplit(link)
    session = requests.Session()
    session.get(link, timeout=30).raise_for_status()
    return Visitor(f"{parts.scheme}://{parts.netloc}", session)


def form_of(visitor: Visitor, model: str) -> tuple[str, dict[str, str]]:
    """The address of a model's page, and the hidden fields of its forms."""
    listed = visitor.get("/").text
    [path] = re.findall(rf'href="(/results/[0-9a-f]{{64}})">{model}@', listed)
    found = re.findall(r'name="(csrf|digest)" value="([^"]+)"', visitor.get(path).text)
    return path, dict(found)


def test_the_link_works_once_and_nobody_else_comes_in(link: str, visitor: Visitor) -> None:
    assert requests.get(link, timeout=30).status_code == 403
    assert "used before" in requests.get(link, timeout=30).text
    for path in ("/", "/results/" + "0" * 64, "/nothing"):
        assert requests.get(visitor.origin + path, timeout=30).status_code == 403
    assert visitor.get("/").status_code == 200
    for host in ("localhost", "evil.example", urlsplit(visitor.origin).netloc.replace("127.0.0.1", "evil.example")):
        assert visitor.get("/", Host=host).status_code == 403
    headers = visitor.get("/").headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert (headers["Cache-Control"], headers["X-Frame-Options"]) == ("no-store", "DENY")
    cookie = requests.get(link, timeout=30).headers.get("Set-Cookie")
    assert cookie is None


def test_a_decision_comes_from_the_page_alone_and_is_on_what_was_shown(ward: Ward, visitor: Visitor) -> None:
    path, form = form_of(visitor, "first")
    _, other = form_of(visitor, "second")
    ticked = {**form, "seen": "yes"}
    refused = [
        visitor.post(f"{path}/release", ticked, origin="http://evil.example"),
        visitor.post(f"{path}/release", ticked, origin="null"),
        visitor.post(f"{path}/release", {**ticked, "csrf": "guess"}),
        visitor.post(f"{path}/release", form),
        visitor.post(f"{path}/release", {**ticked, "digest": other["digest"]}),
        visitor.post(f"{path}/release", {**ticked, "note": "x" * 20_000}),
        visitor.post(f"{path}/erase", ticked),
        visitor.post("/results/" + "0" * 64 + "/release", ticked),
        visitor.post(f"{path}/withhold", {**form, "reason": "model-concern"}),
        visitor.post(f"{path}/withhold", {**form, "reason": "patient 17", "note": "why"}),
    ]
    assert [answer.status_code for answer in refused] == [403, 403, 403, 400, 409, 400, 404, 404, 400, 400]
    assert all("That was not done" in answer.text for answer in refused)
    assert sent_by(ward) == {}
    assert visitor.post(f"{path}/release", ticked).status_code == 303
    assert visitor.post(f"{path}/release", ticked).status_code == 400, "decided already"
    assert list(sent_by(ward)) == ["first@1.0.0"]


def test_words_on_a_page_are_escaped(ward: Ward, visitor: Visitor) -> None:
    path, form = form_of(visitor, "first")
    answer = visitor.post(f"{path}/withhold", {**form, "reason": "<script>alert(1)</script>", "note": "why"})
    assert "<script>" not in answer.text
