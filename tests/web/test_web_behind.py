"""The first pages are there before the rest of the service is; who asks for that waits for it."""

import asyncio
import subprocess
import sys

import pytest
from starlette.testclient import TestClient

from headrace.web import behind
from headrace.web.app import create_app, first_pages

HEAVY = "{'numba', 'scipy', 'pandas', 'sklearn', 'duckdb', 'networkx'}"


async def ask(app, path):
    """The status of an answer."""
    told = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        told.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }
    await app(scope, receive, send)
    return told[0]["status"]


def test_the_first_pages_load_no_engine():
    code = f"import sys, headrace.web.app, headrace.web.server; print({HEAVY} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_first_pages_come_before_the_rest(world):
    client = TestClient(first_pages(world.services), base_url="http://localhost")
    assert client.get("/healthz").status_code == 200
    assert client.get("/sign-in", headers={"accept": "text/html"}).status_code == 200
    told = client.get("/readyz")
    assert (told.status_code, told.json()["checks"]["service"]) == (503, "loading")


@pytest.mark.parametrize(("path", "status"), [("/api/v1/me", 401), ("/nowhere", 404)])
def test_whoever_asks_for_the_rest_waits_for_it(world, path, status):
    async def story():
        app = first_pages(world.services)
        asked = asyncio.create_task(ask(app, path))
        assert await ask(app, "/healthz") == 200
        await asyncio.sleep(0.02)
        assert not asked.done()
        await app.state.behind.arrive(app)
        assert await asked == status
        assert await ask(app, "/readyz") in {200, 503}
        assert app.state.behind.is_done

    asyncio.run(story())


def test_what_cannot_be_loaded_is_told_to_whoever_waits(world, monkeypatch):
    def refuse():
        raise ImportError

    async def story():
        app = first_pages(world.services)
        asked = asyncio.create_task(ask(app, "/api/v1/me"))
        await asyncio.sleep(0.02)
        with pytest.raises(ImportError):
            await app.state.behind.arrive(app)
        assert await asked == 500
        assert await ask(app, "/policies") == 500  # not 404: it would be there
        assert await ask(app, "/readyz") == 503
        assert await ask(app, "/healthz") == 200

    monkeypatch.setattr(behind, "_import", refuse)
    asyncio.run(story())


def test_a_whole_app_waits_for_nothing(world):
    app = create_app(world.services)
    assert app.state.behind.is_done
    client = TestClient(app, base_url="http://localhost")
    assert client.get("/readyz").json()["checks"]["service"] == "ok"
