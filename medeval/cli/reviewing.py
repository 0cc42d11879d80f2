"""What a person approves: the exact bytes that would leave, what they can tell at most, and what is left to tell."""

import textwrap
from typing import Any

from medeval.cli.sheet_screen import plain_sheet, sheet_lines
from medeval.cli.states_screen import heading
from medeval.cli.table import blocks
from medeval.domain.attestation import WithholdReason
from medeval.domain.base import digest_of
from medeval.errors import BudgetExhausted, DifferencingRisk, SiteStateError, UsageError
from medeval.report.pen import Pen
from medeval.site.context import Site
from medeval.site.entries import Decided
from medeval.site.release import owners_of, statement_of
from medeval.site.review import Reviewed
from medeval.site.sheet import sheet_of
from medeval.site.spending import Spending, check_can_leave, spending_of


def approval_of(site: Site, reviewed: Reviewed) -> dict[str, Any]:
    """What waits, as machines read it."""
    data = statement_of(site, reviewed.files).to_canonical()
    return {
        "execution": reviewed.execution,
        "model": reviewed.model,
        "benchmark": reviewed.benchmark,
        "dataset": reviewed.dataset,
        "digest": digest_of(data),
        "size_bytes": len(data),
        "bytes": data.decode(),
        "cost": _cost(spending_of(site, reviewed.files, owners_of(site, reviewed.files))),
        "sheet": plain_sheet(sheet_of(site, reviewed.files)),
        "stands_in_the_way": _obstacle(site, reviewed),
    }


def approval_lines(site: Site, reviewed: Reviewed, pen: Pen) -> list[str]:
    """The same for people, after the numbers themselves."""
    plain = approval_of(site, reviewed)
    facts = {"digest": plain["digest"], "size_bytes": plain["size_bytes"]}
    wrapped = textwrap.wrap(plain["bytes"], pen.width - 2, break_on_hyphens=False)
    verdict = plain["stands_in_the_way"] or "Rules and budget allow it to leave. Whether it does is for you."
    return [
        *heading("Exactly the bytes that would be signed and leave, broken into lines for reading alone", pen),
        *(f"  {line}" for line in wrapped),
        "",
        *blocks([facts], pen),
        "",
        *sheet_lines(sheet_of(site, reviewed.files), pen),
        "",
        *heading("What it costs: the leak budget of these data", pen),
        *blocks([plain["cost"]], pen),
        "",
        *pen.paragraph(verdict, ""),
        *pen.paragraph(f"To release these very bytes: medeval result release {reviewed.model} --digest DIGEST", ""),
    ]


def reason_of(text: str) -> WithholdReason:
    """One of the listed reasons; raises `UsageError`."""
    if text not in set(WithholdReason):
        raise UsageError("that reason is not on the list", f"Give one of {', '.join(WithholdReason)}.")
    return WithholdReason(text)


def note_of(text: str) -> str:
    """Words as the ledger can hold them, on one line; raises `UsageError`."""
    return Decided.from_plain({"note": " ".join(text.split())}, refuse=UsageError).note


def _cost(spending: Spending) -> dict[str, str]:
    limits, bits = spending.limits, f"{spending.bits:.0f}"
    if limits is None:
        return {"bits at most": bits, "budget": "none: exact counts leave under this policy"}
    return {
        "bits at most": f"{bits} of {limits.release_bits:.0f} in one release",
        "bits this year": (
            f"{spending.bits_this_year:.0f} spent before, {bits} now, of {limits.dataset_bits_per_year:.0f}"
        ),
        "evaluations this year": f"{spending.evaluations_this_year} before, of {limits.dataset_evaluations_per_year}",
        "of this owner this quarter": (
            f"{spending.owner_evaluations_this_quarter} before, of {limits.owner_evaluations_per_quarter}"
        ),
    }


def _obstacle(site: Site, reviewed: Reviewed) -> str | None:
    """Why it may not leave, if anything stands in the way."""
    try:
        check_can_leave(site, reviewed.files, owners_of(site, reviewed.files))
    except (BudgetExhausted, DifferencingRisk, SiteStateError) as exc:
        return f"It may not leave: {exc.message}. {exc.hint}"
    return None
