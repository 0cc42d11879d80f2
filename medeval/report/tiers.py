"""Tiers in words: what a tier says, and that the order inside of one says nothing."""

from medeval.domain.messages import Leaderboard, LeaderboardRow
from medeval.report import reading, versus


def number_of(row: LeaderboardRow) -> int:
    """The tier of a row; 0 for one that is not ranked."""
    return row.rank.tier if row.rank else 0


def is_ranked(board: Leaderboard) -> bool:
    """Whether any model has a rank."""
    return any(row.rank for row in board.rows)


def title_words(board: Leaderboard, tier: int) -> tuple[str, str]:
    """(title, what it says); both empty where nothing was ranked."""
    if not is_ranked(board):
        return "", ""
    if tier == 0:
        return "Not ranked", "no mean over sites to rank by"
    if tier == 1:
        return "Tier 1", "not shown to differ from the first of it"
    alpha = f"{1 - board.confidence_level:.2g}"
    return f"Tier {tier}", f"worse than the first of the tier above, adjusted p < {alpha}"


def order_words(board: Leaderboard) -> str:
    """How rows are sorted, and what the order does not say."""
    word = reading.word_of(reading.metric_of(board))
    if not is_ranked(board):
        return f"Sorted by mean {word}. The order is no ranking: no model was tested against another."
    basis = versus.basis_words(board)
    about = f" Tiers rest on {basis}." if basis else ""
    return f"Sorted by tier, then by mean {word}. Models in one tier are not ranked against each other.{about}"
