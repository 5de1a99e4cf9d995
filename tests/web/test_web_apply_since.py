"""Limit by code uses what came after the run: as a run over everything known then would."""

import json
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from web_world import Browser

from headrace.adapters.fact_batches import Sender
from headrace.adapters.fact_streams import Body
from headrace.cli import main
from headrace.facts.localtime import instant_of
from headrace.workflows.apply import Application, decide, features_now

SENT = ("purpose", "consent", "currency", "party", "counterparty", "direction", "number")
ROUND = {"amount_minor": 5_000_000, "tax_minor": 650_000, "total_minor": 5_650_000}
AMOUNTS = ("amount_minor", "tax_minor", "total_minor")


def take(demo, tmp_path, kind, rows):
    path = tmp_path / "sent"
    path.write_text("".join(json.dumps(each, default=str) + "\n" for each in rows))
    body = Body(path, "application/x-ndjson")
    found = demo.services.facts.take(kind, body, Sender("erp"), demo.clock())
    assert (found.quarantined, found.duplicates) == (0, 0), demo.services.facts.quarantine(found)
    return found


def invoice(fact, of, known, **more):
    """An invoice much like another one."""
    told = {name: of[name] for name in (*SENT, *AMOUNTS, "event_time", "status")}
    return told | {"id": str(fact), "source": "erp", "known_time": known.isoformat()} | more


def other_side(of):
    """Whose buyer has it as a purchase."""
    return {"direction": "purchase" if of["direction"] == "sale" else "sale"}


@pytest.fixture
def papers(demo):
    """Valid invoices of the run, the last ones, of several firms."""
    path = demo.services.workspace.folder("run") / "facts" / "invoice.parquet"
    rows = pq.read_table(path).cast(
        pa.schema(
            [
                f.with_type(pa.string()) if pa.types.is_dictionary(f.type) else f
                for f in pq.read_schema(path)
            ]
        )
    )
    fits = pc.and_(pc.equal(rows["status"], "valid"), pc.greater(rows["amount_minor"], 1000))
    return rows.filter(fits).to_pylist()[-900:]


def news(papers, known):
    """Facts of every sort that changes what is known of a firm, and of others with it."""
    firms = sorted({each["party"] for each in papers})
    rows = []
    for at, of in enumerate(papers[::30]):
        other = firms[at % len(firms)]
        rows.append(invoice(len(rows), of, known, party=other, **other_side(of)))  # one paper
        more = {name: of[name] + at for name in ("amount_minor", "total_minor")}
        rows.append(invoice(len(rows), of, known, number=f"n{at}", **more))
    day = papers[-1]["event_time"]
    ring = firms[:3]
    for seller, buyer in zip(ring, ring[1:] + ring[:1], strict=True):
        deal = papers[-1] | {"event_time": day, "number": f"r{seller}", **ROUND}
        sale = invoice(
            len(rows), deal, known, party=seller, direction="sale", counterparty=f"X{buyer}"
        )
        rows.append(sale)
        rows.append(
            sale
            | {
                "id": str(len(rows)),
                "party": buyer,
                "direction": "purchase",
                "counterparty": f"X{seller}",
            }
        )
    for of in papers[5::200]:  # what was valid is void, and known to be since
        rows.append(invoice(len(rows), of, known, status="voided", voided_time=known.isoformat()))
    for of in papers[7::200]:  # taken back by a red letter
        minus = {name: -of[name] for name in AMOUNTS}
        rows.append(invoice(len(rows), of, known, **minus, event_time=of["event_time"]))
    rows.append(invoice(len(rows), papers[0], known, party="NEW1", number="first"))
    return rows, firms


def relations(firms, known):
    told = {"source": "reg", "purpose": "credit_assessment", "consent": "c1"}
    told |= {"relation": "guarantees", "known_time": known.isoformat(), "currency": "CNY"}
    pairs = zip(firms[:4], firms[1:4] + firms[:1], strict=True)
    return [
        told | {"id": str(at), "subject": a, "object": b, "amount_minor": 10_000_000 + at}
        for at, (a, b) in enumerate(pairs)
    ]


def answers(demo, parties):
    """Features of firms, and how they score, at the clock's moment."""
    desk = demo.services.apply
    ready, found = desk._ready(), {}
    for party in parties:
        asked = Application("a", party, None, "working_capital", "c", "mei", demo.clock())
        known = desk._known(ready, asked)
        row = features_now(ready.standing, party, known).to_pylist()[0]
        decision = decide(ready.standing, asked, known, 10**12).decision
        found[party] = (row, (decision.pd, decision.rating, decision.points), known.at)
    return found


def run_again(demo, tmp_path, name):
    root = demo.services.workspace.root
    card = demo.services.workspace.folder("run") / "scorecard.json"
    given = ["run", "--in", str(root), "--out", str(tmp_path / name), "--scorecard", str(card)]
    with pytest.raises(SystemExit) as ended:
        main([*given, "--json"])
    assert ended.value.code == 0
    return tmp_path / name


def test_what_came_after_the_run_counts_as_in_a_run_over_everything(demo, tmp_path, papers, capsys):
    before = demo.services.run.current()
    known = before.about.moment + timedelta(days=20)
    rows, firms = news(papers, known)
    take(demo, tmp_path, "invoice", rows[:7])
    early = answers(demo, firms[:2])  # what is carried on from one application to the next
    assert early[firms[0]][2].batch == 1
    take(demo, tmp_path, "invoice", rows[7:])
    take(demo, tmp_path, "relation", relations(firms, known))
    described = {"id": "p", "source": "erp", "purpose": "credit_assessment", "consent": "c1"}
    take(demo, tmp_path, "party", [described | {"party": "NEW1", "name": "新来的有限公司"}])
    parties = [*(each.party for each in before.decisions), "NEW1"]
    found = answers(demo, parties)
    folder = run_again(demo, tmp_path, "again")
    capsys.readouterr()
    whole = {each["party"]: each for each in pq.read_table(folder / "features.parquet").to_pylist()}
    assert set(whole) == set(parties)
    lines = (folder / "records" / "decisions.jsonl").read_text().splitlines()
    decided = {each["party"]: each for each in map(json.loads, lines)}
    old = pq.read_table(demo.services.workspace.folder("run") / "features.parquet").to_pylist()
    for party, (row, score, at) in found.items():
        assert row == whole[party]
        assert at.time == datetime.fromisoformat(
            json.loads((folder / "run.json").read_text())["as_of"]
        )
        assert (score[0], score[1]) == (decided[party]["pd"], decided[party]["rating"])
    shared = ("hidden_partners", "ring_count", "shared_customer_share", "guarantees_given")
    for name in shared:
        assert any(each[name] != whole[each["party"]][name] for each in old), name


def test_what_is_known_later_is_not_used_before(demo, tmp_path, papers):
    moment = demo.services.run.current().about.moment
    firm = papers[0]["party"]
    parties = [firm]
    before = answers(demo, parties)
    now = instant_of(demo.clock())
    later = now + timedelta(hours=2)
    rows = [invoice(at, each, later, number=f"l{at}") for at, each in enumerate(papers[:50])]
    take(demo, tmp_path, "invoice", rows)
    found = answers(demo, parties)
    assert {p: each[:2] for p, each in found.items()} == {p: each[:2] for p, each in before.items()}
    assert found[firm][2].time == moment
    demo.clock.pass_minutes(121)
    after = answers(demo, parties)
    assert after[firm][2].time == later
    assert after[firm][0] != before[firm][0]


def test_an_application_is_decided_by_what_came_and_made_again_when_more_has_come(
    demo, tmp_path, papers
):
    demo.add("mei", "account_manager")
    browser = Browser(demo)
    browser.sign_in("mei")
    headers = {"x-form-token": browser.form_token(), "origin": browser.origin}

    def send(number, party):
        told = {"application_id": f"t{number}", "party": party, "consent": "A"}
        return browser.client.post("/api/v1/applications", json=told, headers=headers)

    firm = papers[0]["party"]
    assert send(0, "NEW1").status_code == 422, "nobody knows this firm"
    first = send(1, firm).json()
    known = instant_of(demo.clock())
    described = {"id": "p", "source": "erp", "purpose": "credit_assessment", "consent": "c1"}
    take(demo, tmp_path, "party", [described | {"party": "NEW1", "name": "新来的有限公司"}])
    assert send(2, "NEW1").json()["reason"] == "no_facts"
    take(demo, tmp_path, "invoice", [invoice(1, papers[0], known, party="NEW1", number="x")])
    told = send(3, "新来的").json()
    assert (told["party"], told["name"]) == ("NEW1", "新来的有限公司")
    assert told["reason"] != "no_facts"
    assert told["facts_until"] > first["facts_until"]
    record = json.loads(browser.get("/api/v1/applications/t3/explanation").text)
    assert record["facts_batch"] == 2
    take(demo, tmp_path, "invoice", [invoice(2, papers[1], known, party="NEW1", number="y")])
    for number in (1, 2, 3):
        again = browser.get(f"/api/v1/applications/t{number}/replay")
        assert again.json() == {"application_id": f"t{number}", "same": True}
