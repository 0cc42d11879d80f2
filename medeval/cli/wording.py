"""Words that several commands use for values of the domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medeval.domain.attestation import SandboxRecord
    from medeval.domain.policies import DisclosurePolicy


def policy_words(policy: DisclosurePolicy) -> str:
    """`hospital: at least 100 cases, 10 in each class; cells of 10 or more, rounded to 5; at most 200 numbers, ...`."""
    cells = f"; cells of {policy.min_cell} or more, rounded to {policy.round_to}" if policy.merges else ""
    bits = f", {policy.max_bits} bits" if policy.merges else ""
    return (
        f"{policy.name}: at least {policy.min_cases} cases, {policy.min_per_class} in each class{cells}; "
        f"at most {policy.max_numbers} numbers{bits}"
    )


def sandbox_words(sandbox: SandboxRecord) -> str:
    """`docker 20.10.24, level 2`."""
    return f"{sandbox.runtime} {sandbox.version}, level {sandbox.level}"
