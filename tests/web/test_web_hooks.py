"""Webhooks: signed, sent again, given up visibly, and never to an address inside."""

import base64
import hashlib
import hmac
import http.server
import ipaddress
import json
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from web_world import ORIGIN, Browser

from headrace.adapters import hook_sending
from headrace.adapters.hook_sending import (
    HookRefusedError,
    Seal,
    Sender,
    checked_url,
    fresh_secret,
    may_reach,
    signature,
)
from headrace.adapters.stores.hook import HOOKS_MAX, WAITS, Event
from headrace.errors import InputError
from headrace.web.security.tokens import form_token

LOCAL = ("127.0.0.0/8",)
SECOND = 1_000_000


@dataclass
class Receiver:
    """A server that somebody else runs."""

    url: str
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def receiver():
    found = Receiver("")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            told = {name.lower(): value for name, value in self.headers.items()}
            found.got.append((self.path, told, body))
            self.send_response(found.status)
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def do_GET(self):
            self.do_POST()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/in?a=1"
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def inside(world):
    """The service, allowed to send to this machine."""
    return world.with_settings(hook_networks=LOCAL)


def verified(secret, headers, body):
    """Whether a message is signed, worked out as Standard Webhooks writes it down."""
    key = base64.b64decode(secret.split("_", 1)[1])
    told = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body.decode()}"
    own = base64.b64encode(hmac.new(key, told.encode(), hashlib.sha256).digest()).decode()
    return f"v1,{own}" in headers["webhook-signature"].split(" ")


def test_a_message_arrives_signed(inside):
    hooks = inside.services.hooks
    with receiver() as server:
        hook, secret = hooks.add(server.url, ("job.ended",), "ada")
        hooks.tell("job.ended", {"job": "j1", "status": "done"})
        hooks.tell("case.opened", {"case": "c1"})
        assert hooks.send_one()
        assert not hooks.send_one(), "nobody wanted to be told of the case"
    ((path, headers, body),) = server.got
    assert path == "/in?a=1"
    assert verified(secret, headers, body)
    assert not verified(fresh_secret(), headers, body)
    assert headers["webhook-timestamp"] == str(inside.clock() // SECOND)
    assert json.loads(body) == {
        "type": "job.ended",
        "timestamp": "2027-01-15T08:00:00+00:00",
        "data": {"job": "j1", "status": "done"},
    }
    (message,) = hooks.store.messages(hook.id, 9)
    assert (message.state, message.answer, message.tries) == ("sent", "204", 1)


def test_the_signature_is_that_of_the_standards_example():
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the standard's page
    body = b'{"test": 2432232314}'
    found = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_does_not_arrive_is_sent_again_for_a_day_then_given_up(inside):
    hooks = inside.services.hooks
    with receiver() as server:
        server.status = 500
        hook, _ = hooks.add(server.url, ("job.ended",), "ada")
        hooks.tell("job.ended", {"job": "j1"})
        for number, wait in enumerate(WAITS, start=1):
            assert hooks.send_one()
            assert not hooks.send_one(), "it waits"
            (message,) = hooks.store.messages(hook.id, 9)
            assert (message.state, message.tries) == ("waiting", number)
            assert message.answer == "It answered 500"
            inside.clock.pass_minutes(wait / 60)
        assert hooks.send_one()
        (message,) = hooks.store.messages(hook.id, 9)
        assert message.state == "given up"
        assert len({headers["webhook-id"] for _, headers, _ in server.got}) == 1
        assert len(server.got) == len(WAITS) + 1
        inside.clock.pass_minutes(10_000)
        assert not hooks.send_one()
        server.status = 200
        assert hooks.store.try_again(hook.id, inside.clock()) == 1
        assert hooks.send_one()
    assert 23 * 3600 <= sum(WAITS) <= 25 * 3600
    (message,) = hooks.store.messages(hook.id, 9)
    assert message.state == "sent"


def test_who_does_not_answer_keeps_nobody_else_waiting(inside):
    """Of a receiver that failed all waits a minute; the other gets its own at once."""
    hooks = inside.services.hooks
    with receiver() as broken, receiver() as well:
        broken.status = 500
        hooks.add(broken.url, ("job.ended",), "ada")
        for number in range(3):
            hooks.tell("job.ended", {"job": f"j{number}"})
        hooks.add(well.url, ("job.ended",), "ada")
        inside.clock.pass_minutes(0.01)
        hooks._wanted = None
        hooks.tell("job.ended", {"job": "last"})
        while hooks.send_one():
            pass
        assert (len(broken.got), len(well.got)) == (1, 1)
        inside.clock.pass_minutes(1)
        broken.status = 204
        while hooks.send_one():
            pass
        assert len(broken.got) == 5, "none was lost: one was sent again"


def test_a_message_whose_sender_died_is_sent_by_the_next(inside):
    store = inside.services.hooks.store
    inside.services.hooks.add("https://receiver.example/", ("job.ended",), "ada")
    store.tell(Event("job.ended", {}, inside.clock()))
    first, _ = store.claim(inside.clock())
    assert store.claim(inside.clock()) is None
    inside.clock.pass_minutes(2)
    again, _ = store.claim(inside.clock())
    assert (again.id, again.tries) == (first.id, 2)


def test_redirects_are_not_followed(inside):
    hooks = inside.services.hooks
    with receiver() as target, receiver() as server:
        server.status, server.headers = 307, {"location": target.url}
        hook, _ = hooks.add(server.url, ("job.ended",), "ada")
        hooks.tell("job.ended", {})
        assert hooks.send_one()
        assert target.got == []
    assert hooks.store.messages(hook.id, 1)[0].answer == "It answered 307"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "https://127.0.0.1:1/",
        "https://localhost:1/",
        "https://[::1]:1/",
        "https://[::ffff:127.0.0.1]:1/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://192.168.1.1/",
        "https://0.0.0.0/",
        "https://2130706433/",
        "https://0x7f.1/",
    ],
)
def test_nothing_is_sent_inside_unless_a_setting_says_so(world, url):
    hooks = world.services.hooks
    try:
        hooks.add(url, ("job.ended",), "ada")
    except InputError:
        return  # refused when it was added
    hooks.tell("job.ended", {})
    assert hooks.send_one()
    answer = hooks.store.messages(hooks.store.hooks()[0].id, 1)[0].answer
    assert answer in ("Its address is inside, or not encrypted", "Its name is not known")


@given(st.ip_addresses())
def test_only_addresses_outside_are_reached_by_default(address):
    assert may_reach(address, "https", ()) <= bool(
        (getattr(address, "ipv4_mapped", None) or address).is_global
    )
    assert not may_reach(address, "http", ())
    assert not may_reach(address, "http", ("10.0.0.0/8",))


def test_a_setting_opens_one_network_and_no_other():
    inside = ipaddress.ip_address("10.1.2.3")
    assert may_reach(inside, "https", ("10.1.0.0/16",))
    assert not may_reach(inside, "https", ("10.2.0.0/16", "fd00::/8"))
    assert may_reach(ipaddress.ip_address("127.0.0.1"), "http", LOCAL)
    assert may_reach(ipaddress.ip_address("1.1.1.1"), "https", ())


@pytest.mark.parametrize(
    "url",
    [
        "",
        "receiver.example",
        "ftp://receiver.example/",
        "http://receiver.example/",
        "https://",
        "https://user:word@receiver.example/",
        "https://receiver.example/#x",
        "https://receiver.example/a b",
        "https://receiver.example:99999/",
        "https://接收.example/",
        "https://receiver.example/\r\nHost: evil",
        "https://receiver.example/" + "a" * 600,
        "https://[::1",
    ],
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(InputError):
        checked_url(url, ())


def test_a_receiver_that_drips_is_cut_off(inside, monkeypatch):
    monkeypatch.setattr(hook_sending, "SECONDS_MAX", 0.5)
    listening = socket.create_server(("127.0.0.1", 0))

    def drip():
        connection, _ = listening.accept()
        with connection:
            try:
                for _ in range(100):
                    connection.sendall(b"H")
                    time.sleep(0.1)
            except OSError:
                pass

    thread = threading.Thread(target=drip)
    thread.start()
    hooks = inside.services.hooks
    hook, _ = hooks.add(f"http://127.0.0.1:{listening.getsockname()[1]}/", ("job.ended",), "a")
    hooks.tell("job.ended", {})
    began = time.monotonic()
    assert hooks.send_one()
    assert time.monotonic() - began < 3
    assert hooks.store.messages(hook.id, 1)[0].answer.startswith("It did not answer")
    listening.close()
    thread.join()


def test_secrets_are_sealed_and_fit_their_own_hook_alone(inside, tmp_path):
    hook, secret = inside.services.hooks.add("https://receiver.example/", ("job.ended",), "ada")
    assert secret.removeprefix("whsec_") not in hook.secret
    key = inside.services.workspace.root / "hooks.key"
    assert key.stat().st_mode & 0o777 == 0o600
    seal = Seal.beside(key)
    assert seal.open(hook.secret, hook.id) == secret
    with pytest.raises(HookRefusedError, match="another key"):
        seal.open(hook.secret, "hook_other")
    with pytest.raises(HookRefusedError):
        Seal.beside(tmp_path / "other.key").open(hook.secret, hook.id)
    for content in ("", "xyz", "00"):
        key.write_text(content)
        with pytest.raises(InputError, match="seals the secrets"):
            Seal.beside(key)


def test_a_job_and_the_message_about_its_end_are_one_transaction(inside):
    inside.services.hooks.add("https://receiver.example/", ("job.ended",), "ada")
    inside.services.jobs.start()
    name = inside.services.jobs.submit("book_day", {"until": "2026-01-01"}, by="rita")
    while not inside.services.jobs.state(name).status.has_ended:
        time.sleep(0.05)
    (message,) = inside.services.hooks.store.messages(inside.services.hooks.store.hooks()[0].id, 9)
    told = json.loads(message.body)["data"]
    assert told == {"job": name, "kind": "book_day", "status": "failed"}


def test_the_thread_sends_by_itself_and_stops(inside):
    with receiver() as server:
        hooks = inside.services.hooks
        hooks.add(server.url, ("case.opened",), "ada")
        hooks.start()
        hooks.tell("case.opened", {"case": "c1"})
        deadline = time.monotonic() + 10
        while not server.got and time.monotonic() < deadline:
            time.sleep(0.02)
        hooks.stop()
    assert len(server.got) == 1


@pytest.fixture
def ada(inside):
    inside.add("ada", "admin")
    browser = Browser(inside)
    browser.sign_in("ada")
    return browser


def sent(browser, method, path, body=None):
    token = form_token(browser.client.cookies["headrace"])
    headers = {"origin": ORIGIN, "x-form-token": token, "accept": "application/json"}
    return browser.client.request(method, path, json=body, headers=headers)


def test_the_api_adds_lists_and_removes(ada, inside):
    body = {"url": "https://receiver.example/in", "events": ["job.ended", "case.opened"]}
    added = sent(ada, "POST", "/api/v1/webhooks", body)
    assert added.status_code == 201
    name, secret = added.json()["hook"]["id"], added.json()["secret"]
    assert secret.startswith("whsec_")
    listed = ada.get("/api/v1/webhooks")
    assert listed.json()[0]["events"] == ["case.opened", "job.ended"]
    assert secret not in listed.text
    inside.services.hooks.tell("case.opened", {"case": "c1"})
    told = ada.get(f"/api/v1/webhooks/{name}/messages").json()
    assert [each["state"] for each in told] == ["waiting"]
    assert sent(ada, "POST", f"/api/v1/webhooks/{name}/retry").json() == {"count": 1}
    assert sent(ada, "DELETE", f"/api/v1/webhooks/{name}").status_code == 204
    assert sent(ada, "DELETE", f"/api/v1/webhooks/{name}").status_code == 404
    assert ada.get("/api/v1/webhooks").json() == []
    assert ada.get(f"/api/v1/webhooks/{name}/messages").status_code == 404
    assert not inside.services.hooks.send_one(), "what waited is dropped"


def test_the_api_refuses_what_cannot_be(ada):
    for body in (
        {"url": "ftp://x.example/", "events": ["job.ended"]},
        {"url": "https://x.example/", "events": []},
        {"url": "https://x.example/", "events": ["nothing"]},
        {"url": "https://x.example/", "events": ["job.ended"], "secret": "mine"},
    ):
        assert sent(ada, "POST", "/api/v1/webhooks", body).status_code == 422, body


def test_there_is_an_end_of_webhooks(inside):
    for number in range(HOOKS_MAX):
        inside.services.hooks.add(f"https://r{number}.example/", ("job.ended",), "ada")
    with pytest.raises(InputError, match=str(HOOKS_MAX)):
        inside.services.hooks.add("https://last.example/", ("job.ended",), "ada")


def test_the_page_shows_the_secret_once_and_what_did_not_arrive(ada, inside):
    fields = {"url": "https://receiver.example/in", "events": "job.ended"}
    page = ada.post("/admin/webhooks", fields).text
    assert "whsec_" in page
    assert "whsec_" not in ada.get("/admin/webhooks").text
    name = inside.services.hooks.store.hooks()[0].id
    inside.services.hooks.tell("job.ended", {"job": "j1"})
    message, _ = inside.services.hooks.store.claim(inside.clock())
    for _ in WAITS:
        inside.clock.pass_minutes(600)
        message, _ = inside.services.hooks.store.claim(inside.clock())
    inside.services.hooks.store.settle(message, "It answered 500", inside.clock(), is_done=False)
    ada.sign_in("ada")  # so much time has passed
    page = ada.get("/admin/webhooks").text
    assert "given up" in page
    assert "It answered 500" in page
    assert ada.post(f"/admin/webhooks/{name}/retry").status_code == 303
    assert ada.post(f"/admin/webhooks/{name}/remove").status_code == 303
    assert "receiver.example" not in ada.get("/admin/webhooks").text
    wrong = ada.post("/admin/webhooks", {"url": "http://x.example/"})
    assert wrong.status_code == 422
    assert 'role="alert"' in wrong.text


def test_https_is_sent_to_who_shows_the_right_certificate(inside, tmp_path):
    """A receiver with TLS of its own: believed where its certificate is, refused elsewhere."""
    certificate, key = _certificate(tmp_path)
    server = http.server.HTTPServer(("127.0.0.1", 0), _Quiet)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        url = f"https://localhost:{server.server_port}/"
        hook, _ = inside.services.hooks.add(url, ("job.ended",), "ada")
        inside.services.hooks.tell("job.ended", {})
        message, _ = inside.services.hooks.store.claim(inside.clock())
        seal = Seal.beside(inside.services.workspace.root / "hooks.key")
        trusting = Sender(seal, LOCAL, ssl.create_default_context(cafile=str(certificate)))
        assert trusting.send(hook, message, 1) == "204"
        with pytest.raises(HookRefusedError, match="SSLCertVerificationError"):
            Sender(seal, LOCAL).send(hook, message, 1)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def _certificate(folder):
    """A certificate for localhost, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    day = timedelta(days=1)
    moment = datetime.now(UTC)  # noqa: TID251 - TLS compares with the real clock
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - day)
        .not_valid_after(moment + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "c.pem").write_bytes(built.public_bytes(serialization.Encoding.PEM))
    (folder / "k.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "c.pem", folder / "k.pem"
