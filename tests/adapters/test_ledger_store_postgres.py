"""The ledger on PostgreSQL: the same statements, the same rules, writers at once."""

from datetime import date

import pytest
from test_ledger_store import check_plain_rows, check_writers_at_once, fill, pay_in
from test_postgres_source import dsn

from headrace.adapters.ledger_store import LedgerStore, batches, metadata, open_ledger
from headrace.errors import EvidenceError
from headrace.ledger import asof
from headrace.ledger.outcome import Outcome

__all__ = ["dsn"]  # the fixture
pytestmark = pytest.mark.services
pytest.importorskip("psycopg", reason="pip install 'headrace[postgres]'")


@pytest.fixture
def address(dsn):
    """An empty database."""
    store = LedgerStore.opened(dsn)
    store.close()
    yield dsn
    metadata.drop_all(store.engine)
    store.engine.dispose()


def test_a_ledger_opened_again_is_the_same(address):
    head = fill(address)
    with open_ledger(address, create=False) as ledger:
        assert ledger.head == head
        assert ledger.verify() == ()
        statement = asof.statement(ledger, "loan 3", date(2026, 3, 1), date(2026, 4, 1))
        assert statement.closing == asof.balance(ledger.book, "loan 3").debit
        again = ledger.commit(1, [pay_in("x"), pay_in("x", 6)])
        assert again.outcomes[1] == Outcome.ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_AMOUNT


def test_writers_at_once(address):
    check_writers_at_once(address)


def test_plain_rows(address):
    fill(address)
    check_plain_rows(address)


def test_what_was_altered_is_found(address):
    fill(address)
    store = LedgerStore.opened(address)
    with store.engine.begin() as connection:
        connection.execute(batches.update().where(batches.c.number == 2).values(known_at=77))
    store.close()
    with pytest.raises(EvidenceError, match="not in it"), open_ledger(address):
        pass
