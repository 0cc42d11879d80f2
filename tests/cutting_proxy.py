"""A TCP proxy that cuts a connection after so many bytes in one direction, as a bad line does."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Cuts:
    """After how many bytes a connection is cut, in each direction; `made` counts the cuts."""

    up: list[int] = field(default_factory=list)
    down: list[int] = field(default_factory=list)
    made: int = 0


@contextmanager
def cutting_proxy(target: tuple[str, int], cuts: Cuts) -> Iterator[int]:
    """Yields the port. Each cut is used once, by the first connection that carries as many bytes in that direction."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        stop = threading.Event()
        threads = [threading.Thread(target=_accept, args=(listener, target, cuts, stop))]
        threads[0].start()
        try:
            yield listener.getsockname()[1]
        finally:
            stop.set()
            threads[0].join()


def _accept(listener: socket.socket, target: tuple[str, int], cuts: Cuts, stop: threading.Event) -> None:
    workers = []
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            near, _ = listener.accept()
            far = socket.create_connection(target)
            dead = threading.Event()
            for source, sink, plan in ((near, far, cuts.up), (far, near, cuts.down)):
                worker = threading.Thread(target=_pump, args=(source, sink, plan, cuts, stop, dead))
                worker.start()
                workers.append(worker)
    for worker in workers:
        worker.join()


def _pump(
    source: socket.socket,
    sink: socket.socket,
    plan: list[int],
    cuts: Cuts,
    stop: threading.Event,
    dead: threading.Event,
) -> None:
    carried = 0
    source.settimeout(0.05)
    while not stop.is_set() and not dead.is_set():
        try:
            data = source.recv(64 * 1024)
        except TimeoutError:
            continue
        except OSError:
            break
        if not data:
            break
        carried += len(data)
        if plan and carried > plan[0]:
            plan.pop(0)
            cuts.made += 1
            break
        try:
            sink.sendall(data)
        except OSError:
            break
    dead.set()
    for end in (source, sink):
        end.close()
