"""How long work tells where it is."""

from typing import Protocol


class Progress(Protocol):
    """Told what is worked on, the step, and, where it is known, the part that is done (0 to 1)."""

    def __call__(self, subject: str, step: str, part: float | None = None) -> None:
        """Show it, or not."""


def silent(subject: str, step: str, part: float | None = None) -> None:
    """A `Progress` that nobody watches."""
