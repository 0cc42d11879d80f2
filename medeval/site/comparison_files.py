"""The files of paired comparisons at this site: a folder for each set of models of a dataset.

How far a comparison has come is derived from the files that are there, as for executions.
"""

from medeval.domain.attestation import WithholdReason
from medeval.domain.paired import ComparisonSpec, PairedEvaluation
from medeval.errors import SiteStateError
from medeval.runtime.removal import remove_tree
from medeval.site.records import RunRecord, Stage, WithheldRecord
from medeval.site.store import SiteStore, StatedFiles, read, write


class ComparisonFiles(StatedFiles):
    """The files of one comparison."""

    def is_known(self) -> bool:
        """Whether it was begun."""
        return (self.folder / "comparison.json").exists()

    def spec(self) -> ComparisonSpec:
        """Which models are compared on what; raises `SiteStateError` when the file is gone."""
        spec = read(self.folder / "comparison.json", ComparisonSpec)
        if spec is None:
            raise SiteStateError("what a comparison is of is missing", "Run `medeval site run` to make it again.")
        return spec

    def put_spec(self, spec: ComparisonSpec) -> None:
        """Keep what is to be compared."""
        write(self.folder / "comparison.json", spec.to_canonical())

    def paired(self) -> PairedEvaluation | None:
        """The checked comparison, once there is one."""
        return read(self.folder / "paired.json", PairedEvaluation)

    def put_paired(self, paired: PairedEvaluation, run: RunRecord) -> None:
        """Keep a checked comparison; `run` first, so that it never lacks that."""
        write(self.folder / "run.json", run.to_canonical())
        write(self.folder / "paired.json", paired.to_canonical())

    def withheld(self) -> WithholdReason | None:
        """Why the data owner keeps it here, if that was decided."""
        record = read(self.folder / "withheld.json", WithheldRecord)
        return record.reason if record else None

    def put_withheld(self, reason: WithholdReason) -> None:
        """Keep the decision."""
        write(self.folder / "withheld.json", WithheldRecord(reason=reason).to_canonical())

    def forget_withheld(self) -> None:
        """Take the decision back."""
        (self.folder / "withheld.json").unlink(missing_ok=True)

    def remove(self) -> None:
        """Forget all of it, as of a comparison that another takes the place of."""
        remove_tree(self.folder)

    def stage(self) -> Stage:
        """How far it has come."""
        signed = self.signed()
        if signed is not None:
            return Stage.REFUSED if signed.is_refused else Stage.RELEASED
        if self.withheld() is not None:
            return Stage.WITHHELD
        if self.failure() is not None:
            return Stage.FAILED
        return Stage.EVALUATED if self.paired() is not None else Stage.NEW


def comparison_files(store: SiteStore, digest: str) -> ComparisonFiles:
    """The files of one comparison, whether or not they are there yet."""
    return ComparisonFiles(store.root / "comparisons" / digest.removeprefix("sha256:"))


def list_comparisons(store: SiteStore) -> list[ComparisonFiles]:
    """Every comparison that was begun here, by id."""
    return [ComparisonFiles(path.parent) for path in sorted(store.root.glob("comparisons/*/comparison.json"))]


def name_of(spec: ComparisonSpec) -> str:
    """What people call it: `comparison/` and the dataset."""
    return f"comparison/{spec.dataset.ref.partition('/')[2]}"
