"""The sentences above the table: true for the board, and no more than was analysed."""

from medeval.domain.estimate import Reason
from medeval.report.findings import Finding, findings_of
from medeval.stats.leaderboard import ModelFacts
from tests.boards import FAIR, GOOD, a_board, a_spec, released


def heads(findings: list[Finding]) -> list[str]:
    return [finding.head for finding in findings]


def test_highest_is_named_with_its_interval_and_no_verdict() -> None:
    first = findings_of(a_board())[0]
    assert first.head == "logistic has the highest pooled AUROC; no paired test was made."
    assert "0.95 (95% CI 0.93 to 0.97)" in first.text
    assert "lies apart from that of forest and age-only" in first.text
    assert "no verdict" in first.text
    assert "forest (3 of 5) and age-only (2 of 5)" in first.text


def test_overlap_is_told_as_overlap() -> None:
    models = tuple(ModelFacts(f"{name}@1.0.0", "Group", "A model") for name in ("a", "b", "c"))
    executions = (
        released("a", "north", GOOD["north"]),
        released("b", "north", GOOD["east"]),
        released("c", "north", FAIR["west"]),
    )
    text = findings_of(a_board(models=models, executions=executions))[0].text
    assert "overlaps that of b and lies apart from that of c" in text


def test_ties_are_named_together() -> None:
    models = tuple(ModelFacts(f"{name}@1.0.0", "Group", "A model") for name in ("a", "b", "c"))
    executions = tuple(released(name, "north", GOOD["north"]) for name in ("a", "b"))
    assert findings_of(a_board(models=models, executions=executions))[0].head.startswith("a and b have the highest")


def test_lower_is_named_where_lower_is_better() -> None:
    spec = a_spec(metrics=[{"name": "auroc", "direction": "lower"}])
    assert findings_of(a_board(spec=spec))[0].head == "age-only has the lowest pooled AUROC; no paired test was made."


def test_one_model_is_compared_with_nothing() -> None:
    executions = (released("logistic", "north", GOOD["north"]),)
    found = findings_of(a_board(executions=executions))
    assert found[0].head == "One model has a pooled estimate: logistic."
    assert heads(found)[1:] == ["1 of 15 executions gave a result."]


def test_spread_names_the_sites_at_both_ends() -> None:
    spread = findings_of(a_board())[1]
    assert spread.head == "logistic is lowest at West Hospital and highest at South Clinic."
    assert "0.82 (0.73 to 0.89) and 1.00 (0.86 to 1.00)" in spread.text


def test_pool_outside_its_sites_is_pointed_out() -> None:
    found = findings_of(a_board())[2]
    assert found.head == "The pooled value of age-only lies outside the range of its own sites."
    assert "0.80 (0.72 to 0.85)" in found.text


def test_completeness_counts_what_is_missing() -> None:
    last = findings_of(a_board())[-1]
    assert last.head == "10 of 15 executions gave a result."
    assert last.text.startswith("1 withheld by the data owner, 1 failed and 3 without a statement yet.")
    models = (ModelFacts("logistic@1.0.0", "Group", "A model"),)
    whole = a_board(models=models, executions=tuple(released("logistic", site, item) for site, item in GOOD.items()))
    assert findings_of(whole)[-1].head == "All 5 executions gave a result."


def test_nothing_to_show_says_why() -> None:
    assert heads(findings_of(a_board(executions=())))[0] == "No result yet."
    hidden = findings_of(a_board(show_pooled=False, show_cells=False))[0]
    assert hidden.head == "No pooled estimate to show."
    assert Reason.HIDDEN in hidden.text
    assert heads(findings_of(a_board(models=(), sites=(), executions=()))) == ["No result yet."]
