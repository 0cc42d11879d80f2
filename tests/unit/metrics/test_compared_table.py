"""What models are compared by: the table in `docs/how-to/committee/choose-an-analysis.md` is what the plans state."""

import re

import pytest

from medeval.domain.families.base import ComparedBy, parse_metric
from medeval.domain.plan import Plan
from tests.cube_process import ROOT
from tests.metric_names import metrics_of
from tests.unit.metrics.test_references import PLANS

ROW = re.compile(
    r"^\| `([a-z-]+)`(?: with `exact_scalars`)? \| ((?:`[a-z0-9_]+`(?:, )?)+) \| ([a-z' ,]+)(?: \([A-z]+\))? \|$"
)
STATED = {
    "the variance of the difference": ComparedBy.COVARIANCE,
    "cases that one model alone decides right": ComparedBy.DISCORDANT,
    "answers that one model alone gives right": ComparedBy.DISCORDANT,
}


def table() -> dict[tuple[str, str], ComparedBy]:
    text = (ROOT / "docs/how-to/committee/choose-an-analysis.md").read_text()
    lines = [
        line for line in text.split("\n## What models are compared by\n")[1].splitlines() if line.startswith("| `")
    ]
    rows = [ROW.match(line) for line in lines]
    assert all(rows), lines
    return {
        (row[1], name): STATED.get(row[3], ComparedBy.MOMENTS)
        for row in rows
        if row
        for name in re.findall(r"`([^`]+)`", row[2])
    }


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.task)
def test_the_table_tells_what_each_plan_states(plan: Plan) -> None:
    told = {name: by for (task, name), by in table().items() if task == plan.task}
    if plan.task == "binary-classification":
        plan = plan.model_copy(update={"exact_scalars": True})
    stated = {}
    for name in metrics_of(plan, "", "@0.25", "/a", "@0.25/a"):
        found = plan.model_copy(update={"primary_metric": name}).compared(())
        stated.update({parse_metric(name).base: item.by for item in found if item.metric == name})
    assert stated == told
