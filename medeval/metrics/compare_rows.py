"""Models of tasks whose files are rows, on the same cases: errors, absolute errors, scored answers.

What is true or not of each case is compared by discordant cases, never by sums: the square of a difference of truths is
a count, which may be too small to leave.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from medeval.metrics import case_rows, strata
from medeval.metrics.paired_states import Plain, Reals, difference_moments, discordant_counts
from medeval.metrics.regression import read_shares
from medeval.metrics.text import read_scores

#: Of one model, by metric, a value of each case, shape (N,).
Columns: TypeAlias = dict[str, Reals]
Read: TypeAlias = Callable[[Path, Mapping[str, Any], Mapping[str, Any]], Columns]

_DISCORDANT = "discordant-counts"


def paired_states(folders: Sequence[Path], parameters: Mapping[str, Any]) -> tuple[int, list[Plain]]:
    """The cases, and a state for each metric that `parameters["compared"]` names."""
    interface, analysis = parameters.get("interface", {}), parameters["analysis"]
    read = [_READERS[analysis["task"]](folder, interface, analysis) for folder in folders]
    cluster = strata.read_strata(folders[0] / case_rows.LABELS, interface).cluster
    found = []
    for item in parameters["compared"]:
        values = np.stack([columns[item["metric"]] for columns in read])
        if item["kind"] == _DISCORDANT:
            found.append(discordant_counts(item["metric"], values == 1.0))
        else:
            found.append(difference_moments(item["metric"], values, cluster=cluster))
    return len(next(iter(read[0].values()))), found


def _regression(folder: Path, interface: Mapping[str, Any], analysis: Mapping[str, Any]) -> Columns:
    labels, predicted = read_shares(folder, interface, analysis)
    return {"mae": np.abs(predicted - labels), "bias": predicted - labels}


def _text(folder: Path, interface: Mapping[str, Any], analysis: Mapping[str, Any]) -> Columns:
    names = {"exact": "exact_match", "token_f1": "token_f1", "refusal": "refusal_rate", "jury": "jury_score"}
    return {names[name]: column for name, column in read_scores(folder, interface, analysis).items()}


_READERS: dict[str, Read] = {"regression": _regression, "text": _text}
