"""Which rows become cases, and on which scale."""

import numpy as np
from problems import Empty, Problem
from recipe import Recipe, Split, Standardise


def choose_and_scale(
    features: list[list[float]],
    labels: list[list[float]],
    strata: list[list[str]],
    given: list[bool] | None,
    recipe: Recipe,
) -> tuple[np.ndarray, np.ndarray, list[list[str]]]:
    """The cases' features (N, F), labels (N, L) and strata: one part of a split, else all rows.

    `given`: which rows are for testing, where the table says so.
    """
    x, y = np.array(features, dtype=np.float64), np.array(labels, dtype=np.float64)
    if recipe.split is None:
        return x, y, strata
    if isinstance(recipe.split, Split):
        train, test = _split(y[:, -1] > 0, recipe.split)
    else:
        train, test = np.flatnonzero(~np.array(given)), np.flatnonzero(given)
    if recipe.standardise:
        x = _standardise(x, x[train], recipe.standardise)
    chosen = test if recipe.split.cases == "test" else train
    if not len(chosen):
        raise Empty("no row belongs to the part of the split that is asked for")
    return x[chosen], y[chosen], [strata[row] for row in chosen]


def _split(y: np.ndarray, split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers for training and test."""
    # Takes a second to load: only benchmarks that ask for a split pay for it.
    from sklearn.model_selection import train_test_split

    smallest = min(np.count_nonzero(y), np.count_nonzero(~y))
    try:
        train, test = train_test_split(
            np.arange(len(y)),
            train_size=split.train_size,
            test_size=split.test_size,
            random_state=split.random_state,
            shuffle=True,
            stratify=y if smallest >= split.stratify_from else None,
        )
    except ValueError as exc:
        raise Problem("the table is too small to be split") from exc
    return train, test


def _standardise(x: np.ndarray, train: np.ndarray, how: Standardise) -> np.ndarray:
    if len(train) <= how.ddof:
        raise Problem("the table has too few training rows to standardise")
    scale = train.std(axis=0, ddof=how.ddof) + how.epsilon
    if not scale.all():
        raise Problem("a column is constant in the training rows: standardise needs an epsilon")
    return (x - train.mean(axis=0)) / scale
