"""Mergeable sufficient statistics: what a site sends in place of scores, of every task family."""

from typing import Annotated, TypeAlias

from pydantic import Field

from medeval.domain.families.binary import PairCounts, ScoreTable, SquaredErrors
from medeval.domain.families.classes import ConfusionMatrix
from medeval.domain.families.detection import DetectionTable
from medeval.domain.families.joint import JointMoments
from medeval.domain.families.segmentation_states import StructureCases, StructureMeans
from medeval.domain.families.survival_states import HorizonErrors, HorizonPairs, RiskTable, SurvivalPairs

MetricState: TypeAlias = Annotated[
    ScoreTable
    | PairCounts
    | SquaredErrors
    | ConfusionMatrix
    | JointMoments
    | DetectionTable
    | StructureCases
    | StructureMeans
    | RiskTable
    | SurvivalPairs
    | HorizonPairs
    | HorizonErrors,
    Field(discriminator="kind"),
]
