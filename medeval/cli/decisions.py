"""Which of the models and datasets that ask to take part a committee means by the names that it types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medeval.errors import UsageError

if TYPE_CHECKING:
    from medeval.domain.messages import Association


def meant(associations: list[Association], names: list[str]) -> list[Association]:
    """What the names mean, each once; without names, all that waits. Raises `UsageError` for a name nobody has."""
    if not names:
        return [found for found in associations if is_pending(found)]
    chosen = [found for name in names for found in _named(associations, name)]
    return list({(found.kind, found.subject): found for found in chosen}.values())


def is_pending(association: Association) -> bool:
    """Whether it waits for a decision."""
    from medeval.domain.lifecycle import AssociationState

    return association.state is AssociationState.PENDING


def _named(associations: list[Association], name: str) -> list[Association]:
    """One subject by its whole reference.

    A bare name means the versions that wait; where none waits, the newest alone, so that no older version that was
    rejected comes in by the way.
    """
    exact = [found for found in associations if found.subject == name]
    if exact:
        return exact
    versions = [found for found in associations if found.subject.partition("@")[0] == name]
    if not versions:
        raise UsageError(f"{name[:80]} has not asked to take part", "See `medeval benchmark show BENCHMARK`.")
    return [found for found in versions if is_pending(found)] or [max(versions, key=_version_of)]


def _version_of(association: Association) -> tuple[int, ...]:
    from medeval.domain.ids import version_key

    return version_key(association.subject.partition("@")[2])
