"""What people of each role do in the console, from the first click to the last, in a real browser.

Texts are looked up by their names, so that each story runs in both languages.
"""

import os
import re
import shutil
import time
from pathlib import Path

import pytest
from console_served import PASSWORD, Served, served

from headrace.adapters.wall_clock import now
from headrace.monitor.cases import moment_of
from headrace.web.console.words import TEXTS, Words

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.services
CHROMIUM = os.environ.get("HEADRACE_CHROMIUM", "/usr/bin/chromium")
PEOPLE = {
    "ann": "account_manager",
    "ruth": "risk_manager",
    "paul": "approver",
    "omar": "auditor",
    "ada": "admin",
    "vera": "viewer",
    "feed": "system",
}


@pytest.fixture(scope="module")
def console(demo_folder, tmp_path_factory):
    """The demo, served, with one person of each role."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no browser at {CHROMIUM}; set HEADRACE_CHROMIUM")
    folder = tmp_path_factory.mktemp("stories") / "demo"
    shutil.copytree(demo_folder, folder)
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        with served(folder, chromium) as found:
            for name, role in PEOPLE.items():
                found.add(name, role)
            yield found
        chromium.close()


@pytest.fixture(params=["zh", "en"])
def words(request):
    return Words(request.param)


def said(words, name, **values):
    """A text as a pattern: gaps that are not given fit anything."""
    told = words.of(TEXTS[name])
    pattern = re.sub(r"\\\{(\w+)\\\}", lambda gap: re.escape(str(values.get(gap[1], ""))) or ".+",
                     re.escape(told))  # fmt: skip
    return re.compile(f"^{pattern}$")


def press(page, words, name, within="main", **values):
    """Click a button by its text, and wait for the page that it leads to."""
    with page.expect_navigation():
        page.locator(within).get_by_role("button", name=said(words, name, **values)).first.click()


def edit_first_rule(page, words, value):
    """Type into the first cell of the velocity table, and wait until the draft is kept."""
    sheet = page.locator('section[data-sheet="velocity.csv"]')
    cell = sheet.get_by_label(said(words, "policies_cell", rule=1)).first
    cell.wait_for()
    cell.fill(value)
    cell.blur()
    page.locator("#saved").get_by_text(words("policies_saved")).wait_for()


def test_a_policy_is_changed_tried_approved_by_another_and_decides(console: Served, words):
    least = {"zh": 5, "en": 11_000}[words.language]
    with console.signed_in("ruth", words.language) as page:
        page.goto(f"{console.url}/policies/payments/edit")
        edit_first_rule(page, words, f"> {least}")
        assert (
            page.locator("aside").get_by_text(re.compile(f"{least}|{least:,}")).first.is_visible()
        )
        console.picture(page, f"policy_edit_{words.language}")
        press(page, words, "policies_try")
        page.wait_for_url("**/trials/**", timeout=60_000)
        page.locator("table.figures-beside").wait_for(timeout=90_000)
        console.picture(page, f"policy_trial_{words.language}")
        page.goto(f"{console.url}/policies/payments/edit")
        page.fill("#comment", "one more proof for larger sums")
        press(page, words, "policies_submit")
        page.wait_for_url(re.compile(r"/versions/\d+$"))
        number = int(page.url.rpartition("/")[2])
        assert not page.locator("details.judge").filter(has_text=words("policies_approve")).count()
    with console.signed_in("paul", words.language) as page:
        key = console.key_for("feed", "apply")
        page.goto(f"{console.url}/policies/payments/versions/{number}")
        for deed in ("approve", "challenge"):
            page.locator("summary", has_text=words(f"policies_{deed}")).first.click()
            page.locator("#challenge-share").or_(page.locator("#approve-comment")).first.wait_for()
            if deed == "challenge":
                page.fill("#challenge-share", "100")
            console.picture(page, f"policy_{deed}_{words.language}")
            press(page, words, f"policies_yes_{deed}")
        page.locator("dl.facts").get_by_text(words("policies_beside")).wait_for()
        told = decided_by(console, key, words, number)
        assert told["arm"] == f"version {number}", "it decides for all customers of its share"
        page.locator("summary", has_text=words("policies_activate")).first.click()
        console.picture(page, f"policy_activate_{words.language}")
        press(page, words, "policies_yes_activate")
        page.locator("dl.facts").get_by_text(words("policies_in_force")).wait_for()
    told = decided_by(console, key, words, number, "champion")
    with console.signed_in("ruth", words.language) as page:
        page.goto(f"{console.url}/live/decisions/{told['decision']}")
        facts = page.locator("dl.facts").first
        assert (
            facts.locator(f"dt:text-is('{words('live_version')}') + dd")
            .inner_text()
            .startswith(str(number))
        )
        assert f"> {least}" in page.content().replace("&gt;", ">")
        console.picture(page, f"live_decision_{words.language}")


def decided_by(console, key, words, number, arm=""):
    """A decision that a version made, which takes over within a second."""
    deadline = time.monotonic() + 15
    while True:
        told = console.ask(key, "/decisions", payment(f"{words.language}{time.monotonic_ns()}"))
        if told["version"] == number and arm in {"", told["arm"]}:
            return told
        assert time.monotonic() < deadline, told
        time.sleep(0.1)


def test_tables_of_policies_have_the_habits_of_a_spreadsheet(console: Served):
    with console.signed_in("ruth", "en") as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.goto(f"{console.url}/policies/sme_invoices/edit")
        sheet = page.locator('section[data-sheet="access.csv"]')
        sheet.locator('input[data-row="0"][data-column="0"]').focus()

        def cells():
            rows = sheet.locator("tbody tr").all()
            return [[each.input_value() for each in row.locator("td input").all()] for row in rows]

        def press_all(*keys):
            for key in keys:
                page.keyboard.press(key)

        before = cells()
        press_all("Control+Home", "Shift+ArrowDown", "Shift+ArrowRight", "Control+c")
        block = "\n".join("\t".join(row[:2]) for row in before[:2])
        assert page.evaluate("navigator.clipboard.readText()") == block
        page.evaluate("text => navigator.clipboard.writeText(text)", 'A\t< 7\r\nB\t"< 8"\r\n')
        press_all("Control+Home", "Control+v")
        assert [row[:2] for row in cells()[:2]] == [["A", "< 7"], ["B", "< 8"]]
        press_all("Control+z")
        assert cells() == before
        press_all("Control+y", "Control+Home", "Shift+ArrowDown", "Control+d")
        assert [row[0] for row in cells()[:2]] == ["A", "A"]
        press_all("Delete")
        assert [row[0] for row in cells()[:2]] == ["-", "-"]
        press_all("Control+z", "Control+z", "Control+z")
        press_all("Control+Home", "Control+Enter", "Alt+ArrowUp")
        assert cells()[1:] == before
        assert cells()[0] == ["-"] * 9 + [""] * 3
        page.keyboard.type("C")
        press_all("Escape", "Alt+ArrowDown", "ArrowUp", "ArrowRight")
        at = "[document.activeElement.dataset.row, document.activeElement.dataset.column]"
        assert page.evaluate(at) == ["0", "1"]
        page.on("dialog", lambda dialog: dialog.accept())
        with page.expect_navigation():
            page.click('button[value="discard"]')


def payment(name):
    return {
        "id": f"story-{name}",
        "event_time": moment_of(now()).isoformat(),
        "customer": "C000001",
        "terminal": "T000001",
        "amount": 120_00,
    }


def test_an_account_manager_asks_for_a_limit_and_reads_the_firm(console: Served, words):
    with console.signed_in("ann", words.language, 390) as page:
        page.goto(f"{console.url}/apply")
        page.fill("#party", "S1")
        page.check("#consented")
        began = time.monotonic()
        page.locator(".apply-form button.main").click()
        page.locator("#answer .told").wait_for()
        assert time.monotonic() - began < 5, "a decision is there at once"
        console.picture(page, f"apply_{words.language}")
        page.goto(f"{console.url}/firms/S1")
        page.get_by_role("heading", level=1).wait_for()
        page.goto(f"{console.url}/firms/S1/report")
        with page.expect_download() as got:
            page.locator("a[href*='docx']").first.click()
        assert got.value.path().read_bytes()[:2] == b"PK"
    with console.signed_in("ann", words.language) as page:
        page.goto(f"{console.url}/firms/S1", wait_until="networkidle")
        console.picture(page, f"firm_{words.language}")


def test_money_is_paid_out_when_another_person_approves(console: Served, words):
    with console.signed_in("ann", words.language) as page:
        page.goto(f"{console.url}/book/payouts")
        path = page.locator("ul.ready a").first.get_attribute("href")
        page.goto(console.url + path)
        form = page.locator("form.act", has=page.locator("option[value=disburse]"))
        form.locator("select").select_option("disburse")
        with page.expect_navigation():
            form.locator("button.main").click()
        assert page.locator(".done").is_visible()
        page.goto(f"{console.url}/book/payouts")
        assert not page.locator("form[action$='/approve']").count(), "not by whoever asked"
    with console.signed_in("paul", words.language) as page:
        page.goto(f"{console.url}/book/payouts")
        console.picture(page, f"payouts_{words.language}")
        with page.expect_navigation():
            page.locator("form[action$='/approve'] button").first.click()
        assert not page.locator("[role=alert]").count(), page.locator("[role=alert]").inner_text()
        page.goto(console.url + path)
        assert words("book_nothing_owed") not in page.content()


def test_a_case_is_worked_to_its_end_and_the_customer_is_stopped(console: Served, words):
    with console.signed_in("ruth", words.language) as page:
        page.goto(f"{console.url}/cases?view=unassigned")
        console.picture(page, f"cases_{words.language}")
        path = page.locator("main tbody a[href^='/cases/']").first.get_attribute("href")
        page.goto(console.url + path)
        customer = page.locator("main").inner_text()
        customer = re.search(r"C\d{6}", customer)[0]
        if page.locator("#to").count():
            page.select_option("#to", "ruth")
            press(page, words, "case_assign")
        page.fill("#comment-note", "called the customer, who did not pay this")
        press(page, words, "case_note")
        freeze = page.locator("#measure option", has_text=customer).first.get_attribute("value")
        page.select_option("#measure", freeze)
        page.fill("#comment-act", "stolen card")
        press(page, words, "case_act")
        console.picture(page, f"case_{words.language}")
        page.select_option("#outcome", "fraud")
        press(page, words, "case_close")
        assert not page.locator("[role=alert]").count()
    key = console.key_for("feed", "apply")
    deadline = time.monotonic() + 15
    for turn in range(200):
        event = payment(f"stopped-{words.language}-{turn}") | {"customer": customer}
        told = console.ask(key, "/decisions", event)
        if told["action"] == "block" or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    assert (told["action"], told["decided_by"]) == ("block", "blocked")


def test_an_auditor_sees_who_looked_and_proves_the_log(console: Served, words):
    with console.signed_in("ann", words.language) as page:
        page.goto(f"{console.url}/firms/S2")
    with console.signed_in("omar", words.language) as page:
        page.goto(f"{console.url}/admin/audit")
        assert page.locator("main tbody tr", has_text="S2").first.is_visible()
        console.picture(page, f"audit_{words.language}")
        page.goto(f"{console.url}/evidence")
        with page.expect_navigation():
            page.locator("form[action='/evidence/check'] button").click()
        page.locator(".done").first.wait_for()
        console.picture(page, f"evidence_{words.language}")


def test_an_administrator_lets_somebody_in_and_sees_no_firm(console: Served, words):
    name = f"new-{words.language}"
    with console.signed_in("ada", words.language) as page:
        assert page.goto(f"{console.url}/firms").status == 403
        page.goto(f"{console.url}/admin")
        page.fill("#name", name)
        page.locator("input[name=role][value=viewer]").check()
        with page.expect_navigation():
            page.locator("form[action='/admin/users'] button.main").click()
        password = page.locator("output").first.inner_text().strip()
        console.picture(page, f"admin_{words.language}")
    context = console.chromium.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(f"{console.url}/sign-in")
    page.fill("#name", name)
    page.fill("#password", password)
    with page.expect_navigation():
        page.click("main form button")
    assert page.url.endswith("/password"), "another password is to be chosen"
    for field, typed in (
        ("#old", password),
        ("#new", f"{PASSWORD}-7"),
        ("#again", f"{PASSWORD}-7"),
    ):
        page.fill(field, typed)
    with page.expect_navigation():
        page.click("main form button")
    assert "/sign-in" in page.url
    context.close()


def test_a_viewer_reads_sums_and_takes_a_report_along(console: Served, words):
    with console.signed_in("vera", words.language) as page:
        page.goto(console.url, wait_until="networkidle")
        console.picture(page, f"today_{words.language}")
        assert "S1" not in page.content()
        page.goto(f"{console.url}/reports")
        page.locator("main dl a, main ul a, main table a").first.click()
        page.wait_for_url("**/reports/**")
        console.picture(page, f"report_{words.language}")
        with page.expect_download() as got:
            page.locator("a[href$='.xlsx']").first.click()
        assert got.value.path().read_bytes()[:2] == b"PK"


def test_a_risk_manager_looks_at_the_graph_the_book_and_the_stream(console: Served, words):
    with console.signed_in("ruth", words.language) as page:
        page.goto(f"{console.url}/graph?party=S1", wait_until="networkidle")
        page.wait_for_timeout(1_000)
        console.picture(page, f"graph_{words.language}")
        assert page.locator("canvas, svg").first.is_visible()
        page.goto(f"{console.url}/book", wait_until="networkidle")
        console.picture(page, f"book_{words.language}")
        page.goto(f"{console.url}/live", wait_until="domcontentloaded")
        page.get_by_role("heading", level=1).wait_for()
        page.wait_for_timeout(2_500)  # it renews itself
        assert page.locator("main table").first.is_visible()
