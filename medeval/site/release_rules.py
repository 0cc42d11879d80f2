"""Rules by which results are released without a person: kept at the site, pinned by digest."""

from dataclasses import dataclass
from datetime import date
from typing import Self

from pydantic import Field, model_validator

from medeval.domain.base import Value
from medeval.domain.execution import Pinned
from medeval.domain.ids import Digest
from medeval.domain.levels import Level
from medeval.site.records import AllowedModel


@dataclass(frozen=True)
class Candidate:
    """What waits, as rules see it: benchmark and models by digest, and the level under which it was computed."""

    benchmark: Digest
    models: tuple[Digest, ...]
    level: int


class ReleaseRule(Value):
    """One model of a benchmark, or every model that may run here, computed at a level of isolation or a higher one.

    `until` is the last day, in UTC, on which it holds. A name moves; the digests of benchmark and model do not.
    """

    benchmark: Pinned
    model: AllowedModel | None = None
    least_level: Level = 2
    until: str | None = Field(default=None, pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")

    @model_validator(mode="after")
    def _ends_on_a_day(self) -> Self:
        if self.until is not None:
            date.fromisoformat(self.until)
        return self

    @property
    def words(self) -> str:
        """The rule, for people and for the ledger."""
        which = self.model.ref if self.model else "every model that may run here"
        end = f", until {self.until}" if self.until else ""
        return f"{which} in {self.benchmark.ref}, at level {self.least_level} or above{end}"

    def is_named(self, name: str) -> bool:
        """Whether a name, with or without version, means its model or its benchmark."""
        refs = [self.benchmark.ref, *([self.model.ref] if self.model else [])]
        return any(name in (ref, ref.partition("@")[0]) for ref in refs)

    def holds(self, day: date) -> bool:
        """Whether it has not expired."""
        return self.until is None or day <= date.fromisoformat(self.until)

    def covers(self, benchmark: Digest, model: Digest, level: int) -> bool:
        """Whether it allows the result of one model."""
        same_model = self.model is None or self.model.digest == model
        return self.benchmark.digest == benchmark and same_model and level >= self.least_level


class ReleaseRules(Value):
    """What the data owner allowed; without a rule, nothing leaves without a person."""

    rules: tuple[ReleaseRule, ...] = ()

    def find(self, candidate: Candidate, day: date) -> ReleaseRule | None:
        """The rule that covers something, on that day; of a comparison every model must be covered."""
        found = [self._find_one(candidate, model, day) for model in candidate.models]
        return found[0] if found and all(found) else None

    def _find_one(self, candidate: Candidate, model: Digest, day: date) -> ReleaseRule | None:
        for rule in self.rules:
            if rule.holds(day) and rule.covers(candidate.benchmark, model, candidate.level):
                return rule
        return None
