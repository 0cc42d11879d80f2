"""`dataset add`: prepare once, check, fingerprint, count. `dataset join`: ask to take part, pinned to a digest."""

import csv
import hmac
import shutil
from pathlib import Path

from medeval.disclosure.check import check_enough
from medeval.disclosure.leaving import card_counts
from medeval.domain.benchmark import BenchmarkSpec
from medeval.domain.dataset import DatasetCard, DatasetStatistics
from medeval.domain.digest import digest_of_chunks, digest_of_tree
from medeval.domain.ids import check_name, check_title
from medeval.domain.messages import Association, NewAssociation
from medeval.domain.policies import DEFAULT_POLICIES, DisclosurePolicy
from medeval.errors import Conflict, DigestMismatch, EmptyData, PolicyConflict, RunFailed
from medeval.packaging.progress import Progress
from medeval.packaging.store import file_chunks
from medeval.runtime import steps
from medeval.runtime.choose import check_strong_enough
from medeval.site import versions
from medeval.site.context import Site
from medeval.site.examined import check_examined
from medeval.site.levels import check_level
from medeval.site.records import DatasetRecord


def add_dataset(
    site: Site,
    name: str,
    title: str,
    benchmark: str,
    raw: Path,
    report: Progress,
    own_policy: DisclosurePolicy | None = None,
) -> DatasetRecord:
    """Prepare a raw folder for a benchmark; the same data for the same benchmark again is left as it is.

    Without the site's own policy it is that of hospitals, or for public data the open one. Runs that a killed process
    left behind are ended first. Raises `DataError` and its children for raw data that does not fit, `TooFewCases` when
    the policy in force asks for more, `PolicyConflict` when no result could leave under it, `DifferencingRisk` for data
    that are nearly those of another dataset. Nothing leaves the site.
    """
    check_name(name)
    check_title(title)
    if not raw.is_dir() or not any(raw.iterdir()):
        raise EmptyData("the data folder is missing or empty", "Give the folder that holds the raw data: --data DIR.")
    spec = site.api.get_benchmark(benchmark).spec
    raw_fingerprint = fingerprint_of(raw, site.store.salt_file.read_bytes())
    known = site.store.find_dataset(name)
    if known is not None:
        return _same(known, spec, raw_fingerprint)
    check_sandbox(site, spec)
    policy = own_policy or DEFAULT_POLICIES[spec.data_class]
    _check_serves(spec, policy)
    site.store.put_spec(spec)
    report(name, "prepare")
    site.runtime.reap(site.store.get_site().fingerprint)
    work = site.store.fresh_work(f"dataset-{name}")
    _prepare(site, spec, raw, work, report, name)
    counts = _counted(site, spec, policy, work, report, name)
    rows = versions.rows_of(raw, site.store.salt_file.read_bytes())
    versions.check_versions(site, rows, counts.cases, spec.disclosure.stricter(policy).min_cell)
    versions.keep_rows(site.store, name, rows)
    card = DatasetCard(
        site=site.store.get_site().name,
        name=name,
        title=title,
        benchmark=spec.to_digest(),
        preparator=spec.preparator.cube.identity,
        fingerprint=fingerprint_of(work / "prepared", site.store.salt_file.read_bytes()),
        statistics=card_counts(counts, spec.analysis, spec.disclosure.stricter(policy)),
        policy=policy,
    )
    return _keep(site, DatasetRecord(card=card, counts=counts, benchmark=spec.ref, raw=raw_fingerprint), work)


def join_benchmark(site: Site, name: str) -> Association:
    """Send the card and ask the committee to take the dataset in; again, it answers where the request stands."""
    site.ledger.check()
    record = site.store.get_dataset(name)
    published = site.api.get_benchmark(record.benchmark)
    if published.digest != record.card.benchmark:
        hint = "The server's spec is not the one that prepared this dataset. Ask the committee."
        raise DigestMismatch(f"the digest of {record.benchmark} has changed", hint)
    site.egress.send_card(record.card, published.spec)
    site.store.put_dataset(record.model_copy(update={"joined": True}))
    request = NewAssociation(benchmark=record.benchmark, kind="dataset", subject=record.card.ref)
    return site.egress.ask_to_join(request)


def check_sandbox(site: Site, spec: BenchmarkSpec) -> None:
    """Raise `RuntimeRefused` when this site's runtime is too weak for the benchmark's data, or was not seen to hold."""
    record = site.store.get_site()
    check_strong_enough(record.sandbox.level, spec.data_class)
    check_level(check_examined(site).level, spec, record.min_level)


def _same(known: DatasetRecord, spec: BenchmarkSpec, raw_fingerprint: str) -> DatasetRecord:
    """What is there already; raises `Conflict` when it was prepared for another benchmark, or from other data."""
    if known.card.benchmark != spec.to_digest():
        raise Conflict(f"dataset {known.card.name} was prepared for {known.benchmark}", "Choose another name.")
    if known.raw != raw_fingerprint:
        raise Conflict(f"dataset {known.card.name} was prepared from other data", "Choose another name.")
    return known


def _prepare(site: Site, spec: BenchmarkSpec, raw: Path, work: Path, report: Progress, name: str) -> None:
    report(name, "fetch the preparator")
    site.runtime.install(spec.preparator.cube, site.blobs)
    report(name, "prepare")
    owner = site.store.get_site().fingerprint
    steps.prepare(site.runtime, spec.preparator, raw, work / "prepared", spec.limits.prepare, owner)
    report(name, "sanity check")
    steps.check_prepared(site.runtime, spec.preparator, work / "prepared", spec.limits.prepare, owner)
    steps.check_interface(work / "prepared", spec.model_interface)


def _check_serves(spec: BenchmarkSpec, own: DisclosurePolicy) -> None:
    """Raise `PolicyConflict` when under the site's own policy no result of the benchmark could leave."""
    wrong = spec.find_conflict(spec.disclosure.stricter(own))
    if wrong is not None:
        hint = f"Under {own.name} no result of it can leave. Give --policy another one, or ask the committee."
        raise PolicyConflict(f"this benchmark does not fit the site's own policy: {wrong}", hint)


def _counted(
    site: Site, spec: BenchmarkSpec, own: DisclosurePolicy, work: Path, report: Progress, name: str
) -> DatasetStatistics:
    """Count the prepared cases, exactly, and hold them to the policy in force."""
    report(name, "count")
    owner, limits = site.store.get_site().fingerprint, spec.limits.prepare
    counts = steps.statistics(site.runtime, spec.preparator, work / "prepared", limits, owner)
    check_counts(work / "prepared", counts, spec)
    check_enough(counts.cases, counts.per_class, spec.disclosure.stricter(own), where="statistics")
    return counts


def check_counts(prepared: Path, counts: DatasetStatistics, spec: BenchmarkSpec) -> None:
    """Raise `RunFailed` unless the preparator's counts are those of its files: they leave, so they are not believed."""
    with (prepared / "cases" / "cases.csv").open(encoding="utf-8", newline="", errors="replace") as file:
        cases = sum(1 for _ in csv.reader(file)) - 1
    per_class = _count_labels(prepared / spec.analysis.labels_file, spec)
    if per_class is None or DatasetStatistics(cases=cases, per_class=per_class) != counts or not _adds_up(counts, spec):
        hint = "Nothing has left. Tell the benchmark's committee."
        raise RunFailed("the preparator's counts are not those of the files that it wrote", hint)


def _count_labels(labels: Path, spec: BenchmarkSpec) -> tuple[int, ...] | None:
    """The cases per class of a file of labels; None for a label that the task does not know."""
    if labels.suffix != ".csv":
        return ()
    with labels.open(encoding="utf-8", newline="", errors="replace") as file:
        return spec.analysis.count_classes(csv.DictReader(file), spec.model_interface.label)


def _adds_up(counts: DatasetStatistics, spec: BenchmarkSpec) -> bool:
    """Every case is of one class, in a task that has such classes."""
    return not spec.analysis.classes_share_cases or sum(counts.per_class) == counts.cases


def _keep(site: Site, record: DatasetRecord, work: Path) -> DatasetRecord:
    """Move the prepared files in, then write the record: a dataset without a record is not there."""
    folder = site.store.dataset_folder(record.card.name)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.rmtree(folder / "prepared", ignore_errors=True)
    (work / "prepared").rename(folder / "prepared")
    shutil.rmtree(work)
    site.store.put_dataset(record)
    return record


def fingerprint_of(folder: Path, salt: bytes) -> str:
    """HMAC-SHA256 of the tree's digest: tells whether two cards speak of the same data, and nothing else."""
    files = {
        path.relative_to(folder).as_posix(): digest_of_chunks(file_chunks(path))[0]
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    return "sha256:" + hmac.digest(salt, digest_of_tree(files).encode("ascii"), "sha256").hex()
