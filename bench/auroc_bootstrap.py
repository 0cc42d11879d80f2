"""AUROC with 1000 bootstrap replicates against a loop of scikit-learn, one core: `python bench/auroc_bootstrap.py [N]`.

The loop is timed on a few replicates and multiplied; ours are timed whole, sorting included, and numba's compilation is
shown apart. CPU seconds of this process.
"""

import sys
import time
from collections.abc import Callable

import numpy as np
from sklearn.metrics import roc_auc_score

from medeval.metrics.bootstrap import Backend, auroc_replicates, can_compile
from medeval.metrics.pairs import delong

REPLICATES = 1000
LOOPED = 8


def seconds(run: Callable[[], object]) -> float:
    """CPU time of one call."""
    began = time.process_time()
    run()
    return time.process_time() - began


def loop(labels: np.ndarray, scores: np.ndarray, replicates: int) -> list[float]:
    """What is written without a library."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(replicates):
        chosen = rng.integers(0, len(labels), len(labels))
        found.append(roc_auc_score(labels[chosen], scores[chosen]))
    return found


def main(n: int) -> None:
    """Print seconds and ratios; and how far mean and spread are from DeLong's."""
    rng = np.random.default_rng(1)
    labels = rng.random(n) < 0.3
    scores = 1 / (1 + np.exp(-rng.normal(size=n) - labels))
    peer = seconds(lambda: loop(labels, scores, LOOPED)) / LOOPED * REPLICATES
    print(f"n = {n}, {REPLICATES} replicates")
    print(f"  scikit-learn loop   {peer:9.2f} s   ({LOOPED} replicates timed)")
    exact = delong(labels, scores)
    backends: list[Backend] = ["numba", "numpy"] if can_compile() else ["numpy"]
    for backend in backends:
        if backend == "numba":
            compiling = seconds(lambda: auroc_replicates(labels[:100], scores[:100], 1, 0, "numba"))
            print(f"  numba, compilation  {compiling:9.2f} s   (once in a process)")
        began = time.process_time()
        values = auroc_replicates(labels, scores, REPLICATES, 2, backend).values
        taken = time.process_time() - began
        bias, spread = (values.mean() - exact.auroc) / exact.variance**0.5, values.std() / exact.variance**0.5
        told = f"bias / SE {bias:+.3f}, spread / SE {spread:.3f}"
        print(f"  medeval, {backend:<10} {taken:9.2f} s   ratio {peer / taken:7.1f}   {told}")


if __name__ == "__main__":
    main(int(float(sys.argv[1])) if len(sys.argv) > 1 else 1_000_000)
