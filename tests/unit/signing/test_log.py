from hypothesis import given
from hypothesis import strategies as st

from medeval.domain.base import digest_of
from medeval.signing.log import EMPTY_HEAD, head_of, next_head
from tests.strategies import digests

logs = st.lists(digests, max_size=6)


def test_golden_heads():
    entry = digest_of(b"entry")
    assert digest_of(b"medeval log v1") == EMPTY_HEAD
    assert next_head(EMPTY_HEAD, entry) == digest_of(f'{{"entry":"{entry}","previous":"{EMPTY_HEAD}"}}'.encode())


@given(logs, digests)
def test_appending_needs_only_the_head(entries, entry):
    assert head_of([*entries, entry]) == next_head(head_of(entries), entry)


@given(logs, logs)
def test_two_logs_of_one_head_are_one_log(first, second):
    assert (head_of(first) == head_of(second)) is (first == second)
