"""The review sheet: a line per field, the merged bins without a count from before, old values beside new."""

from dataclasses import asdict, dataclass
from typing import Literal

import pytest

from medeval.disclosure.leaving import to_leave
from medeval.domain.families.base import State
from medeval.domain.families.binary import ScoreTable
from medeval.domain.policies import HOSPITAL
from medeval.errors import ResultRefused
from medeval.site import release
from medeval.site.records import RunRecord
from medeval.site.sheet import HOLDS, sheet_of
from medeval.site.sheet_merged import merged_of
from tests.sites import SANDBOX, add_execution, make_site
from tests.worlds import EVALUATION, make_spec

RUN = RunRecord(sandbox=SANDBOX, medeval="0.1.0")


@pytest.fixture
def place(tmp_path):
    return make_site(tmp_path)


def test_every_field_of_the_data_has_a_line_and_passes(place):
    site, _ = place
    sheet = sheet_of(site, add_execution(site, "lr"))
    fields = [line.field for line in sheet.lines]
    assert fields[:2] == ["cases", "classes"]
    assert {"score-table.n0", "score-table.n1", "score-table.sums"} <= set(fields)
    assert {line.verdict for line in sheet.lines} == {HOLDS}
    assert next(line for line in sheet.lines if line.field == "cases").leaves == "120"
    told = {line.field: line.bits for line in sheet.lines}
    assert told["score-table.n1"] is None, "told with n0"
    assert told["all together"] >= told["score-table.n0"] > 0


def test_what_breaks_a_rule_says_which(place):
    site, _ = place
    files, record = add_execution(site, "lr"), site.store.get_dataset("data")
    card = record.card.model_copy(update={"policy": HOSPITAL})
    site.store.put_dataset(record.model_copy(update={"card": card}))
    [verdict] = {line.verdict for line in sheet_of(site, files).lines}
    assert "min_cell of policy" in verdict


def test_merged_bins_are_told_by_their_edges_alone():
    plan = make_spec().analysis
    left = to_leave(EVALUATION, plan, HOSPITAL)
    [grid] = merged_of(left, plan)
    assert (grid.before, grid.after) == (10, len(left.states[0].n0))
    assert grid.after < grid.before
    assert sum(span.bins for span in grid.spans) == 10
    assert set(asdict(grid.spans[0])) == {"interval", "bins"}, "no count"


@dataclass(frozen=True)
class GridPlan:
    """A plan of inner cuts, as of survival."""

    score_edges: tuple[float, ...] = (1.0, 2.0, 3.0)


class CutTable(State):
    """A table whose cuts differ by class."""

    kind: Literal["cut-table"] = "cut-table"
    score_edges: tuple[tuple[float, ...], ...] = ((1.0, 3.0), ())


def test_open_grids_and_grids_of_each_class_are_told_too():
    found = EVALUATION.model_copy(update={"states": (CutTable(),)})
    first, second = merged_of(found, GridPlan())
    assert (first.table, first.before, first.after) == ("cut-table[0].score_edges", 4, 3)
    assert [(span.interval, span.bins) for span in first.spans] == [("up to 1", 1), ("1 to 3", 2), ("above 3", 1)]
    assert [(span.interval, span.bins) for span in second.spans] == [("all", 4)]


def test_the_last_release_to_the_same_owner_stands_beside(place):
    site, _ = place
    first = add_execution(site, "lr")
    assert "first release" in sheet_of(site, first).since.last
    release.release(site, first)
    second = add_execution(site, "lr", version="2.0.0")
    same = sheet_of(site, second).since
    assert "lr@1.0.0" in same.last
    assert same.changes == ()
    table = EVALUATION.states[0]
    assert isinstance(table, ScoreTable)
    # one case of the first bin and one of the last are of the other class
    n0 = (table.n0[0] - 1, *table.n0[1:-1], table.n0[-1] + 1)
    n1 = (table.n1[0] + 1, *table.n1[1:-1], table.n1[-1] - 1)
    moved = table.model_copy(update={"n0": n0, "n1": n1})
    second.put_evaluation(EVALUATION.model_copy(update={"states": (moved, *EVALUATION.states[1:])}), RUN)
    changes = {change.field: change for change in sheet_of(site, second).since.changes}
    assert set(changes) == {"score-table[0].n0", "score-table[0].n1"}
    assert changes["score-table[0].n0"].before == ", ".join(map(str, table.n0))
    assert changes["score-table[0].n0"].now == ", ".join(map(str, n0))


def test_a_refused_release_is_not_the_last_one(place):
    site, egress = place
    egress.answer = ResultRefused("no", "no")
    with pytest.raises(ResultRefused):
        release.release(site, add_execution(site, "lr"))
    assert "first release" in sheet_of(site, add_execution(site, "lr", version="2.0.0")).since.last
