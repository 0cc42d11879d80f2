"""The numbers inside any field of any state: how many, which counts, and how they are written."""

from typing import Any

from medeval.domain.base import Value
from medeval.domain.families.base import Wide

#: So many numbers are written out; of more only how many they are.
WRITTEN = 12


def numbers_in(value: Any) -> list[int | float]:
    """Every number in a field, flat; a wide integer is one."""
    if isinstance(value, Wide):
        return [value.total]
    if isinstance(value, Value):
        return [number for name in type(value).model_fields for number in numbers_in(getattr(value, name))]
    if isinstance(value, tuple):
        return [number for item in value for number in numbers_in(item)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


def ints_of(value: Any) -> list[int]:
    """The counts of a field of nothing but counts; none of one that holds sums or real numbers."""
    if isinstance(value, tuple):
        found = [ints_of(item) for item in value]
        return [count for part in found for count in part] if all(found) else []
    return [value] if isinstance(value, int) and not isinstance(value, bool) else []


def leaves_of(value: Any) -> str:
    """A single number as it is; of more, how many of which sort."""
    numbers = numbers_in(value)
    if len(numbers) == 1 and not isinstance(value, tuple):
        return f"{numbers[0]:g}" if isinstance(numbers[0], float) else str(numbers[0])
    return f"{len(numbers)} {'counts' if ints_of(value) else 'numbers'}"


def written(value: Any) -> str:
    """The numbers themselves, or how many where they are too many to read."""
    numbers = numbers_in(value)
    if len(numbers) > WRITTEN:
        return f"{len(numbers)} numbers"
    return ", ".join(f"{number:.6g}" if isinstance(number, float) else str(number) for number in numbers)
