"""One small run and a fresh store for each test."""

import shutil

import pytest
from web_world import Browser, service, write_run

from headrace.adapters.sql_engines import engine_of
from headrace.adapters.stores.web import WebStore
from headrace.adapters.workspace import Workspace, workspace_at


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory):
    """The file of a store that was brought up to date, once for all tests."""
    path = tmp_path_factory.mktemp("store") / "empty.db"
    store = WebStore.opened(str(path))
    store.close()
    return path


@pytest.fixture
def world(tmp_path, empty_store):
    """A service on a run of five decisions; nobody has an account yet."""
    write_run(tmp_path / "out")
    path = tmp_path / "accounts.db"
    shutil.copy(empty_store, path)
    store = WebStore(engine_of(str(path), create=False))
    with service(Workspace(tmp_path), store) as found:
        yield found


@pytest.fixture
def demo(demo_folder, tmp_path, empty_store):
    """A service on a copy of the demo's workspace; nobody has an account yet."""
    root = tmp_path / "demo"
    shutil.copytree(demo_folder, root, ignore=shutil.ignore_patterns("accounts.db*"))
    shutil.copy(empty_store, root / "accounts.db")
    store = WebStore(engine_of(str(root / "accounts.db"), create=False))
    with service(workspace_at(root), store) as found:
        yield found


@pytest.fixture
def browser(world):
    """A browser that asks for pages in English."""
    return Browser(world)


@pytest.fixture
def rita(world, browser):
    """A risk manager's browser, signed in."""
    world.add("rita", "risk_manager")
    assert browser.sign_in("rita").status_code == 303
    return browser
