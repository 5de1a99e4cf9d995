"""Users, roles by two, regions, keys, sessions, the audit and its seals: pages and API."""

import asyncio
import re
import sqlite3
from contextlib import closing, contextmanager
from urllib.parse import quote
from uuid import uuid4

import pytest
import sqlalchemy as sql
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web_world import ORIGIN, Browser

from headrace.adapters.keys import load_or_create_signing_key
from headrace.adapters.stores.admin import set_user
from headrace.adapters.stores.audit import (
    LINES_MAX,
    Wanted,
    check_audit,
    find_entries,
    last_seal,
    seal,
)
from headrace.adapters.stores.web import Entry, WebStore, note_entries
from headrace.adapters.web_schema import audit, audit_seals
from headrace.errors import InputError
from headrace.evidence.canonical import canonical_json
from headrace.evidence.checkpoint import unsigned
from headrace.evidence.seals import FIRST, seal_root
from headrace.web.sealing import sealing
from headrace.web.security.accounts import MACHINE, Caller
from headrace.web.security.tokens import form_token
from headrace.web.state import state_of


def inside(world, name, *roles, regions=()):
    world.add(name, *roles, regions=regions)
    browser = Browser(world)
    assert browser.sign_in(name).status_code == 303
    return browser


@pytest.fixture
def ada(world):
    """An administrator."""
    return inside(world, "ada", "admin")


@pytest.fixture
def bob(world):
    """Another one."""
    return inside(world, "bob", "admin")


def api(browser, method, path, **body):
    token = form_token(browser.client.cookies["headrace"])
    headers = {"origin": ORIGIN, "x-form-token": token, "accept": "application/json"}
    more = {} if method == "GET" else {"json": body}
    return browser.client.request(method, f"/api/v1{path}", headers=headers, **more)


def test_a_user_is_made_with_a_password_shown_once(ada, world):
    page = ada.post(
        "/admin/users", {"name": " Rita ", "role": "risk_manager", "regions": "浙江，33"}
    )
    password = re.search(r"<output>([\w-]+)</output>", page.text)[1]
    assert page.status_code == 200
    assert world.store.user("rita").regions == ("33", "浙江")
    assert password not in ada.get("/admin").text
    rita = Browser(world)
    assert rita.post("/sign-in", {"name": "rita", "password": password}).status_code == 303
    assert rita.get("/").headers["location"] == "/password"
    assert ("ada", "user.added", "rita as risk_manager in 33 浙江") in world.acts()
    assert password not in str(world.acts())


def test_what_cannot_be_a_user_is_said_beside_the_form_and_what_was_typed_stays(ada):
    for name, role in (("Rita!", "viewer"), ("ada", "viewer"), ("rita", "king")):
        page = ada.post("/admin/users", {"name": name, "role": role, "regions": "浙江"})
        assert page.status_code == 422
        assert 'class="wrong"' in page.text
        assert 'value="浙江"' in page.text
    assert ada.post("/admin/users", {"name": "rita"}).status_code == 422


def test_grave_roles_wait_for_another_administrator(ada, bob, world):
    made = api(ada, "POST", "/users", name="ann", roles=["approver"]).json()
    assert made["waiting"]
    assert world.store.user("ann").roles == ("viewer",)
    (waiting,) = api(bob, "GET", "/role-requests").json()["items"]
    assert (waiting["user"], waiting["roles"], waiting["asked_by"]) == ("ann", ["approver"], "ada")
    refused = api(ada, "POST", f"/role-requests/{waiting['number']}/grant")
    assert refused.status_code == 422
    assert "Somebody else" in refused.json()["detail"]
    page = bob.get("/admin").text
    assert f"/admin/requests/{waiting['number']}/grant" in page
    assert "/grant" not in ada.get("/admin").text
    assert bob.post(f"/admin/requests/{waiting['number']}/grant").status_code == 303
    assert world.store.user("ann").roles == ("approver",)
    again = api(bob, "POST", f"/role-requests/{waiting['number']}/grant")
    assert again.status_code == 422
    assert ("bob", "roles.granted", str(waiting["number"])) in world.acts()


def test_nobody_gives_themselves_anything_alone(ada, bob, world):
    assert api(ada, "PUT", "/users/ada/roles", roles=["admin", "risk_manager"]).json()["waiting"]
    assert world.store.user("ada").roles == ("admin",)
    (waiting,) = api(ada, "GET", "/role-requests").json()["items"]
    assert api(ada, "POST", f"/role-requests/{waiting['number']}/grant").status_code == 422
    assert api(ada, "POST", f"/role-requests/{waiting['number']}/refuse").status_code == 200
    assert api(bob, "GET", "/role-requests").json()["items"] == []


def test_the_one_concerned_does_not_grant_what_another_asked_for(ada, bob, world):
    assert api(ada, "PUT", "/users/bob/roles", roles=["admin", "approver"]).json()["waiting"]
    (waiting,) = api(bob, "GET", "/role-requests").json()["items"]
    assert api(bob, "POST", f"/role-requests/{waiting['number']}/grant").status_code == 422
    assert world.store.user("bob").roles == ("admin",)


def test_a_later_request_for_a_user_takes_the_place_of_the_one_before(ada, bob, world):
    world.add("ann", "viewer")
    for role in ("approver", "auditor"):
        assert api(ada, "PUT", "/users/ann/roles", roles=[role]).json()["waiting"]
    (waiting,) = api(bob, "GET", "/role-requests").json()["items"]
    assert waiting["roles"] == ["auditor"]


def test_plain_roles_are_given_and_taken_at_once_and_shown_on_top(ada, world):
    rita = inside(world, "rita", "risk_manager")
    assert rita.get("/decisions").status_code == 200
    assert ada.post("/admin/users/rita/roles", {"role": "viewer"}).status_code == 303
    assert rita.get("/decisions").status_code == 403
    page = ada.get("/admin").text
    assert "roles set" in page
    assert "rita: risk_manager -&gt; viewer" in page


def test_who_administers_and_sees_firms_is_named(ada, world):
    assert "sees firms too" not in ada.get("/admin").text
    world.add("max", "admin", "risk_manager")
    assert "sees firms too: max" in ada.get("/admin").text


def test_a_lock_ends_everything_at_once_and_nobody_locks_themselves_out(ada, world):
    rita = inside(world, "rita", "risk_manager")
    assert ada.post("/admin/users/rita/lock").status_code == 303
    assert rita.get("/", headers={"accept": "*/*"}).status_code == 401
    assert "unlock" in ada.get("/admin/users/rita").text
    assert ada.post("/admin/users/rita/unlock").status_code == 303
    assert rita.sign_in("rita").status_code == 303
    assert ada.post("/admin/users/ada/lock").status_code == 422
    assert api(ada, "POST", "/users/ada/lock").status_code == 422
    assert not world.store.user("ada").locked


def test_a_reset_password_is_shown_once(ada, world):
    world.add("rita", "risk_manager")
    page = ada.post("/admin/users/rita/password")
    password = re.search(r"<output>([\w-]+)</output>", page.text)[1]
    assert world.accounts.sign_in("rita", password, Caller("10.0.0.1", "r1"))
    assert password not in ada.get("/admin/users/rita").text


def test_a_reset_gives_nobody_what_two_have_to_give(ada, bob, world):
    """Who reads a one-time password out could sign in with it."""
    world.add("ann", "approver", "account_manager")
    told = api(ada, "POST", "/users/ann/password").json()
    assert told["waiting"]
    assert world.store.user("ann").roles == ("account_manager",)
    thief = Browser(world)
    assert thief.sign_in("ann", told["password"]).status_code == 303
    (waiting,) = api(bob, "GET", "/role-requests").json()["items"]
    assert waiting["roles"] == ["account_manager", "approver"]
    assert api(ada, "POST", f"/role-requests/{waiting['number']}/grant").status_code == 422
    assert api(bob, "POST", f"/role-requests/{waiting['number']}/grant").status_code == 200
    assert world.store.user("ann").roles == ("account_manager", "approver")
    world.add("pat", "approver")
    assert api(ada, "POST", "/users/pat/password").status_code == 200
    assert world.store.user("pat").roles == ("viewer",)
    assert not api(ada, "POST", "/users/rita/password").is_success
    assert api(ada, "POST", "/users/ada/password").status_code == 422
    assert world.store.user("ada").roles == ("admin",)


def test_roles_that_changed_meanwhile_are_not_written_over(ada, world):
    """One takes `approver` away while another, who still saw it, adds something: it stays away."""
    world.add("ann", "approver")
    entry = Entry(world.clock(), "ada", "roles.set", "ann")
    set_user(world.store, "ann", entry, before=("approver",), roles=("viewer",))
    with pytest.raises(InputError, match="meanwhile"):
        set_user(world.store, "ann", entry, before=("approver",), roles=("approver", "viewer"))
    assert world.store.user("ann").roles == ("viewer",)


def test_keys_are_made_for_programs_and_oneself_but_for_no_other_person(ada, world):
    world.add("feed", "system")
    world.add("rita", "risk_manager")
    page = ada.post("/admin/keys", {"user": "feed", "may": "facts", "days": "90"})
    key = re.search(r"<output>(hr_\w+[\w-]*)</output>", page.text)[1]
    assert world.accounts.by_key(key).may == {"facts"}
    assert (
        ada.post("/admin/keys", {"user": "rita", "may": "decisions", "days": "90"}).status_code
        == 422
    )
    assert api(ada, "POST", "/keys", user="rita", may=["decisions"]).status_code == 422
    assert (
        ada.post("/admin/keys", {"user": "feed", "may": "facts", "days": "9999"}).status_code == 422
    )
    assert (
        ada.post("/admin/keys", {"user": "feed", "may": "decisions", "days": "30"}).status_code
        == 422
    )
    name = key.split("_")[1]
    assert key not in ada.get("/admin/keys").text
    assert ada.post(f"/admin/keys/{name}/revoke").status_code == 303
    assert world.accounts.by_key(key) is None
    assert "revoked" in ada.get("/admin/keys").text
    assert ada.post(f"/admin/keys/{name}/revoke").status_code == 422


def test_sessions_are_listed_without_what_opens_them_and_ended(ada, world):
    rita = inside(world, "rita", "risk_manager")
    token = rita.client.cookies["headrace"]
    found = {e["user"]: e["id"] for e in api(ada, "GET", "/sessions").json()["items"]}
    assert set(found) == {"ada", "rita"}
    page = ada.get("/admin/sessions").text
    assert token not in page
    assert "this browser" in page
    assert ada.post(f"/admin/sessions/{found['rita']}/end").status_code == 303
    assert rita.get("/", headers={"accept": "*/*"}).status_code == 401
    assert ada.post(f"/admin/sessions/{found['rita']}/end").status_code == 422
    assert api(ada, "POST", "/sessions/%25/end").status_code == 422
    assert ada.get("/admin").status_code == 200, "a pattern ends no session"


def test_the_api_tells_accounts_without_passwords(ada, world):
    world.add("rita", "risk_manager", regions=("浙江",))
    found = api(ada, "GET", "/users/rita").json()
    assert found["regions"] == ["浙江"]
    assert "password" not in found
    assert api(ada, "GET", "/users/nobody").status_code == 404
    assert api(ada, "PUT", "/users/nobody/roles", roles=["viewer"]).status_code == 404
    assert api(ada, "PUT", "/users/rita/regions", regions=["x" * 65]).status_code == 422
    assert [e["name"] for e in api(ada, "GET", "/users").json()["items"]] == ["ada", "rita"]


def test_fields_that_are_not_ours_are_refused(ada, world):
    sent = {"name": "eve", "roles": ["viewer"], "password": "known", "locked": False}
    assert api(ada, "POST", "/users", **sent).status_code == 422
    assert world.store.user("eve") is None


def test_the_system_page_shows_settings_and_no_secret(ada, world):
    page = ada.get("/admin/system").text
    for told in ("body_bytes_max", "accounts.db", "headrace", "answers"):
        assert told in page
    assert "Evidence" in page
    assert {each.name: each.wrong for each in state_of(world.services).health}["cases"] == ""
    with closing(sqlite3.connect(world.services.workspace.root / "cases.db")) as store, store:
        tables = store.execute("select name from sqlite_master where type = 'table'").fetchall()
        for (name,) in tables:
            if not name.startswith("sqlite_"):
                store.execute(f'drop table "{name}"')
    assert {each.name: each.wrong for each in state_of(world.services).health}["cases"]


def test_an_administrator_sees_neither_firms_nor_the_audit(ada):
    for path in ("/decisions", "/admin/audit", "/evidence", "/api/v1/audit"):
        assert ada.get(path).status_code == 403, path


# Regions


def narrowed(world):
    run = world.services.run.current()
    parties = [each.party for each in run.decisions]
    object.__setattr__(
        run,
        "regions",
        dict(zip(parties, ["浙江", "浙江省杭州", "江苏", None, "江苏"], strict=True)),
    )


def test_a_narrowed_user_knows_of_no_firm_elsewhere(world):
    narrowed(world)
    anna = inside(world, "anna", "account_manager", regions=("浙江",))
    listed = api(anna, "GET", "/decisions").json()["items"]
    assert [each["party"] for each in listed] == ["E1", "E2"]
    page = anna.get("/decisions").text
    assert "E1@2026-06-30" in page
    assert "E3@2026-06-30" not in page
    for path in ("/api/v1/decisions/", "/api/v1/evidence/receipts/"):
        there = anna.get(path + quote("E3@2026-06-30"), headers={"accept": "*/*"})
        absent = anna.get(path + quote("E9@2026-06-30"), headers={"accept": "*/*"})
        assert there.status_code == absent.status_code == 404
        assert there.json()["detail"] == absent.json()["detail"]


def test_pages_of_a_narrowed_list_are_full_and_end(world):
    narrowed(world)
    anna = inside(world, "anna", "account_manager", regions=("浙江",))
    first = api(anna, "GET", "/decisions?limit=1").json()
    second = api(anna, "GET", f"/decisions?limit=1&cursor={first['next']}").json()
    assert [e["party"] for e in first["items"] + second["items"]] == ["E1", "E2"]
    assert second["next"] is None


def test_an_auditor_sees_all_and_so_does_who_has_no_region(world):
    narrowed(world)
    for name, role, regions in (("otto", "auditor", ("浙江",)), ("anna", "account_manager", ())):
        browser = inside(world, name, role, regions=regions)
        assert len(api(browser, "GET", "/decisions").json()["items"]) == 5


# The audit and its seals


def test_the_audit_is_found_by_who_what_whom_and_when(world):
    world.store.note(Entry(world.clock(), "zoe", "GET /x", "E7"))
    world.clock.pass_minutes(60 * 24)
    otto = inside(world, "otto", "auditor")
    world.store.note(Entry(world.clock(), "rita", "GET /x", "E7_100%"))
    store = world.store
    for wanted, count in (
        (Wanted(who="rita"), 1),
        (Wanted(act="GET /x"), 2),
        (Wanted(about="_100%"), 1),
        (Wanted(about="%7"), 0),
        (Wanted(until=world.clock()), 1),
        (Wanted(until=world.clock(), who="rita"), 0),
        (Wanted(who="\0"), 0),
    ):
        assert len(find_entries(store, wanted, before=None, count=9)) == count, wanted
    assert "E7_100%" in otto.get("/admin/audit?who=rita").text
    assert "no such line" in otto.get("/admin/audit?who=nobody").text
    assert otto.get("/admin/audit?from=yesterday").status_code == 422
    assert otto.get("/admin/audit?to=9999-12-31").status_code == 422
    assert "E7_100%" in otto.get("/admin/audit?from=2027-01-16&to=2027-01-18").text


def test_the_audit_is_read_page_by_page_with_its_filter(world):
    otto = inside(world, "otto", "auditor")
    for number in range(120):
        world.store.note(Entry(world.clock(), "rita", "GET /x", f"E{number}"))
    page, seen = otto.get("/admin/audit?who=rita").text, set()
    for _ in range(3):
        seen |= set(re.findall(r'<td class="words">(E\d+)</td>', page))
        further = re.search(r'href="(/admin/audit\?[^"]*cursor=[^"]*)"', page)
        page = otto.get(further[1].replace("&amp;", "&")).text if further else ""
    assert len(seen) == 120


def test_the_audit_as_csv_runs_no_formula(world):
    otto = inside(world, "otto", "auditor")
    world.store.note(Entry(world.clock(), "rita", "GET /x", "=cmd|' /C calc'!A0"))
    answer = otto.get("/admin/audit.csv?who=rita")
    assert "'=cmd" in answer.text
    assert "attachment" in answer.headers["content-disposition"]


def sealed(world, times=3):
    key = load_or_create_signing_key()
    for number in range(times):
        for line in range(4):
            world.store.note(Entry(world.clock(), "rita", "GET /x", f"{number}.{line}"))
        assert seal(world.store, key, world.clock())
    return key


def test_seals_hold_and_go_on_where_the_last_one_ended(world):
    key = sealed(world)
    world.store.note(Entry(world.clock(), "rita", "GET /x", "later"))
    found = check_audit(world.store, key.public)
    assert (found.holds, found.sealed, found.unsealed, found.last.number) == (True, 12, 1, 3)
    assert seal(world.store, key, world.clock()).number == 4
    assert seal(world.store, key, world.clock()) is None
    kept = found.last.checkpoint
    assert check_audit(world.store, key.public, kept).holds
    assert not check_audit(world.store, key.public, kept.replace("12", "11")).holds


def test_a_seal_holds_no_more_than_it_may(world):
    key = load_or_create_signing_key()
    for number in range(5):
        world.store.note(Entry(world.clock(), "rita", "GET /x", str(number)))
    numbers = [seal(world.store, key, world.clock(), 2).number for _ in range(3)]
    assert numbers == [1, 2, 3]
    assert check_audit(world.store, key.public).sealed == 5


def test_lines_are_sealed_as_they_come_and_the_rest_at_the_end(world, monkeypatch):
    monkeypatch.setattr("headrace.web.sealing.LOOK_SECONDS", 0.02)

    def add(count):
        world.store.write(
            lambda connection: note_entries(connection, [Entry(1, "ann", "GET /x")] * count)
        )

    async def serve():
        async with sealing(world.services):
            await until(lambda: last_seal(world.store)[0] is not None, "a first one at the start")
            add(LINES_MAX - 1)
            await asyncio.sleep(0.2)
            assert last_seal(world.store) == (last_seal(world.store)[0], LINES_MAX - 1)
            add(LINES_MAX + 5)
            await until(lambda: last_seal(world.store)[1] == 4, "as soon as there are enough")

    async def until(holds, what):
        for _ in range(500):
            if holds():
                return
            await asyncio.sleep(0.02)
        raise AssertionError(what)

    add(1)
    asyncio.run(serve())
    made, left = last_seal(world.store)
    assert (made.number, left) == (4, 0)
    assert check_audit(world.store, world.services.signing_key.public).holds
    sealed = [each["seal"] for each in world.logged if each["event"] == "audit sealed"]
    assert sealed == [1, 2, 3, 4]


def test_who_stops_does_not_wait_for_others_who_go_on_writing(world, monkeypatch):
    sealed = []

    def seal_and_more(*given, **more):
        sealed.append(seal(*given, **more))
        assert len(sealed) < 20, "without end"
        world.store.note(Entry(1, "another process", "GET /x"))
        return sealed[-1]

    async def serve():
        async with sealing(world.services):
            monkeypatch.setattr("headrace.web.sealing.seal", seal_and_more)

    world.store.note(Entry(1, "ann", "GET /x"))
    asyncio.run(serve())
    assert sealed
    assert last_seal(world.store)[1] == 1


def test_a_line_that_comes_in_between_is_sealed_the_next_time(world):
    """With several processes a line with a smaller number may come in later."""
    key = load_or_create_signing_key()

    def add(*numbers):
        for each in numbers:
            row = vars(Entry(world.clock(), "rita", "GET /x", str(each), number=each))
            world.store.write(lambda connection, row=row: connection.execute(ADD, row))

    @contextmanager
    def turn():
        yield
        add(*late)

    add(*range(1, 20), *range(21, 321))
    late = iter([20])
    assert seal(world.store, key, world.clock(), turn=turn) is None
    assert check_audit(world.store, key.public).unsealed == 320
    assert seal(world.store, key, world.clock()).number == 1
    found = check_audit(world.store, key.public)
    assert (found.holds, found.sealed, found.unsealed) == (True, 320, 0)


TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
TEXTS |= st.sampled_from(['"', "\\", "\x00\x1f\x7f", "\u2028", "</b>", "税 😀", "\ufffe\uffff"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 2**63 - 1), TEXTS, TEXTS), min_size=1, max_size=4))
def test_a_line_is_sealed_as_canonical_json_whatever_it_says(tmp_path, lines):
    """What is read and written quickly is what the slow way says."""
    store = WebStore.opened(str(tmp_path / f"{uuid4()}.db"))
    try:
        for at, who, about in lines:
            store.note(Entry(at, who, "GET /x", about))
        key = load_or_create_signing_key()
        told = unsigned(seal(store, key, 1).checkpoint)
        entries = reversed(store.entries(before=None, count=9))
        slow = seal_root(FIRST, [canonical_json(vars(each)) for each in entries])
        assert (told.size, told.root) == (len(lines), slow)
        assert check_audit(store, key.public).holds
    finally:
        store.close()


ADD = sql.insert(audit)
ALTER = {
    "altered": sql.update(audit).where(audit.c.about == "1.2").values(about="1.3"),
    "who altered": sql.update(audit).where(audit.c.about == "1.2").values(who="otto"),
    "removed": sql.delete(audit).where(audit.c.about == "1.2"),
    "added": sql.insert(audit).values(
        at=1, who="a", act="b", about="c", address="", request="", seal=2
    ),
    "added to no seal": sql.insert(audit).values(
        at=1, who="a", act="b", about="c", address="", request="", seal=99
    ),
    "moved": sql.update(audit).where(audit.c.about == "1.3").values(seal=3),
    "taken out": sql.update(audit).where(audit.c.about == "1.3").values(seal=None),
    "seal removed": sql.delete(audit_seals).where(audit_seals.c.number == 2),
    "first seal removed": sql.delete(audit_seals).where(audit_seals.c.number == 1),
    "seal altered": sql.update(audit_seals).where(audit_seals.c.number == 2).values(checkpoint="x"),
}


@pytest.mark.parametrize("what", ALTER)
def test_whatever_is_altered_behind_the_service_is_found(world, what):
    key = sealed(world)
    world.store.write(lambda connection: connection.execute(ALTER[what]))
    found = check_audit(world.store, key.public)
    assert not found.holds
    assert any("seal" in each.where for each in found.problems)


def test_seals_cut_off_the_end_are_told_by_one_that_was_kept(world):
    key = sealed(world)
    kept = check_audit(world.store, key.public).last.checkpoint
    world.store.write(
        lambda connection: [
            connection.execute(sql.delete(audit_seals).where(audit_seals.c.number == 3)),
            connection.execute(sql.delete(audit).where(audit.c.seal == 3)),
        ]
    )
    assert check_audit(world.store, key.public).holds
    assert not check_audit(world.store, key.public, kept).holds


def test_a_seal_by_another_key_does_not_hold(world):
    sealed(world)
    assert not check_audit(world.store, bytes(32)).holds


def test_a_root_stands_for_all_lines_before_it():
    first = seal_root(FIRST, [b"a", b"b"])
    second = seal_root(first, [b"c"])
    assert second != seal_root(seal_root(FIRST, [b"a", b"x"]), [b"c"])
    assert second != seal_root(first, [b"c", b"c"])


def test_the_page_checks_the_audit(world):
    otto = inside(world, "otto", "auditor")
    sealed(world)
    kept = api(otto, "GET", "/audit/seal").json()["checkpoint"]
    page = otto.post("/admin/audit/check", {"kept": kept.replace("\n", "\r\n")})
    assert "Nothing was altered" in page.text
    assert api(otto, "POST", "/audit/check", checkpoint=kept).json()["holds"]
    world.store.write(lambda connection: connection.execute(ALTER["altered"]))
    page = otto.post("/admin/audit/check")
    assert "not what was sealed" in page.text
    assert not api(otto, "POST", "/audit/check").json()["holds"]


def test_the_service_seals_while_it_lives(world):
    world.store.note(Entry(world.clock(), "rita", "GET /x", "E1"))
    with Browser(world).client:
        pass
    assert check_audit_of(world).unsealed == 0
    assert any(line["event"] == "audit sealed" for line in world.logged)


def check_audit_of(world):
    """By another process, after the service closed its store."""
    store = WebStore.opened(world.services.workspace.store("accounts"))
    try:
        return check_audit(store, load_or_create_signing_key().public)
    finally:
        store.close()


def test_a_wrong_request_number_is_not_there(ada):
    for path in ("/admin/requests/x/grant", "/admin/requests/1/steal", "/admin/requests/٣/grant"):
        assert ada.post(path).status_code == 404
    assert ada.post("/admin/requests/77/grant").status_code == 422


def test_store_functions_refuse_who_is_not_there(world):
    with pytest.raises(InputError, match="no such user"):
        world.services.administering.set_regions("nobody", ["x"], MACHINE)
