"""Releasing and withholding: what a name means, what is sent once, and what the server's answers lead to."""

import pytest

from medeval.domain.attestation import WithholdReason
from medeval.errors import Conflict, NotFound, ServerUnreachable
from medeval.site import outbox, release, review
from medeval.site.lock import hold
from medeval.site.records import Stage
from tests.sites import add_execution, make_site

DECISION = WithholdReason.DATA_OWNER_DECISION


def stages(site):
    return {row.model: row.stage for row in review.list_results(site)}


def models(rows):
    return [row.model for row in rows]


@pytest.fixture
def place(tmp_path):
    return make_site(tmp_path)


def test_a_name_never_releases_what_was_withheld(place):
    site, _ = place
    release.withhold(site, add_execution(site, "lr", version="1.2.0"), WithholdReason.DISCLOSURE_RISK)
    add_execution(site, "lr", version="1.3.0")
    assert models(review.releasable(site, ["lr"])) == ["lr@1.3.0"]
    assert models(review.releasable(site, [])) == ["lr@1.3.0"]
    assert models(review.releasable(site, ["lr"], withheld=True)) == ["lr@1.2.0"]
    with pytest.raises(NotFound, match="withheld"):
        review.releasable(site, ["lr@1.2.0"])


def test_withholding_a_name_passes_over_what_is_released(place):
    site, _ = place
    release.release(site, add_execution(site, "lr", version="1.2.0"))
    add_execution(site, "lr", version="1.3.0")
    assert models(review.withholdable(site, ["lr"])) == ["lr@1.3.0"]
    with pytest.raises(Conflict, match="released already"):
        review.withholdable(site, ["lr@1.2.0"])


@pytest.mark.parametrize("name", ["sha256:", "", "sha256:abc", "abc"])
def test_a_short_id_means_nothing(place, name):
    site, _ = place
    add_execution(site, "lr")
    with pytest.raises(NotFound):
        review.releasable(site, [name])


def test_an_id_means_its_execution(place):
    site, _ = place
    wanted = add_execution(site, "lr").folder.name
    add_execution(site, "mlp")
    for name in (wanted, wanted[:6], f"sha256:{wanted}"):
        assert models(review.releasable(site, [name])) == ["lr@1.0.0"]


def test_benchmark_and_dataset_narrow_a_name(place):
    site, _ = place
    add_execution(site, "lr")
    assert models(review.releasable(site, ["lr"], dataset="data")) == ["lr@1.0.0"]
    with pytest.raises(NotFound):
        review.releasable(site, ["lr"], dataset="other")
    assert review.releasable(site, [], benchmark="other") == []


def test_after_an_outage_releasing_all_again_completes_the_job(place):
    site, egress = place
    files = add_execution(site, "lr")
    egress.answer = ServerUnreachable("away")
    with pytest.raises(ServerUnreachable):
        release.release(site, files)
    signed = files.signed()
    egress.answer = None
    (row,) = review.releasable(site, [])
    release.release(site, row.files)
    assert egress.sent == [signed.envelope]
    assert review.releasable(site, []) == []


def test_releasing_twice_sends_once(place):
    site, egress = place
    files = add_execution(site, "lr")
    first = release.release(site, files)
    assert release.release(site, files) == first
    assert len(egress.sent) == 1
    assert models(review.releasable(site, ["lr"])) == ["lr@1.0.0"]


def test_what_is_released_cannot_be_withheld(place):
    site, _ = place
    files = add_execution(site, "lr")
    release.release(site, files)
    with pytest.raises(Conflict, match="released already"):
        release.withhold(site, files, DECISION)


def test_what_may_have_left_cannot_be_withheld(place):
    site, egress = place
    files = add_execution(site, "lr")
    egress.answer = ServerUnreachable("away")
    with pytest.raises(ServerUnreachable):
        release.release(site, files)
    with pytest.raises(Conflict) as refused:
        release.withhold(site, files, DECISION)
    assert "may have left" in refused.value.hint


def test_a_refused_result_is_told_so_and_can_be_withheld_or_sent_again(place):
    site, egress = place
    for name in ("lr", "mlp"):
        egress.answer = Conflict("the model is not approved")
        with pytest.raises(Conflict):
            release.release(site, add_execution(site, name))
    assert set(stages(site).values()) == {Stage.REFUSED}
    assert review.releasable(site, []) == []
    egress.answer = None
    (lr,), (mlp,) = review.releasable(site, ["lr"]), review.withholdable(site, ["mlp"])
    release.release(site, lr.files)
    release.withhold(site, mlp.files, DECISION)
    assert stages(site) == {"lr@1.0.0": Stage.RELEASED, "mlp@1.0.0": Stage.WITHHELD}


def test_a_refusal_does_not_stop_the_outbox_and_is_not_sent_again(place):
    site, egress = place
    for name in ("lr", "mlp"):
        egress.answer = ServerUnreachable("away")
        with pytest.raises(ServerUnreachable):
            release.release(site, add_execution(site, name))
    egress.answer = Conflict("not approved")
    flushed = outbox.flush(site)
    assert (flushed.sent, sorted(flushed.refused), flushed.stopped) == (0, ["lr@1.0.0", "mlp@1.0.0"], None)
    egress.answer = None
    assert outbox.flush(site).sent == 0


def test_an_unreachable_server_stops_the_outbox_and_loses_nothing(place):
    site, egress = place
    egress.answer = ServerUnreachable("away")
    with pytest.raises(ServerUnreachable):
        release.release(site, add_execution(site, "lr"))
    flushed = outbox.flush(site)
    assert (flushed.sent, type(flushed.stopped)) == (0, ServerUnreachable)
    assert outbox.kept_hint(site).startswith("1 statement")
    egress.answer = None
    assert outbox.flush(site).sent == 1


def test_nothing_is_sent_while_a_person_decides(place):
    site, egress = place
    files = add_execution(site, "lr")
    egress.answer = ServerUnreachable("away")
    with pytest.raises(ServerUnreachable):
        release.release(site, files)
    egress.answer = None
    with hold(site.store.root, "review"):
        assert outbox.flush(site).sent == 0
    assert outbox.flush(site).sent == 1
