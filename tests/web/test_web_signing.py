"""From an approved application to a contract: the limit less what is owed, and four eyes."""

import json

import pytest
from test_web_apply import asked, send
from web_world import Browser

from headrace.adapters.stores.payout import State
from headrace.contracts.lending.events import Disburse
from headrace.errors import InputError
from headrace.ledger import asof, chart, reports
from headrace.web import payouts
from headrace.web.jobs.kinds import SignGiven, Task
from headrace.web.jobs.signing import sign_offers
from headrace.workflows.apply import Application


@pytest.fixture
def desk(demo):
    """The demo with an account manager and an approver."""
    demo.add("mei", "account_manager")
    demo.add("bob", "approver")
    return demo


def browser_of(world, name):
    found = Browser(world)
    assert found.sign_in(name).status_code == 303
    return found


def api(browser, path, body):
    headers = {"x-form-token": browser.form_token(), "origin": browser.origin}
    return browser.client.post(f"/api/v1{path}", json=body, headers=headers)


def taken(services, party):
    return services.apply.owed.taken(party)


def approved(demo, *, owing):
    """Firms that the run approved, and that owe, or do not owe, the book something."""
    found = [e for e in demo.services.run.current().decisions if e.outcome.value == "approve"]
    return [e for e in found if bool(taken(demo.services, e.party).own_minor) is owing]


def test_what_a_firm_owes_is_taken_off_and_told(desk):
    services, mei = desk.services, browser_of(desk, "mei")
    ready = services.apply.standing()
    firm = max(approved(desk, owing=True), key=lambda e: taken(services, e.party).own_minor)
    told = send(mei, asked(firm.party)).json()
    owed = taken(services, firm.party)
    assert told["owed_minor"] == owed.own_minor > 0
    assert told["available_minor"] + owed.own_minor <= ready.policy.economics.limit_max_minor
    assert told["limit_minor"] <= told["available_minor"]
    if not told["limit_minor"]:
        assert told["reason"] in ("limit_used", "budget_went_further")
    assert mei.get(f"/api/v1/applications/t-{firm.party}/replay").json()["same"]
    page = mei.get(f"/apply/t-{firm.party}").text
    assert "Owes already" in page
    free = approved(desk, owing=False)[0]
    told = send(mei, asked(free.party)).json()
    assert (told["outcome"], told["owed_minor"]) == ("approve", 0)


def test_an_application_is_signed_by_two_and_takes_from_the_next_one(desk):
    services, mei, bob = desk.services, browser_of(desk, "mei"), browser_of(desk, "bob")
    firm = approved(desk, owing=False)[0]
    told = send(mei, asked(firm.party)).json()
    path, limit = f"/applications/t-{firm.party}/contract", told["limit_minor"]
    assert api(bob, path, {"key": "s1"}).status_code == 403
    assert api(mei, path, {"key": "s1", "amount_minor": limit + 1}).status_code == 422
    assert api(mei, path, {"key": "s1", "start": "2001-01-01"}).json()["where"] == "start"
    assert api(mei, "/applications/none/contract", {"key": "s1"}).status_code == 404
    made = api(mei, path, {"key": "s1"})
    assert made.status_code == 201, made.text
    number, contract = made.json()["number"], made.json()["contract"]
    assert (made.json()["act"], made.json()["amount_minor"]) == ("signed", limit)
    assert api(mei, path, {"key": "s2"}).status_code == 409, "it is asked for already"
    assert f"/apply/t-{firm.party}" in bob.get("/book/payouts").text
    assert bob.post(f"/book/payouts/{number}/approve").status_code == 303
    line = bob.get(f"/api/v1/contracts/{contract}").json()
    assert line["contract"]["status"] == "agreed"
    assert line["contract"]["principal_minor"] == limit
    assert taken(services, firm.party).own_minor == limit, "signed: it may be drawn"
    assert services.apply.owed.elsewhere(services.run.current()) == {firm.party: limit}
    desk.clock.pass_minutes(60 * 24 * 40)  # the offer lapsed, the contract did not
    ready = services.apply._ready()
    room = services.apply._room(ready, "nobody", desk.clock())
    lent = {**ready.promised, firm.party: max(limit, ready.promised[firm.party])}
    assert room == ready.standing.policy.economics.budget_minor - sum(lent.values())
    mei, bob = browser_of(desk, "mei"), browser_of(desk, "bob")
    later = send(mei, asked(firm.party, application_id="next")).json()
    assert (later["outcome"], later["limit_minor"]) != ("approve", limit)
    pay = api(mei, f"/contracts/{contract}/payouts", {"act": "disburse", "key": "d"}).json()
    assert api(bob, f"/payouts/{pay['number']}/approve", {}).json()["state"] == "done"
    with services.book.inside() as here:
        trial = asof.trial_balance(here.desk.ledger.book)
        assert reports.balance_sheet(trial, chart.shipped("bank")).balanced
        kinds = [each.kind for each in here.log.entries_of(contract)]
        before = here.desk.book.loans
    assert kinds == ["signed", "disburse"]
    services.book.close()
    services.workspace.book_shelf.unlink()
    with services.book.inside() as here:
        assert here.desk.book.loans == before, "the log makes the same again"
    text = mei.get(f"/book/loans/{contract}/trace").text
    assert f"/apply/t-{firm.party}" in text
    assert "approved by bob" in text
    assert api(mei, path, {"key": "s3"}).status_code == 422, "signed already"


def test_what_is_asked_for_or_signed_is_not_offered_again(desk):
    mei, bob = browser_of(desk, "mei"), browser_of(desk, "bob")
    firm = approved(desk, owing=False)[0]
    send(mei, asked(firm.party))
    page, form = f"/apply/t-{firm.party}", f'action="/apply/t-{firm.party}/contract"'
    assert form in mei.get(page).text
    made = api(mei, f"/applications/t-{firm.party}/contract", {"key": "s1"}).json()
    waits = mei.get(page).text
    assert f"asked by mei, contract {made['contract']}" in waits
    assert 'href="/book/payouts"' in waits
    bob.post(f"/book/payouts/{made['number']}/approve")
    signed = mei.get(page).text
    assert f'href="/book/loans/{made["contract"]}"' in signed
    assert form not in waits + signed


def test_a_signature_that_was_cut_off_is_carried_on_and_funds_once(desk):
    services, mei = desk.services, browser_of(desk, "mei")
    firm = approved(desk, owing=False)[0]
    send(mei, asked(firm.party))
    number = api(mei, f"/applications/t-{firm.party}/contract", {"key": "s"}).json()["number"]
    payout = services.payouts.claim(number, "bob", 1)
    services.book.record(payout.id, payouts._entry(payout.what), desk.clock())  # and no money yet
    assert payouts.approve(services, number, "rita").state is State.DONE
    with services.book.inside() as here:
        funded = [e for e in here.log.entries() if e.id.startswith(payout.id)]
    assert [each.kind for each in funded] == ["signed", "funded"]


def test_an_offer_that_lapsed_or_was_used_up_meanwhile_is_not_signed(desk):
    services, mei = desk.services, browser_of(desk, "mei")
    one, two = approved(desk, owing=False)[:2]
    for party in (one.party, two.party):
        send(mei, asked(party))
    send(mei, asked(one.party, application_id="twin"))
    first = api(mei, f"/applications/t-{one.party}/contract", {"key": "a"}).json()["number"]
    twin = api(mei, "/applications/twin/contract", {"key": "b"}).json()["number"]
    payouts.approve(services, first, "bob")
    with pytest.raises(InputError, match="are left of the offer"):
        payouts.approve(services, twin, "bob")
    found = services.payouts.payout(twin)
    assert found.state is State.ASKED
    assert "decide anew" in found.note
    desk.clock.pass_minutes(60 * 24 * 40)
    late = api(browser_of(desk, "mei"), f"/applications/t-{two.party}/contract", {"key": "c"})
    assert late.status_code == 422
    assert "stood until" in late.json()["detail"]


def test_contracts_of_the_run_are_signed_as_a_job_once(desk, tmp_path):
    services = desk.services
    owing = {e.party for e in approved(desk, owing=True)}
    with services.book.inside() as here:
        known, day = set(here.desk.book.loans), here.desk.book.day
    task = Task("j", services.workspace, SignGiven(), "bob", desk.clock(), tmp_path)
    done = sign_offers(task, lambda *_: None)
    assert done["signed"] == 0, "the demo signed all of them"
    assert done["signed_before"] == len(known)
    (services.workspace.folder("book") / "book.db").unlink()
    (services.workspace.folder("book") / "ledger.db").unlink()
    done = sign_offers(task, lambda *_: None)
    assert done["signed"] == len(known), "a book of its own, empty before"
    assert done["funded_minor"] > 0
    with services.book.inside() as here:
        assert here.log.simulated, "as the run is"
        assert set(here.desk.book.loans) == known
        assert here.desk.book.day < day
        assert not any(isinstance(e, Disburse) for e in here.desk.book.loans[min(known)].events)
    assert owing


def test_the_group_counts_where_the_product_says_so(demo):
    """Exposure of firm and group go to the rules on large exposures, as they would be then."""
    apply_desk = demo.services.apply
    firm = approved(demo, owing=False)[0]
    application = Application("g", firm.party, None, "working_capital", "c", "mei", demo.clock())
    kept, _ = apply_desk.apply(application)
    document = json.loads(kept.record)
    found = {each["rule"] for each in document["findings"]}
    assert {"bank.exposure_one", "bank.exposure_group"} <= found, "the bank's capital is not known"
    assert document["exposure"]["group_minor"] is not None
