"""The published figures, through containers, site agents, signatures and the results server."""

import tempfile
from collections import Counter
from pathlib import Path

import pytest

from scripts import reproduce


@pytest.mark.heavy
@pytest.mark.docker
def test_every_published_figure_of_31_models_at_4_hospitals(shared_dir, capsys):
    """FLamby: 5 seeds x 6 methods x 4 hospitals. NVFLARE's hello-lr: 2 metrics x 4 hospitals. Equal to 1e-12."""
    with tempfile.TemporaryDirectory(prefix="medeval-reproduce-") as folder:
        figures = reproduce.reproduce(shared_dir, Path(folder), "docker")
    with capsys.disabled():
        reproduce.print_table(figures)
    flamby = [figure for figure in figures if figure.model != "hello-lr"]
    assert Counter(figure.site for figure in flamby) == dict.fromkeys(reproduce.SITES, 30)
    assert len({figure.model for figure in figures}) == 31
    assert len(figures) == 120 + 8
    assert [figure for figure in figures if not figure.is_equal] == []
