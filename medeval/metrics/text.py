"""The state of answers in words: joint moments of exact match, token F1, refusal and a jury's score per case."""

import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from medeval.errors import DataError
from medeval.metrics import case_rows, strata
from medeval.metrics.joint import Plain, Reals, joint_moments, rounded

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b")
JURY = "jury"


def evaluate(source: Path, parameters: Mapping[str, Any]) -> Plain:
    """The evaluation of `predictions.csv` (case_id,answer[,jury]) and `labels.csv` (case_id,answer,...) in `source`."""
    interface, analysis = parameters.get("interface", {}), parameters["analysis"]
    columns = read_scores(source, interface, analysis)
    groups = strata.read_strata(source / case_rows.LABELS, interface)

    def states_of(chosen: strata.Chosen) -> list[Plain]:
        cluster = None if groups.cluster is None else groups.cluster[chosen]
        return [joint_moments({name: column[chosen] for name, column in columns.items()}, cluster)]

    return strata.evaluation(len(columns["exact"]), states_of, groups)


def read_scores(source: Path, interface: Mapping[str, Any], analysis: Mapping[str, Any]) -> dict[str, Reals]:
    """What each answer of the files in `source` scores, shape (N,) each."""
    answer = analysis["answer"]
    truth = case_rows.read_truth(source, interface, [answer])
    rows = case_rows.read_predicted(source, interface, [answer, *([JURY] if analysis["jury"] else [])], truth)
    return scores(rows, [row[0] for row in truth.rows], analysis)


def scores(rows: Sequence[Sequence[str]], truth: Sequence[str], analysis: Mapping[str, Any]) -> dict[str, Reals]:
    """What each answer scores, shape (N,) each; `rows` hold the answer and, under a plan with a jury, its score."""
    found: dict[str, list[float]] = {"exact": [], "token_f1": [], "refusal": []}
    phrases = [f" {normalise(phrase, analysis)} " for phrase in analysis["refusals"]]
    for row, accepted in zip(rows, truth, strict=True):
        given = normalise(row[0], analysis)
        wanted = [normalise(text, analysis) for text in accepted.split(analysis["separator"])]
        found["exact"].append(float(given in wanted))
        found["token_f1"].append(max(token_f1(given, text) for text in wanted))
        found["refusal"].append(float(not given or any(phrase in f" {given} " for phrase in phrases)))
    if analysis["jury"]:
        found[JURY] = [case_rows.to_share(row[1]) for row in rows]
    step = analysis["score_resolution"]
    return {name: rounded(np.array(values, dtype=np.float64), step) for name, values in found.items()}


def normalise(text: str, analysis: Mapping[str, Any]) -> str:
    """Lower case, no ASCII punctuation, no English article, single spaces (Rajpurkar et al. 2016); or as it is."""
    if analysis["normalisation"] == "none":
        return text.strip()
    if analysis["normalisation"] != "squad":
        raise DataError(
            "the analysis plan names a normalisation that this evaluator does not know", "Use squad or none."
        )
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def token_f1(given: str, wanted: str) -> float:
    """Harmonic mean of precision and recall of words, each as often as it stands; both empty: 1, one empty: 0."""
    left, right = given.split(), wanted.split()
    if not left or not right:
        return float(left == right)
    shared = (Counter(left) & Counter(right)).total()
    return 2 * shared / (len(left) + len(right))
