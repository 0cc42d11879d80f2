"""Mergeable sufficient statistics: what a site sends in place of scores, of every task family."""

from typing import Annotated, TypeAlias

from pydantic import Field

from medeval.domain.families.binary import PairCounts, ScoreTable, SquaredErrors

MetricState: TypeAlias = Annotated[ScoreTable | PairCounts | SquaredErrors, Field(discriminator="kind")]
