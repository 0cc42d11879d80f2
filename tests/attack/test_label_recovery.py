"""Labels worked out from one number: a log-loss of eight digits gives them all, what is released none.

Whitehill 2018, *Climbing the Kaggle Leaderboard by Exploiting the Log-Loss Oracle*; Aggarwal et al. 2021, *Label
Inference Attacks from Log-loss Scores*: with scores whose log-odds are as far apart as powers of two, the loss is a sum
that only one choice of labels gives.
"""

import random
from itertools import pairwise
from math import exp, log

import pytest

from medeval.disclosure.check import to_release
from medeval.domain.families.base import Wide
from medeval.domain.families.binary import PositiveWhen, ScoreTable
from medeval.domain.policies import HOSPITAL
from medeval.domain.result import Evaluation
from medeval.errors import SpecError
from medeval.report.words import known_metrics
from tests.attack.report import Tell
from tests.attack.sound_results import NAMES, of_family
from tests.boards import a_spec, an_analysis

CASES, TARGETS, POSITIVES, ROUNDS = 120, 20, 60, 300
#: The log-odds of the last target; that of each other is half of the next one's.
STEEPEST = 16.0
STEP = STEEPEST / 2 ** (TARGETS - 1)
SCORES = [1 / (1 + exp(-STEP * 2**place)) for place in range(TARGETS)] + [0.5] * (CASES - TARGETS)
EDGES = tuple(place / 20 for place in range(21))
SPEC = a_spec(analysis=an_analysis(score_edges=EDGES), metrics=[{"name": "auroc"}], disclosure="hospital")
LOSSES = ("log_loss", "logloss", "cross_entropy", "nll", "deviance", "log_likelihood")


@pytest.mark.parametrize("name", NAMES)
def test_no_family_has_such_a_metric(name: str) -> None:
    plain = of_family(name).spec.model_dump(mode="json")
    for loss in LOSSES:
        for metric in (loss, f"{loss}@0.5", f"{loss}/a"):
            with pytest.raises(SpecError, match=f"metric|{loss}"):
                type(SPEC).from_plain({**plain, "metrics": [*plain["metrics"], {"name": metric}]})
            alone = {"metrics": [{"name": metric}], "analysis": plain["analysis"] | {"primary_metric": metric}}
            with pytest.raises(SpecError, match=f"metric|{loss}"):
                type(SPEC).from_plain({**plain, **alone})


def test_none_is_known_by_any_name() -> None:
    assert [name for name in known_metrics() if name in LOSSES or "log" in name or "entropy" in name] == []


def labels_of(chance: random.Random) -> list[int]:
    """Secret labels of the targets; the other cases make up the positives, which everybody knows."""
    targets = [chance.randint(0, 1) for _ in range(TARGETS)]
    rest = POSITIVES - sum(targets)
    return targets + [1] * rest + [0] * (CASES - TARGETS - rest)


def log_loss(labels: list[int]) -> float:
    return -sum(log(p if label else 1 - p) for p, label in zip(SCORES, labels, strict=True)) / CASES


def recovered(loss: float) -> list[int]:
    """The labels of the targets by the loss alone: it falls short of that of none positive by a sum of log-odds."""
    none = -sum(log(1 - p) for p in SCORES)
    total = round((none - loss * CASES) / STEP)
    total = min(max(total, 0), 2**TARGETS - 1)
    return [total >> place & 1 for place in range(TARGETS)]


def released_loss(labels: list[int]) -> float:
    """The log-loss as well as it can be had from the table that leaves: each bin's cases at its mean score."""
    n0, n1, sums = [0] * 20, [0] * 20, [0] * 20
    for p, label in zip(SCORES, labels, strict=True):
        place = next(place for place, (low, high) in enumerate(pairwise(EDGES)) if low < p <= high)
        (n1 if label else n0)[place] += 1
        sums[place] += round(p * 1000)
    table = ScoreTable(
        edges=EDGES,
        positive_when=PositiveWhen.ABOVE,
        resolution=0.001,
        n0=tuple(n0),
        n1=tuple(n1),
        sums=tuple(map(Wide.of, sums)),
    )
    exact = Evaluation(format="medeval/evaluation@1", cases=CASES, states=(table,))
    found = to_release(exact, SPEC, HOSPITAL).states[0]
    assert isinstance(found, ScoreTable)
    total = 0.0
    for a, b, wide in zip(found.n0, found.n1, found.sums, strict=True):
        p = min(max(wide.total * found.unit / (a + b), 1e-9), 1 - 1e-9)
        total -= a * log(1 - p) + b * log(p)
    return total / CASES


def test_one_log_loss_gives_every_label_and_the_release_none(tell: Tell) -> None:
    chance = random.Random(11)  # noqa: S311 drawn alike at each run
    by_loss = by_release = 0
    for _ in range(ROUNDS):
        labels = labels_of(chance)
        wanted = labels[:TARGETS]
        by_loss += matches(recovered(round(log_loss(labels), 8)), wanted)
        by_release += matches(recovered(round(released_loss(labels), 8)), wanted)
    guesses = ROUNDS * TARGETS
    tell("labels recovered", "from a log-loss of 8 digits", f"{by_loss} of {guesses} (no spec can ask for one)")
    tell("labels recovered", "from what is released", f"{by_release} of {guesses}; by chance {guesses // 2}")
    assert by_loss == guesses, "the attack is the real one"
    # four standard deviations of as many coins
    assert abs(by_release - guesses / 2) < 2 * guesses**0.5


def matches(found: list[int], wanted: list[int]) -> int:
    return sum(a == b for a, b in zip(found, wanted, strict=True))
