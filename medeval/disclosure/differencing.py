"""Differencing: two releases that together show what neither shows alone.

Whoever has the tables of two groups of patients that differ in a few, or of two models that differ on a few, can
subtract them. So what differs at all must differ in at least the minimum cell of patients.

Sources: Hundepool et al. 2012, *Statistical Disclosure Control*, 5.4 (linked tables, differencing); ACRO/SACRO
(differencing between releases is the output checker's first question); OpenSAFELY (small differences between outputs
of one project); Dinur & Nissim 2003 and Dwork & Roth 2014 (queries that differ in one person).
"""

from collections import Counter
from math import ceil

from medeval.errors import DifferencingRisk


def patients_apart(first: Counter[bytes], second: Counter[bytes], rows_per_patient: float) -> int:
    """In how many patients two sets of raw rows differ: added or lost ones, whichever are more.

    A changed row is both lost and added, and counts once. Where a patient has several rows, so many differ together.
    """
    lost, added = (first - second).total(), (second - first).total()
    return ceil(max(lost, added) / max(rows_per_patient, 1.0))


def check_apart(apart: int, least: int, what: str, hint: str) -> None:
    """Raise `DifferencingRisk` where something differs in some patients, but in fewer than the least."""
    if 0 < apart < least:
        raise DifferencingRisk(f"{what} in fewer than {least} patients, who could be subtracted out", hint)
