"""Datasets: what a data owner registers about a prepared dataset, without a word of it."""

from typing import Literal

from pydantic import Field

from medeval.domain.base import Value
from medeval.domain.families.base import Count
from medeval.domain.ids import Digest, Name, Title
from medeval.domain.policies import DisclosurePolicy


class DatasetStatistics(Value):
    """What a preparator's `statistics` task writes: cases, and cases per class.

    Classes are those of the task: negative and positive, censored and with an event, or the spec's own; a task without
    classes has none.
    """

    cases: Count
    per_class: tuple[Count, ...] = Field(max_length=100)


class DatasetCard(Value):
    """A prepared dataset at a site; its counts are rounded as the policy in force asks.

    `fingerprint` is an HMAC-SHA256 of the prepared files under a salt that never leaves the site: it tells whether two
    cards speak of the same data, and nobody can search for data that gives it. `benchmark` and `preparator` pin what
    prepared it. `policy` is the site's own for these data: of it and the benchmark's, the stricter of each rule holds.
    """

    format: Literal["medeval/dataset@1"] = "medeval/dataset@1"
    site: Name
    name: Name
    title: Title
    benchmark: Digest
    preparator: Digest
    fingerprint: Digest
    statistics: DatasetStatistics
    policy: DisclosurePolicy

    @property
    def ref(self) -> str:
        """`site/name`."""
        return f"{self.site}/{self.name}"
