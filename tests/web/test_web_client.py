"""The typed client: as the API's document says, and against a service that runs."""

import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import msgspec
import pytest
import uvicorn

from headrace.client import Client, NotReachedError, RefusedError, generated
from headrace.client.transport import filled
from headrace.errors import InputError
from headrace.web.app import create_app
from headrace.web.server import listen

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
import make_client  # beside the documentation, not in a package

SCHEMAS = [
    each
    for each in vars(generated).values()
    if isinstance(each, type) and issubclass(each, msgspec.Struct) and each is not msgspec.Struct
]


def test_the_client_is_what_the_document_says():
    found = make_client.client(make_client.document())
    assert make_client.TARGET.read_text(encoding="utf-8") == found, (
        "run: python docs/make_client.py"
    )


@pytest.mark.parametrize("kind", SCHEMAS, ids=lambda kind: kind.__name__)
def test_every_class_can_be_read(kind):
    assert msgspec.json.Decoder(kind).type is kind


@pytest.fixture
def served(world):
    """A service on a port of this machine; yields its URL."""
    listening = listen(world.with_settings(port=0).services.settings)
    config = uvicorn.Config(create_app(world.services), log_config=None, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listening.close()


@pytest.fixture
def rita(world, served):
    """A risk manager's client."""
    world.add("rita", "risk_manager", "auditor")
    key = world.accounts.add_key("rita", ["account", "decisions", "evidence", "audit"], days=1)
    with Client(served, key) as client:
        yield client


def test_who_i_am(rita):
    me = rita.me()
    assert me.name == "rita"
    assert "decisions" in me.permissions


def test_lists_come_page_by_page(rita):
    first = rita.decisions(limit=2)
    second = rita.decisions(limit=3, cursor=first.next)
    assert [each.party for each in first.items + second.items] == ["E1", "E2", "E3", "E4", "E5"]
    assert second.next is None
    assert first.items[0].as_of.isoformat() == "2026-06-30"
    assert first.items[0].limit_minor == 30_000_000
    assert [each.party for each in rita.decisions(outcome="refer").items] == ["E2"]


def test_one_decision(rita):
    found = rita.decision("E1@2026-06-30")
    assert (found.party, found.outcome) == ("E1", "approve")


def test_a_refusal_has_its_status_and_what_was_said(rita):
    with pytest.raises(RefusedError, match="no such decision") as caught:
        rita.decision("E9@2026-06-30")
    assert caught.value.status == 404
    with pytest.raises(RefusedError) as caught:
        rita.decision("../../x?y#z")
    assert caught.value.status == 404
    with pytest.raises(RefusedError, match="permission 'admin'") as caught:
        rita.users()
    assert caught.value.status == 403
    assert caught.value.told["request_id"]


def test_an_administrator_makes_a_user_and_a_key(world, served):
    world.add("ada", "admin")
    with Client(served, world.accounts.add_key("ada", ["admin"], days=1)) as ada:
        body = generated.NewAccount(name="feed", roles=("system",), regions=("浙江",))
        assert ada.add_user(body).name == "feed"
        key = ada.add_key(generated.NewKey(user="feed", may=("account",))).key
        assert [each.name for each in ada.users().items] == ["ada", "feed"]
    with Client(served, key) as feed:
        assert feed.me().roles == ("system",)


def test_a_wrong_key_is_refused(served):
    with Client(served, "hr_nonsense") as client, pytest.raises(RefusedError) as caught:
        client.me()
    assert caught.value.status == 401


def test_a_connection_that_was_closed_is_opened_again(rita):
    assert rita.me().name == "rita"
    rita._connection.sock.close()
    assert rita.me().name == "rita"
    rita.close()
    assert rita.me().name == "rita"


@pytest.mark.parametrize("url", ["http://bank.example", "ftp://x", "", "https://"])
def test_no_key_goes_over_a_network_in_the_clear(url):
    with pytest.raises(InputError, match="where a service can be"):
        Client(url, "hr_x")


def test_nobody_there_is_told():
    with Client("http://127.0.0.1:9", "hr_x") as client, pytest.raises(NotReachedError):
        client.me()


def test_an_answer_that_is_none_of_ours_is_told():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    with (
        Client(f"http://127.0.0.1:{server.server_port}", "hr_x") as client,
        pytest.raises(NotReachedError, match="not what this client knows"),
    ):
        client.me()
    thread.join()
    server.server_close()


def test_parameters_of_a_path_stay_in_their_place():
    assert filled("/a/{b}/c", b="../x?y#z%/é") == "/a/..%2Fx%3Fy%23z%25%2F%C3%A9/c"
