"""`headrace serve` and `headrace user`, as they are typed; a real server started and stopped."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from web_world import write_run

from headrace.cli import main
from headrace.errors import InputError
from headrace.web.server import listen, url_of
from headrace.web.settings import Settings

# The command alone: the whole command line takes seconds to load, of which these tests say nothing.
START = "import sys; from headrace.commands.serve import serve_app; serve_app(sys.argv[1:])"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a run, in which commands are typed."""
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "out")
    return tmp_path


@pytest.fixture
def typed(here, capsys):
    """Runs a command; gives the status and what it printed."""

    def run(*arguments):
        try:
            main(list(arguments))
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
        told = capsys.readouterr()
        return status, told.out, told.err

    return run


def ask(url):
    """Status and text of a page."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own server
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def test_a_server_starts_answers_and_stops(here):
    command = [sys.executable, "-c", START, "--port", "0"]
    began = time.monotonic()
    server = subprocess.Popen(
        command,
        cwd=here,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    try:
        password = re.fullmatch(r"Sign in as admin with (\S+)\n", server.stdout.readline())[1]
        assert server.stdout.readline().startswith("It is shown once")
        url = re.fullmatch(r"Headrace: (http://127\.0\.0\.1:\d+)\n", server.stdout.readline())[1]
        status, page = ask(f"{url}/sign-in")
        assert status == 200
        assert "登录" in page
        assert ask(f"{url}/readyz")[0] in {200, 503}  # the rest is loaded behind the first page
        assert ask(f"{url}/api/v1/decisions")[0] == 401
        assert ask(f"{url}/readyz")[0] == 200
        seconds = time.monotonic() - began
        server.send_signal(signal.SIGTERM)
        _, log = server.communicate(timeout=20)
    finally:
        server.kill()
    assert server.returncode in (0, -signal.SIGTERM)
    lines = [json.loads(line) for line in log.splitlines()]
    assert [each["route"] for each in lines if each["event"] == "request"] == [
        "/sign-in",
        "/readyz",
        "/api/v1/decisions",
        "/readyz",
    ]
    assert password not in log
    assert seconds < 60


def test_a_port_that_is_taken_is_refused_in_our_words():
    with listen(Settings(port=0)) as first:
        port = first.getsockname()[1]
        assert url_of(Settings(), first) == f"http://127.0.0.1:{port}"
        with pytest.raises(InputError, match="cannot listen there") as caught:
            listen(Settings(port=port))
    assert caught.value.where == f"127.0.0.1:{port}"
    with pytest.raises(InputError):
        listen(Settings(host="192.0.2.1", port=0))


def test_small_answers_are_sent_at_once():
    """asyncio sets TCP_NODELAY only where the socket names its protocol: 1 ms, else 40."""
    with listen(Settings(port=0)) as listening:
        assert listening.proto == socket.IPPROTO_TCP


def test_the_url_is_what_browsers_type():
    with listen(Settings(host="::1", port=0)) as listening:
        port = listening.getsockname()[1]
        assert url_of(Settings(host="::1"), listening) == f"http://[::1]:{port}"
        origin = "https://credit.bank.example"
        assert url_of(Settings(origin=origin), listening) == origin


def test_it_refuses_to_listen_to_the_world_in_the_clear(typed, here):
    status, out, err = typed("serve", "--host", "0.0.0.0")  # noqa: S104 - it is refused
    assert status == 2
    assert "nothing encrypts" in err
    assert not out
    assert not (here / "accounts.db").exists()


def test_users_are_made_listed_locked_and_let_in_again(typed):
    status, out, _ = typed("user", "add", "rita", "--role", "risk_manager", "--role", "viewer")
    assert status == 0
    assert re.match(r"Sign in as rita with \S{19}\n", out)
    assert typed("user", "list")[1] == "rita  risk_manager, viewer\n"
    typed("user", "lock", "rita")
    assert "locked" in typed("user", "list")[1]
    typed("user", "unlock", "rita")
    status, out, _ = typed("user", "list", "--json")
    assert json.loads(out) == [
        {"name": "rita", "roles": ["risk_manager", "viewer"], "locked": False, "keys": []}
    ]
    assert re.match(r"Sign in as rita with \S{19}\n", typed("user", "reset", "rita")[1])


def test_keys_are_made_shown_once_and_taken_back(typed):
    typed("user", "add", "rita", "--role", "risk_manager")
    key = typed("user", "key", "add", "rita", "--may", "decisions", "--days", "7")[1].strip()
    assert key.startswith("hr_")
    name = key.split("_")[1]
    listed = typed("user", "list")[1]
    assert f"key {name}: decisions" in listed
    assert key not in listed
    typed("user", "key", "revoke", name)
    assert f"key {name}: decisions  revoked" in typed("user", "list")[1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("user", "add", "rita", "--role", "king"), "is no role"),
        (("user", "add", "Rita", "--role", "viewer"), "cannot be a user's name"),
        (("user", "lock", "nobody"), "no such user"),
        (("user", "key", "add", "nobody", "--may", "book"), "no such user"),
        (("user", "key", "revoke", "x"), "no such key"),
        (("user", "list", "--in", "absent"), "no such folder"),
        (("serve", "absent", "--port", "0"), "no such folder"),
    ],
)
def test_what_cannot_be_done_is_said(typed, arguments, told):
    status, out, err = typed(*arguments)
    assert status == 2
    assert told in err
    assert not out
