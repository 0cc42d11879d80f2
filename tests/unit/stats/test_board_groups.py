"""Subgroups on the board: every metric, over the sites that show a level, and the state of a level that none shows."""

from medeval.disclosure.withhold import to_releasable
from medeval.domain.estimate import CaseCounts, Estimate, NotEstimable, Reason
from medeval.domain.messages import GroupResult, Leaderboard, PooledMetric
from medeval.domain.result import Evaluation
from medeval.stats.board_groups import group_results
from medeval.stats.pooling import pooled_metrics
from tests.boards import PLAN, REGIONS, STRICT, a_board, a_spec, a_withholding_board, by_region, withholding_sites

SPEC = a_spec(model_interface={"features": ["a"], "groups": {"region": REGIONS}})
NAMES = [metric.name for metric in SPEC.metrics]


def pooled(sites: dict[str, Evaluation], *levels: str) -> tuple[PooledMetric, ...]:
    """Every metric of some levels over the sites, as the whole is pooled."""
    parts = {site: whole.find_levels("region", levels) for site, whole in sites.items()}
    return pooled_metrics(parts, NAMES, SPEC.analysis, leave_out=False)


def results(sites: dict[str, Evaluation], *, show_sites: bool = True) -> dict[str, GroupResult]:
    return {group.level: group for group in group_results(SPEC, sites, show_sites=show_sites)}


def test_every_metric_of_each_level_and_its_complement() -> None:
    sites = {f"s{i}": by_region(40 + i, 50 + i, 60 + i) for i in range(4)}
    found = results(sites)
    for level, others in (("a", ("b", "c")), ("b", ("a", "c")), ("c", ("a", "b"))):
        assert found[level].pooled == pooled(sites, level)
        assert found[level].complement == pooled(sites, *others)
        assert [item.metric for item in found[level].pooled] == NAMES
        assert found[level].withheld == 0


def test_a_site_that_withholds_is_missing_from_the_level_and_from_its_variable_s_complements() -> None:
    full = {f"s{i}": by_region(40 + i, 50 + i, 60 + i) for i in range(3)}
    small = to_releasable(by_region(4, 50, 60), STRICT, PLAN)
    found = results(full | {"small": small})
    alone = results(full)
    # c is shown everywhere, so it rests on the fourth site too; a and b do not
    assert (found["a"].pooled, found["b"].pooled) == (alone["a"].pooled, alone["b"].pooled)
    assert found["c"].counts == CaseCounts(cases=60 + 61 + 62 + 60, positives=30 + 30 + 31 + 30)
    assert found["c"].pooled[0].sites == 4
    complements = {"a": pooled(full, "b", "c"), "b": pooled(full, "a", "c"), "c": pooled(full, "a", "b")}
    assert {level: group.complement for level, group in found.items()} == complements
    assert {level: group.withheld for level, group in found.items()} == {"a": 1, "b": 1, "c": 0}


def test_where_no_site_shows_a_level_every_figure_says_why() -> None:
    small = {f"s{i}": to_releasable(by_region(4, 50, 60 + i), STRICT, PLAN) for i in range(3)}
    found = results(small)
    reasons = {"a": Reason.INSUFFICIENT, "b": Reason.SUPPRESSED}
    for level, reason in reasons.items():
        absent = NotEstimable(reason=reason)
        assert found[level].counts == absent
        assert found[level].withheld == 3
        for item in found[level].pooled:
            assert (item.estimate, item.within, item.all_cases, item.sites) == (absent, absent, absent, 0)
    # the level that is shown has no complement: that of the others is kept back with them
    assert isinstance(found["c"].pooled[1].estimate, Estimate)
    assert {item.estimate for item in found["c"].complement} == {NotEstimable(reason=Reason.SUPPRESSED)}


def test_insufficient_at_one_site_and_suppressed_at_another_is_insufficient() -> None:
    sites = {
        "s1": to_releasable(by_region(4, 50, 60), STRICT, PLAN),
        "s2": to_releasable(by_region(50, 4, 60), STRICT, PLAN),
    }
    found = results(sites)
    absent = {level: found[level].counts for level in ("a", "b")}
    assert absent == dict.fromkeys(("a", "b"), NotEstimable(reason=Reason.INSUFFICIENT))


def test_a_level_that_one_site_alone_shows_is_not_shown_to_those_who_may_not_see_it() -> None:
    """All others withhold it, so the pooled level is that site's own."""
    sites = {"s1": by_region(40, 50, 60), "s2": to_releasable(by_region(4, 50, 60), STRICT, PLAN)}
    assert isinstance(results(sites)["a"].counts, CaseCounts)
    found = results(sites, show_sites=False)
    absent = NotEstimable(reason=Reason.ONE_SITE)
    assert {level: group.counts == absent for level, group in found.items()} == {"a": True, "b": True, "c": False}
    assert {item.all_cases for level in "abc" for item in found[level].complement} == {absent}


def test_the_board_holds_it_and_survives_its_own_json() -> None:
    board = a_withholding_board()
    groups = board.rows[0].groups
    assert [(group.level, group.withheld) for group in groups] == [("a", 8), ("b", 8), ("c", 0)]
    assert groups[0].pooled[0].estimate == NotEstimable(reason=Reason.INSUFFICIENT)
    assert groups[1].pooled[0].estimate == NotEstimable(reason=Reason.SUPPRESSED)
    assert [item.metric for item in groups[2].pooled] == [metric.name for metric in board.metrics]
    assert Leaderboard.from_json(board.to_canonical()) == board


def test_withholding_levels_changes_nothing_of_the_whole() -> None:
    """What the levels of some sites lack is missing from no figure of all cases."""
    full = {f"s{i}": by_region(4, 50 + i, 60) for i in range(4)}
    held = {site: to_releasable(whole, STRICT, PLAN) for site, whole in full.items()}
    assert pooled_metrics(full, NAMES, SPEC.analysis) == pooled_metrics(held, NAMES, SPEC.analysis)
    assert all(len(item.groups) == 3 for item in withholding_sites().values())
    assert a_board().rows[0].groups == ()
