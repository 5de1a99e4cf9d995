"""The log of a book of loans on PostgreSQL: the same statements as on SQLite."""

import pytest
from test_loan_log_store import check_a_number_is_given_once, check_entries_come_back
from test_postgres_source import dsn

from headrace.adapters.book_store import engine_of
from headrace.adapters.loan_log_store import LOAN_LOG

__all__ = ["dsn"]  # the fixture
pytestmark = pytest.mark.services
pytest.importorskip("psycopg", reason="pip install 'headrace[postgres]'")


@pytest.fixture
def address(dsn):
    """An empty database."""
    yield dsn
    engine = engine_of(dsn, create=False)
    LOAN_LOG.metadata.drop_all(engine)
    engine.dispose()


def test_entries_come_back_as_they_were(address):
    check_entries_come_back(address)


def test_a_number_is_given_once(address):
    check_a_number_is_given_once(address)
