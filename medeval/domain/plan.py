"""The analysis plan of a benchmark: one kind for each task family."""

from typing import Annotated, TypeAlias

from pydantic import Field

from medeval.domain.families.binary import BinaryPlan
from medeval.domain.families.classes import MulticlassPlan, MultilabelPlan
from medeval.domain.families.detection import DetectionPlan
from medeval.domain.families.regression import RegressionPlan
from medeval.domain.families.segmentation import SegmentationPlan
from medeval.domain.families.survival import SurvivalPlan
from medeval.domain.families.text import TextPlan

Plan: TypeAlias = Annotated[
    BinaryPlan
    | MulticlassPlan
    | MultilabelPlan
    | SurvivalPlan
    | SegmentationPlan
    | DetectionPlan
    | RegressionPlan
    | TextPlan,
    Field(discriminator="task"),
]
