"""One execution: a benchmark, a model and a dataset, each by digest."""

from typing import Literal

from medeval.domain.base import Value
from medeval.domain.ids import DatasetRef, Digest, VersionedRef


class Pinned(Value):
    """Something named, and the digest that says exactly which."""

    ref: VersionedRef
    digest: Digest


class PinnedDataset(Value):
    """A dataset by `site/name` and the digest of its card."""

    ref: DatasetRef
    digest: Digest


class ExecutionSpec(Value):
    """What is executed; its digest is the execution's id everywhere."""

    format: Literal["medeval/execution@1"] = "medeval/execution@1"
    benchmark: Pinned
    model: Pinned
    dataset: PinnedDataset

    @property
    def site(self) -> str:
        """The site at which it runs."""
        return self.dataset.ref.partition("/")[0]
