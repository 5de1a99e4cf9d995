"""PostgreSQL as a source, read column-wise by ADBC; needs the extra `postgres`."""

import re
from contextlib import closing

import pyarrow as pa

from headrace.errors import InputError

_PASSWORD = re.compile(r"(://[^:/@\s]*):\S*@|(password=)[^&\s]*")


def read_postgres(address: str, query: str, where: str) -> pa.Table:
    """The result of a query, in a transaction that may only read.

    Args:
        address: `postgresql://user:password@host:port/database`.
        query: One SELECT.
        where: Name for errors; the address is never shown with its password.

    Raises:
        InputError: If the driver is not installed, the server cannot be reached, or the query is
            refused.
    """
    try:
        from adbc_driver_postgresql import dbapi  # noqa: PLC0415  (an extra, absent by default)
    except ImportError as error:
        message = "reading PostgreSQL needs a driver that is not installed"
        remedy = "Run: pip install 'headrace[postgres]'"
        raise InputError(message, where=where, remedy=remedy) from error
    try:
        with closing(dbapi.connect(address)) as connection, closing(connection.cursor()) as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
            cursor.execute(query)
            found: pa.Table = cursor.fetch_arrow_table()
    except dbapi.Error as error:
        message = f"PostgreSQL refuses: {without_passwords(str(error)).strip()}"
        remedy = f"Check the address {without_passwords(address)} and the query"
        raise InputError(message, where=where, remedy=remedy) from error
    return found


def without_passwords(text: str) -> str:
    """A text in which addresses of servers may be, with `***` for their passwords."""
    return _PASSWORD.sub(_masked, text)


def _masked(match: re.Match[str]) -> str:
    return f"{match[1]}:***@" if match[1] is not None else f"{match[2]}***"
