"""What the sandbox of this site was last observed to hold: nothing runs under one that was not examined, or failed."""

from importlib.metadata import version

from medeval.domain.attestation import SandboxRecord
from medeval.domain.controls import Control
from medeval.errors import RuntimeRefused
from medeval.site.context import Site
from medeval.site.doctor import Finding
from medeval.site.records import Examination, RunRecord

_HINT = "Run `medeval site doctor`: it tries every control, and says what to do where one does not hold."


def examination_of(sandbox: SandboxRecord, found: tuple[Finding, ...]) -> Examination:
    """What is kept of an examination: the controls that held, and those that must hold and do not."""
    observed = tuple(Control(finding.control) for finding in found if finding.held)
    missing = tuple(Control(finding.control) for finding in found if finding.is_missing)
    return Examination(sandbox=sandbox.model_copy(update={"observed": observed}), missing=missing)


def check_examined(site: Site) -> SandboxRecord:
    """What a statement says of the sandbox as it is now, with every control that was observed in it.

    Raises `RuntimeRefused` where this runtime, in this version, was not examined, or a required control did not hold. A
    plain process holds nothing and is not examined; only public data ever meets it.
    """
    now, known = site.runtime.sandbox(), site.store.find_examination()
    if not now.level:
        return now
    if known is None or known.sandbox.model_copy(update={"observed": ()}) != now:
        raise RuntimeRefused("the sandbox of this site, as it is now, was not examined", _HINT)
    if known.missing:
        raise RuntimeRefused(f"the sandbox of this site does not hold: {', '.join(known.missing)}", _HINT)
    return known.sandbox


def run_record(site: Site) -> RunRecord:
    """Under what a run took place."""
    return RunRecord(sandbox=check_examined(site), medeval=version("medeval"))
