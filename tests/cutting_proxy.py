"""A TCP proxy that cuts a connection after so many bytes in one direction, as a bad line does."""

import contextlib
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Cuts:
    """After how many bytes a connection is cut, in each direction; `made` counts the cuts, `carried` all bytes.

    `ready` is waited for before a cut: what must have arrived for the test to say something.
    """

    up: list[int] = field(default_factory=list)
    down: list[int] = field(default_factory=list)
    made: int = 0
    carried: Counter[str] = field(default_factory=Counter)
    ready: Callable[[], bool] = lambda: True


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
            try:
                far = socket.create_connection(target)
            except ConnectionRefusedError:  # the server died
                near.close()
                continue
            dead = threading.Event()
            for source, sink, way in ((near, far, "up"), (far, near, "down")):
                worker = threading.Thread(target=_pump, args=(source, sink, way, cuts, stop, dead))
                worker.start()
                workers.append(worker)
    for worker in workers:
        worker.join()


def _pump(
    source: socket.socket,
    sink: socket.socket,
    way: str,
    cuts: Cuts,
    stop: threading.Event,
    dead: threading.Event,
) -> None:
    """Carry bytes one way until an end closes, the plan says cut, or all is over."""
    carried, plan = 0, cuts.up if way == "up" else cuts.down
    with contextlib.suppress(OSError, ValueError):
        while not stop.is_set() and not dead.is_set():
            if not select.select([source], [], [], 0.05)[0]:
                continue
            data = source.recv(64 * 1024)
            carried += len(data)
            if not data or _is_cut(carried, plan, cuts, stop):
                break
            sink.sendall(data)
            cuts.carried[way] += len(data)
    dead.set()
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


def _is_cut(carried: int, plan: list[int], cuts: Cuts, stop: threading.Event) -> bool:
    if not plan or carried <= plan[0]:
        return False
    plan.pop(0)
    while not cuts.ready() and not stop.is_set():
        time.sleep(0.005)
    cuts.made += 1
    return True
