"""A line to a server on which every byte that a client sends is kept, and the search for what must not be in it."""

import base64
import re
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus, urlsplit

_PAYLOAD = re.compile(rb'"payload":\s*"([A-Za-z0-9+/=]+)"')


@dataclass
class Recording:
    """What clients sent, a connection each: request lines, headers and bodies as they went over the line."""

    connections: list[bytearray] = field(default_factory=list)

    @property
    def sent(self) -> bytes:
        """All of it, and what envelopes hold, decoded."""
        raw = b"\n".join(map(bytes, self.connections))
        return b"\n".join([raw, *(base64.b64decode(found) for found in _PAYLOAD.findall(raw))])

    @property
    def size_bytes(self) -> int:
        return sum(map(len, self.connections))

    def found(self, canaries: list[str]) -> list[str]:
        """Those that were sent in any form."""
        sent = self.sent
        return [canary for canary in canaries if any(form in sent for form in forms(canary))]


def forms(canary: str) -> set[bytes]:
    """Plain, reversed, and each of both in hex, in base64 at any offset, in an address."""
    found: set[bytes] = set()
    for text in (canary, canary[::-1]):
        plain = text.encode()
        found |= {plain, plain.hex().encode(), plain.hex().upper().encode()}
        found |= {quote(text, safe="").encode(), quote_plus(text).encode()}
        for before in range(3):
            # The characters at either end hold bits of what stands beside it.
            whole = base64.b64encode(bytes(before) + plain)
            last = (before + len(plain)) * 8 // 6
            inside = whole[-(-before * 8 // 6) : last]
            found |= {inside, inside.replace(b"+", b"-").replace(b"/", b"_")}
    return found


@contextmanager
def recording(target: str) -> Iterator[tuple[str, Recording]]:
    """An address to speak to in place of `target`, and what is sent there."""
    kept, parts = Recording(), urlsplit(target)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            sent = bytearray()
            kept.connections.append(sent)
            with socket.create_connection((parts.hostname or "", parts.port or 80)) as upstream:
                back = threading.Thread(target=pump, args=(upstream, self.request, bytearray()))
                back.start()
                pump(self.request, upstream, sent)
                back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", kept
        finally:
            server.shutdown()
            thread.join()


def pump(source: socket.socket, target: socket.socket, kept: bytearray) -> None:
    """Pass everything on until one side closes its end."""
    try:
        while piece := source.recv(65536):
            kept += piece
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return  # a partner that went away
