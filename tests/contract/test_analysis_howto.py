"""The how-to on analyses says nothing that a spec would refuse, and leaves no task out."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import TypeAdapter

from medeval.domain.benchmark import Metric
from medeval.domain.plan import Plan

PAGE = Path("docs/how-to/committee/choose-an-analysis.md")
BLOCKS = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)]
PLAN: TypeAdapter[Any] = TypeAdapter(Plan)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block["analysis"]["task"])
def test_each_analysis_is_one(block: dict[str, Any]) -> None:
    plan = PLAN.validate_python(block["analysis"], strict=False)
    names = [Metric.from_plain(metric).name for metric in block["metrics"]]
    assert plan.primary_metric in names
    for name in names:
        plan.check_metric(name)


def test_every_task_is_there() -> None:
    union, *_ = get_args(Plan)
    tasks = {get_args(kind.model_fields["task"].annotation)[0] for kind in get_args(union)}
    assert {block["analysis"]["task"] for block in BLOCKS} == tasks
