"""What a site does not believe: a server's word on its own key, a preparator's word on its own counts."""

import pytest

from medeval.domain.base import digest_of
from medeval.domain.dataset import DatasetStatistics
from medeval.domain.messages import RegisteredSite
from medeval.domain.messages import Site as SiteMessage
from medeval.errors import RunFailed, SignatureInvalid
from medeval.runtime.port import Probe
from medeval.site.prepare import check_counts
from medeval.site.setup import init_site
from medeval.site.store import SiteStore
from tests.worlds import make_spec

PROBE = Probe("docker", "20.10", 2, "image", works=True)
SPEC = make_spec()


class Meddler:
    """A server, or someone before it, that answers a registration with another key's fingerprint."""

    def register(self, new):
        site = SiteMessage(
            name=new.name, title=new.title, organisation="O", fingerprint=digest_of(b"another key"), accepted=False
        )
        return RegisteredSite(site=site, upload_token="medeval_" + "x" * 43)


def test_another_key_than_the_sites_own_is_never_shown_as_its_own(tmp_path):
    store = SiteStore(tmp_path)
    with pytest.raises(SignatureInvalid, match="another key"):
        init_site(store, Meddler(), "north", "North", "http://127.0.0.1:1", PROBE)
    assert store.find_site() is None


def write_prepared(folder, labels):
    (folder / "cases").mkdir(parents=True)
    rows = "".join(f"c{i},1\n" for i in range(len(labels)))
    (folder / "cases" / "cases.csv").write_text("case_id,age\n" + rows)
    (folder / "labels.csv").write_text("case_id,label\n" + "".join(f"c{i},{x}\n" for i, x in enumerate(labels)))
    return folder


@pytest.mark.parametrize(
    ("labels", "cases", "per_class", "is_true"),
    [
        ("0011", 4, (2, 2), True),
        ("0011", 5, (2, 3), False),
        ("0011", 2**38, (2, 2), False),
        ("0011", 4, (3, 1), False),
        ("0012", 4, (2, 1), False),
    ],
)
def test_counts_that_leave_are_those_of_the_files(tmp_path, labels, cases, per_class, is_true):
    prepared = write_prepared(tmp_path / "prepared", labels)
    counts = DatasetStatistics(cases=cases, per_class=per_class)
    if is_true:
        check_counts(prepared, counts, SPEC)
        return
    with pytest.raises(RunFailed, match="counts"):
        check_counts(prepared, counts, SPEC)
