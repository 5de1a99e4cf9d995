"""Headers without end, and headers that never end, are cut off; whatever else is answered."""

import socket
import threading
import time
from contextlib import suppress

import pytest
import uvicorn

from headrace.web import server
from headrace.web.server import HEADER_BYTES_MAX, BoundedProtocol


async def app(scope, receive, send):
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    length = str(len(body)).encode()
    headers = [(b"content-length", str(len(length)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": length})


@pytest.fixture
def connect():
    """Connections to a server in a thread."""
    config = uvicorn.Config(app, http=BoundedProtocol, log_config=None, lifespan="off", port=0)
    found = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=found.run, kwargs={"sockets": [listening]})
    thread.start()
    opened = []

    def connected():
        opened.append(socket.create_connection(listening.getsockname(), timeout=10))
        return opened[-1]

    yield connected
    for each in opened:
        each.close()
    found.should_exit = True
    thread.join()
    listening.close()


def answer(connection):
    """The body of one answer; empty where the connection was closed."""
    data = b""
    while b"\r\n\r\n" not in data or not data.partition(b"\r\n\r\n")[2]:
        part = connection.recv(4096)
        if not part:
            return b""
        data += part
    return data.partition(b"\r\n\r\n")[2]


def test_bodies_are_not_heads(connect):
    connection = connect()
    size = 3 * HEADER_BYTES_MAX
    head = f"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {size}\r\n\r\n".encode()
    for _ in range(2):  # the same connection serves again
        connection.sendall(head + b"x" * size)
        assert answer(connection) == str(size).encode()


def test_headers_without_end_are_cut_off(connect):
    connection = connect()
    connection.sendall(b"GET / HTTP/1.1\r\n" + b"x: " + b"y" * 2 * HEADER_BYTES_MAX)
    with suppress(ConnectionResetError):
        assert answer(connection) == b""


def test_headers_that_never_end_are_cut_off(connect, monkeypatch):
    monkeypatch.setattr(server, "HEADER_SECONDS_MAX", 0.2)
    connection = connect()
    connection.sendall(b"GET / HTTP/1.1\r\nx: ")
    began = time.monotonic()
    assert answer(connection) == b""
    assert time.monotonic() - began < 8
