"""What holds for every request: problems in one shape, limits, headers, log, metrics."""

import asyncio
import json
from dataclasses import replace
from html import unescape

import pytest
from fastapi import Response
from web_world import PASSWORD, Browser

from headrace.adapters.stores.web import StoreDownError
from headrace.errors import EvidenceError, HeadraceError, InputError
from headrace.web.app import create_app
from headrace.web.console.words import LANGUAGES, TEXTS, Words
from headrace.web.problems import MEDIA_TYPE, problem_of
from headrace.web.requests import write_line
from headrace.web.security.tokens import form_token

JSON = {"accept": "application/json"}


def plain(world):
    """A client that is no browser."""
    client = Browser(world).client
    client.headers["accept"] = "*/*"
    return client


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/api/v1/nothing", {}, 404),
        ("GET", "/nothing", {}, 404),
        ("DELETE", "/api/v1/me", {}, 405),
        ("TRACE", "/", {}, 405),
        ("GET", "/api/v1/me", {}, 401),
        ("POST", "/language", {}, 403),
        ("GET", "/healthz", {"host": "evil.example"}, 421),
        ("GET", "/healthz", {"host": "[::1]:80"}, 200),
        ("GET", "/healthz", {"host": ""}, 421),
        ("POST", "/sign-in", {"content-length": "99999999"}, 413),
        ("POST", "/sign-in", {"content-length": "many"}, 400),
        ("GET", "/static/../settings.py", {}, 404),
        ("GET", "/static/%2e%2e%2fsettings.py", {}, 404),
    ],
)
def test_a_refusal_is_a_problem(world, method, path, headers, status):
    answer = plain(world).request(method, path, headers=headers)
    assert answer.status_code == status
    if status >= 400:
        assert answer.headers["content-type"] == MEDIA_TYPE
        told = answer.json()
        assert told["status"] == status
        assert told["title"]
        assert told["type"] == "about:blank"
        assert told["request_id"] == answer.headers["x-request-id"]


def test_what_does_not_fit_is_named_and_never_repeated(rita):
    answer = rita.get("/api/v1/decisions?outcome=s3cret&limit=0", headers=JSON)
    told = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert [each["where"] for each in told["errors"]] == ["query.outcome", "query.limit"]
    assert told["type"] == "urn:headrace:problem:request"
    assert "s3cret" not in answer.text


def test_a_browser_gets_the_same_as_a_page(browser):
    answer = browser.get("/nothing")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text
    assert answer.headers["x-request-id"] in answer.text
    assert "text/html" in answer.headers["content-type"]


def test_every_problem_says_what_to_do_next_in_both_languages(rita, world):
    """As a page with the menu; as a part of one beside what is there, when htmx asks for it."""
    name = world.services.jobs.submit("verify", {}, by="rita")
    world.services.jobs.cancel(name)
    asked = {
        404: ("GET", "/jobs/nothing"),
        403: ("GET", "/admin"),
        409: ("POST", f"/jobs/{name}/cancel"),
        422: ("GET", "/decisions?outcome=x"),
    }
    for status, (method, path) in asked.items():
        for language in LANGUAGES:
            headers = {"accept-language": language, "origin": rita.origin}
            headers["x-form-token"] = form_token(rita.client.cookies["headrace"])
            words = Words(language)
            page = unescape(rita.client.request(method, path, headers=headers).text)
            assert words(f"error_{status}") in page
            assert words(f"error_{status}_detail") in page
            assert "<nav aria-label=" in page, "the menu leads on"
            if (status, language) == (409, "en"):
                assert "The job has ended: it is cancelled" in page
            headers |= {"hx-request": "true", "accept": "*/*"}
            part = rita.client.request(method, path, headers=headers)
            assert part.status_code == status
            assert part.text.startswith('<p class="wrong refusal" role="alert">')
            assert words(f"error_{status}_detail") in unescape(part.text)
            assert part.headers["hx-reswap"] == "afterbegin"
    for status in (405, 408, 413, 429, 503, "other", "no_run"):
        assert {f"error_{status}", f"error_{status}_detail"} <= TEXTS.keys()


def test_a_page_whose_session_ended_goes_to_the_sign_in_and_comes_back(browser):
    headers = {"hx-request": "true", "hx-current-url": "http://localhost/cases?view=mine"}
    answer = browser.get("/jobs/rows", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/sign-in?next=/cases"
    headers["hx-current-url"] = "http://evil.example//evil.example/"
    assert browser.get("/jobs/rows", headers=headers).headers["hx-redirect"] == "/sign-in?next=/"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InputError("p", where="w", remedy="r"), 422),
        (EvidenceError("p", where="w", remedy="r"), 409),
        (HeadraceError("p", where="w", remedy="r"), 409),
        (StoreDownError("p", where="secret place", remedy="r"), 503),
    ],
)
def test_an_error_of_ours_says_what_where_and_what_would_be_right(error, status):
    told = problem_of(error)
    assert told.status == status
    if status != 503:
        assert (told.detail, told.where, told.remedy) == ("p", "w", "r")
    assert "secret place" not in str(told)


def test_where_a_file_of_ours_lies_is_not_told():
    told = problem_of(InputError("p", where="/srv/bank/out/facts/party.parquet", remedy="r"))
    assert told.where == "party.parquet"
    assert problem_of(InputError("p", where="day, known_by")).where == "day, known_by"


def failing(world):
    """An app with a route that nobody thought through."""
    app = create_app(world.services)

    @app.get("/boom")
    def boom():
        raise ZeroDivisionError("the inside: " + PASSWORD)

    return app


@pytest.mark.parametrize("accept", ["*/*", "text/html"])
def test_a_bug_tells_nothing_of_the_inside_but_the_log(world, accept):
    client = plain(world)
    client.app = None
    inner = type(client)(failing(world), base_url="http://localhost")
    answer = inner.get("/boom", headers={"accept": accept})
    assert answer.status_code == 500
    for secret in ("ZeroDivisionError", PASSWORD, "Traceback", "headrace/web"):
        assert secret not in answer.text
    told = next(each for each in world.logged if each["event"] == "error")
    assert told["request"] == answer.headers["x-request-id"]
    assert "ZeroDivisionError" in told["traceback"]


def test_every_response_carries_safe_headers(world, browser):
    for path in ("/", "/sign-in", "/healthz", "/nothing", "/api/v1/me"):
        headers = browser.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers
        assert "strict-transport-security" not in headers, "not without TLS"


async def ask(world, body, *, length=None, accept=b"*/*"):
    """Send a body in pieces, past any client that would count it; an async None never ends."""
    pieces, sent = list(body), []

    async def receive():
        piece = pieces.pop(0) if pieces else b""
        if piece is None:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def send(message):
        sent.append(message)

    headers = [
        (b"host", b"localhost"),
        (b"origin", b"http://localhost"),
        (b"content-type", b"application/x-www-form-urlencoded"),
        (b"accept", accept),
    ]
    if length is not None:
        headers.append((b"content-length", length))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/sign-in",
        "raw_path": b"/sign-in",
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("10.0.0.5", 1),
        "server": ("localhost", 80),
    }
    await create_app(world.services)(scope, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


def test_a_body_that_grows_beyond_the_limit_is_cut_off(world):
    small = world.with_settings(body_bytes_max=1000)
    status, told = asyncio.run(ask(small, [b"x" * 400] * 10))
    assert (status, told["detail"]) == (413, "A request has at most 1000 bytes")
    status, _ = asyncio.run(ask(small, [b"x" * 400] * 2))
    assert status == 403, "a small one comes as far as the form's token"


def test_a_body_that_never_ends_is_given_up(world):
    services = replace(
        world.services, settings=replace(world.services.settings, body_seconds_max=0)
    )
    status, told = asyncio.run(ask(replace(world, services=services), [b"name=", None, b"x"]))
    assert (status, told["detail"]) == (408, "The request took too long to arrive")


def test_a_form_with_a_thousand_fields_is_refused(browser):
    fields = {f"f{number}": "x" for number in range(1000)}
    assert browser.post("/sign-in", fields).status_code in (400, 403)


def test_who_asks_too_fast_is_told_when_to_come_back(world):
    client = plain(world.with_settings(requests_per_second=1, burst=3))
    answers = [client.get("/healthz") for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    world.clock.pass_minutes(1)
    assert client.get("/healthz").status_code == 200


def test_a_user_with_many_addresses_is_still_one_user(rita, world):
    world.services.buckets._left["user rita"] = (0.0, world.clock())
    assert rita.get("/api/v1/me").status_code == 429
    assert rita.get("/healthz").status_code == 200


def test_the_log_has_one_line_a_request_and_no_secret(world, browser):
    world.add("rita", "risk_manager")
    key = world.accounts.add_key("rita", ["account"], days=1)
    browser.sign_in("rita")
    token = browser.client.cookies["headrace"]
    before = len(world.logged)
    browser.get(f"/api/v1/me?password={PASSWORD}", headers={"authorization": f"Bearer {key}"})
    assert len(world.logged) == before + 1
    line = world.logged[-1]
    assert line["route"] == "/api/v1/me"
    assert (line["user"], line["status"], line["method"]) == ("rita", 200, "GET")
    assert line["at"].endswith("+00:00")
    whole = json.dumps(world.logged)
    for secret in (PASSWORD, key, token):
        assert secret not in whole


def test_a_request_id_is_taken_from_a_believed_proxy_only(world):
    given = {"x-request-id": "abc-12345678"}
    assert plain(world).get("/healthz", headers=given).headers["x-request-id"] != "abc-12345678"
    behind = plain(world.with_settings(proxies=("10.0.0.1",)))
    assert behind.get("/healthz", headers=given).headers["x-request-id"] == "abc-12345678"
    forged = {"x-request-id": 'x", "user": "admin'}
    assert behind.get("/healthz", headers=forged).headers["x-request-id"] != forged["x-request-id"]


def test_alive_and_ready(world):
    client = plain(world)
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json()["checks"] == {"service": "ok", "store": "ok", "run": "ok"}


def test_not_ready_without_a_run_or_a_store(world):
    client = plain(world)
    (world.services.run.path / "run.json").unlink()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"service": "ok", "store": "ok", "run": "failed"}
    assert client.get("/healthz").status_code == 200, "a restart would not help"
    assert any(each["event"] == "unready" for each in world.logged)


def test_prometheus_reads_metrics_with_a_key(world):
    world.add("prom", "admin")
    key = world.accounts.add_key("prom", ["metrics"], days=1)
    client = plain(world)
    client.get("/nothing")
    client.request("BREW", "/healthz")
    text = client.get("/metrics", headers={"authorization": f"Bearer {key}"}).text
    assert 'headrace_requests_total{method="GET",route="none",status="404"} 1.0' in text
    assert 'method="other"' in text
    assert "BREW" not in text
    assert "headrace_request_seconds_bucket" in text
    assert client.get("/metrics").status_code == 401


class Pipe:
    """Standard error that says how it was written to."""

    def __init__(self):
        self.writes = []

    def write(self, text):
        self.writes.append(text)

    def flush(self):
        pass


def test_lines_of_one_turn_of_the_loop_are_written_together(monkeypatch):
    pipe = Pipe()
    monkeypatch.setattr("sys.stderr", pipe)
    write_line({"n": 0})
    assert len(pipe.writes) == 1, "at once where no loop runs"

    async def turns():
        for n in range(1, 4):
            write_line({"n": n})
        await asyncio.to_thread(write_line, {"n": 4})
        await asyncio.sleep(0)
        write_line({"n": 5})

    asyncio.run(turns())
    assert [json.loads(line)["n"] for line in "".join(pipe.writes).splitlines()] == list(range(6))
    assert len(pipe.writes) < 6


@pytest.mark.parametrize("text", ["plain", "中文", "\ud800", "a\nb", 2**70])
def test_a_line_is_ascii_and_one_line_whatever_it_holds(monkeypatch, text):
    pipe = Pipe()
    monkeypatch.setattr("sys.stderr", pipe)
    write_line({"text": text})
    (line,) = pipe.writes
    assert line.isascii()
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert json.loads(line) == {"text": text}


def test_what_a_response_says_itself_stays_and_ours_stands_once(world):
    app = create_app(world.services)

    @app.get("/own")
    def own():
        answer = Response(headers={"cache-control": "private", "x-frame-options": "ALLOW"})
        answer.set_cookie("a", "1")
        answer.set_cookie("b", "2")
        return answer

    headers = plain(world).__class__(app, base_url="http://localhost").get("/own").headers
    assert headers.get_list("set-cookie") == [
        "a=1; Path=/; SameSite=lax",
        "b=2; Path=/; SameSite=lax",
    ]
    assert headers.get_list("cache-control") == ["private"]
    assert headers.get_list("x-frame-options") == ["DENY"]
