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
_PRESET_RULES: dict[str, dict[str, Any]] = {
    "hospital": {
        "min_cases": 100,
        "min_per_class": 10,
        "min_cell": 10,
        "round_to": 5,
        "max_numbers": 200,
        "max_bits": 1024,
        "exact_values": False,
    },
    "public-data": {
        "min_cases": 1,
        "min_per_class": 0,
        "min_cell": 0,
        "round_to": 1,
        "max_numbers": 10_000,
        "max_bits": 10_000_000,
        "exact_values": True,
    },
}


class DisclosurePolicy(Value):
    """What a result must fulfil before it may leave a site.

    `min_cases` and `min_per_class` count cases of one result. Cells of a table that hold fewer than `min_cell` cases
    are merged with their neighbours; then counts are rounded to multiples of `round_to`. `max_numbers` bounds how many
    numbers a result holds, `max_bits` what it can tell at most; `exact_values` lets it hold statistics of single scores
    (rank sums, squared errors) beside counted ones. A preset may be given by its name alone; its name with other rules
    is refused, since people go by the name.
    """

    name: str = Field(pattern=r"^[a-z][a-z-]{0,39}$")
    min_cases: int = Field(ge=1, le=1_000_000)
    min_per_class: int = Field(ge=0, le=1_000_000)
    min_cell: int = Field(ge=0, le=1_000_000)
    round_to: int = Field(ge=1, le=1000)
    max_numbers: int = Field(ge=1, le=10_000)
    max_bits: int = Field(ge=1, le=10_000_000)
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

    @model_validator(mode="after")
    def _can_be_kept(self) -> Self:
        """A cell that is large enough stays so when it is rounded, and a class is never smaller than a cell."""
        if self.min_cell % self.round_to or self.min_per_class < self.min_cell:
            raise ValueError("min_cell must be a multiple of round_to, and no more than min_per_class")
        if self.exact_values and self.merges:
            raise ValueError("exact_values cannot go with min_cell or round_to: an exact value is neither")
        if bool(self.min_cell) is not (self.round_to > 1):
            raise ValueError("min_cell and round_to go together: small cells are merged, then all are rounded")
        return self

    @property
    def merges(self) -> bool:
        """Whether counts are merged and rounded."""
        return self.min_cell > 0

    def stricter(self, other: "DisclosurePolicy") -> "DisclosurePolicy":
        """The stricter of each rule: of a site's own policy and the committee's, what holds."""
        mine, theirs = self.model_dump(exclude={"name"}), other.model_dump(exclude={"name"})
        rules = {rule: _STRICTER.get(rule, max)((mine[rule], theirs[rule])) for rule in mine}
        for policy, own in ((self, mine), (other, theirs)):
            if own == rules:
                return policy
        cell = -(-rules["min_cell"] // rules["round_to"]) * rules["round_to"]
        per_class = max(rules["min_per_class"], cell)
        return DisclosurePolicy(name="stricter-of-both", **{**rules, "min_cell": cell, "min_per_class": per_class})


#: Of these rules the smaller value is the stricter one.
_STRICTER: dict[str, Any] = {"max_numbers": min, "max_bits": min, "exact_values": min}

#: The default of any new benchmark: 100 cases, 10 in each class and in each cell, counts rounded to 5.
HOSPITAL = DisclosurePolicy.model_validate("hospital")
#: For data that anyone can download.
PUBLIC_DATA = DisclosurePolicy.model_validate("public-data")
PRESETS = {policy.name: policy for policy in (HOSPITAL, PUBLIC_DATA)}
#: A site's own policy for data of a class, unless it gives another.
DEFAULT_POLICIES = {DataClass.PUBLIC: PUBLIC_DATA, DataClass.RESTRICTED: HOSPITAL}


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
    """What holds beside a policy, with its bits of one release; none where counts leave as they are.

    Exact counts can tell more than any budget would hold: such a policy is for data that need none.
    """
    return Budget(release_bits=float(policy.max_bits)) if policy.merges else None


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
