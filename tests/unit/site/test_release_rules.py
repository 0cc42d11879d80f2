"""Release rules: what they cover is decided by digest, level and day, and of a comparison every model counts."""

from datetime import date

import pytest

from medeval.domain.base import digest_of
from medeval.domain.execution import Pinned
from medeval.errors import UsageError
from medeval.site.records import AllowedModel
from medeval.site.release_rules import Candidate, ReleaseRule, ReleaseRules

BREAST, HEART = digest_of(b"breast"), digest_of(b"heart")
FIRST, SECOND = digest_of(b"first"), digest_of(b"second")
DAY = date(2026, 3, 1)


def a_rule(model: str | None = FIRST, *, level: int = 2, until: str | None = None) -> ReleaseRule:
    named = AllowedModel(ref="first@1.0.0", digest=model) if model else None
    return ReleaseRule(benchmark=Pinned(ref="breast@1.0.0", digest=BREAST), model=named, least_level=level, until=until)


@pytest.mark.parametrize(
    ("rules", "models", "level", "covered"),
    [
        ((), (FIRST,), 4, False),
        ((a_rule(),), (FIRST,), 2, True),
        ((a_rule(),), (FIRST,), 1, False),
        ((a_rule(level=4),), (FIRST,), 3, False),
        ((a_rule(),), (SECOND,), 2, False),
        ((a_rule(None),), (SECOND,), 2, True),
        ((a_rule(),), (FIRST, SECOND), 2, False),
        ((a_rule(), a_rule(SECOND)), (FIRST, SECOND), 2, True),
        ((a_rule(until="2026-03-01"),), (FIRST,), 2, True),
        ((a_rule(until="2026-02-28"),), (FIRST,), 2, False),
        ((a_rule(until="2026-02-28"), a_rule(None)), (FIRST,), 2, True),
    ],
)
def test_what_a_rule_covers(rules: tuple[ReleaseRule, ...], models: tuple[str, ...], level: int, *, covered: bool):
    found = ReleaseRules(rules=rules).find(Candidate(BREAST, models, level), DAY)
    assert (found is not None) is covered
    assert ReleaseRules(rules=rules).find(Candidate(HEART, models, level), DAY) is None


@pytest.mark.parametrize("until", ["2026-02-30", "tomorrow", "2026-1-1"])
def test_a_rule_ends_on_a_day(until: str):
    plain = {"benchmark": {"ref": "breast@1.0.0", "digest": BREAST}, "until": until}
    with pytest.raises(UsageError):
        ReleaseRule.from_plain(plain, refuse=UsageError)
