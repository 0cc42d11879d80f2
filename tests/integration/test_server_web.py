"""The pages, and errors on the wire."""

import json
from html.parser import HTMLParser

import pytest
import requests

from medeval.domain.messages import Problem
from medeval.domain.permissions import Role
from medeval.server.settings import ServerSettings
from tests.worlds import result_statement, running


class Page(HTMLParser):
    """What a strict policy forbids, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forbidden: list[str] = []
        self.text = ""
        self.links: list[str | None] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.forbidden += [tag] if tag in {"script", "style", "iframe", "object", "base"} else []
        self.forbidden += [name for name, _ in attrs if name == "style" or name.startswith("on")]
        self.links += [value for name, value in attrs if name in {"href", "src"}]

    def handle_data(self, data):
        self.text += data


def get(world, path, **kwargs):
    return requests.get(world.url + path, timeout=10, **kwargs)


def test_the_list_of_benchmarks(sqlite_world):
    assert "No benchmark with a public leaderboard" in get(sqlite_world, "/").text
    sqlite_world.publish(question="Do 1 & 2 differ?")
    sqlite_world.publish(name="secret", title="For few", visibility={"pooled": "committee", "per_site": "committee"})
    page = Page(get(sqlite_world, "/").text)
    assert "Do 1 & 2 differ?" in page.text
    assert "For few" not in page.text
    assert "/benchmarks/breast@1.0.0" in page.links


def test_the_leaderboard_page(sqlite_world):
    spec, card, site = sqlite_world.publish(), sqlite_world.submit(), sqlite_world.register()
    sqlite_world.join(site, spec)
    sqlite_world.enter(card, spec)
    site.send(result_statement(site.api.list_tasks("north")[0], spec))
    for ref in ("breast", "breast@1.0.0"):
        answer = get(sqlite_world, f"/benchmarks/{ref}")
        page = Page(answer.text)
        assert answer.status_code == 200
        assert page.forbidden == []
        assert spec.question in page.text
        assert all(link.startswith(("/", "#")) for link in page.links)
    assert answer.text.count("<h1") == 1


@pytest.mark.parametrize("path", ["/", "/benchmarks/none", "/nothing", "/static/medeval.css", "/api/v1/about"])
def test_security_headers(sqlite_world, path):
    headers = get(sqlite_world, path).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "unsafe" not in headers["Content-Security-Policy"]


def test_the_stylesheet(sqlite_world):
    answer = get(sqlite_world, "/static/medeval.css")
    assert answer.headers["Content-Type"].startswith("text/css")
    assert "--accent" in answer.text


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/benchmarks/none", 404, "There is no benchmark none."),
        ("/nothing", 404, "Nothing here"),
        ("/benchmarks/Not%20a%20ref%3Cscript%3E", 400, "is no reference"),
        ("/static/../medeval.sqlite", 404, "Nothing here"),
    ],
)
def test_errors_for_people(sqlite_world, path, status, says):
    answer = get(sqlite_world, path)
    page = Page(answer.text)
    assert answer.status_code == status
    assert says in page.text
    assert page.forbidden == []


def test_a_leaderboard_for_few_is_no_page(sqlite_world):
    sqlite_world.publish(visibility={"pooled": "participants", "per_site": "participants"})
    answer = get(sqlite_world, "/benchmarks/breast")
    assert answer.status_code == 403
    assert "shown to participants alone" in answer.text


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code", "says"),
    [
        ("GET", "/nothing", b"", 404, "not-found", "nothing at this address"),
        ("DELETE", "/sites", b"", 400, "usage", "does not take this method"),
        ("GET", "/associations", b"", 400, "usage", "query.benchmark: Field required"),
        ("POST", "/tokens", b"{", 422, "spec.invalid", "not strict JSON"),
        ("POST", "/tokens", b'{"holder": "x", "holder": "y"}', 422, "spec.invalid", "a key stands twice"),
        ("POST", "/tokens", b'{"holder": 7}', 422, "spec.invalid", "holder: Input should be a valid string"),
        ("POST", "/tokens", b'"' + b"x" * 70_000 + b'"', 413, "transfer.too-large", "at most 65536 bytes"),
    ],
)
def test_problems(tmp_path, method, path, body, status, code, says):
    settings = ServerSettings(data_dir=tmp_path / "server", max_body_bytes=65_536)
    with running(settings) as url:
        token = (settings.data_dir / "tokens/operator.token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.request(method, f"{url}/api/v1{path}", data=body, headers=headers, timeout=10)
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = Problem.from_json(answer.content)
    assert (answer.status_code, problem.status, problem.code) == (status, status, code)
    assert says in problem.detail
    assert problem.hint
    assert problem.type == f"urn:medeval:error:{code}"


def test_a_fault_of_the_server_says_nothing_of_itself(tmp_path):
    """Something breaks that nobody expected: here, the clock."""

    def broken():
        raise RuntimeError("the password is 12345")

    settings = ServerSettings(data_dir=tmp_path / "server")
    with running(settings, clock=broken) as url:
        headers = {"Authorization": "Bearer x"}
        answer = requests.get(f"{url}/api/v1/whoami", headers=headers, timeout=10)
        page = requests.get(f"{url}/", timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (500, "server.fault")
    assert "12345" not in answer.text
    assert page.status_code == 200


def test_the_openapi_document_is_served(sqlite_world):
    document = get(sqlite_world, "/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.")
    assert "BenchmarkSpec" in document["components"]["schemas"]


def test_refusals_hold_no_token(sqlite_world):
    token = sqlite_world.token(Role.COMMITTEE)
    answer = requests.post(
        f"{sqlite_world.url}/api/v1/tokens", data=b"{}", headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    assert token not in json.dumps(dict(answer.headers)) + answer.text
