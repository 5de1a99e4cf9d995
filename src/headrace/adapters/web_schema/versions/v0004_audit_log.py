"""How far the audit has the lines that logs of decisions in flight hold."""

import sqlalchemy as sql
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "web_audit_log",
        sql.Column("log", sql.Text, primary_key=True),
        sql.Column("upto", sql.BigInteger, nullable=False),
    )
