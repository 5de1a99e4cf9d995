"""The store: one schema on SQLite and PostgreSQL, brought up to date under a lock."""

import stat
import threading
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
import sqlalchemy as sql
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from web_world import CHEAP, PASSWORD, Clock

from headrace.adapters import stores, web_schema
from headrace.adapters.sql_engines import engine_of
from headrace.adapters.stores.consent import ConsentStore, Withdrawal
from headrace.adapters.stores.web import Entry, StoreDownError, WebStore
from headrace.adapters.web_schema import VERSION_TABLE, metadata
from headrace.errors import InputError
from headrace.web.security.accounts import Accounts, Caller, TooManyTriesError

HERE = Caller("10.0.0.1", "r1")
for module in iter_modules(stores.__path__):  # each store brings its own tables
    import_module(f"headrace.adapters.stores.{module.name}")
ON_POSTGRES = pytest.mark.services


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=ON_POSTGRES)])
def address(request, tmp_path):
    """Of an empty database."""
    if request.param == "sqlite":
        return str(tmp_path / "accounts.db")
    return request.getfixturevalue("database")


def differences(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return compare_metadata(context, metadata)


def test_the_steps_make_the_very_tables_that_the_code_uses(address):
    WebStore.opened(address).close()
    engine = engine_of(address, create=False)
    assert differences(engine) == []
    engine.dispose()


def test_a_store_is_opened_again_as_it_was(address):
    accounts = Accounts(WebStore.opened(address), Clock(), CHEAP)
    password = accounts.add_user("ned", ["viewer", "auditor"])
    key = accounts.add_key("ned", ["audit"], days=2)
    token = accounts.sign_in("ned", password, HERE)
    accounts.store.close()
    again = Accounts(WebStore.opened(address), Clock(), CHEAP)
    assert again.store.user("ned").roles == ("auditor", "viewer")
    assert again.by_session(token).user.name == "ned"
    assert again.by_key(key).may == {"audit"}
    assert [each.act for each in again.store.entries(before=None, count=9)] == [
        "sign_in",
        "sign_in.tried",
        "key.added",
        "user.added",
    ]
    assert again.store.keys("ned")[0].revoked is None
    again.sign_out(again.by_session(token).session, HERE)
    assert again.by_session(token) is None
    again.store.close()


def test_a_store_of_before_keeps_its_withdrawals_and_sessions(address):
    """Consents had one row each, and sessions no name elsewhere."""
    engine = engine_of(address, create=True)
    config = Config()
    config.set_main_option("script_location", str(Path(web_schema.__file__).parent))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        for text in (
            "insert into web_user values ('ned', '', false, 'viewer', false, 1, '', '')",
            "insert into web_session values ('d', 'ned', 1, 2)",
            "insert into consent_withdrawal values ('c1', 10, 12, 'ned')",
        ):
            connection.execute(sql.text(text))
    engine.dispose()
    store = WebStore.opened(address)
    assert store.session("d").elsewhere == ""
    consents = ConsentStore(store)
    assert (consents.withdrawn(11), consents.withdrawn(12)) == (set(), {"c1"})
    assert consents.withdraw(Withdrawal("c1", 5, 20, "ned")).since == 5
    assert consents.withdrawn(12) == {"c1"}
    store.close()


def test_a_store_that_a_newer_headrace_wrote_is_refused_and_left_alone(address):
    WebStore.opened(address).close()
    engine = engine_of(address, create=False)
    with engine.begin() as connection:
        connection.execute(sql.text(f"update {VERSION_TABLE} set version_num = '9999'"))
    engine.dispose()
    with pytest.raises(InputError, match="A newer Headrace wrote this store") as caught:
        WebStore.opened(address)
    assert "secret-word" not in str(caught.value)
    engine = engine_of(address, create=False)
    assert differences(engine) == []
    engine.dispose()


def test_many_that_start_at_once_make_one_store(address):
    opened, failed = [], []

    def start():
        try:
            opened.append(WebStore.opened(address))
        except InputError as error:
            failed.append(error)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not failed
    assert [store.users() for store in opened] == [()] * 6
    for each in opened:
        each.close()


def test_tries_at_the_same_moment_from_several_processes_gain_nothing(address):
    stores = [WebStore.opened(address) for _ in range(3)]
    desks = [Accounts(store, Clock(), CHEAP) for store in stores]
    desks[0].add_user("ned", ["viewer"])
    outcomes = []

    def guess(number):
        try:
            caller = Caller(f"10.0.0.{number}")
            outcomes.append(desks[number % 3].sign_in("ned", PASSWORD, caller))
        except TooManyTriesError:
            outcomes.append("refused")

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(16)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert outcomes.count(None) == 10
    assert outcomes.count("refused") == 6
    for each in stores:
        each.close()


def test_what_cannot_be_stored_is_stored_as_it_can(address):
    store = WebStore.opened(address)
    store.note(Entry(1, "rita", "GET /x", "a\x00b\ud800c" + "x" * 1000, "10.0.0.1", "r"))
    found = store.entries(before=None, count=1)[0]
    assert found.about.startswith("a?b?c")
    assert len(found.about) == 300
    assert store.entries(before=found.number, count=9) == ()
    store.close()


def test_a_change_and_its_line_of_the_audit_are_one(address):
    accounts = Accounts(WebStore.opened(address), Clock(), CHEAP)
    accounts.add_user("ned", ["viewer"])
    with pytest.raises(InputError):
        accounts.add_user("ned", ["viewer"])
    with pytest.raises(InputError):
        accounts.lock("nobody")
    assert [each.act for each in accounts.store.entries(before=None, count=9)] == ["user.added"]
    accounts.store.close()


def test_the_file_of_a_store_is_its_owners_alone(tmp_path):
    path = tmp_path / "accounts.db"
    WebStore.opened(str(path)).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("address", ["none/accounts.db", "mysql://x@y/z"])
def test_a_store_that_cannot_be_is_refused_in_our_words(tmp_path, monkeypatch, address):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        WebStore.opened(address)
    assert caught.value.remedy


def test_a_file_that_is_no_store_is_refused(tmp_path):
    path = tmp_path / "accounts.db"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(InputError, match="The store cannot be used"):
        WebStore.opened(str(path))


def test_a_store_that_went_away_is_out_of_service_and_nobodys_fault(tmp_path):
    path = tmp_path / "accounts.db"
    store = WebStore.opened(str(path))
    store.close()
    for each in tmp_path.iterdir():
        each.unlink()
    with pytest.raises(StoreDownError):
        store.check()
    with pytest.raises(StoreDownError):
        store.note(Entry(1, "a", "b"))
    store.close()
