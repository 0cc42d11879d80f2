"""The analysis plan of a benchmark: one kind for each task family."""

from typing import Annotated, TypeAlias

from pydantic import Field

from medeval.domain.families.binary import BinaryPlan
from medeval.domain.families.segmentation import SegmentationPlan
from medeval.domain.families.survival import SurvivalPlan

Plan: TypeAlias = Annotated[BinaryPlan | SegmentationPlan | SurvivalPlan, Field(discriminator="task")]
