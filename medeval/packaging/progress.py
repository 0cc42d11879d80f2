"""How long work tells where it is."""

from collections.abc import Callable
from typing import TypeAlias

#: Told what is worked on, and the step.
Progress: TypeAlias = Callable[[str, str], None]


def silent(subject: str, step: str) -> None:
    """A `Progress` that nobody watches."""
