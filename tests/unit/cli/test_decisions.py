"""Which requests a committee means by a name: what waits, else the newest; never an older one that was rejected."""

import pytest

from medeval.cli.decisions import meant
from medeval.domain.messages import Association
from medeval.errors import UsageError


def association(subject: str, state: str, kind: str = "model") -> Association:
    plain = {"benchmark": "heart@1.0.0", "kind": kind, "subject": subject, "organisation": "A lab", "state": state}
    return Association.from_plain(plain | {"reason": ""})


KNOWN = [
    association("forest@1.0.0", "rejected"),
    association("forest@1.9.0", "pending"),
    association("forest@1.10.0", "pending"),
    association("logistic@1.9.0", "rejected"),
    association("logistic@1.10.0", "approved"),
    association("logistic@1.2.0", "rejected"),
    association("north/heart", "pending", "dataset"),
    association("south/heart", "approved", "dataset"),
]


@pytest.mark.parametrize(
    ("names", "subjects"),
    [
        ([], ["forest@1.9.0", "forest@1.10.0", "north/heart"]),
        (["forest"], ["forest@1.9.0", "forest@1.10.0"]),
        (["logistic"], ["logistic@1.10.0"]),
        (["forest@1.0.0"], ["forest@1.0.0"]),
        (["logistic@1.2.0", "logistic"], ["logistic@1.2.0", "logistic@1.10.0"]),
        (["south/heart", "south/heart"], ["south/heart"]),
        (["forest", "forest@1.9.0"], ["forest@1.9.0", "forest@1.10.0"]),
    ],
)
def test_what_names_mean(names, subjects):
    assert [found.subject for found in meant(KNOWN, names)] == subjects


@pytest.mark.parametrize("name", ["heart", "forest@2.0.0", "north", "", "fores"])
def test_a_name_nobody_has(name):
    with pytest.raises(UsageError, match="has not asked to take part"):
        meant(KNOWN, ["forest", name])
