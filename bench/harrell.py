"""Harrell's concordance against lifelines, one core: `python bench/harrell.py [N]`.

CPU seconds of this process, ours the best of five, theirs of three. The counts are compared, not only the quotient.
"""

import sys
import time
from collections.abc import Callable

import numpy as np
from lifelines.utils import concordance_index
from lifelines.utils.concordance import _concordance_summary_statistics

from medeval.metrics.concordance import pair_counts, per_case_counts


def seconds(run: Callable[[], object], times: int) -> float:
    """CPU time of the fastest call."""
    taken = []
    for _ in range(times):
        began = time.process_time()
        run()
        taken.append(time.process_time() - began)
    return min(taken)


def main(n: int) -> None:
    """Print seconds and ratios without ties, and with many."""
    rng = np.random.default_rng(1)
    risk = rng.normal(size=n)
    moment = rng.exponential(np.exp(-risk))
    event = rng.random(n) < 0.5
    for name, time_of, risk_of in (
        ("no ties", moment, risk),
        ("days and two decimals", np.ceil(moment * 365), np.round(risk, 2)),
    ):
        peer = seconds(lambda t=time_of, r=risk_of: concordance_index(t, -r, event), 3)
        ours = seconds(lambda t=time_of, r=risk_of: pair_counts(t, event, r), 5)
        cases = seconds(lambda t=time_of, r=risk_of: per_case_counts(t, event, r), 5)
        found = pair_counts(time_of, event, risk_of)
        expected = tuple(int(count) for count in _concordance_summary_statistics(time_of, -risk_of, event))
        same = (found.concordant, found.tied, found.comparable) == expected
        print(f"n = {n}, {name}; the same counts: {same}")
        print(f"  lifelines              {peer:7.3f} s")
        print(f"  medeval                {ours:7.3f} s   ratio {peer / ours:5.1f}")
        print(f"  medeval, each case's   {cases:7.3f} s   ratio {peer / cases:5.1f}")


if __name__ == "__main__":
    main(int(float(sys.argv[1])) if len(sys.argv) > 1 else 100_000)
