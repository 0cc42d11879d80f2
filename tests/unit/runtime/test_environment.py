"""What is kept of a cube's words is plain text, whatever it printed."""

import pytest

from medeval.runtime.environment import LOG_TAIL_BYTES, tail


@pytest.mark.parametrize(
    ("printed", "kept"),
    [
        ("no such column: âge\n\ttry again\n", "no such column: âge\n\ttry again"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b[2J\x1b[1;1Hgone", "gone"),
        ("\x1b]0;title\x07", "?]0;title?"),
        ("\x9b2J", "?2J"),
        ("gnp.exe\u202etxt.\u2066", "gnp.exe?txt.?"),
        ("10%\r20%\r\ndone", "10%\n20%\ndone"),
        ("a\x00b\x7fc\x08d", "a?b?c?d"),
        ("", ""),
    ],
)
def test_nothing_acts_on_a_terminal(printed, kept):
    assert tail(printed.encode()) == kept


def test_bytes_that_are_no_text():
    assert tail(b"\xff\xfe") == "\ufffd\ufffd"


def test_the_end_is_what_counts():
    kept = tail(b"x" * LOG_TAIL_BYTES + b"end")
    assert len(kept) == LOG_TAIL_BYTES
    assert kept.endswith("xend")
