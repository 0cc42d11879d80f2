"""A line through one case and five, and folders of a few cases."""

from pathlib import Path

import pytest

from medeval.site.estimate import judged, take_cases


@pytest.mark.parametrize(
    ("one_s", "few_s", "few", "cases", "held", "words"),
    [
        (3.0, 7.0, 5, 100, True, "about 102 s for 100 cases, of 600 allowed; rough: by 5 cases, 1 s each after"),
        (3.0, 7.0, 5, 1000, False, "about 1002 s for 1000 cases, of 600 allowed"),
        (3.0, 2.5, 5, 1000, True, "about 3 s for 1000 cases"),
        (4.0, 4.1, 1, 1, True, "about 4 s for 1 cases"),
    ],
)
def test_the_line(one_s: float, few_s: float, few: int, cases: int, held: bool, words: str) -> None:
    finding = judged("estimate", one_s, few_s, few, cases, 600)
    assert finding.held is held
    assert words in finding.observed
    assert bool(finding.fix) is not held
    assert not finding.is_missing, "an estimate refuses nothing"


def test_a_few_cases_with_the_files_of_their_own(tmp_path: Path) -> None:
    source = tmp_path / "cases"
    source.mkdir()
    (source / "cases.csv").write_text('case_id,note\na,"two\nlines"\nb,x\nc,y\n')
    for name in ("a.npy", "b.npy", "c.npy", "ab.npy"):
        (source / name).write_text(name)
    take_cases(source, tmp_path / "few", 2)
    assert (tmp_path / "few" / "cases.csv").read_text() == 'case_id,note\na,"two\nlines"\nb,x\n'
    assert sorted(path.name for path in (tmp_path / "few").iterdir()) == ["a.npy", "b.npy", "cases.csv"]
    assert (source / "c.npy").exists()
