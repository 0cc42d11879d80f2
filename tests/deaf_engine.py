"""A container engine that stops answering: a UNIX socket before the real one, which holds back what the test says."""

import contextlib
import re
import shutil
import socket
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_ENGINE = "/var/run/docker.sock"
_PIECE_BYTES = 65536


@dataclass
class Deafness:
    """What an engine no longer hears: requests such as `POST .*/kill`, each so many times; counted in `held`.

    `pretends` are answered with 204 and go nowhere.
    """

    deaf_to: dict[str, int] = field(default_factory=dict)
    pretends: str = "never"
    held: Counter[str] = field(default_factory=Counter)

    def is_deaf(self, request: str) -> bool:
        for pattern, times in self.deaf_to.items():
            if re.fullmatch(pattern, request) and self.held[pattern] < times:
                self.held[pattern] += 1
                return True
        return False


@contextmanager
def deaf_engine(deafness: Deafness) -> Iterator[str]:
    """Yields the address for `DOCKER_HOST`. What is held back is held until the end."""
    folder = tempfile.mkdtemp(prefix="engine-")
    path = str(Path(folder, "s"))
    end = threading.Event()
    threads: list[threading.Thread] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        listener.settimeout(0.05)

        def accept() -> None:
            while not end.is_set():
                with contextlib.suppress(TimeoutError):
                    thread = threading.Thread(target=_serve, args=(listener.accept()[0], deafness, end))
                    thread.start()
                    threads.append(thread)

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield f"unix://{path}"
        finally:
            end.set()
            for thread in (accepting, *threads):
                thread.join()
            shutil.rmtree(folder)


def _serve(client: socket.socket, deafness: Deafness, end: threading.Event) -> None:
    """One request; the connection then ends, as its answer says."""
    with client:
        head, body = _request(client)
        if not head:
            return
        request = head.split(b" HTTP/")[0].decode().partition("?")[0]
        if re.fullmatch(deafness.pretends, request):
            client.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        elif deafness.is_deaf(request):
            end.wait()
        else:
            _pass_on(client, head, body)


def _request(client: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = client.recv(_PIECE_BYTES)
        if not piece:
            return b"", b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    while length and len(body) < int(length[1]):
        body += client.recv(_PIECE_BYTES)
    return head, body


def _pass_on(client: socket.socket, head: bytes, body: bytes) -> None:
    head = re.sub(rb"(?i)\r\nconnection:[^\r]*", b"", head) + b"\r\nConnection: close\r\n\r\n"
    with socket.socket(socket.AF_UNIX) as engine:
        engine.connect(_ENGINE)
        engine.sendall(head + body)
        while piece := engine.recv(_PIECE_BYTES):
            with contextlib.suppress(BrokenPipeError):
                client.sendall(piece)
