"""Facts by API: sent once, durable, read for a purpose, masked, and read by the next run."""

import io
import json
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from web_world import Browser

from headrace.adapters.fact_packs import FAN
from headrace.adapters.stores.consent import ConsentStore, Withdrawal, withdrawn_in
from headrace.adapters.workspace import workspace_at
from headrace.adapters.workspace_source import source_of
from headrace.cli import main
from headrace.facts.ingest import ingest
from headrace.facts.localtime import microseconds
from headrace.packs import load

LINES = "application/x-ndjson"
ARROW = "application/vnd.apache.arrow.stream"


def row(number, **more):
    told = {"id": str(number), "source": "erp", "purpose": "credit_assessment", "consent": "c1"}
    return told | {"party": "E1"} | more


class Client:
    """A program with a key."""

    def __init__(self, world, role, *may):
        name = f"{role}s"
        world.add(name, role)
        self.key = world.accounts.add_key(name, list(may), days=1)
        self.client = Browser(world).client

    def headers(self, more):
        return {"authorization": f"Bearer {self.key}", "accept": "application/json"} | more

    def get(self, path, **headers):
        return self.client.get(path, headers=self.headers(headers))

    def send(self, kind, rows, key="", **headers):
        content = "".join(json.dumps(each) + "\n" for each in rows)
        more = {"content-type": LINES} | ({"idempotency-key": key} if key else {}) | headers
        return self.client.post(
            f"/api/v1/facts/{kind}", content=content, headers=self.headers(more)
        )

    def post(self, path, **told):
        more = {"content-type": "application/json"}
        return self.client.post(path, content=json.dumps(told), headers=self.headers(more))


@pytest.fixture
def system(world):
    return Client(world, "system", "facts")


@pytest.fixture
def manager(world):
    return Client(world, "account_manager", "firms")


def test_facts_are_sent_and_read(world, system, manager):
    rows = [row(1, name="甲公司", phone="13800001111"), row(2, phone="1"), {"id": "3"}]
    answer = system.send("party", rows)
    assert answer.status_code == 201
    told = answer.json()
    assert (told["rows"], told["accepted"], told["duplicates"], told["quarantined"]) == (3, 2, 0, 1)
    assert {each["column"] for each in told["bad"]} == {"source", "purpose", "consent", "party"}
    assert all(each["row"] == 3 and each["reason_zh"] for each in told["bad"])
    found = manager.get("/api/v1/facts/party?party=E1").json()
    assert [each["id"] for each in found["items"]] == ["api/erp#1", "api/erp#2"]
    lines = system.get(told["quarantine"])
    assert lines.headers["content-disposition"].endswith('"quarantine-00000001.csv"')
    assert lines.text.count("missing_required") == 4
    assert world.acts()[-1][0] == "test"
    assert ("systems", "POST /api/v1/facts/{kind}", "party") in world.acts()


def test_one_fact_is_an_object_and_several_a_list(system):
    one = system.post("/api/v1/facts/party", **row(1))
    assert one.json()["accepted"] == 1
    more = {"content-type": "application/json; charset=utf-8"}
    content = json.dumps([row(1), row(2)])
    answer = system.client.post(
        "/api/v1/facts/party", content=content, headers=system.headers(more)
    ).json()
    assert (answer["accepted"], answer["duplicates"]) == (1, 1)


def test_sending_again_under_a_key_changes_nothing(system):
    first = system.send("party", [row(1)], key="k1")
    assert system.send("party", [row(1)], key="k1").json() == first.json()
    other = system.send("party", [row(2)], key="k1")
    assert other.status_code == 422
    assert other.json()["where"] == "Idempotency-Key"
    assert len(system.get("/api/v1/facts").json()["items"]) == 1


def test_what_cannot_be_read_is_refused_as_a_whole(system):
    for answer in (
        system.send("party", [row(1)], **{"content-type": "image/png"}),
        system.send("party", [row(1)], **{"content-type": ARROW}),
        system.send("correction", [row(1)]),
        system.send("nonsense", [row(1)]),
    ):
        assert answer.status_code == 422
        assert answer.json()["remedy"]
    assert system.get("/api/v1/facts").json()["items"] == []


def test_batches_are_listed_a_page_at_a_time(system):
    for number in range(3):
        system.send("party", [row(number)])
    page = system.get("/api/v1/facts?limit=2").json()
    assert [each["batch"] for each in page["items"]] == ["00000003", "00000002"]
    rest = system.get(f"/api/v1/facts?limit=2&cursor={page['next']}").json()
    assert [each["batch"] for each in rest["items"]] == ["00000001"]
    assert rest["next"] is None
    assert system.get("/api/v1/facts/batches/00000009/quarantine").status_code == 404


def test_facts_may_be_larger_than_other_requests_but_not_without_end(world):
    small = world.with_settings(body_bytes_max=500, facts_bytes_max=5_000)
    system = Client(small, "system", "facts")
    many = [row(at) for at in range(30)]
    assert system.send("party", many).status_code == 201
    assert system.send("party", many * 3).status_code == 413
    form = system.send("party", many, **{"content-type": "application/x-www-form-urlencoded"})
    assert form.status_code == 413
    assert small.services.facts.folder.joinpath("aside").is_dir()
    assert not any(small.services.facts.folder.joinpath("aside").iterdir())


def test_a_fact_of_another_purpose_is_left_out_and_counted(system, manager):
    system.send("party", [row(1), row(2, purpose="marketing"), row(3, purpose="monitoring")])
    found = manager.get("/api/v1/facts/party?party=E1").json()
    assert [each["id"] for each in found["items"]] == ["api/erp#1", "api/erp#3"]
    assert (found["not_shown_purpose"], found["not_shown_consent"]) == (1, 0)


def test_a_withdrawn_consent_takes_its_facts_away_from_then_on(world, system, manager):
    system.send("party", [row(1), row(2, consent="c2")])
    since = "2027-01-16T00:00:00+00:00"  # the test's clock is a day before
    assert system.post("/api/v1/consents/c2/withdraw", since=since).status_code == 200
    path = "/api/v1/facts/party?party=E1"
    assert len(manager.get(path).json()["items"]) == 2
    world.clock.pass_minutes(17 * 60)
    found = manager.get(path).json()
    assert ([each["id"] for each in found["items"]], found["not_shown_consent"]) == (
        ["api/erp#1"],
        1,
    )
    later = system.post("/api/v1/consents/c2/withdraw").json()
    assert later["since"] < world.clock(), "the earlier of the two holds"
    assert system.post("/api/v1/consents/c2/withdraw", since="2026-01-01T00:00").status_code == 422
    arrow = manager.get(path, accept=ARROW)
    assert arrow.headers["x-not-shown-consent"] == "1"
    with pa.ipc.open_stream(io.BytesIO(arrow.content)) as stream:
        assert stream.read_all()["id"].to_pylist() == ["api/erp#1"]


def test_facts_are_read_as_of_a_time(system, manager):
    rows = [row(1, known_time="2026-01-02T00:00:00Z", event_time="2026-01-01T12:00:00Z")]
    rows.append(row(2, known_time="2026-03-02T00:00:00Z", event_time="2026-03-01T12:00:00Z"))
    system.send("party", rows)

    def ids(query):
        found = manager.get(f"/api/v1/facts/party?party=E1&{query}").json()
        return [each["id"].rpartition("#")[2] for each in found["items"]]

    assert ids("known_by=2026-02-01T00:00:00Z") == ["1"]
    assert ids("from=2026-02-01T00:00:00Z") == ["2"]
    assert ids("to=2026-03-01T12:00:00Z") == ["1"]
    assert ids("") == ["1", "2"]
    no_zone = manager.get("/api/v1/facts/party?party=E1&known_by=2026-02-01T00:00:00")
    assert no_zone.status_code == 422
    assert manager.get("/api/v1/facts/rate_response?party=E1").status_code == 422
    assert manager.get("/api/v1/facts/party").status_code == 422


def test_facts_sent_one_by_one_are_put_together_behind_the_answer(world, system, manager):
    for number in range(FAN + 1):
        assert system.send("party", [row(number)], key=str(number)).status_code == 201
    folders = sorted(each.name for each in (world.services.facts.folder / "batches").iterdir())
    assert folders == ["00000001-00000064", "00000065"]
    found = manager.get("/api/v1/facts/party?party=E1&limit=100").json()
    assert [each["id"] for each in found["items"]] == [f"api/erp#{at}" for at in range(FAN + 1)]
    assert system.send("party", [row(7)], key="7").json()["batch"] == "00000008"
    assert system.send("party", [row(7)]).json()["duplicates"] == 1
    source = source_of(world.services.workspace, load("sme_invoices"))
    assert len(ingest(source.tables(), source.mapping).facts["party"]) == FAN + 1
    assert len([e for e in source.definition_digests() if e.startswith("api batch")]) == FAN + 1


def test_pages_of_facts(system, manager):
    system.send("party", [row(at) for at in range(5)])
    first = manager.get("/api/v1/facts/party?party=E1&limit=3").json()
    rest = manager.get(f"/api/v1/facts/party?party=E1&limit=3&cursor={first['next']}").json()
    assert [len(each["items"]) for each in (first, rest)] == [3, 2]
    system.send("party", [row(9)])
    moved = manager.get(f"/api/v1/facts/party?party=E1&cursor={first['next']}")
    assert moved.status_code == 409


def test_sending_is_for_systems_and_reading_for_desks(world, system, manager):
    assert manager.send("party", [row(1)]).status_code == 403
    assert manager.get("/api/v1/facts").status_code == 403
    assert system.get("/api/v1/facts/party?party=E1").status_code == 403
    assert manager.post("/api/v1/consents/c1/withdraw").status_code == 403


def test_who_sees_whole_and_who_sees_stars(world, system, manager):
    system.send("party", [row(1, phone="13800001111", uscc="91330106MA28ABCD12")])
    analyst = Client(world, "risk_manager", "firms")
    path = "/api/v1/facts/party?party=E1"
    whole, part = (each.get(path).json()["items"][0] for each in (manager, analyst))
    assert (whole["phone"], whole["uscc"]) == ("13800001111", "91330106MA28ABCD12")
    assert (part["phone"], part["uscc"]) == ("138****1111", "9133**********CD12")


def test_the_next_run_reads_what_came(demo):
    system = Client(demo, "system", "facts")
    sale = row(1, counterparty="C1", direction="sale", event_time="2019-06-01")
    sale |= {"number": "7", "party": "S1", "currency": "CNY", "status": "valid"}
    sale |= {"amount_minor": 100, "tax_minor": 13, "total_minor": 113}
    assert system.send("invoice", [sale, sale | {"id": "2"}]).json()["accepted"] == 2
    place = workspace_at(demo.services.workspace.root)
    source = source_of(place, load("sme_invoices"))
    found = ingest(source.tables(), source.mapping)
    ids = found.facts["invoice"]["id"].to_pylist()
    assert {"api/erp#1", "api/erp#2"} <= set(ids), "ids tell facts apart, not what they say"
    assert any(each.startswith("sales_invoices#") for each in ids)
    account = next(each for each in found.reconciliation if each.table == "api/erp")
    assert (account.rows, account.accepted) == (2, 2)
    assert "api batch 00000001" in source.definition_digests()
    assert "mapping" in source.definition_digests()
    assert all("api" not in name for name in source.file_digests())


def test_a_workspace_may_have_nothing_but_what_came(world, system):
    system.send("party", [row(1)])
    source = source_of(world.services.workspace, load("sme_invoices"))
    found = ingest(source.tables(), source.mapping)
    assert found.facts["party"]["id"].to_pylist() == ["api/erp#1"]
    assert (source.mapping.currency, source.mapping.time_zone) == ("CNY", "Asia/Shanghai")
    assert source.file_digests() == {}


def at(*when):
    return microseconds(datetime(*when, tzinfo=UTC))


def test_a_withdrawal_has_two_times_and_none_is_written_over(world):
    """Who looks back sees what was known then, also where a later one reaches further back."""
    store = ConsentStore(world.store)
    first = Withdrawal("c1", at(2026, 5, 1), at(2026, 5, 2), "test")
    assert store.withdraw(first) == first
    assert store.withdraw(replace(first, since=at(2026, 5, 9))) == first, "it holds already"
    earlier = Withdrawal("c1", at(2026, 3, 1), at(2026, 7, 1), "test")
    assert store.withdraw(earlier) == earlier
    known = {
        (2026, 4, 1): set(),
        (2026, 5, 1, 12): set(),  # nobody had told us
        (2026, 5, 2): {"c1"},
        (2026, 8, 1): {"c1"},
    }
    assert {when: store.withdrawn(at(*when)) for when in known} == known
    place = world.services.workspace
    zone = "Asia/Shanghai"
    assert withdrawn_in(place, date(2026, 5, 1), zone, at(2027, 1, 1)) == set()
    assert withdrawn_in(place, date(2026, 5, 2), zone, at(2027, 1, 1)) == {"c1"}
    assert withdrawn_in(place, date(9999, 12, 31), zone, at(2027, 1, 1)) == {"c1"}
    assert withdrawn_in(place, None, zone, at(2026, 1, 1)) == set()
    nothing = replace(place, root=place.root / "out")
    assert withdrawn_in(nothing, None, zone, at(2027, 1, 1)) == set()


def ran(capsys, place, *more):
    """What a run of a workspace printed, and the ids of the invoices that it used."""
    with pytest.raises(SystemExit) as ended:
        main(["run", "--in", str(place), "--repeats", "1", "--json", *more])
    assert ended.value.code == 0
    used = set(pq.read_table(place / "out" / "facts" / "invoice.parquet")["id"].to_pylist())
    return json.loads(capsys.readouterr().out), used


def test_a_run_leaves_out_what_rests_on_a_withdrawn_consent(world, system, economy, capsys):
    place = world.services.workspace.root
    shutil.copytree(economy, place / "data")
    sale = row(1, counterparty="C1", direction="sale", event_time="2019-06-01")
    sale |= {"number": "7", "party": "S1", "currency": "CNY", "status": "valid"}
    sale |= {"amount_minor": 100_000_000, "tax_minor": 0, "total_minor": 100_000_000}
    more = [sale | {"id": str(each), "number": str(each), "consent": "c2"} for each in (2, 3)]
    assert system.send("invoice", [sale, *more]).json()["accepted"] == 3
    ours = {"api/erp#1", "api/erp#2", "api/erp#3"}
    before, used = ran(capsys, place, "--as-of", "2019-06-30")
    assert ours <= used
    told = Withdrawal("c2", at(2019, 7, 10), at(2019, 7, 10), "test")
    world.services.consents.withdraw(told)
    again, used = ran(capsys, place, "--as-of", "2019-06-30")
    assert ours <= used
    assert again["evidence"] == before["evidence"], "what was withdrawn later changes no replay"
    later, used = ran(capsys, place)
    assert ours & used == {"api/erp#1"}
    assert later["facts"]["quarantined"] == before["facts"]["quarantined"] + 2
    lines = (place / "out" / "quarantine.csv").read_text(encoding="utf-8-sig")
    assert lines.count("consent_withdrawn") == 2
    report = (place / "out" / "report.html").read_text(encoding="utf-8")
    assert "The consent that this row rests on was withdrawn." in report
