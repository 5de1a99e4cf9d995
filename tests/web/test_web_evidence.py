"""Evidence: the log, receipts that are shown, printed and verified, and proofs of growth."""

import json
import re
from urllib.parse import quote

import pytest
from web_world import ORIGIN, Browser

from headrace.evidence.checkpoint import PublicKey, read_public_key
from headrace.evidence.merkle import verify_consistency, verify_inclusion
from headrace.evidence.receipt import Receipt, check_receipt
from headrace.web.security.tokens import form_token


@pytest.fixture
def otto(demo):
    """An auditor's browser on a real run."""
    demo.add("otto", "auditor")
    browser = Browser(demo)
    assert browser.sign_in("otto").status_code == 303
    return browser


@pytest.fixture
def decided(demo):
    """The id of a decision of the run."""
    return demo.services.run.current().decisions[3].decision_id


def sent(browser, path, body):
    token = form_token(browser.client.cookies["headrace"])
    headers = {"origin": ORIGIN, "x-form-token": token, "accept": "application/json"}
    return browser.client.post(path, json=body, headers=headers)


def receipt_of(browser, decision_id):
    return browser.get(f"/api/v1/evidence/receipts/{quote(decision_id)}").json()


def test_the_log_is_told_with_what_was_signed(otto):
    found = otto.get("/api/v1/evidence").json()
    key = read_public_key(found["key"] + "\n")
    assert found["entries"] == found["signed_entries"] > 100
    assert found["root"] == found["signed_root"]
    assert key.fingerprint == found["fingerprint"]
    page = otto.get("/evidence").text
    for told in (found["root"], found["fingerprint"], found["key"], "not yet"):
        assert told in page


def test_a_receipt_proves_its_decision_without_us(otto, decided):
    found = otto.get("/api/v1/evidence").json()
    receipt = Receipt.from_json(json.dumps(receipt_of(otto, decided)))
    assert check_receipt(receipt, read_public_key(found["key"] + "\n").public) is None
    assert receipt.decision_id == decided


def test_a_receipt_is_shown_and_downloaded(otto, decided):
    page = otto.get(f"/evidence?decision={quote(decided)}")
    assert page.status_code == 303
    shown = otto.get(page.headers["location"])
    assert decided in shown.text
    file = otto.get(page.headers["location"] + "/file")
    assert "attachment" in file.headers["content-disposition"]
    assert file.json() == receipt_of(otto, decided)


@pytest.mark.parametrize(
    "path", ["/api/v1/evidence/receipts/", "/evidence/receipts/", "/evidence?decision="]
)
@pytest.mark.parametrize("name", ["E99999@2026-06-30", "../../etc/passwd", "<script>", "%00"])
def test_a_decision_that_is_not_there(otto, path, name):
    assert otto.get(path + quote(name)).status_code == 404


def changed(receipt, part):
    other = dict(receipt)
    if part == "record":
        other["record"] = receipt["record"].replace('"currency":"CNY"', '"currency":"USD"')
    elif part == "salt":
        other["salt"] = "0" * 64
    elif part == "index":
        other["index"] += 1
    elif part == "proof":
        other["proof"] = ["0" * 64, *receipt["proof"][1:]]
    elif part == "entry":
        other["entry"] = receipt["entry"].replace('"index":', '"index": ')
    elif part == "checkpoint":
        other["checkpoint"] = receipt["checkpoint"].replace("\n\n", "0\n\n", 1)
    assert other != receipt
    return other


SAID = {
    "record": "its text or its salt",
    "salt": "its text or its salt",
    "index": "The log entry",
    "proof": "do not lead",
    "entry": "The log entry",
    "checkpoint": "The signature",
}


@pytest.mark.parametrize("part", SAID)
def test_a_receipt_that_was_altered_is_told_and_where(otto, decided, part):
    given = changed(receipt_of(otto, decided), part)
    found = sent(otto, "/api/v1/evidence/verify", {"receipt": given}).json()
    assert not found["holds"]
    assert found["problem"]["what"]
    page = otto.post("/evidence/verify", {"receipt": json.dumps(given)})
    assert page.status_code == 200
    assert "does not hold" in page.text
    assert SAID[part] in page.text


def test_a_receipt_holds_on_the_page_and_by_the_api(otto, decided):
    given = receipt_of(otto, decided)
    assert sent(otto, "/api/v1/evidence/verify", {"receipt": given}).json()["holds"]
    page = otto.post("/evidence/verify", {"receipt": json.dumps(given, indent=2)})
    assert "The receipt holds" in page.text


def test_another_key_and_no_key_are_told(otto, decided):
    given = receipt_of(otto, decided)
    origin = given["checkpoint"].split("\n")[0]
    other = PublicKey(origin, bytes(range(32))).to_text().strip()
    found = sent(otto, "/api/v1/evidence/verify", {"receipt": given, "key": other}).json()
    assert not found["holds"]
    assert sent(otto, "/api/v1/evidence/verify", {"receipt": given, "key": "x"}).status_code == 422
    assert (
        "no verifier key"
        in otto.post("/evidence/verify", {"receipt": json.dumps(given), "key": "x"}).text
    )


@pytest.mark.parametrize("text", ["", "{}", "[]", "x", '{"record": 1}', "[" * 5000, "\ud83d"])
def test_what_is_no_receipt_is_told(otto, text):
    page = otto.post("/evidence/verify", {"receipt": text.encode("utf-8", "replace").decode()})
    assert page.status_code == 422
    assert "This is no receipt" in page.text


def test_every_byte_is_checked_and_what_is_wrong_is_told(otto, demo):
    assert sent(otto, "/api/v1/evidence/check", {}).json()["holds"]
    assert otto.post("/evidence/check").status_code == 303
    assert "Everything holds" in otto.get("/evidence").text
    path = demo.services.workspace.folder("run") / "frontier.csv"
    path.write_bytes(path.read_bytes() + b" ")
    found = sent(otto, "/api/v1/evidence/check", {}).json()
    assert not found["holds"]
    assert found["problems"][0]["where"] == "frontier.csv"
    assert "frontier.csv" in otto.get("/evidence").text


def test_growth_is_proved_between_any_two_sizes(otto):
    whole = otto.get("/api/v1/evidence").json()["entries"]
    for old, new in ((0, 0), (0, whole), (1, whole), (7, 100), (whole, whole)):
        found = otto.get(f"/api/v1/evidence/proofs/consistency?from={old}&to={new}").json()
        proof = [bytes.fromhex(each) for each in found["proof"]]
        roots = bytes.fromhex(found["old_root"]), bytes.fromhex(found["root"])
        assert verify_consistency(old, new, *roots, proof)
    page = otto.get(f"/evidence?from=7&to={whole}").text
    assert re.search(r"Proof, \d+ hashes", page)


def test_inclusion_is_proved_for_any_entry(otto):
    for index, size in ((0, 1), (3, 100), (99, 100)):
        path = f"/api/v1/evidence/proofs/inclusion?index={index}&size={size}"
        found = otto.get(path).json()
        proof = [bytes.fromhex(each) for each in found["proof"]]
        leaf, root = bytes.fromhex(found["leaf"]), bytes.fromhex(found["root"])
        assert verify_inclusion(leaf, index, size, proof, root)


@pytest.mark.parametrize(
    "query", ["from=9&to=3", "from=0&to=99999999", "from=x&to=3", "from=-1&to=3", "from=٣&to=9"]
)
def test_sizes_that_never_were_are_told(otto, query):
    assert otto.get(f"/api/v1/evidence/proofs/consistency?{query}").status_code == 422
    assert otto.get(f"/evidence?{query}").status_code == 422


def test_an_index_that_is_not_in_the_log_is_told(otto):
    for query in ("index=99999999", "index=5&size=5", "index=-1", ""):
        assert otto.get(f"/api/v1/evidence/proofs/inclusion?{query}").status_code == 422


def test_without_evidence_it_is_said(world):
    world.add("otto", "auditor")
    browser = Browser(world)
    browser.sign_in("otto")
    for path in ("/evidence", "/api/v1/evidence", "/api/v1/evidence/proofs/consistency?from=0"):
        assert browser.get(path).status_code == 409, path


def test_a_later_run_is_read_again(otto, demo):
    before = otto.get("/api/v1/evidence").json()["entries"]
    log = demo.services.workspace.folder("run") / "evidence" / "log.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
    assert otto.get("/api/v1/evidence").json()["entries"] == before - 1


def test_who_is_narrowed_gets_no_receipt_of_a_firm_elsewhere(demo):
    run = demo.services.run.current()
    regions = {each.party: run.regions[each.party] for each in run.decisions}
    assert len(set(regions.values())) > 3, "the run keeps where firms are"
    here = next(iter(regions.values()))
    demo.add("anna", "account_manager", regions=(here,))
    anna = Browser(demo)
    anna.sign_in("anna")
    for each in run.decisions[:20]:
        seen = regions[each.party] == here
        for path in ("/api/v1/evidence/receipts/", "/api/v1/decisions/", "/evidence/receipts/"):
            status = anna.get(path + quote(each.decision_id)).status_code
            assert status == (200 if seen else 404), (path, each.party)
