"""AUROC and DeLong's variance against `confidenceinterval`, one core: `python bench/delong.py [N]`.

CPU seconds of this process, ours the best of five, theirs of two.
"""

import sys
import time
from collections.abc import Callable

import numpy as np
from confidenceinterval.delong import delong_roc_variance

from medeval.metrics.pairs import delong, delong_covariance


def seconds(run: Callable[[], object], times: int) -> float:
    """CPU time of the fastest call."""
    taken = []
    for _ in range(times):
        began = time.process_time()
        run()
        taken.append(time.process_time() - began)
    return min(taken)


def main(n: int) -> None:
    """Print seconds, the ratio, and both values."""
    rng = np.random.default_rng(1)
    labels = rng.random(n) < 0.3
    scores = 1 / (1 + np.exp(-rng.normal(size=(3, n)) - labels))
    peer = seconds(lambda: delong_roc_variance(labels, scores[0]), 2)
    ours = seconds(lambda: delong(labels, scores[0]), 5)
    three = seconds(lambda: delong_covariance(labels, scores), 3)
    found, (value, variance) = delong(labels, scores[0]), delong_roc_variance(labels, scores[0])
    print(f"n = {n}")
    print(f"  confidenceinterval  {peer:7.3f} s   {float(value):.16f}   {float(variance):.12e}")
    print(
        f"  medeval             {ours:7.3f} s   {found.auroc:.16f}   {found.variance:.12e}   ratio {peer / ours:5.1f}"
    )
    print(f"  medeval, 3 x 3      {three:7.3f} s")


if __name__ == "__main__":
    main(int(float(sys.argv[1])) if len(sys.argv) > 1 else 1_000_000)
