"""Release by what a person allowed beforehand: the real command, a real server, and the ledger's word for it."""

from typing import Any

from medeval.domain.policies import HOSPITAL
from medeval.errors import LedgerBroken, NotFound, UsageError
from medeval.site.build import site_store
from tests.wards import Ward, open_ward
from tests.worlds import World


def ledger_of(ward: Ward, kind: str) -> list[dict[str, Any]]:
    return [entry for entry in ward.home.told("site", "ledger", "show") if entry["event"]["kind"] == kind]


def test_a_rule_releases_what_it_names_and_nothing_else(ward: Ward) -> None:
    ward.evaluate("first", "second")
    made = ward.home.told("result", "allow", "first", "--benchmark", "breast")
    assert [rule["model"]["ref"] for rule in made["rules"]] == ["first@1.0.0"]
    assert ward.states() == {"first": ("waiting for review", False), "second": ("waiting for review", False)}
    done = ward.home.told("site", "run")
    assert (done["released"], done["held"], done["waiting"], done["stopped"]) == (1, [], 1, None)
    assert ward.states() == {"first": ("released", True), "second": ("waiting for review", False)}
    assert ward.cells()["first"] == "result"
    [rule] = ledger_of(ward, "release-rule")
    assert (rule["event"]["reason"], rule["event"]["decided_by"]) == ("rule-made", "data-owner")
    [left] = ledger_of(ward, "result")
    assert left["event"]["decided_by"] == "policy"
    assert left["event"]["note"] == f"by release rule {rule['event']['topic']['subject']}"
    listed = {row["model"]: row["rule"] for row in ward.home.told("result", "list")}
    assert listed == {"first@1.0.0": rule["event"]["topic"]["subject"], "second@1.0.0": None}
    assert "released by rule" in ward.home.run("result", "list").stdout
    assert ward.home.run("site", "ledger", "verify").returncode == 0
    assert ward.home.told("site", "run")["released"] == 0, "once"


def test_a_revoked_an_expired_and_a_stricter_rule_release_nothing(ward: Ward) -> None:
    ward.evaluate("first")
    home = ward.home
    home.told("result", "allow", "--benchmark", "breast", "--least-level", "3")
    home.told("result", "allow", "first", "--benchmark", "breast", "--until", "2020-01-01")
    assert home.told("site", "run")["released"] == 0
    home.told("result", "allow", "--benchmark", "breast")
    assert home.told("result", "allow", "--revoke", "breast") == {"rules": []}
    assert home.told("site", "run")["released"] == 0
    assert ward.states() == {"first": ("waiting for review", False)}
    reasons = [entry["event"]["reason"] for entry in ledger_of(ward, "release-rule")]
    assert reasons == ["rule-made"] * 3 + ["rule-revoked"] * 3
    assert home.run("result", "allow", "--revoke", "breast").returncode == NotFound.exit_code
    assert home.run("result", "allow", "first").returncode == UsageError.exit_code
    assert home.run("result", "allow", "--benchmark", "breast", "--until", "soon").returncode == UsageError.exit_code
    assert home.run("result", "allow", "nobody", "--benchmark", "breast").returncode == NotFound.exit_code
    assert "there is no release rule" in home.run("result", "allow").stdout


def test_what_was_withheld_stays_and_a_broken_ledger_lets_nothing_out(ward: Ward) -> None:
    ward.evaluate("first", "second")
    home = ward.home
    home.told("result", "allow", "--benchmark", "breast")
    home.told("result", "withhold", "first")
    folder = site_store(home.path).root
    [file] = [path for path in folder.rglob("*.jsonl") if b"ledger-entry" in path.read_bytes()]
    whole = file.read_bytes()
    file.write_bytes(whole.replace(b"rule-made", b"rule-mada"))
    assert home.run("site", "run").returncode == LedgerBroken.exit_code
    file.write_bytes(whole)
    assert ward.states() == {"first": ("withheld", True), "second": ("waiting for review", False)}
    assert home.told("site", "run")["released"] == 1
    assert ward.states() == {"first": ("withheld", True), "second": ("released", True)}


def test_differencing_holds_for_rules_too(sqlite_world: World) -> None:
    """Two models that say the same of every case: the second could be subtracted, so a person has to look at it."""
    ward = open_ward(sqlite_world, HOSPITAL)
    ward.evaluate("first", "second")
    store, interface = site_store(ward.home.path), ward.spec.model_interface
    for files in store.list_executions():
        vault = store.vault(files.task().execution.to_digest())
        vault.mkdir(parents=True)
        rows = [f"case-{n},0.5" for n in range(120)]
        rows[0] = f"case-0,{0.95 if files.task().execution.model.ref.startswith('second') else 0.05}"
        (vault / "predictions.csv").write_text("\n".join([f"{interface.case_id},{interface.score}", *rows]) + "\n")
    ward.home.told("result", "allow", "--benchmark", "breast")
    done = ward.home.told("site", "run")
    assert (done["released"], len(done["held"]), done["waiting"]) == (1, 1, 1)
    assert done["stopped"] is None
