"""The sentences above the table: true for the board, and no more than was analysed."""

from medeval.domain.estimate import EvidenceFlag, Reason
from medeval.domain.messages import Leaderboard, Rank
from medeval.report.findings import Finding, findings_of
from medeval.stats.leaderboard import ModelFacts
from tests.boards import FAIR, GOOD, a_board, a_large_board, released


def heads(findings: list[Finding]) -> list[str]:
    return [finding.head for finding in findings]


def ranked(board: Leaderboard, *tiers: int | None) -> Leaderboard:
    """The board with these tiers, and no comparisons."""
    rows = tuple(
        row.model_copy(update={"rank": Rank(low=1, high=2, tier=tier) if tier else None})
        for row, tier in zip(board.rows, tiers, strict=True)
    )
    return board.model_copy(update={"rows": rows, "comparisons": (), "tier_basis": ""})


def test_no_winner_is_named_among_models_of_one_tier() -> None:
    first = findings_of(a_large_board())[0]
    assert first.head == "No clear winner among two models."
    assert first.text.startswith("boosted is not shown to differ from logistic (")
    assert "adjusted for 3 comparisons" in first.text
    assert "no proof that they are alike" in first.text
    three = findings_of(ranked(a_large_board(), 1, 1, 1, 2))[0]
    assert three.head == "No clear winner among three models."
    assert three.text.startswith("None of the other two is shown to differ from logistic.")


def test_a_model_alone_in_its_tier_is_ahead_and_says_of_whom() -> None:
    first = findings_of(ranked(a_large_board(), 1, 2, 2, 3))[0]
    assert first.head == "logistic is ahead by mean AUROC."
    assert first.text.startswith("boosted, forest and age-only are shown to be worse.")


def test_without_a_test_the_order_is_no_verdict() -> None:
    first = findings_of(ranked(a_large_board(), None, None, None, None))[0]
    assert first.head == "logistic stands first by mean AUROC; no paired test was made."
    assert "Higher is better." in first.text
    assert "overlaps that of boosted" in first.text
    assert "no verdict" in first.text


def test_who_falls_behind_is_told_with_its_gap() -> None:
    found = findings_of(a_large_board())
    assert heads(found)[1:3] == ["forest is worse than logistic.", "age-only is worse than logistic."]
    assert found[1].text == (
        "0.06 lower AUROC (95% CI 0.02 to 0.10), paired on the same cases at 8 sites, adjusted p = 0.004."
    )
    assert found[2].text.endswith("adjusted p < 0.001.")


def test_models_over_fewer_sites_are_named() -> None:
    assert "forest (3 of 5)" in findings_of(a_board())[0].text


def test_one_model_is_compared_with_nothing() -> None:
    models = (ModelFacts("logistic@1.0.0", "Group", "A model"),)
    executions = tuple(released("logistic", site, item) for site, item in GOOD.items())
    found = findings_of(a_board(models=models, executions=executions))
    assert found[0].head == "One model has a pooled estimate: logistic."
    assert heads(found)[-1] == "All 5 executions gave a result."


def test_too_few_sites_are_shown_not_pooled() -> None:
    executions = tuple(released("logistic", site, GOOD[site]) for site in ("north", "east"))
    first = findings_of(a_board(executions=executions))[0]
    assert first.head == "Too few sites to pool."
    assert "0.99 (0.97 to 1.00) at North Hospital and 0.95 (0.89 to 0.98) at East Hospital" in first.text


def test_spread_names_the_sites_at_both_ends_and_how_much_is_chance() -> None:
    spread = findings_of(a_board())[1]
    assert spread.head == "Performance differs between sites."
    assert "0.82 (0.73 to 0.89) at West Hospital and 1.00 (0.86 to 1.00) at South Clinic" in spread.text
    assert "do not expect the mean at a new site" in spread.text
    predicted = findings_of(a_large_board())[3]
    assert "95% prediction interval, approximate" in predicted.text


def test_sites_without_an_estimate_are_flagged() -> None:
    found = {item.head: item.text for item in findings_of(a_board())}
    text = found["AUROC cannot be estimated at every site."]
    assert "logistic at 1 of 5 and age-only at 1 of 2 sites" in text
    assert Reason.ONE_CLASS_ONLY in text


def test_value_over_all_cases_outside_its_sites_is_pointed_out() -> None:
    wide = {"north": FAIR["north"], "east": FAIR["north"], "west": FAIR["north"]}
    models = (ModelFacts("forest@1.0.0", "Group", "A model"),)
    board = a_board(models=models, executions=tuple(released("forest", site, item) for site, item in wide.items()))
    assert not [head for head in heads(findings_of(board)) if "all cases" in head]
    row = board.rows[0]
    moved = row.pooled[0].all_cases.model_copy(update={"value": 0.2, "low": 0.1})
    pooled = (row.pooled[0].model_copy(update={"all_cases": moved}), *row.pooled[1:])
    other = board.model_copy(update={"rows": (row.model_copy(update={"pooled": pooled}),)})
    assert "Over all cases, forest lies outside the range of its own sites." in heads(findings_of(other))


def test_thin_evidence_is_named_with_what_is_missing() -> None:
    found = {item.head: item.text for item in findings_of(a_board())}
    assert EvidenceFlag.FEW_EVENTS in found["Three models rest on thin evidence."]


def test_completeness_counts_what_is_missing() -> None:
    last = findings_of(a_board())[-1]
    assert last.head == "10 of 15 executions gave a result."
    assert last.text.startswith("1 withheld by the data owner, 1 failed and 3 without a statement yet.")


def test_nothing_to_show_says_why() -> None:
    assert heads(findings_of(a_board(executions=())))[0] == "No result yet."
    hidden = findings_of(a_board(show_pooled=False, show_cells=False))[0]
    assert hidden.head == "No pooled estimate to show."
    assert Reason.HIDDEN in hidden.text
    assert heads(findings_of(a_board(models=(), sites=(), executions=()))) == ["No result yet."]
