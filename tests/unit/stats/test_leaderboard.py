"""The leaderboard: order of rows, explicit cells, what a viewer may see."""

import pytest

from medeval.domain.attestation import WithholdReason
from medeval.domain.estimate import Estimate, EvidenceFlag, NotEstimable, Reason
from medeval.domain.failures import FailureCode
from medeval.domain.lifecycle import ExecutionState
from medeval.domain.messages import Leaderboard
from medeval.domain.policies import Audience
from medeval.stats import words
from medeval.stats.estimates import estimates_of
from medeval.stats.leaderboard import ExecutionFacts, ModelFacts, build
from medeval.stats.pooling import merge_evaluations, pooled_metric
from tests.boards import FAIR, GOOD, a_board, a_spec, an_analysis, not_released, released, some_facts


def models_of(board: Leaderboard) -> list[str]:
    return [row.model.partition("@")[0] for row in board.rows]


def kinds_of(board: Leaderboard, model: str) -> list[str]:
    row = next(row for row in board.rows if row.model.startswith(model))
    return [cell.kind for cell in row.cells]


def test_rows_go_by_the_primary_metric_in_its_direction() -> None:
    assert models_of(a_board()) == ["logistic", "forest", "age-only"]
    # Of the Brier score less is better: by their means within sites, since age-only has results at two sites alone.
    lower = a_board(spec=a_spec(metrics=[{"name": "brier"}], analysis=an_analysis("brier")))
    values = [row.pooled[0].within.value for row in lower.rows]
    assert models_of(lower) == ["logistic", "forest", "age-only"]
    assert values[0] < values[1]
    # Of O:E the nearest to 1 is best, be it above or below.
    target = a_board(spec=a_spec(metrics=[{"name": "oe"}], analysis=an_analysis("oe")))
    pooled = [row.pooled[0].estimate for row in target.rows]
    distances = [abs(estimate.value - 1) for estimate in pooled if isinstance(estimate, Estimate)]
    assert len(distances) == 2
    assert distances == sorted(distances)


def test_rows_without_a_value_come_last_and_ties_go_by_name() -> None:
    models = tuple(ModelFacts(f"{name}@1.0.0", "Group", "A model") for name in ("zeta", "beta", "none-b", "none-a"))
    executions = tuple(released(name, "north", FAIR["north"]) for name in ("zeta", "beta"))
    board = a_board(models=models, executions=executions)
    assert models_of(board) == ["beta", "zeta", "none-a", "none-b"]
    assert {item.estimate for item in board.rows[-1].pooled} == {NotEstimable(reason=Reason.NO_RESULTS)}
    assert board.rows[-1].sites == 0


def test_every_cell_says_what_it_is() -> None:
    board = a_board()
    assert kinds_of(board, "logistic") == ["result"] * 5
    assert kinds_of(board, "forest") == ["result", "result", "withheld", "result", "pending"]
    assert kinds_of(board, "age-only") == ["result", "failed", "pending", "pending", "result"]
    failed = board.rows[2].cells[1]
    assert failed.reason == "the model passed its time limit"
    assert board.executions == {
        ExecutionState.PENDING: 3,
        ExecutionState.RELEASED: 10,
        ExecutionState.WITHHELD: 1,
        ExecutionState.FAILED: 1,
    }


def test_three_estimands_of_each_metric() -> None:
    row, spec = a_board().rows[1], a_spec()
    sites = {f"{site}/masses": evaluation for site, evaluation in FAIR.items()}
    assert row.pooled == tuple(pooled_metric(sites, metric.name, spec.analysis) for metric in spec.metrics)
    merged = merge_evaluations(list(FAIR.values()))
    expected = estimates_of(merged, spec.metrics, spec.analysis)
    assert [item.all_cases for item in row.pooled] == [item.estimate for item in expected]
    assert (row.sites, row.counts.cases) == (3, merged.cases)
    assert row.counts.positives == sum(merged.states[0].n1)


def test_a_model_at_few_sites_has_no_headline_and_comes_after_those_with_one() -> None:
    board = a_board()
    assert isinstance(board.rows[1].pooled[0].estimate, Estimate)
    assert board.rows[2].pooled[0].estimate == NotEstimable(reason=Reason.FEW_SITES)
    assert isinstance(board.rows[2].pooled[0].within, Estimate)


def test_what_evidence_lacks_is_flagged() -> None:
    board = a_board()
    assert EvidenceFlag.FEW_EVENTS not in board.rows[0].flags
    few = a_board(executions=tuple(released("logistic", site, GOOD[site]) for site in ("south", "coast")))
    flags = next(row for row in few.rows if row.model.startswith("logistic")).flags
    assert EvidenceFlag.FEW_EVENTS in flags
    assert EvidenceFlag.FEW_NON_EVENTS not in flags


def test_one_class_at_a_site_is_said() -> None:
    one_class = a_board().rows[2].cells[4]
    assert one_class.estimates[0].estimate == NotEstimable(reason=Reason.ONE_CLASS_ONLY)
    assert one_class.estimates[1].estimate.value == 1.0


def test_source_is_said_in_the_cell() -> None:
    assert not any(cell.from_source for cell in a_board().rows[0].cells)
    cell = a_board("source").rows[0].cells[0]
    assert cell.from_source
    assert cell.sandbox == "bubblewrap 0.8.0, level 1"


def test_viewer_without_sites_sees_no_cell() -> None:
    board = a_board(show_cells=False)
    cells = {cell for row in board.rows for cell in row.cells}
    assert [(cell.kind, cell.reason) for cell in cells] == [
        ("hidden", "results of single sites are shown to participants")
    ]
    assert isinstance(board.rows[0].pooled[0].estimate, Estimate)


def test_pool_of_one_site_is_not_shown_to_those_who_may_not_see_it() -> None:
    facts = {"executions": (released("logistic", "north", FAIR["north"]),)}
    shown = a_board(**facts).rows[0]
    hidden = next(row for row in a_board(**facts, show_cells=False).rows if row.model == shown.model)
    assert {item.estimate for item in shown.pooled} == {NotEstimable(reason=Reason.FEW_SITES)}
    assert {kind for item in shown.pooled for kind in (item.within.kind, item.all_cases.kind)} == {"estimate"}
    for item in hidden.pooled:
        assert {item.estimate, item.within, item.all_cases} == {NotEstimable(reason=Reason.ONE_SITE)}
        assert (item.lowest, item.highest, item.left_out, item.heterogeneity) == (None, None, (), None)
    assert hidden.bins is None
    assert hidden.counts == NotEstimable(reason=Reason.ONE_SITE)


def test_viewer_without_pooled_learns_no_order() -> None:
    board = a_board(show_pooled=False, show_cells=False)
    assert models_of(board) == ["age-only", "forest", "logistic"]
    shown = {kind for row in board.rows for item in row.pooled for kind in (item.estimate, item.within, item.all_cases)}
    assert shown == {NotEstimable(reason=Reason.HIDDEN)}
    assert {(row.flags, row.rank, row.groups, row.bins) for row in board.rows} == {((), None, (), None)}
    assert board.comparisons == ()


def test_estimand_is_that_of_the_metric() -> None:
    for part in ("random-effects meta-analysis", "from 3 sites on", "by its pairs of cases", "over all cases"):
        assert part in a_board().estimand
    accuracy = a_board(spec=a_spec(analysis=an_analysis("accuracy", min_sites=4))).estimand
    assert "from 4 sites on" in accuracy
    assert "by its cases" in accuracy


def test_board_survives_its_own_json() -> None:
    board = a_board()
    assert Leaderboard.from_json(board.to_canonical()) == board


def test_result_and_state_must_agree() -> None:
    result = released("a", "north", FAIR["north"]).released
    with pytest.raises(ValueError, match="released execution"):
        ExecutionFacts("a@1.0.0", "north/masses", ExecutionState.FAILED, result)
    with pytest.raises(ValueError, match="released execution"):
        ExecutionFacts("a@1.0.0", "north/masses", ExecutionState.RELEASED)


def test_empty_benchmark_has_a_board() -> None:
    board = build(some_facts(models=(), sites=(), executions=(), log_size=0, log_head=None))
    assert board.rows == ()
    assert sum(board.executions.values()) == 0


def test_every_reason_has_words() -> None:
    codes = [*FailureCode, *WithholdReason]
    assert len({words.reason_words(code) for code in codes}) == len(codes)
    assert words.UNNAMED not in {words.reason_words(code) for code in codes}
    assert words.reason_words("something newer") == words.UNNAMED
    assert {words.hidden_words(audience) for audience in Audience}


def test_reason_of_a_withheld_result_reaches_the_cell() -> None:
    executions = (not_released("logistic", "north", ExecutionState.WITHHELD, WithholdReason.MODEL_CONCERN),)
    cell = a_board(executions=executions).rows[-1].cells[0]
    assert cell.reason == "the data owner has a concern about the model"
