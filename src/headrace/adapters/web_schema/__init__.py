"""The tables of the service's own store, and how an older store becomes a newer one.

One schema for SQLite and PostgreSQL. The steps are Alembic's, in `versions`; they run when a store
is opened, all in one transaction, one process at a time. A store that a newer Headrace wrote is
refused: an older one would not know what it must not lose.
"""

from pathlib import Path

import sqlalchemy as sql
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection, Engine

from headrace.adapters.sql_engines import WRITES, address_shown
from headrace.errors import InputError

VERSION_TABLE = "web_schema"
LOCK = 0x4845_4144  # any number of our own: PostgreSQL keeps one lock for each

metadata = sql.MetaData()
whole = sql.BigInteger().with_variant(sql.Integer, "sqlite")

users = sql.Table(
    "web_user",
    metadata,
    sql.Column("name", sql.Text, primary_key=True),
    sql.Column("password", sql.Text, nullable=False),  # Argon2id
    sql.Column("password_due", sql.Boolean, nullable=False),  # to be chosen at the next sign-in
    sql.Column("roles", sql.Text, nullable=False),  # names with blanks between them
    sql.Column("locked", sql.Boolean, nullable=False),
    sql.Column("created", sql.BigInteger, nullable=False),  # all times: microseconds since 1970
    sql.Column("regions", sql.Text, nullable=False, server_default=""),  # one a line
    sql.Column("subject", sql.Text, nullable=False, server_default=""),  # issuer and subject
    sql.Index("web_user_subject", "subject"),
)
sessions = sql.Table(
    "web_session",
    metadata,
    sql.Column("digest", sql.Text, primary_key=True),  # SHA-256 of the token
    sql.Column("user", sql.Text, sql.ForeignKey("web_user.name"), nullable=False, index=True),
    sql.Column("created", sql.BigInteger, nullable=False),
    sql.Column("used", sql.BigInteger, nullable=False),
    sql.Column("elsewhere", sql.Text, nullable=False, server_default=""),  # the provider's sid
)
api_keys = sql.Table(
    "web_api_key",
    metadata,
    sql.Column("id", sql.Text, primary_key=True),
    sql.Column("digest", sql.Text, nullable=False, unique=True),  # SHA-256 of the key
    sql.Column("user", sql.Text, sql.ForeignKey("web_user.name"), nullable=False, index=True),
    sql.Column("may", sql.Text, nullable=False),  # permissions with blanks between them
    sql.Column("created", sql.BigInteger, nullable=False),
    sql.Column("expires", sql.BigInteger, nullable=False),
    sql.Column("revoked", sql.BigInteger),
)
audit = sql.Table(
    "web_audit",
    metadata,
    sql.Column("number", whole, primary_key=True, autoincrement=True),
    sql.Column("at", sql.BigInteger, nullable=False),
    sql.Column("who", sql.Text, nullable=False),
    sql.Column("act", sql.Text, nullable=False),
    sql.Column("about", sql.Text, nullable=False),
    sql.Column("address", sql.Text, nullable=False),
    sql.Column("request", sql.Text, nullable=False),
    sql.Column("seal", sql.BigInteger, index=True),  # number of the seal that holds it
    sql.Index("web_audit_about", "act", "about", "at"),
    sql.Index("web_audit_address", "act", "address", "at"),
    sqlite_autoincrement=True,  # a number is never given twice
)
audit_seals = sql.Table(
    "web_audit_seal",
    metadata,
    sql.Column("number", whole, primary_key=True, autoincrement=False),
    sql.Column("at", sql.BigInteger, nullable=False),
    sql.Column("checkpoint", sql.Text, nullable=False),  # lines in all, root; signed
)
audit_logs = sql.Table(
    "web_audit_log",
    metadata,
    sql.Column("log", sql.Text, primary_key=True),  # of decisions in flight; its own name
    sql.Column("upto", sql.BigInteger, nullable=False),  # lines before this record are there
)
role_requests = sql.Table(
    "web_role_request",
    metadata,
    sql.Column("number", whole, primary_key=True, autoincrement=True),
    sql.Column("user", sql.Text, sql.ForeignKey("web_user.name"), nullable=False, index=True),
    sql.Column("roles", sql.Text, nullable=False),  # all that the user is to have
    sql.Column("asked_by", sql.Text, nullable=False),
    sql.Column("asked", sql.BigInteger, nullable=False),
    sql.Column("decided_by", sql.Text),
    sql.Column("decided", sql.BigInteger),
    sql.Column("granted", sql.Boolean),
)


def upgrade(engine: Engine) -> None:
    """Bring a store to this schema, or make it.

    Raises:
        InputError: A newer Headrace wrote it.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    with _locked(engine) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(sql.select(sql.func.pg_advisory_xact_lock(LOCK)))
        found = _version(connection)
        if found is not None and found not in known:
            raise InputError(
                f"A newer Headrace wrote this store (schema {found})",
                where=address_shown(engine),
                remedy="Install that version; a store is never made older",
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _locked(engine: Engine) -> Connection:
    """A connection whose transaction waits for others, and then sees what they did."""
    if engine.dialect.name == "postgresql":
        return engine.connect().execution_options(isolation_level="READ COMMITTED")
    return engine.connect().execution_options(**{WRITES: True})


def _version(connection: Connection) -> str | None:
    options = {"version_table": VERSION_TABLE}
    return MigrationContext.configure(connection, opts=options).get_current_revision()
