"""The published figures, through containers, site agents, signatures and the results server."""

import tempfile
from collections import Counter
from pathlib import Path

import pytest

from scripts.reproduce.federation import reproduce
from scripts.reproduce.figures import print_table
from scripts.reproduce.registry import BENCHMARKS

#: Models, and figures by site.
EXPECTED = {
    "heart-disease": (31, dict.fromkeys(("cleveland", "hungarian", "switzerland", "va"), 30 + 2)),
    "tcga-brca": (5, dict.fromkeys(("northeast", "south", "west", "midwest", "europe", "canada"), 5)),
    "hippocampus": (1, {"all cases": 2}),
}


@pytest.mark.heavy
@pytest.mark.docker
@pytest.mark.parametrize("name", EXPECTED)
def test_every_published_figure(name, shared_dir, capsys):
    """FLamby: 5 seeds x 6 methods x 4 hospitals, and x 6 regions; hello-lr: 2 metrics x 4 hospitals. Equal to 1e-12.

    The hippocampus atlas: two figures, published to four decimals.
    """
    benchmark = BENCHMARKS[name]
    with tempfile.TemporaryDirectory(prefix="medeval-reproduce-") as folder:
        figures = reproduce(benchmark, shared_dir, Path(folder), "docker")
    with capsys.disabled():
        print_table(name, figures)
    models, by_site = EXPECTED[name]
    assert len({figure.model for figure in figures}) == models
    assert Counter(figure.site for figure in figures) == by_site
    assert benchmark.is_complete(figures)
