"""The analysis plan of a benchmark: one kind for each task family."""

from typing import TypeAlias

from medeval.domain.families.binary import BinaryPlan

#: With a second family: `Annotated[A | B, Field(discriminator="task")]`.
Plan: TypeAlias = BinaryPlan
