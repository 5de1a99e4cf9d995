"""The book in the service: contracts, acts, payouts that two people answer for, the ledger."""

import re
import threading
from dataclasses import replace
from datetime import date
from decimal import Decimal
from shutil import copytree, rmtree

import pytest
from test_web_console import Page, own_scripts_only
from web_world import EVIL, Browser

from headrace.adapters.loan_books import evening_of, open_book
from headrace.adapters.stores.admin import set_user
from headrace.adapters.stores.payout import State
from headrace.adapters.stores.web import Entry, StoreDownError
from headrace.commands.demo_book import fill_desks
from headrace.contracts.lending.events import Disburse
from headrace.errors import EvidenceError, InputError
from headrace.ledger.asof import balance, statement
from headrace.web import payouts
from headrace.web.book_room import BookRoom
from headrace.web.loan_trace import trace
from headrace.web.loan_views import listed, position
from headrace.web.security.accounts import Principal
from headrace.workflows.loan_log import Happened, Signed
from headrace.workflows.loan_requests import Given
from loan_sample import START, YUAN, contract

PAGES = (
    "/book",
    "/book/loans",
    "/book/loans/L-1",
    "/book/loans/L-3",
    "/book/loans/L-1/trace",
    "/book/loans/L-3/trace",
    "/book/payouts",
    "/book/collateral",
    "/book/vouchers",
    "/book/pools",
    "/reports",
    "/reports/inclusive",
    "/reports/sci_tech",
    "/reports/green",
    "/reports/classes",
    "/reports/concentration",
)
POST = {"origin": "http://localhost"}


def make_book(folder, *, days=date(2024, 1, 31), simulated=True):
    """Two loans paid out on the first day, one that starts on the book's day; a month served."""
    signed = [
        replace(contract("L-1", 100_000), party="E1"),
        replace(contract("L-2", 50_000, rate="0.0600"), party="E2"),
    ]
    later = replace(contract("L-3", 80_000, start=date(2024, 2, 1)), party="E4")
    with open_book(str(folder), create=True) as here:
        if simulated:
            here.mark_simulated()
        here.sign(signed, 1_000_000 * YUAN)
        for each in signed:
            entry = Happened(each.contract, Disburse(START))
            here.desk.record([(f"pay {each.contract}", entry)], evening_of(START))
        here.end_days(days, evening_of(days))
        here.desk.record([("sign L-3", Signed(later))], evening_of(days))


@pytest.fixture(scope="session")
def book_made(tmp_path_factory):
    """The book of all these tests; it is copied before anybody writes to it."""
    folder = tmp_path_factory.mktemp("books") / "book"
    make_book(folder)
    return folder


@pytest.fixture
def bank(world, book_made):
    """A world with a book, account managers, an approver and a risk manager."""
    copytree(book_made, world.services.workspace.folder("book"))
    for name, role in (("ada", "account_manager"), ("eve", "account_manager"), ("bob", "approver")):
        world.add(name, role)
    world.add("rita", "risk_manager")
    return world


def browser_of(world, name):
    found = Browser(world)
    assert found.sign_in(name).status_code == 303
    return found


def api(browser, path, body):
    """Send JSON as a page of ours would."""
    headers = POST | {"x-form-token": browser.form_token(), "accept": "application/json"}
    return browser.client.post(f"/api/v1{path}", json=body, headers=headers)


def test_contracts_are_listed_those_longest_overdue_first(bank):
    found = browser_of(bank, "rita").get("/api/v1/contracts").json()
    assert [each["contract"] for each in found["items"]] == ["L-1", "L-2", "L-3"]
    first = found["items"][0]
    assert first["party"] == "E1"
    assert first["name"] == "示例E1有限公司"
    assert first["owed_minor"] == 100_000 * YUAN
    assert first["overdue_days"] > 0, "nobody paid on 22 January"
    assert found["items"][2]["status"] == "agreed"
    assert found["day"] == "2024-02-01"
    assert found["simulated"]


def test_contracts_come_in_pages_and_filtered(bank):
    rita = browser_of(bank, "rita")
    seen, cursor = [], None
    while True:
        query = f"?limit=2&cursor={cursor}" if cursor else "?limit=2"
        page = rita.get(f"/api/v1/contracts{query}").json()
        seen += [each["contract"] for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == ["L-1", "L-2", "L-3"]

    def names(query):
        found = rita.get(f"/api/v1/contracts?{query}").json()
        return [each["contract"] for each in found["items"]]

    assert names("status=agreed") == ["L-3"]
    assert names("grade=special_mention") == ["L-1", "L-2"]
    assert names("party=E2") == ["L-2"]
    assert rita.get("/api/v1/contracts?grade=best").status_code == 422
    assert rita.get("/api/v1/contracts?cursor=b1-0").status_code == 409, "of another state"


def test_a_list_has_an_etag_that_changes_with_the_book(bank):
    rita = browser_of(bank, "rita")
    tag = rita.get("/api/v1/contracts").headers["etag"]
    same = rita.get("/api/v1/contracts", headers={"if-none-match": tag})
    assert same.status_code == 304
    assert not same.content
    set_user(bank.store, "rita", Entry(bank.clock(), "test", "x", "rita"), regions=("浙江",))
    narrowed = rita.get("/api/v1/contracts", headers={"if-none-match": tag})
    assert narrowed.status_code == 200, "who sees less now is not told that nothing has changed"
    assert narrowed.json()["items"] == []
    bank.services.book.end_days(None, bank.clock())
    assert rita.get("/api/v1/contracts", headers={"if-none-match": tag}).status_code == 200


def test_one_contract_tells_terms_schedule_events_and_what_clears_it(bank):
    rita = browser_of(bank, "rita")
    found = rita.get("/api/v1/contracts/L-1").json()
    assert found["terms"]["method"] == "interest_first"
    assert [each["kind"] for each in found["events"]] == ["signed", "disburse"]
    assert found["clearing"]["on"] == "2024-02-01"
    parts = found["clearing"]
    names = ("fee", "compound", "penalty", "interest", "principal", "accrued", "prepayment_fee",
             "balance")  # fmt: skip
    assert parts["total_minor"] == sum(parts[f"{name}_minor"] for name in names)
    later = rita.get("/api/v1/contracts/L-1?on=2024-02-11").json()["clearing"]
    assert later["total_minor"] > parts["total_minor"]
    assert rita.get("/api/v1/contracts/L-1?on=2023-01-01").status_code == 422
    assert rita.get("/api/v1/contracts/L-3").json()["clearing"] is None
    for name in ("L-9", "%00", "..%2f..", "x" * 300):
        assert rita.get(f"/api/v1/contracts/{name}").status_code in (404, 422)


def test_a_repayment_is_recorded_once_under_its_key(bank):
    ada = browser_of(bank, "ada")
    body = {"act": "repay", "amount_minor": 100_000, "key": "bank-7"}
    first = api(ada, "/contracts/L-1/acts", body)
    assert first.status_code == 201
    assert not first.json()["existed"]
    again = api(ada, "/contracts/L-1/acts", body)
    assert again.json()["existed"]
    assert again.json()["entry"] is None
    other = api(ada, "/contracts/L-1/acts", body | {"amount_minor": 1})
    assert other.status_code == 422
    assert other.json()["where"] == "console bank-7"
    kinds = [each["kind"] for each in ada.get("/api/v1/contracts/L-1").json()["events"]]
    assert kinds == ["signed", "disburse", "repay"]
    assert ("ada", "POST /api/v1/contracts/{contract}/acts", "L-1") in bank.acts()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"act": "repay", "key": "k"}, 422),
        ({"act": "repay", "amount_minor": -5, "key": "k"}, 422),
        ({"act": "repay", "amount_minor": 10**30, "key": "k"}, 422),
        ({"act": "repay", "amount_minor": 5, "key": ""}, 422),
        ({"act": "repay", "amount_minor": 5, "key": "k", "on": "2024-02-02"}, 422),
        ({"act": "fly", "amount_minor": 5, "key": "k"}, 422),
        ({"act": "disburse", "key": "k"}, 422),
        ({"act": "writeoff", "key": "k"}, 422),
        ({"act": "recover", "amount_minor": 5, "key": "k"}, 409),
        ({"act": "prepay", "amount_minor": 5, "key": "k", "on": "2024-01-20"}, 409),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_no_trace(bank, body, status):
    ada = browser_of(bank, "ada")
    before = listed(bank.services).state
    answer = api(ada, "/contracts/L-1/acts", body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert listed(bank.services).state == before


def test_a_late_repayment_posts_the_difference(bank):
    ada = browser_of(bank, "ada")
    owed = ada.get("/api/v1/contracts/L-1").json()["clearing"]
    assert owed["penalty_minor"] + owed["compound_minor"] > 0
    amount = owed["interest_minor"]
    body = {"act": "repay", "amount_minor": amount, "key": "late", "on": "2024-01-22"}
    assert api(ada, "/contracts/L-1/acts", body).status_code == 201
    after = ada.get("/api/v1/contracts/L-1").json()
    assert after["contract"]["overdue_days"] == 0
    assert after["clearing"]["penalty_minor"] + after["clearing"]["compound_minor"] == 0


def test_a_payout_takes_two_people(bank):
    ada, bob = browser_of(bank, "ada"), browser_of(bank, "bob")
    asked = api(ada, "/contracts/L-3/payouts", {"act": "disburse", "key": "p1"})
    assert asked.status_code == 201
    number = asked.json()["number"]
    assert asked.json()["amount_minor"] == 80_000 * YUAN
    again = api(ada, "/contracts/L-3/payouts", {"act": "disburse", "key": "p1"})
    assert again.json()["number"] == number, "the same request"
    twice = api(ada, "/contracts/L-3/payouts", {"act": "disburse", "key": "p2"})
    assert twice.status_code == 409, "one is open"
    assert api(ada, f"/payouts/{number}/approve", {}).status_code == 403
    done = api(bob, f"/payouts/{number}/approve", {})
    assert done.json()["state"] == "done"
    assert done.json()["decided_by"] == "bob"
    line = bob.get("/api/v1/contracts/L-3").json()
    assert line["contract"]["owed_minor"] == 80_000 * YUAN
    assert api(bob, f"/payouts/{number}/approve", {}).status_code == 409
    assert api(bob, f"/payouts/{number}/reject", {"note": "late"}).status_code == 409
    assert [each["kind"] for each in line["events"]] == ["signed", "disburse"]


def test_nobody_approves_what_they_asked_for(bank):
    bank.add("max", "account_manager", "approver")
    max_ = browser_of(bank, "max")
    number = api(max_, "/contracts/L-3/payouts", {"act": "disburse", "key": "p"}).json()["number"]
    for path, body in (("approve", {}), ("reject", {"note": "no"})):
        answer = api(max_, f"/payouts/{number}/{path}", body)
        assert answer.status_code == 422
        assert "cannot decide" in answer.json()["detail"]
    assert bank.services.payouts.payout(number).state is State.ASKED
    assert "another person decides" in max_.get("/book/payouts").text


def test_a_rejected_payout_moves_nothing_and_says_why(bank):
    ada, bob = browser_of(bank, "ada"), browser_of(bank, "bob")
    number = api(ada, "/contracts/L-3/payouts", {"act": "disburse", "key": "p"}).json()["number"]
    assert api(bob, f"/payouts/{number}/reject", {"note": ""}).status_code == 422
    done = api(bob, f"/payouts/{number}/reject", {"note": "no invoice"}).json()
    assert (done["state"], done["note"]) == ("rejected", "no invoice")
    assert ada.get("/api/v1/contracts/L-3").json()["contract"]["status"] == "agreed"
    assert api(ada, "/contracts/L-3/payouts", {"act": "disburse", "key": "q"}).status_code == 201
    states = [each["state"] for each in ada.get("/api/v1/payouts").json()["items"]]
    assert states == ["asked", "rejected"]
    assert len(ada.get("/api/v1/payouts?state=asked").json()["items"]) == 1


def test_a_payout_is_of_the_day_on_which_it_was_asked_for(bank):
    ada, bob = browser_of(bank, "ada"), browser_of(bank, "bob")
    number = api(ada, "/contracts/L-3/payouts", {"act": "disburse", "key": "p"}).json()["number"]
    assert api(bob, "/book/end-day", {}).json() == {"days": 1, "day": "2024-02-02"}
    answer = api(bob, f"/payouts/{number}/approve", {})
    assert answer.status_code == 422
    found = bank.services.payouts.payout(number)
    assert found.state is State.ASKED
    assert "2024-02-01" in found.note
    late = api(ada, "/contracts/L-3/payouts", {"act": "disburse", "key": "q"})
    assert late.status_code == 422
    assert "sign the contract anew" in late.json()["remedy"]


def test_an_approval_that_was_cut_off_is_carried_on_and_pays_once(bank):
    services = bank.services
    asked = payouts.ask(services, "L-3", Given("disburse"), "p", "ada")
    services.payouts.claim(asked.number, "bob", 1)
    assert services.payouts.payout(asked.number).state is State.APPROVING
    assert payouts.approve(services, asked.number, "rita").state is State.DONE
    cash = sum_of(services, "cash")
    # cut off after the money moved: the ledger says so, the payout does not
    other = payouts.ask(services, "L-1", Given("extend", until=date(2025, 6, 21)), "x", "ada")
    claimed = services.payouts.claim(other.number, "bob", 1)
    payouts.approve(services, other.number, "bob")
    with pytest.raises(Exception, match="done already"):
        payouts.approve(services, claimed.number, "rita")
    assert sum_of(services, "cash") == cash


def sum_of(services, role):
    with services.book.inside() as here:
        account = here.desk.account_of(role, "CNY")
        return balance(here.desk.ledger.book, account).debit


def test_many_approve_at_once_and_the_money_goes_out_once(bank):
    services = bank.services
    asked = payouts.ask(services, "L-3", Given("disburse"), "p", "ada")
    before, outcomes = sum_of(services, "cash"), []

    def approve(name):
        try:
            outcomes.append(payouts.approve(services, asked.number, name).state.value)
        except Exception as error:  # noqa: BLE001 - what each of them was told
            outcomes.append(str(error))

    threads = [threading.Thread(target=approve, args=(f"b{n}",)) for n in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert "done" in outcomes
    assert before - sum_of(services, "cash") == 80_000 * YUAN
    assert services.payouts.payout(asked.number).state is State.DONE


def test_an_extension_is_asked_for_with_a_day_and_a_rate(bank):
    ada, bob = browser_of(bank, "ada"), browser_of(bank, "bob")
    missing = api(ada, "/contracts/L-1/payouts", {"act": "extend", "key": "e"})
    assert missing.json()["where"] == "until"
    body = {"act": "extend", "key": "e", "until": "2025-06-21", "rate": "0.05"}
    number = api(ada, "/contracts/L-1/payouts", body).json()["number"]
    assert api(bob, f"/payouts/{number}/approve", {}).json()["act"] == "restructure"
    assert ada.get("/api/v1/contracts/L-1").json()["schedule"][-1]["due"] == "2025-06-21"


def test_the_ledger_balances_and_its_lines_add_up(bank):
    rita = browser_of(bank, "rita")
    sheet = rita.get("/api/v1/ledger/balance-sheet").json()
    assert sheet["balanced"]
    assets = sum(e["amount_minor"] for e in sheet["lines"] if e["kind"] == "asset")
    assert assets == sheet["assets_minor"]["CNY"]
    seen, cursor = [], None
    while True:
        query = f"?limit=3&cursor={cursor}" if cursor else "?limit=3"
        page = rita.get(f"/api/v1/ledger/accounts{query}").json()
        seen += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert sum(each["balance_minor"] for each in seen) == 0
    mine = rita.get("/api/v1/ledger/accounts?contract=L-1").json()["items"]
    assert {each["contract"] for each in mine} == {"L-1"}
    account = mine[0]["account"]
    lines = rita.get("/api/v1/ledger/postings", params={"account": account}).json()
    moved = sum((e["debit_minor"] or 0) - (e["credit_minor"] or 0) for e in lines["items"])
    assert moved == lines["closing_minor"] == mine[0]["balance_minor"]
    assert rita.get("/api/v1/ledger/postings?account=x").status_code == 422
    assert rita.get("/api/v1/ledger/balance-sheet?as_of=2023-01-01").json()["lines"] == []


def test_days_end_in_order_and_at_most_a_month_at_once(bank):
    bob = browser_of(bank, "bob")
    assert api(bob, "/book/end-day", {"until": "2024-02-03"}).json()["day"] == "2024-02-04"
    assert api(bob, "/book/end-day", {"until": "2024-02-01"}).status_code == 422
    assert api(bob, "/book/end-day", {"until": "2024-04-01"}).status_code == 422
    assert api(browser_of(bank, "ada"), "/book/end-day", {}).status_code == 403


def test_what_another_process_writes_is_seen(bank):
    rita = browser_of(bank, "rita")
    assert rita.get("/api/v1/contracts").json()["day"] == "2024-02-01"
    with open_book(str(bank.services.workspace.folder("book"))) as here:
        here.end_days(None, evening_of(date(2024, 2, 1)))
    assert rita.get("/api/v1/contracts").json()["day"] == "2024-02-02"


def test_a_book_that_was_made_anew_is_opened_anew(bank):
    rita, folder = browser_of(bank, "rita"), bank.services.workspace.folder("book")
    assert len(rita.get("/api/v1/contracts").json()["items"]) == 3
    rmtree(folder)
    assert rita.get("/api/v1/contracts").status_code == 409
    make_book(folder, days=START)
    assert rita.get("/api/v1/contracts").json()["day"] == "2024-01-03"


def test_after_a_failure_the_book_is_made_again_of_its_log(bank, monkeypatch):
    services = bank.services
    with services.book.inside() as here:
        log = here.log
    monkeypatch.setattr(log, "append", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        payouts.act(services, "L-1", Given("repay", amount=500), "k")
    assert payouts.act(services, "L-1", Given("repay", amount=500), "k").number is not None
    with services.book.inside() as here:
        assert len(here.log.entries()) == here.desk.book.number


def test_a_payout_of_which_nobody_knows_stays_claimed(bank, monkeypatch):
    services = bank.services
    asked = payouts.ask(services, "L-3", Given("disburse"), "p", "ada")

    def fails(*_):
        raise EvidenceError("the ledger cannot be read")

    with monkeypatch.context() as broken:
        broken.setattr(services.book, "inside", fails)
        with pytest.raises(EvidenceError):
            payouts.approve(services, asked.number, "bob")
    assert services.payouts.payout(asked.number).state is State.APPROVING
    assert payouts.approve(services, asked.number, "bob").state is State.DONE


def test_who_may_know_of_one_region_sees_its_loans_only(bank, monkeypatch):
    run = bank.services.run.current()
    regions = {"E1": "浙江", "E2": "江苏", "E4": None}
    monkeypatch.setattr(bank.services.run, "current", lambda: replace(run, regions=regions))
    bank.add("zoe", "account_manager", regions=("浙江",))
    zoe = browser_of(bank, "zoe")
    assert [e["contract"] for e in zoe.get("/api/v1/contracts").json()["items"]] == ["L-1"]
    assert zoe.get("/api/v1/contracts/L-1").status_code == 200
    for name in ("L-2", "L-3"):
        assert zoe.get(f"/api/v1/contracts/{name}").status_code == 404
        assert api(zoe, f"/contracts/{name}/acts",
                   {"act": "repay", "amount_minor": 5, "key": "k"}).status_code == 404  # fmt: skip
    accounts = zoe.get("/api/v1/ledger/accounts?limit=500").json()["items"]
    assert {each["contract"] for each in accounts} <= {"", "L-1"}
    payouts.ask(bank.services, "L-3", Given("disburse"), "p", "ada")
    assert zoe.get("/api/v1/payouts").json()["items"] == []


# --- pages ----------------------------------------------------------------------------------------


def test_pages_hold_no_script_of_their_own_and_every_field_has_a_label(bank):
    payouts.ask(bank.services, "L-3", Given("disburse"), "p", "ada")
    bank.add("max", "account_manager", "approver", "risk_manager")
    max_ = browser_of(bank, "max")
    for path in PAGES:
        answer = max_.get(path)
        assert answer.status_code == 200, path
        page = Page(answer.text)
        assert own_scripts_only(page), path
        assert not page.of("style")
        assert len(page.of("h1")) == len(page.of("main")) == 1, path
        labels = {each["for"] for each in page.of("label")}
        shown = [each for each in page.of("input") + page.of("select")
                 if each.get("type") != "hidden"]  # fmt: skip
        assert {each["id"] for each in shown} == labels, path
        posts = [each for each in page.of("form") if each.get("method") == "post"]
        tokens = [each for each in page.of("input") if each.get("name") == "form_token"]
        assert len(tokens) == len(posts), path
        for _, attrs in page.tags:
            assert not [name for name in attrs if name.startswith("on") or name == "style"], path


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_is_in_one_language(bank, language):
    rita = browser_of(bank, "rita")
    rita.post("/language", {"language": language, "next": "/"})
    told = {"zh": ("账簿", "资产负债表", "模拟数据"), "en": ("Book", "Balance sheet", "Simulated")}
    text = rita.get("/book").text
    for each in told[language]:
        assert each in text
    assert ("平衡：资产" in text) == (language == "zh")


def test_the_book_shows_what_is_owed_and_a_balanced_sheet(bank):
    text = browser_of(bank, "rita").get("/book").text
    for told in ("¥150,000", "✓ Balanced", "2 of 3 drawn", "data-chart", "Special mention"):
        assert told in text


def test_a_viewer_sees_the_book_and_reports_and_no_firm(bank):
    bank.add("vera", "viewer")
    vera = browser_of(bank, "vera")
    for path in ("/book", "/reports", "/reports/concentration", "/reports/inclusive"):
        text = vera.get(path).text
        assert "/book/loans" not in text
        assert "示例" not in text
        assert "L-1" not in text
    for path in ("/book/loans", "/book/loans/L-1", "/book/payouts", "/book/collateral"):
        assert vera.get(path).status_code == 403


def test_a_firms_name_is_text_on_every_page_of_loans(bank):
    rita = browser_of(bank, "rita")
    for path in ("/book/loans", "/book/loans/L-2"):
        page = Page(rita.get(path).text)
        assert EVIL in page.text
        assert own_scripts_only(page)


def test_the_list_is_filtered_and_downloaded(bank):
    rita = browser_of(bank, "rita")
    text = rita.get("/book/loans?status=agreed").text
    assert "L-3" in text
    assert "L-1" not in text
    assert "No loan fits" in rita.get("/book/loans?party=nobody").text
    file = rita.get("/book/loans.csv?status=open")
    assert file.headers["content-type"].startswith("text/csv")
    rows = file.content.decode("utf-8-sig").splitlines()
    assert len(rows) == 3
    assert rows[1].startswith("L-1,E1,")
    assert "100000.00" in rows[1]
    book = rita.get("/book/loans.xlsx")
    assert book.content[:2] == b"PK"
    assert "attachment" in book.headers["content-disposition"]
    assert rita.get("/book/loans.exe").status_code in (404, 422)


def test_a_line_of_a_report_leads_to_its_contracts(bank):
    rita = browser_of(bank, "rita")
    text = rita.get("/reports/inclusive").text
    assert "/book/loans?row=inclusive%2Flimits%2Fto_5m" in text
    drilled = rita.get("/book/loans?row=inclusive/limits/to_5m").text
    assert "2 contracts, ¥150,000 owed" in drilled
    assert "Limit up to 5 million" in drilled
    assert "0 contracts" in rita.get("/book/loans?row=inclusive/limits/none").text
    assert rita.get("/book/loans?row=nothing").status_code == 404


def test_reports_are_served_with_definition_source_and_files(bank):
    rita = browser_of(bank, "rita")
    text = rita.get("/reports/classes").text
    for told in ("To the end of 2024-01-31", "order 1 of 2023", "check before filing"):
        assert told in text
    table = rita.get("/reports/classes/classes.csv").content.decode("utf-8-sig").splitlines()
    assert len(table) == 8
    assert table[-1].startswith("All loans,合计,2,2,150000.00")
    assert rita.get("/reports/classes/classes.xlsx").content[:2] == b"PK"
    assert rita.get("/reports/none").status_code == 404
    assert rita.get("/reports/classes/none.csv").status_code == 404
    found = rita.get("/api/v1/reports/classes").json()
    assert found["sections"][0]["rows"][-1]["cells"][2] == 150_000 * YUAN
    assert {each["name"] for each in rita.get("/api/v1/reports").json()} == {
        "inclusive", "sci_tech", "green", "classes", "concentration",
    }  # fmt: skip


def test_a_repayment_by_form_and_what_is_wrong_with_another(bank):
    ada = browser_of(bank, "ada")
    fields = {"act": "repay", "amount": "1,000.00", "on": "2024-02-01", "key": "f1"}
    done = ada.post("/book/loans/L-1/acts", fields)
    assert done.headers["location"] == "/book/loans/L-1?done=recorded"
    assert "Recorded on the ledger" in ada.get(done.headers["location"]).text
    for wrong, told in (
        ({"amount": "many"}, "12345.67"),
        ({"on": "2024-02-30"}, "stands on the morning"),
        ({"on": "2024-02-09"}, "stands on the morning of 2024-02-01"),
    ):
        answer = ada.post("/book/loans/L-1/acts", fields | wrong | {"key": "f2"})
        assert answer.status_code == 422
        assert told in answer.text
        assert f'value="{(fields | wrong)["amount"]}"' in answer.text, "what was typed stays"
    refused = ada.post("/book/loans/L-1/acts", fields | {"act": "recover", "key": "f3"})
    assert refused.status_code == 409
    assert "the loan is not written off" in refused.text


def test_a_payout_by_forms(bank):
    ada, bob = browser_of(bank, "ada"), browser_of(bank, "bob")
    page = ada.get("/book/loans/L-3").text
    assert "Ask for approval" in page
    asked = ada.post("/book/loans/L-3/acts", {"act": "disburse", "key": "k"})
    assert asked.headers["location"].endswith("?done=asked")
    assert "another person decides" in ada.get("/book/payouts").text
    done = bob.post("/book/payouts/1/approve")
    assert done.headers["location"] == "/book/payouts?done=approved"
    assert "on the ledger" in bob.get(done.headers["location"]).text
    again = bob.post("/book/payouts/1/approve")
    assert again.status_code == 409
    assert "decided already" in again.text
    assert bob.post("/book/payouts/9/approve").status_code == 404
    day = {"day": re.search(r'name="day" value="([\d-]+)"', bob.get("/book/payouts").text)[1]}
    assert bob.post("/book/end-day", day).headers["location"] == "/book/payouts?done=ended"
    again = bob.post("/book/end-day", day)
    assert again.status_code == 422, "pressed twice it ends one day"
    assert "ended already" in again.text
    assert listed(bank.services).day == date(2024, 2, 2)
    assert bob.post("/book/end-day").status_code == 422


def test_a_signed_loan_whose_day_has_passed_says_what_to_do(bank):
    bank.services.book.end_days(None, bank.clock())
    text = browser_of(bank, "ada").get("/book/loans/L-3").text
    assert "sign it anew" in text
    assert "Ask for approval" not in text


def test_without_a_book_every_page_says_how_to_make_one(rita):
    for path in ("/book", "/book/loans", "/book/payouts", "/reports", "/reports/green"):
        answer = rita.get(path)
        assert answer.status_code == 409, path
        assert "headrace book open" in answer.text
    assert rita.get("/api/v1/contracts").json()["detail"]
    assert rita.get("/api/v1/contracts").status_code == 409


def test_a_book_stands_without_a_run(bank):
    (bank.services.run.path / "run.json").unlink()
    rita = browser_of(bank, "rita")
    assert rita.get("/api/v1/contracts").json()["items"][0]["name"] is None
    assert rita.get("/book/loans").status_code == 200
    assert rita.get("/reports/concentration").status_code == 200


def test_the_position_is_what_the_facts_say(bank):
    found = position(bank.services)
    assert found.as_of == date(2024, 1, 31)
    assert found.year_before is None, "the book is younger than a year"
    assert sum(each.balance for each in found.lines) == 150_000 * YUAN
    assert found.lines[0].rate == Decimal("0.0800")


def test_a_year_later_growth_can_be_said(bank):
    bank.services.book.end_days(date(2025, 2, 10), bank.clock())
    before = position(bank.services).year_before
    assert before == {"L-1": 100_000 * YUAN, "L-2": 50_000 * YUAN}


def test_keys_that_do_not_fit_are_refused(bank):
    for key in ("", "x" * 101, "a\nb"):
        with pytest.raises(InputError, match="key does not fit"):
            payouts.act(bank.services, "L-1", Given("repay", amount=5), key)


# --- sheets of the desks --------------------------------------------------------------------------


def test_without_sheets_the_desks_say_so(bank):
    rita = browser_of(bank, "rita")
    for path in ("/book/collateral", "/book/vouchers", "/book/pools"):
        assert "There is no sheet of this" in rita.get(path).text
    assert rita.get("/api/v1/collateral").json() == {
        "simulated": False, "loans": [], "pieces": [],
    }  # fmt: skip
    assert rita.get("/api/v1/pools").json()["items"] == []
    for path in ("/collateral/P-1", "/vouchers/V1", "/pools/none"):
        assert rita.get(f"/api/v1{path}").status_code == 404
    assert rita.get("/book/voucher-papers.csv").status_code == 404
    assert rita.get("/book/other-papers.csv").status_code == 404


def test_a_sheet_that_cannot_be_read_is_told_on_its_page(bank):
    folder = bank.services.workspace.folder("desks")
    folder.mkdir()
    (folder / "pledges.csv").write_text("loan,owed\nP-1,much\n")
    (folder / "prices.csv").write_text("code,date,close\nA,2024-01-02,1\n")
    rita = browser_of(bank, "rita")
    text = rita.get("/book/collateral").text
    assert 'class="wrong"' in text
    assert "pledges.csv" in text
    assert str(folder.parent) not in text
    assert rita.get("/api/v1/collateral").status_code == 422


def test_the_desks_show_what_their_sheets_hold(bank):
    fill_desks(bank.services.workspace)
    rita = browser_of(bank, "rita")
    loans = {each["loan"]: each for each in rita.get("/api/v1/collateral").json()["loans"]}
    assert loans["P-7"]["phase"] is None, "no price: not known, which is not zero"
    assert loans["P-7"]["value_minor"] is loans["P-7"]["ratio"] is None
    row = next(each for each in rita.get("/book/collateral-loans.csv").text.splitlines()
               if each.startswith("P-7"))  # fmt: skip
    assert row.startswith("P-7,400000.00,,"), "nor in the file"
    assert "not known" in row, "codes are in words"
    assert {each["phase"] for each in loans.values()} >= {"called", "warned", None}
    assert rita.get("/api/v1/collateral/P-2").json()["pieces"][2]["kind"] == "cash"
    papers = rita.get("/api/v1/vouchers?lang=en").json()
    assert [each["paper"] for each in papers["papers"]] == ["V1", "B1"]
    assert rita.get("/api/v1/vouchers/V1").json()["papers"][0]["unpaid_minor"] == 54_000_000
    assert rita.get("/api/v1/warehouse").json()["covers"][0]["short_minor"] > 0
    assert rita.get("/api/v1/double-pledges").json()["findings"]
    pool = rita.get("/api/v1/pools/zhengyindan_4321").json()
    assert pool["pool"]["refused"] == 1
    assert pool["days"][-1]["refusal"] == "loan_must_be_new"
    for path in ("/book/collateral", "/book/vouchers", "/book/pools"):
        assert "Simulated data" in rita.get(path).text
    assert rita.get("/book/collateral-loans.xlsx").content[:2] == b"PK"
    assert "V1" in rita.get("/book/voucher-papers.csv").content.decode("utf-8-sig")


def test_a_desk_shows_the_rows_of_ones_regions(bank, monkeypatch):
    fill_desks(bank.services.workspace)
    sheet = bank.services.workspace.folder("desks") / "pledges.csv"
    rows = sheet.read_text(encoding="utf-8-sig").splitlines()
    told = {"P-1": "mould", "P-2": "core"}
    sheet.write_text("\n".join(
        [f"party,{rows[0]}", *(f"{told.get(each[:3], '')},{each}" for each in rows[1:])]
    ))  # fmt: skip
    run = bank.services.run.current()
    regions = {"mould": "浙江", "smelter": "浙江", "core": "江苏", "E1": "浙江", "S103": "浙江"}
    monkeypatch.setattr(bank.services.run, "current", lambda: replace(run, regions=regions))
    bank.add("zoe", "account_manager", regions=("浙江",))
    bank.add("yan", "account_manager", regions=("月球",))
    zoe, yan = browser_of(bank, "zoe"), browser_of(bank, "yan")

    def names(browser, path, part, column):
        return [each[column] for each in browser.get(f"/api/v1{path}").json()[part]]

    assert names(zoe, "/collateral", "loans", "loan") == ["P-1"]
    assert names(zoe, "/collateral", "pieces", "loan") == ["P-1"]
    assert zoe.get("/api/v1/collateral/P-2").status_code == 404
    assert names(zoe, "/vouchers", "papers", "paper") == ["V1"], "a firm of the region holds a part"
    assert set(names(zoe, "/vouchers", "pieces", "holder")) == {"mould"}
    assert names(zoe, "/warehouse", "covers", "owner") == ["smelter"]
    days = zoe.get("/api/v1/pools/zhengyindan_4321").json()
    about = [each["about"] for each in days["days"]]
    assert "G-3" in about
    assert not [each for each in about if "G-1" in each or "G-2" in each]
    everything = browser_of(bank, "rita").get("/api/v1/pools/zhengyindan_4321").json()
    assert days["pool"]["money_minor"] == everything["pool"]["money_minor"], "sums are of all"
    for path, part in (("/collateral", "loans"), ("/vouchers", "papers"), ("/vouchers", "refused"),
                       ("/warehouse", "receipts"), ("/warehouse", "refused"),
                       ("/double-pledges", "findings")):  # fmt: skip
        assert yan.get(f"/api/v1{path}").json()[part] == [], (path, part)
    assert "P-2" not in zoe.get("/book/collateral").text
    assert "P-2" not in zoe.get("/book/collateral-loans.csv").text


def test_marks_of_a_sheet_go_into_reports(bank):
    folder = bank.services.workspace.folder("desks")
    folder.mkdir()
    rows = ["mark,party,contract,category,source", "green,,L-1,清洁能源产业,a",
            "科技,E2,,高新技术企业,b",
            "green,,,x,c"]  # fmt: skip
    (folder / "marks.csv").write_text("\n".join(rows), encoding="utf-8")
    found = browser_of(bank, "rita").get("/api/v1/reports/green").json()
    row = next(e for e in found["sections"][0]["rows"] if e["name"] == "清洁能源产业")
    assert row["cells"][2] == 100_000 * YUAN
    assert any("1 row" in each["en"] for each in found["limits"]), "a bad row is told, not lost"


def test_a_book_that_cannot_be_read_is_not_called_missing(bank):
    folder = bank.services.workspace.folder("book")
    (folder / "book.db").write_bytes(b"no database at all" * 100)
    answer = browser_of(bank, "rita").get("/api/v1/contracts")
    assert answer.status_code == 409
    assert "no book" not in answer.json()["detail"]
    assert str(folder.parent) not in answer.text


# --- days, money, failures, and the life of a loan ------------------------------------------------


def test_who_may_not_end_a_day_may_not_have_a_job_end_it(bank):
    bank.add("aud", "auditor")
    asked = {"kind": "book_day", "given": {"until": "2024-02-01"}}
    for name, status in (("aud", 403), ("rita", 403), ("bob", 202)):
        assert api(browser_of(bank, name), "/jobs", asked).status_code == status, name


def test_an_amount_beyond_all_bounds_is_a_slip_of_the_pen(bank):
    ada = browser_of(bank, "ada")
    fields = {"act": "repay", "amount": "1" + "0" * 28, "on": "2024-02-01", "key": "f1"}
    answer = ada.post("/book/loans/L-1/acts", fields)
    assert answer.status_code == 422
    assert "12345.67" in answer.text


def test_a_refused_key_does_not_cost_a_reading_of_the_whole_book(bank):
    services = bank.services
    payouts.act(services, "L-1", Given("repay", amount=500), "k")
    with services.book.inside() as here:
        before = here
    with pytest.raises(InputError, match="used before"):
        payouts.act(services, "L-1", Given("repay", amount=501), "k")
    with services.book.inside() as here:
        assert here is before


def test_a_server_that_is_away_is_not_a_missing_book(tmp_path):
    room = BookRoom("postgresql://nobody@127.0.0.1:1/none?connect_timeout=1", None)
    with pytest.raises(StoreDownError), room.inside():
        pass


def test_a_foreign_account_is_as_if_it_were_not_there(bank, monkeypatch):
    run = bank.services.run.current()
    monkeypatch.setattr(
        bank.services.run, "current", lambda: replace(run, regions={"E1": "浙江", "E2": "江苏"})
    )
    bank.add("zoe", "account_manager", regions=("浙江",))
    rita, zoe = browser_of(bank, "rita"), browser_of(bank, "zoe")
    theirs = rita.get("/api/v1/ledger/accounts?contract=L-2").json()["items"][0]["account"]
    told = [
        zoe.get("/api/v1/ledger/postings", params={"account": each}).json()
        for each in (theirs, "x")
    ]
    for each in told:
        del each["request_id"]
    assert told[0] == told[1]


def test_a_book_that_starts_again_stands_where_it_stood(bank):
    rita, shelf = browser_of(bank, "rita"), bank.services.workspace.book_shelf
    before = rita.get("/api/v1/contracts").json()
    assert shelf.is_file()
    bank.services.book.close()
    assert rita.get("/api/v1/contracts").json() == before
    kept = shelf.read_bytes()
    shelf.write_bytes(kept[:-3])
    bank.services.book.close()
    assert rita.get("/api/v1/contracts").json() == before, "a damaged file is done without"
    assert shelf.read_bytes() == kept


def test_the_life_of_a_loan_is_told_step_by_step(bank):
    ada, bob = browser_of(bank, "ada"), browser_of(bank, "bob")
    asked = api(ada, "/contracts/L-3/payouts", {"act": "disburse", "key": "p"}).json()
    api(bob, f"/payouts/{asked['number']}/approve", {})
    found = trace(
        bank.services, "L-3", Principal(bank.store.user("rita"), frozenset({"loans"}), "")
    )
    assert [each.entry.kind for each in found.acts] == ["signed", "disburse"]
    assert found.acts[1].payout.decided_by == "bob"
    assert [each.amount_minor for each in found.acts[1].posted] == [80_000 * YUAN]
    text = ada.get("/book/loans/L-3/trace").text
    assert "approved by bob" in text
    assert "an earlier run" in text.lower()
    whole = ada.get("/book/loans/L-1/trace").text
    assert "Nights of 2024-01" in whole
    posted = bank.services.book
    with posted.inside() as here:
        accounts = [e for e in here.desk.ledger.book.accounts if e.contract == "L-1"]
        moved = {
            row["id"]
            for each in accounts
            for row in statement(here.desk.ledger, each.id, date.min, date.max).lines.to_pylist()
        }
    assert set(re.findall(r"loan-\d+\.\d+", whole)) == moved, "every posting, each once told"
    assert ada.get("/book/loans/L-9/trace").status_code == 404
    money = ada.get("/book/loans/L-1/trace/money")
    assert money.status_code == 200
    assert "no transfer of this loan" in money.text
