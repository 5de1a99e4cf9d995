"""Signing in and out, sessions, passwords, lock-out: with a clock that the test moves."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_world import CHEAP, PASSWORD, Browser

from headrace.adapters.stores.web import Entry, Session, TryLimits
from headrace.errors import InputError
from headrace.web.security.accounts import Caller, TooManyTriesError
from headrace.web.security.passwords import checked_password, fresh_password
from headrace.web.security.rates import CALLERS_MAX, Buckets, Rate
from headrace.web.security.tokens import digest, form_token, fresh_key, is_form_token

HERE = Caller("10.0.0.1", "r1")
NEW = "copper-violin-marsh-kite"


@pytest.fixture
def accounts(world):
    world.add("rita", "risk_manager")
    return world.accounts


def test_signing_in_begins_a_session_and_signing_out_ends_it(rita):
    cookie = rita.client.cookies["headrace"]
    assert rita.get("/api/v1/me").json()["name"] == "rita"
    assert rita.post("/sign-out").headers["location"] == "/sign-in"
    rita.client.cookies.set("headrace", cookie)
    assert rita.get("/api/v1/me").status_code == 401


def test_the_session_cookie_is_for_our_pages_alone(browser, world):
    world.add("rita", "viewer")
    told = browser.sign_in("rita").headers.get_list("set-cookie")
    cookie = next(each for each in told if each.startswith("headrace="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie, "on this machine there is no TLS"


def test_behind_tls_cookies_are_secure_and_bound_to_the_host(world):
    world.add("rita", "viewer")
    secure = Browser(world.with_settings(origin="https://localhost"), "https://localhost")
    answer = secure.sign_in("rita")
    cookie = next(
        each
        for each in answer.headers.get_list("set-cookie")
        if each.startswith("__Host-headrace=")
    )
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "max-age=31536000" in answer.headers["strict-transport-security"]
    assert secure.get("/api/v1/me").status_code == 200


def test_a_session_that_somebody_planted_is_not_taken_over(world):
    """Session fixation: the attacker's own token, set in the victim's browser, stays useless."""
    world.add("eve", "viewer")
    world.add("rita", "risk_manager")
    eve, victim = Browser(world), Browser(world)
    eve.sign_in("eve")
    planted = eve.client.cookies["headrace"]
    victim.client.cookies.set("headrace", planted, domain="localhost.local", path="/")
    victim.sign_in("rita")
    assert victim.client.cookies["headrace"] != planted
    assert eve.get("/api/v1/me").status_code == 401, "the planted session has ended"


def test_a_session_ends_unused_and_in_any_case(rita, world):
    for _ in range(20):
        world.clock.pass_minutes(29)
        assert rita.get("/api/v1/me").status_code == 200
    world.clock.pass_minutes(31)
    assert rita.get("/api/v1/me").status_code == 401
    rita.sign_in("rita")
    for _ in range(12 * 3 - 1):
        world.clock.pass_minutes(20)
        assert rita.get("/api/v1/me").status_code == 200
    world.clock.pass_minutes(20)
    assert rita.get("/api/v1/me").status_code == 401, "twelve hours are over"


def test_sessions_that_ended_are_forgotten(accounts, world):
    token = accounts.sign_in("rita", PASSWORD, HERE)
    accounts.forget_sessions()
    assert world.store.session(digest(token)) is not None
    world.clock.pass_minutes(31)
    accounts.forget_sessions()
    assert world.store.session(digest(token)) is None


def test_wrong_name_wrong_password_and_locked_look_the_same(browser, world):
    world.add("rita", "risk_manager")
    world.add("lena", "viewer")
    world.accounts.lock("lena")
    answers = [
        browser.sign_in("rita", "wrong"),
        browser.sign_in("nobody"),
        browser.sign_in("lena"),
        browser.sign_in(""),
        browser.sign_in("x" * 5000),
        browser.sign_in("rita\x00"),
    ]
    assert {each.status_code for each in answers} == {401}
    assert all("Name or password is wrong" in each.text for each in answers)
    assert all("headrace" not in browser.client.cookies for _ in answers)


def test_ten_wrong_passwords_lock_a_name_for_a_quarter_of_an_hour(accounts, world):
    for number in range(10):
        assert accounts.sign_in("rita", "wrong", Caller(f"10.0.0.{number}")) is None
    with pytest.raises(TooManyTriesError):
        accounts.sign_in("rita", PASSWORD, HERE)
    world.clock.pass_minutes(15.1)
    assert accounts.sign_in("rita", PASSWORD, HERE)


def test_the_administrator_lets_somebody_in_before_that(accounts):
    for _ in range(10):
        accounts.sign_in("rita", "wrong", HERE)
    accounts.unlock("rita")
    assert accounts.sign_in("rita", PASSWORD, HERE)


def test_getting_in_begins_the_count_anew(accounts):
    for _ in range(3):
        for _ in range(9):
            assert accounts.sign_in("rita", "wrong", HERE) is None
        assert accounts.sign_in("rita", PASSWORD, HERE)
        accounts = accounts.__class__(
            accounts.store, accounts.now, CHEAP, limits=TryLimits(address_max=1000)
        )


def test_thirty_failures_lock_an_address_for_all_names_but_not_a_busy_branch(accounts, world):
    for _ in range(40):
        assert accounts.sign_in("rita", PASSWORD, HERE), "successes do not count"
    for number in range(30):
        assert accounts.sign_in(f"guess{number}", "wrong", HERE) is None
    with pytest.raises(TooManyTriesError):
        accounts.sign_in("rita", PASSWORD, HERE)
    assert accounts.sign_in("rita", PASSWORD, Caller("10.9.9.9"))
    world.clock.pass_minutes(15.1)
    assert accounts.sign_in("rita", PASSWORD, HERE)


def test_a_branch_that_chooses_its_passwords_on_one_morning_is_not_locked_out(accounts, world):
    for number in range(12):
        name = f"clerk{number}"
        world.add(name, "viewer")
        assert accounts.sign_in(name, PASSWORD, HERE)
        accounts.change_password(world.store.user(name), PASSWORD, NEW, HERE)
        assert accounts.sign_in(name, NEW, HERE)
    for number in range(30):
        assert accounts.sign_in(f"nobody{number}", "x", HERE) is None
    with pytest.raises(TooManyTriesError):
        accounts.sign_in("rita", PASSWORD, HERE)


def test_who_comes_by_a_provider_earns_no_further_guesses(accounts, world):
    for _ in range(40):
        assert accounts.begin_elsewhere(world.store.user("rita"), "", HERE)
    for number in range(30):
        assert accounts.sign_in(f"nobody{number}", "x", HERE) is None
    with pytest.raises(TooManyTriesError):
        accounts.sign_in("nobody", "x", HERE)


def test_a_password_that_changes_while_it_is_looked_at_opens_nothing(accounts, world):
    """Looking takes a tenth of a second: who changes theirs because it is known must be first."""
    before = world.store.user("rita")
    accounts.change_password(before, PASSWORD, NEW, HERE)
    session = Session("d", "rita", world.clock(), world.clock())
    entry = Entry(world.clock(), "rita", "sign_in", "rita")
    assert not world.store.add_session(session, before, entry, instead_of=None)
    after = world.store.user("rita")
    accounts.lock("rita")
    assert not world.store.add_session(session, after, entry, instead_of=None)
    assert world.store.session("d") is None


def test_tries_at_the_same_moment_gain_nothing(accounts):
    outcomes = []

    def guess(number):
        try:
            outcomes.append(accounts.sign_in("rita", f"wrong {number}", Caller(f"10.1.0.{number}")))
        except TooManyTriesError:
            outcomes.append("refused")

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(25)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert outcomes.count(None) == 10
    assert outcomes.count("refused") == 15


def test_a_page_says_that_there_were_too_many_tries(browser, world):
    world.add("rita", "risk_manager")
    for _ in range(10):
        browser.sign_in("rita", "wrong")
    answer = browser.sign_in("rita")
    assert answer.status_code == 429
    assert "Too many tries" in answer.text
    assert "headrace" not in browser.client.cookies


def test_what_was_typed_as_a_name_is_not_kept(accounts, world):
    accounts.sign_in("my-secret-password-by-mistake", "rita", HERE)
    who, act, about = world.acts()[0]
    assert act == "sign_in.tried"
    assert who == about
    assert about.startswith("unknown:")
    assert len(about) == len("unknown:") + 6


def test_a_new_password_ends_every_session_of_the_user(rita, world):
    other = Browser(world)
    other.sign_in("rita")
    fields = {"old": PASSWORD, "new": NEW, "again": NEW}
    assert rita.post("/password", fields).headers["location"] == "/sign-in"
    for each in (rita, other):
        assert each.get("/api/v1/me").status_code == 401
    assert rita.sign_in("rita").status_code == 401
    assert rita.sign_in("rita", NEW).status_code == 303


@pytest.mark.parametrize(
    ("old", "new", "again", "told"),
    [
        ("wrong", NEW, NEW, "That is not your password"),
        (PASSWORD, NEW, NEW + "x", "not the same"),
        (PASSWORD, "short", "short", "too short"),
        (PASSWORD, "xxxxyyyyxxxxyyyy", "xxxxyyyyxxxxyyyy", "easily guessed"),
        (PASSWORD, "i-am-Rita-of-risk", "i-am-Rita-of-risk", "easily guessed"),
        (PASSWORD, PASSWORD, PASSWORD, "the new one is the same"),
    ],
)
def test_a_password_that_cannot_be_is_refused(rita, old, new, again, told):
    answer = rita.post("/password", {"old": old, "new": new, "again": again})
    assert answer.status_code == 422
    assert told in answer.text
    assert rita.get("/api/v1/me").status_code == 200


def test_a_stolen_session_guesses_the_password_no_faster(rita):
    fields = {"old": "wrong", "new": NEW, "again": NEW}
    answers = [rita.post("/password", fields).status_code for _ in range(12)]
    assert answers[:10] == [422] * 10
    assert answers[10:] == [429] * 2


def test_a_one_time_password_opens_nothing_but_the_choice_of_another(world):
    password = world.accounts.add_user("ned", ["risk_manager"])
    browser = Browser(world)
    browser.sign_in("ned", password)
    assert browser.get("/").headers["location"] == "/password"
    answer = browser.get("/api/v1/decisions")
    assert answer.status_code == 403
    assert "Choose a password first" in answer.text
    assert "Choose a password of your own" in browser.get("/password").text
    browser.post("/password", {"old": password, "new": NEW, "again": NEW})
    assert browser.sign_in("ned", NEW).status_code == 303
    assert browser.get("/").status_code == 200


def test_a_forgotten_password_is_replaced_by_a_one_time_one(rita, world):
    password = world.accounts.reset_password("rita")
    assert rita.get("/api/v1/me").status_code == 401
    assert rita.sign_in("rita", password).status_code == 303
    assert rita.get("/").headers["location"] == "/password"
    with pytest.raises(InputError, match="no such user"):
        world.accounts.reset_password("nobody")


def test_locking_ends_what_is_open_at_once(rita, world):
    world.accounts.lock("rita")
    assert rita.get("/api/v1/me").status_code == 401
    world.accounts.unlock("rita")
    assert rita.get("/api/v1/me").status_code == 401, "the old session does not come back"
    assert rita.sign_in("rita").status_code == 303
    with pytest.raises(InputError, match="no such user"):
        world.accounts.lock("nobody")


@pytest.mark.parametrize(
    "name", ["", "Rita", "a b", "../x", "x" * 65, "丽塔", "-x", "command line"]
)
def test_a_name_is_plain(world, name):
    with pytest.raises(InputError, match="cannot be a user's name"):
        world.accounts.add_user(name, ["viewer"])


def test_a_name_is_taken_once(world):
    world.accounts.add_user("ned", ["viewer"])
    with pytest.raises(InputError, match="There is a user of this name"):
        world.accounts.add_user("ned", ["admin"])


def test_one_time_passwords_may_be_chosen_and_differ():
    passwords = {fresh_password() for _ in range(100)}
    assert len(passwords) == 100
    assert all(checked_password(each, "somebody-else") == each for each in passwords)


def test_a_hash_that_is_none_opens_nothing():
    assert not CHEAP.agree("x", "not a hash")
    assert not CHEAP.agree("x" * 300, CHEAP.hashed("x" * 300)), "endless passwords are work"


@given(st.text(), st.text())
def test_a_form_token_fits_its_own_cookie_only(one, other):
    assert is_form_token(form_token(one), one)
    assert is_form_token(form_token(one), other) == (one == other)


def test_the_id_of_a_key_is_in_the_key():
    name, whole = fresh_key()
    assert whole.startswith(f"hr_{name}_")
    assert len(whole) > 50


def test_a_bucket_gives_its_burst_and_then_its_rate():
    buckets, second = Buckets(Rate(per_second=2, burst=3)), 1_000_000
    assert [buckets.wait("a", 0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert buckets.wait("b", 0) == 0, "others are not held up"
    assert buckets.wait("a", second) == 0
    assert buckets.wait("a", second) == 0
    assert buckets.wait("a", second) == 0.5
    assert buckets.wait("a", 0) > 0, "a clock that goes back gives nothing"


def test_buckets_stay_within_memory():
    buckets = Buckets(Rate(per_second=1, burst=1))
    for number in range(CALLERS_MAX + 10):
        assert buckets.wait(str(number), 0) == 0
    assert len(buckets._left) <= CALLERS_MAX
    assert buckets.wait("new", 10**12) == 0
    assert len(buckets._left) <= CALLERS_MAX


@given(st.lists(st.integers(0, 3_000_000), max_size=60), st.integers(1, 5), st.integers(1, 5))
def test_nobody_gets_more_than_burst_and_rate_allow(gaps, rate, burst):
    buckets, moment, allowed = Buckets(Rate(rate, burst)), 0, 0
    for gap in gaps:
        moment += gap
        allowed += buckets.wait("a", moment) == 0
    assert allowed <= burst + rate * moment / 1_000_000 + 1e-6
