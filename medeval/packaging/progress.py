"""How long work tells how far it is."""

from typing import Protocol


class Progress(Protocol):
    """Called with what is being done, in words, and how much of it is done (bytes or steps; total 0: unknown)."""

    def __call__(self, step: str, done: int = 0, total: int = 0) -> None:
        """Take note of it."""


def silent(step: str, done: int = 0, total: int = 0) -> None:
    """A `Progress` that nobody watches."""
