"""The fast reader of predictions against the strict one, for plain files, odd ones and wrong ones."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from medeval import errors
from medeval.metrics import predictions as reader
from medeval.metrics.case_blocks import CaseIds, Irregular, iterate_blocks
from medeval.metrics.decimals import MARGIN, unit_decimals
from medeval.metrics.in_step import values_in_step
from medeval.metrics.predictions import Columns, iterate_scored_cases, read_scored_cases

Outcome = tuple[list[bool], list[str]] | tuple[str, str]

IDS = st.one_of(
    st.integers(0, 30).map("c{}".format),
    st.text("ab-", max_size=70),
    st.sampled_from(["", " ", "\0", "a\0", '"', '"q"', "a b", "é", "a\rb", "a,b", "x" * 64, "x" * 65, "a\nb"]),
)
SCORES = st.one_of(
    st.floats(0, 1).map(repr),
    st.floats(0, 1).map("{:.6f}".format),
    st.decimals(0, 1, places=20).map(str),
    st.sampled_from(["0", "1", "0.", ".5", "1.0", "01.0", "1e-3", "+0.25", "-0.0", "1.00000000000000000001"]),
    st.sampled_from(["", "nan", "1_0", " 0.5", "2", "1.5", "0.5x", "0.-5", "0,5", "inf", '"0.5"', "0.0000000000:"]),
)
ROWS = st.lists(st.tuples(IDS, st.sampled_from("011"), SCORES), max_size=12)
ENDS = st.sampled_from(["\n", "\r\n"])


def write(folder: Path, predictions: list[tuple[str, str]], labels: list[tuple[str, ...]], end: str, last: str) -> None:
    for name, rows in (("p.csv", predictions), ("l.csv", labels)):
        text = end.join(",".join(row) for row in rows) + last
        (folder / name).write_bytes(text.encode())


def outcome(folder: Path, columns: Columns, block_bytes: int | None) -> Outcome:
    """Labels and the bits of scores, or the error."""
    try:
        if block_bytes is None:
            parts = [reader._read_strictly(folder / "p.csv", folder / "l.csv", columns)]
        else:
            parts = list(
                iterate_scored_cases(folder / "p.csv", folder / "l.csv", columns, block_bytes, block_bytes // 9)
            )
    except errors.MedevalError as exc:
        return type(exc).__name__, exc.message
    labels, scores = (np.concatenate([getattr(part, name) for part in parts]) for name in ("labels", "scores"))
    return labels.tolist(), [score.hex() for score in scores.tolist()]


@given(
    rows=ROWS,
    end=ENDS,
    last=st.sampled_from(["", "\n", "\r\n", "\n\n"]),
    block=st.integers(1, 200),
    seed=st.integers(0, 9),
)
@example(rows=[("a", "1", "0.5"), ("a", "0", "0.25")], end="\n", last="\n", block=7, seed=9)
def test_fast_and_strict_readers_agree(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str, str]],
    end: str,
    last: str,
    block: int,
    seed: int,
) -> None:
    """Rows in order, swapped (seed 0), one missing (1), one twice (2), a wider one (3), a column more in labels (4)."""
    folder = tmp_path_factory.getbasetemp()
    predictions = [(case, score) for case, _, score in rows]
    labels: list[tuple[str, ...]] = [(case, label) for case, label, _ in rows]
    change = {
        0: predictions[::-1],
        1: predictions[1:],
        2: predictions[:1] + predictions,
        3: [*predictions, ("", "", "")],
    }
    predictions = change.get(seed, predictions)
    columns = Columns(extra=("sex",) if seed == 4 else ())
    if seed == 4:
        labels = [(*row, "F") for row in labels]
    header = ("case_id", "label", *columns.extra)
    write(folder, [("case_id", "score"), *predictions], [header, *labels], end, last)
    assert outcome(folder, columns, block) == outcome(folder, columns, None)


CLEAN = st.lists(
    st.tuples(st.integers(0, 10**12), st.booleans(), st.floats(0, 1)), min_size=1, unique_by=lambda row: row[0]
)


@given(rows=CLEAN, end=ENDS, block=st.integers(1, 400), extra=st.booleans())
def test_plain_files_in_one_order_need_no_strict_reader(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, bool, float]], end: str, block: int, extra: bool
) -> None:
    folder = tmp_path_factory.getbasetemp()
    columns = Columns(extra=("sex", "age") if extra else ())
    fields = ("F", "40-60") if extra else ()
    labels = [(f"case-{case}", str(int(label)), *fields) for case, label, _ in rows]
    predictions = [(f"case-{case}", repr(score)) for case, _, score in rows]
    write(folder, [("case_id", "score"), *predictions], [("case_id", "label", *columns.extra), *labels], end, end)
    headers = ("case_id", "score"), ("case_id", "label", *columns.extra)
    files = ((folder / name, header) for name, header in zip(("p.csv", "l.csv"), headers, strict=True))
    parts = list(values_in_step(*files, reader._to_score, block, block // 9))
    assert np.concatenate([labels for labels, _ in parts]).tolist() == [label for _, label, _ in rows]
    assert np.concatenate([scores for _, scores in parts]).tolist() == [score for _, _, score in rows]


def test_parts_before_the_trouble_and_the_rest_after_it(tmp_path: Path) -> None:
    """A quoted id in the middle: what was given stays given, and nothing comes twice."""
    names = [f"c{place}" for place in range(40)]
    names[25] = '"c25"'
    predictions = [(name, f"0.{place:02}") for place, name in enumerate(names)]
    labels = [(name.strip('"'), str(place % 2)) for place, name in enumerate(names)]
    write(tmp_path, [("case_id", "score"), *predictions], [("case_id", "label"), *labels], "\n", "\n")
    parts = list(iterate_scored_cases(tmp_path / "p.csv", tmp_path / "l.csv", block_bytes=64, part_rows=1))
    assert len(parts) > 15
    assert [len(part.labels) for part in parts[-15:]] == [1] * 15  # the rest comes in parts of the size asked for
    whole = read_scored_cases(tmp_path / "p.csv", tmp_path / "l.csv")
    assert (
        whole.scores.tolist()
        == np.concatenate([part.scores for part in parts]).tolist()
        == [place / 100 for place in range(40)]
    )


def test_a_case_named_twice_is_told_after_the_last_part(tmp_path: Path) -> None:
    """The same id in a block of short ids and in one with a longer id has one hash."""
    names = ["a", *(f"c{place}" for place in range(30)), "a-much-longer-name", "a"]
    write(
        tmp_path,
        [("case_id", "score"), *((name, "0.5") for name in names)],
        [("case_id", "label"), *((name, "1") for name in names)],
        "\n",
        "\n",
    )
    parts = iterate_scored_cases(tmp_path / "p.csv", tmp_path / "l.csv", block_bytes=32, part_rows=1)
    assert len(next(parts).labels) > 0
    with pytest.raises(errors.DataError, match="names a case twice"):
        list(parts)


@given(st.lists(st.text("abc\0", max_size=20), min_size=1, max_size=8), st.integers(0, 8))
def test_ids_rise_by_length_and_then_by_bytes(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str], cut: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "ids.csv"
    for names in (ids, sorted(set(ids), key=lambda name: (len(name), name))):
        path.write_text("".join(f"{name},1\n" for name in ["h", *names]))
        (block,) = iterate_blocks(path, ("h", "1"), 2**16)
        keys = [(len(name), name) for name in names]
        expected = all(one < other for one, other in pairwise(keys))
        assert block.ids.rising(None) == expected
        first, rest = block.ids.part(0, cut), block.ids.part(cut, len(names))
        if 0 < cut < len(names):
            assert (first.rising(None) and rest.rising(first)) == expected


@given(st.lists(st.text("abc\0", max_size=20), min_size=1, max_size=8))
def test_hashes_do_not_depend_on_the_other_ids_of_a_block(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "ids.csv"

    def hashes(names: list[str]) -> list[int]:
        path.write_text("".join(f"{name},1\n" for name in ["h", *names]))
        (block,) = iterate_blocks(path, ("h", "1"), 2**16)
        return block.ids.hashes().tolist()

    assert hashes(ids) == [hashes([name])[0] for name in ids]
    assert len(set(hashes(ids))) == len(set(ids))


def test_ids_of_one_length_are_compared_as_words() -> None:
    def ids(*words: int) -> CaseIds:
        return CaseIds(np.array(words, np.uint64).reshape(-1, 1), np.array([8]))

    assert ids(5).equal(ids(5, 0))
    assert not ids(5).equal(ids(6))


DIGITS = st.text("0123456789", min_size=1, max_size=24)


@given(
    st.lists(
        st.one_of(SCORES, DIGITS.map("0.{}".format), DIGITS.map("1.{}".format), st.text("01.9", max_size=5)), min_size=1
    )
)
def test_settled_numbers_are_those_of_float(texts: list[str]) -> None:
    fields = [text.encode() for text in texts]
    text = np.frombuffer(b"".join((b" " * MARGIN, *fields, b" " * MARGIN)), dtype=np.uint8)
    stops = MARGIN + np.cumsum([len(field) for field in fields])
    values, settled = unit_decimals(text, stops - [len(field) for field in fields], stops)
    for field, value in zip(np.array(texts, object)[settled], values[settled], strict=True):
        assert reader._NUMBER.fullmatch(field)
        assert value.hex() == float(field).hex()
    plain = [len(field) > 2 and field[:2] == b"0." and field[2:].isdigit() and len(field) <= 17 for field in fields]
    assert settled[plain].all()


@pytest.mark.parametrize("places", [15, 16, 17, 18, 19])
def test_midpoints_of_doubles_are_rounded_as_float_does(places: int) -> None:
    """The hardest decimals: next to the middle of two neighbouring doubles."""
    rng = np.random.default_rng(places)
    low = rng.random(4000)
    middle = low.astype(np.longdouble) + np.spacing(low).astype(np.longdouble) / 2
    fields = [np.format_float_positional(value, precision=places, unique=False, trim="k") for value in middle]
    body = "\n".join([*fields, ""]).encode()
    text = np.frombuffer(b"\0" * MARGIN + body + b"\0" * MARGIN, dtype=np.uint8)
    stops = np.flatnonzero(text == ord("\n"))
    values, settled = unit_decimals(text, np.concatenate(([MARGIN], stops[:-1] + 1)), stops)
    expected = np.array([float(field) for field in fields])
    np.testing.assert_array_equal(values[settled], expected[settled])
    assert np.count_nonzero(settled) > 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"a,1\n",
        b"case_id,score\na,1\n\n",
        b"case_id,score\na\n",
        b"case_id,score\r\r\na,1\n",
        b"case_id,score\na,1\rb,1\n",
    ],
)
def test_what_is_left_to_the_strict_reader(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "p.csv").write_bytes(body)
    (tmp_path / "l.csv").write_bytes(b"case_id,label\na,1\n")
    files = (tmp_path / "p.csv", ("case_id", "score")), (tmp_path / "l.csv", ("case_id", "label"))
    with pytest.raises(Irregular):
        list(values_in_step(*files, reader._to_score, 2**16, 1))
