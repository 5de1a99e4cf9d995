"""The provider's session beside our own, and every withdrawal of a consent with when it came."""

import sqlalchemy as sql
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column, and make the table anew: a key cannot be changed in SQLite."""
    column = sql.Column("elsewhere", sql.Text, nullable=False, server_default="")
    op.add_column("web_session", column)
    op.rename_table("consent_withdrawal", "consent_withdrawal_before")
    op.create_table(
        "consent_withdrawal",
        sql.Column("consent", sql.Text, primary_key=True),
        sql.Column("since", sql.BigInteger, primary_key=True, autoincrement=False),
        sql.Column("at", sql.BigInteger, nullable=False),
        sql.Column("by", sql.Text, nullable=False),
    )
    names = 'consent, since, at, "by"'
    op.execute(
        f"INSERT INTO consent_withdrawal ({names}) SELECT {names} FROM consent_withdrawal_before"  # noqa: S608 - names of our own
    )
    op.drop_table("consent_withdrawal_before")
