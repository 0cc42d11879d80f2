"""Release without a person what a person allowed beforehand: by benchmark, model and level of isolation.

A rule opens no other way out: what it covers passes the same checks of policy, budget and differencing, is signed in
the same way, and stands in the ledger with the rule's digest. Making and revoking a rule are entries of the ledger too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from medeval.domain.ledger import EntryKind, Event, Topic
from medeval.errors import (
    BudgetExhausted,
    DifferencingRisk,
    MedevalError,
    NotFound,
    ServerUnreachable,
    SiteBusy,
    UsageError,
)
from medeval.packaging.progress import Progress
from medeval.site import release, review
from medeval.site.allow import get_allowed
from medeval.site.comparison_files import ComparisonFiles
from medeval.site.context import Site
from medeval.site.egress import REFUSALS
from medeval.site.entries import Decided, of_kept
from medeval.site.lock import hold
from medeval.site.records import Stage
from medeval.site.release_rules import Candidate, ReleaseRule, ReleaseRules
from medeval.site.review import Reviewed


@dataclass(frozen=True)
class Automatic:
    """How many results left by a rule; models whose results a rule covers and budget or differencing holds back."""

    released: int
    held: tuple[str, ...]
    stopped: MedevalError | None


def make_rules(site: Site, benchmark: str, models: list[str], *, least_level: int, until: str | None) -> ReleaseRules:
    """Allow models, or every model of a benchmark, to be released at a level; raises `NotFound` or `UsageError`."""
    spec = site.api.get_benchmark(benchmark).spec
    pinned = ReleaseRule.from_plain(
        {
            "benchmark": {"ref": spec.ref, "digest": spec.to_digest()},
            "least_level": least_level,
            "until": until,
        },
        refuse=UsageError,
    )
    made = [pinned.model_copy(update={"model": get_allowed(site, name)}) for name in models] or [pinned]
    kept = site.store.get_release_rules().rules
    for rule in made:
        site.ledger.append(_entry(rule, "rule-made"))
    return _keep(site, (*(rule for rule in kept if rule not in made), *made))


def revoke_rules(site: Site, name: str) -> ReleaseRules:
    """Take back every rule for a model or for a benchmark; raises `NotFound` where there is none.

    What was released stays released.
    """
    kept = site.store.get_release_rules().rules
    gone = [rule for rule in kept if rule.is_named(name)]
    if not gone:
        raise NotFound(f"there is no release rule for {name[:80]}", "See `medeval result allow`.")
    for rule in gone:
        site.ledger.append(_entry(rule, "rule-revoked"))
    return _keep(site, tuple(rule for rule in kept if rule not in gone))


def release_covered(site: Site, report: Progress) -> Automatic:
    """Release what waits and a rule covers, under the `review` lock: while a person decides, nothing leaves.

    What budget or differencing holds back goes on waiting for a person; what the server refuses is kept as refused.
    """
    released, held, first = 0, [], None
    for row, _ in list(_covered(site)):
        try:
            with hold(site.store.root, "review"):
                released += _release(site, row.execution, report)
        except (SiteBusy, *REFUSALS):
            continue
        except (BudgetExhausted, DifferencingRisk):
            held.append(row.model)
        except MedevalError as exc:
            first = first or exc
            if isinstance(exc, ServerUnreachable):
                break
    return Automatic(released, tuple(held), first)


def _release(site: Site, execution: str, report: Progress) -> int:
    """Release one, if it still waits and a rule still covers it: a person may have decided since. Returns how many."""
    for row, rule in _covered(site):
        if row.execution == execution:
            report(row.model, "release by a rule")
            release.release(site, row.files, rule=rule.to_digest())
            return 1
    return 0


def today() -> date:
    """By the site's own clock, in UTC."""
    return datetime.now(UTC).date()


def _covered(site: Site) -> Iterator[tuple[Reviewed, ReleaseRule]]:
    rules = site.store.get_release_rules()
    if not rules.rules:
        return
    for row in review.list_results(site):
        candidate = _candidate(row) if row.stage is Stage.EVALUATED else None
        rule = rules.find(candidate, today()) if candidate else None
        if rule is not None:
            yield row, rule


def _candidate(row: Reviewed) -> Candidate | None:
    run = row.files.run()
    if run is None:
        return None
    if isinstance(row.files, ComparisonFiles):
        comparison = row.files.spec()
        models = tuple(model.digest for model in comparison.models)
        return Candidate(comparison.benchmark.digest, models, run.sandbox.level)
    execution = row.files.task().execution
    return Candidate(execution.benchmark.digest, (execution.model.digest,), run.sandbox.level)


def _entry(rule: ReleaseRule, reason: str) -> Event:
    models = (rule.model.ref,) if rule.model else ()
    topic = Topic(subject=rule.to_digest(), benchmark=rule.benchmark.ref, models=models)
    return of_kept(EntryKind.RULE, topic, reason, Decided(note=rule.words))


def _keep(site: Site, rules: tuple[ReleaseRule, ...]) -> ReleaseRules:
    found = ReleaseRules(rules=rules)
    site.store.put_release_rules(found)
    return found
