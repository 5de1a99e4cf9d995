"""Users, sessions, API keys and the audit."""

import sqlalchemy as sql
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "web_user",
        sql.Column("name", sql.Text, primary_key=True),
        sql.Column("password", sql.Text, nullable=False),
        sql.Column("password_due", sql.Boolean, nullable=False),
        sql.Column("roles", sql.Text, nullable=False),
        sql.Column("locked", sql.Boolean, nullable=False),
        sql.Column("created", sql.BigInteger, nullable=False),
    )
    op.create_table(
        "web_session",
        sql.Column("digest", sql.Text, primary_key=True),
        sql.Column("user", sql.Text, sql.ForeignKey("web_user.name"), nullable=False),
        sql.Column("created", sql.BigInteger, nullable=False),
        sql.Column("used", sql.BigInteger, nullable=False),
    )
    op.create_index("ix_web_session_user", "web_session", ["user"])
    op.create_table(
        "web_api_key",
        sql.Column("id", sql.Text, primary_key=True),
        sql.Column("digest", sql.Text, nullable=False, unique=True),
        sql.Column("user", sql.Text, sql.ForeignKey("web_user.name"), nullable=False),
        sql.Column("may", sql.Text, nullable=False),
        sql.Column("created", sql.BigInteger, nullable=False),
        sql.Column("expires", sql.BigInteger, nullable=False),
        sql.Column("revoked", sql.BigInteger),
    )
    op.create_index("ix_web_api_key_user", "web_api_key", ["user"])
    op.create_table(
        "web_audit",
        sql.Column(
            "number",
            sql.BigInteger().with_variant(sql.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sql.Column("at", sql.BigInteger, nullable=False),
        sql.Column("who", sql.Text, nullable=False),
        sql.Column("act", sql.Text, nullable=False),
        sql.Column("about", sql.Text, nullable=False),
        sql.Column("address", sql.Text, nullable=False),
        sql.Column("request", sql.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("web_audit_about", "web_audit", ["act", "about", "at"])
    op.create_index("web_audit_address", "web_audit", ["act", "address", "at"])
