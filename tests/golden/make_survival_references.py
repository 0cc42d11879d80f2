"""What scikit-survival makes of invented cases: `python tests/golden/make_survival_references.py`, beside it alone.

scikit-survival is under the GPL, so nothing here depends on it: in an environment of its own (`pip install
scikit-survival==0.28.0`) this writes the cases and its values to `survival-references.json`, which the tests read.
All times differ, since where an event and a censoring share a time the library weighs by another convention.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from sksurv import __version__
from sksurv.metrics import (
    brier_score,
    concordance_index_censored,
    concordance_index_ipcw,
    cumulative_dynamic_auc,
    integrated_brier_score,
)
from sksurv.nonparametric import kaplan_meier_estimator
from sksurv.util import Surv

TIMES, TAU = [20.0, 40.0, 60.0], 70.0


def cases(seed: int, n: int = 90) -> tuple[Any, Any, Any, Any]:
    """Times 1 to n in any order, events, risks of one decimal, and probabilities of an event by each of TIMES."""
    rng = np.random.default_rng(seed)
    risk = np.round(rng.normal(size=n), 1)
    order = np.argsort(rng.exponential(np.exp(-0.8 * risk)))
    time = np.empty(n)
    time[order] = np.arange(1, n + 1)
    event = rng.random(n) < 0.6
    shares = np.round(1 - np.exp(-np.exp(0.6 * risk)[:, None] * np.array(TIMES) / 80), 4)
    return time, event, risk, shares


def values(time: Any, event: Any, risk: Any, shares: Any) -> dict[str, float]:
    """By the names of this project."""
    truth = Surv.from_arrays(event, time)
    found = {
        "harrell_c": concordance_index_censored(event, time, risk)[0],
        "uno_c": concordance_index_ipcw(truth, truth, risk, tau=TAU + 0.5)[0],
        "ibs": integrated_brier_score(truth, truth, 1 - shares, TIMES),
    }
    steps, survival = kaplan_meier_estimator(event, time)
    areas = cumulative_dynamic_auc(truth, truth, risk, TIMES)[0]
    errors = brier_score(truth, truth, 1 - shares, TIMES)[1]
    for place, at in enumerate(TIMES):
        observed = 1 - survival[steps <= at][-1]
        found |= {f"auc@{at:g}": areas[place], f"brier@{at:g}": errors[place]}
        found[f"oe@{at:g}"] = observed / shares[:, place].mean()
    return {name: float(value) for name, value in found.items()}


def main() -> None:
    """Write the file."""
    samples = []
    for seed in range(3):
        time, event, risk, shares = cases(seed)
        columns = {"time": time.tolist(), "event": event.tolist(), "risk": risk.tolist(), "shares": shares.tolist()}
        samples.append({**columns, "values": values(time, event, risk, shares)})
    plain = {"by": f"scikit-survival {__version__}", "times": TIMES, "tau": TAU, "samples": samples}
    Path(__file__).with_name("survival-references.json").write_text(json.dumps(plain) + "\n")


if __name__ == "__main__":
    main()
