"""The pages of the local review, and the two decisions; each request opens the site anew and holds its lock."""

from collections.abc import Mapping
from pathlib import Path
from threading import Lock

from medeval.cli.context import opened_site
from medeval.cli.review_view import decided_view, plain_line, view_of
from medeval.cli.reviewing import note_of, reason_of
from medeval.domain.attestation import WithholdReason
from medeval.errors import MedevalError, NotFound, UsageError
from medeval.report import html
from medeval.site import release as releasing
from medeval.site import review
from medeval.site.context import Site
from medeval.site.records import Stage
from medeval.site.review import Reviewed

#: Reasons for the committee, as people say them.
REASONS = {
    WithholdReason.DATA_OWNER_DECISION: "The data owner decided so",
    WithholdReason.DATA_QUALITY: "The data are not good enough",
    WithholdReason.DISCLOSURE_RISK: "It could disclose something",
    WithholdReason.MODEL_CONCERN: "There is a concern about the model",
}
#: One of the verbs in the address of a decision.
VERBS = ("release", "withhold")


class Desk:
    """What the pages say, and what a decision does. One request at a time."""

    def __init__(self, home: Path, form_value: str) -> None:
        self._home, self._form_value = home, form_value
        self._lock = Lock()

    def waiting(self) -> str:
        """The list of everything, what waits first."""
        with self._lock, opened_site(self._home, "review") as site:
            rows = review.list_results(site)
            waits = [row for row in rows if row.stage is Stage.EVALUATED]
            others = [row for row in rows if row.stage is not Stage.EVALUATED]
            return html.render("review_list.html.j2", site=_name(site), waits=waits, others=others)

    def result(self, execution: str) -> str:
        """One result: for a decision, or what was decided. Raises `NotFound`."""
        with self._lock, opened_site(self._home, "review") as site:
            row = _get(site, execution)
            if row.stage is not Stage.EVALUATED:
                return html.render("review_decided.html.j2", site=_name(site), view=decided_view(row))
            view = view_of(site, row)
            lines = [(line, plain_line(line)) for line in view.sheet.lines]
            page = {"view": view, "lines": lines, "reasons": REASONS, "form_value": self._form_value}
            return html.render("review.html.j2", site=_name(site), **page)

    def decide(self, execution: str, verb: str, form: Mapping[str, str]) -> None:
        """Release or withhold exactly what was shown; raises `Conflict` where it is not that any more."""
        with self._lock, opened_site(self._home, "review") as site:
            row = _get(site, execution)
            _check_waits(row)
            # also before a withholding: nobody decides on what they did not see
            releasing.check_approved(site, row.files, form.get("digest", ""))
            if verb == "release":
                _release(site, row, form)
            else:
                _withhold(site, row, form)

    def problem(self, error: MedevalError) -> str:
        """An error, with what to do next."""
        return html.render("review_problem.html.j2", site="", message=error.message, hint=error.hint)


def _name(site: Site) -> str:
    return site.store.get_site().name


def _get(site: Site, execution: str) -> Reviewed:
    for row in review.list_results(site):
        if row.execution == execution:
            return row
    raise NotFound("there is no such result here", "Go back to the list.")


def _release(site: Site, row: Reviewed, form: Mapping[str, str]) -> None:
    if form.get("seen") != "yes":
        raise UsageError("the box was not ticked", "Nothing has left. Look at the bytes, tick the box, release again.")
    releasing.release(site, row.files, note_of(form.get("note", "")))


def _withhold(site: Site, row: Reviewed, form: Mapping[str, str]) -> None:
    note = note_of(form.get("note", ""))
    if not note:
        raise UsageError("the note for the ledger is empty", "Nothing has left. Say why in your own words.")
    releasing.withhold(site, row.files, reason_of(form.get("reason", "")), note)


def _check_waits(row: Reviewed) -> None:
    if row.stage is not Stage.EVALUATED:
        raise UsageError("this result does not wait for a decision any more", "Go back to the list.")
