"""A ledger in words: totals that add up, a table that a spreadsheet does not run."""

import csv
import io

import pytest

from medeval.domain.ledger import EntryKind
from medeval.report.ledger_words import WORDS, row_of, to_csv, totals_of
from tests.ledgers import an_event, chain_of


def test_every_kind_has_its_words() -> None:
    assert set(WORDS) == set(EntryKind)


def test_totals_are_by_dataset_and_year_and_lose_nothing() -> None:
    kinds = (EntryKind.RESULT, EntryKind.WITHHELD, EntryKind.STOPPED, EntryKind.COMPARISON, EntryKind.CARD)
    events = [an_event(kinds[n % 5], f"m{n}", dataset=f"north/d{n % 2}", bits=1.25) for n in range(40)]
    entries = chain_of(*events, days=12)
    totals = totals_of(entries)
    assert [(total.dataset, total.year) for total in totals] == [
        ("north/d0", 2026),
        ("north/d0", 2027),
        ("north/d1", 2026),
        ("north/d1", 2027),
        ("no dataset", 2026),
    ]
    assert sum(total.sent for total in totals) == sum(entry.event.sent is not None for entry in entries) == 32
    for what in ("results", "comparisons", "withheld", "stopped"):
        assert sum(getattr(total, what) for total in totals) == 8, what
    for total in totals[:4]:
        assert total.bits == -(-125 * total.sent // 100), "rounded up"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_text_that_a_spreadsheet_would_run_is_made_inert(start: str) -> None:
    entries = chain_of(an_event(note=f"{start}HYPERLINK()", owner=f"{start}Owner" if start != "\t" else "Owner"))
    (_, row) = csv.DictReader(io.StringIO(to_csv(entries)))
    assert row["note"] == f"'{start}HYPERLINK()"
    assert row["owners"].lstrip("'").startswith(start) or start == "\t"
    assert not row["owners"].startswith(start)


def test_a_row_holds_all_that_is_needed_to_verify_by_hand() -> None:
    first, second = map(row_of, chain_of(an_event()))
    assert second["previous"] == first["digest"]
    assert (first["bytes"], first["sha256"], first["answers"]) == ("", "", "")
    assert list(csv.DictReader(io.StringIO(to_csv(())))) == []
