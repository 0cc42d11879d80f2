"""`serve` in a process of its own: first start, restart, end, and what it refuses."""

import json
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from medeval.client.api import Api
from medeval.client.http import Transport
from medeval.domain.permissions import Role

SERVE = """
import sys
from pathlib import Path
from medeval.errors import MedevalError
from medeval.server.app import serve
from medeval.server.settings import ServerSettings
try:
    settings = ServerSettings(data_dir=Path(sys.argv[1]), port=int(sys.argv[2]))
    serve(settings, on_ready=lambda url: print(url, flush=True))
except MedevalError as exc:
    sys.exit(f"{exc.code}: {exc.message}")
"""


@contextmanager
def served(data_dir, port=0) -> Iterator[tuple[subprocess.Popen, str]]:
    command = [sys.executable, "-c", SERVE, str(data_dir), str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def token_of(data_dir, role):
    return (data_dir / "tokens" / f"{role}.token").read_text().strip()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_first_start_and_end(tmp_path, number):
    data = tmp_path / "data"
    with served(data) as (process, url):
        notice = json.loads((data / "server.json").read_text())
        assert notice == {"url": url, "pid": process.pid}
        tokens = {role: token_of(data, role) for role in Role if role is not Role.SITE}
        for role, token in tokens.items():
            assert stat.S_IMODE((data / "tokens" / f"{role}.token").stat().st_mode) == 0o600
            with Transport(url, token) as line:
                assert Api(line).whoami().role is role
        requests.get(f"{url}/api/v1/associations?benchmark={tokens[Role.OPERATOR]}", timeout=10)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        assert process.returncode == 0
    assert not (data / "server.json").exists()
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert out == err == "", "it printed something of its own"
    on_disk = b"".join(path.read_bytes() for path in data.iterdir() if path.is_file())
    assert not any(token.encode() in on_disk for token in tokens.values()), "a token is kept in clear"


def test_a_restart_keeps_tokens_and_data(tmp_path):
    data = tmp_path / "data"
    with served(data) as (_, url):
        token = token_of(data, Role.OPERATOR)
        assert url.startswith("http://127.0.0.1:")
    # Killed: what it left behind is in nobody's way.
    with served(data) as (_, url), Transport(url, token) as line:
        assert Api(line).whoami().role is Role.OPERATOR
        assert token_of(data, Role.OPERATOR) == token


def test_tokens_that_were_taken_away_are_not_made_again(tmp_path):
    data = tmp_path / "data"
    with served(data):
        (data / "tokens/operator.token").unlink()
    with served(data):
        assert not (data / "tokens/operator.token").exists()


def test_two_servers_in_one_folder(tmp_path):
    data = tmp_path / "data"
    with served(data) as (_, url), served(data) as (second, nothing):
        assert nothing == ""
        assert second.wait(timeout=30) == 1
        assert "conflict: another server works in this data folder" in second.stderr.read()
        assert requests.get(f"{url}/api/v1/about", timeout=10).ok


def test_a_port_that_is_taken(tmp_path):
    with served(tmp_path / "a") as (_, url):
        port = int(url.rpartition(":")[2])
        with served(tmp_path / "b", port) as (second, nothing):
            assert nothing == ""
            assert second.wait(timeout=30) == 1
            assert "usage: the server cannot listen on this address" in second.stderr.read()
