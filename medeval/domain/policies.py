"""What a benchmark asks of disclosure, participation and visibility."""

from enum import StrEnum
from typing import Any, Self

from pydantic import Field, model_validator

from medeval.domain.base import Value


class DataClass(StrEnum):
    """Whether anyone may see the data that a benchmark runs on."""

    PUBLIC = "public"
    RESTRICTED = "restricted"


#: The rules behind the names that stand for the same rules everywhere.
_PRESET_RULES = {
    "hospital": {"min_cases": 100, "min_per_class": 10, "max_numbers": 200, "exact_values": False},
    "public-data": {"min_cases": 1, "min_per_class": 0, "max_numbers": 10_000, "exact_values": True},
}


class DisclosurePolicy(Value):
    """What a result must fulfil before it may leave a site.

    `min_cases` and `min_per_class` count cases of one result; `max_numbers` bounds how many numbers it holds;
    `exact_values` lets it hold statistics of single scores (rank sums, squared errors) beside counted ones. A preset
    may be given by its name alone; its name with other rules is refused, since people go by the name.
    """

    name: str = Field(pattern=r"^[a-z][a-z-]{0,39}$")
    min_cases: int = Field(ge=1, le=1_000_000)
    min_per_class: int = Field(ge=0, le=1_000_000)
    max_numbers: int = Field(ge=1, le=10_000)
    exact_values: bool = False

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, plain: Any) -> Any:
        return {"name": plain, **_PRESET_RULES[plain]} if isinstance(plain, str) and plain in _PRESET_RULES else plain

    @model_validator(mode="after")
    def _is_what_its_name_says(self) -> Self:
        rules = _PRESET_RULES.get(self.name)
        if rules is not None and self.model_dump(exclude={"name"}) != rules:
            raise ValueError(f"{self.name} stands for other rules; give this policy a name of its own")
        return self


#: The default of any new benchmark: 100 cases, 10 in each class, at most 200 numbers.
HOSPITAL = DisclosurePolicy.model_validate("hospital")
#: For data that anyone can download.
PUBLIC_DATA = DisclosurePolicy.model_validate("public-data")
PRESETS = {policy.name: policy for policy in (HOSPITAL, PUBLIC_DATA)}


class Budget(Value):
    """How much may be told of one dataset: evaluations and bits, by calendar quarters and years in UTC.

    `owner_evaluations_per_quarter` is for each organisation whose models are evaluated; bits are those of
    `disclosure.bits`, an upper bound.
    """

    owner_evaluations_per_quarter: int = Field(default=5, ge=1)
    dataset_evaluations_per_year: int = Field(default=20, ge=1)
    dataset_bits_per_year: float = Field(default=8192.0, gt=0)
    release_bits: float = Field(default=1024.0, gt=0)


def find_budget(policy: DisclosurePolicy) -> Budget | None:
    """What holds beside a policy; data that anyone can download need none."""
    return None if policy == PUBLIC_DATA else Budget()


class Approval(StrEnum):
    """Who lets a model or a dataset into a benchmark."""

    COMMITTEE = "committee"
    AUTOMATIC = "automatic"


class ParticipationPolicy(Value):
    """Who approves models and datasets."""

    models: Approval = Approval.COMMITTEE
    datasets: Approval = Approval.COMMITTEE


class Audience(StrEnum):
    """Who sees a part of the leaderboard, from all to few."""

    EVERYONE = "everyone"
    PARTICIPANTS = "participants"
    COMMITTEE = "committee"


class VisibilityPolicy(Value):
    """Who sees pooled estimates, and who sees each site's own."""

    pooled: Audience = Audience.EVERYONE
    per_site: Audience = Audience.PARTICIPANTS
