"""What desks keep beside accounts."""

import sqlalchemy as sql
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables of each desk."""
    _admin()
    _jobs()
    _hooks()
    _policies()
    _payouts()
    _apply()
    _visits()
    _consents()


def _admin() -> None:
    """Attributes of users, seals of the audit, and roles that a second person has to grant."""
    for name in ("regions", "subject"):
        column = sql.Column(name, sql.Text, nullable=False, server_default="")
        op.add_column("web_user", column)
    op.create_index("web_user_subject", "web_user", ["subject"])
    op.add_column("web_audit", sql.Column("seal", sql.BigInteger))
    op.create_index("ix_web_audit_seal", "web_audit", ["seal"])
    whole = sql.BigInteger().with_variant(sql.Integer, "sqlite")
    op.create_table(
        "web_audit_seal",
        sql.Column("number", whole, primary_key=True, autoincrement=False),
        sql.Column("at", sql.BigInteger, nullable=False),
        sql.Column("checkpoint", sql.Text, nullable=False),
    )
    op.create_table(
        "web_role_request",
        sql.Column("number", whole, primary_key=True, autoincrement=True),
        sql.Column("user", sql.Text, sql.ForeignKey("web_user.name"), nullable=False),
        sql.Column("roles", sql.Text, nullable=False),
        sql.Column("asked_by", sql.Text, nullable=False),
        sql.Column("asked", sql.BigInteger, nullable=False),
        sql.Column("decided_by", sql.Text),
        sql.Column("decided", sql.BigInteger),
        sql.Column("granted", sql.Boolean),
    )
    op.create_index("ix_web_role_request_user", "web_role_request", ["user"])


def _policies() -> None:
    """Drafts of policies, and what came of trials."""
    op.create_table(
        "policy_draft",
        sql.Column("user", sql.Text, primary_key=True),
        sql.Column("policy", sql.Text, primary_key=True),
        sql.Column("base", sql.Integer, nullable=False),
        sql.Column("revision", sql.Integer, nullable=False),
        sql.Column("files", sql.Text, nullable=False),
        sql.Column("at", sql.BigInteger, nullable=False),
    )
    op.create_table(
        "policy_trial",
        sql.Column("id", sql.Text, primary_key=True),
        sql.Column("policy", sql.Text, nullable=False),
        sql.Column("digest", sql.Text, nullable=False),
        sql.Column("base", sql.Integer, nullable=False),
        sql.Column("by", sql.Text, nullable=False),
        sql.Column("at", sql.BigInteger, nullable=False),
        sql.Column("told", sql.Text, nullable=False),
        sql.Column("changes", sql.Text, nullable=False),
    )
    op.create_index("policy_trial_policy", "policy_trial", ["policy", "at"])


def _jobs() -> None:
    """Long work."""
    op.create_table(
        "web_job",
        sql.Column(
            "number",
            sql.BigInteger().with_variant(sql.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sql.Column("id", sql.Text, nullable=False, unique=True),
        sql.Column("kind", sql.Text, nullable=False),
        sql.Column("given", sql.Text, nullable=False),
        sql.Column("by", sql.Text, nullable=False),
        sql.Column("key", sql.Text),
        sql.Column("status", sql.Text, nullable=False),
        sql.Column("progress", sql.Float, nullable=False),
        sql.Column("told", sql.Text, nullable=False),
        sql.Column("result", sql.Text),
        sql.Column("problem", sql.Text),
        sql.Column("created", sql.BigInteger, nullable=False),
        sql.Column("started", sql.BigInteger),
        sql.Column("ended", sql.BigInteger),
        sql.Column("attempts", sql.Integer, nullable=False),
        sql.Column("changes", sql.Integer, nullable=False),
        sql.Column("owner", sql.Text, nullable=False),
        sql.Column("lease", sql.BigInteger, nullable=False),
        sql.Column("stop", sql.Boolean, nullable=False),
        sql.UniqueConstraint("by", "key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_web_job_by", "web_job", ["by"])
    op.create_index("ix_web_job_status", "web_job", ["status"])


def _hooks() -> None:
    """Webhooks and their outbox."""
    op.create_table(
        "web_hook",
        sql.Column("id", sql.Text, primary_key=True),
        sql.Column("url", sql.Text, nullable=False),
        sql.Column("events", sql.Text, nullable=False),
        sql.Column("secret", sql.Text, nullable=False),
        sql.Column("by", sql.Text, nullable=False),
        sql.Column("created", sql.BigInteger, nullable=False),
    )
    op.create_table(
        "web_hook_message",
        sql.Column(
            "number",
            sql.BigInteger().with_variant(sql.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sql.Column("id", sql.Text, nullable=False),
        sql.Column("hook", sql.Text, sql.ForeignKey("web_hook.id"), nullable=False),
        sql.Column("event", sql.Text, nullable=False),
        sql.Column("body", sql.Text, nullable=False),
        sql.Column("created", sql.BigInteger, nullable=False),
        sql.Column("due", sql.BigInteger, nullable=False),
        sql.Column("tries", sql.Integer, nullable=False),
        sql.Column("state", sql.Text, nullable=False),
        sql.Column("answer", sql.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_web_hook_message_hook", "web_hook_message", ["hook"])
    op.create_index("web_hook_message_due", "web_hook_message", ["state", "due"])


def _payouts() -> None:
    """Payouts that a second person has to approve."""
    op.create_table(
        "web_payout",
        sql.Column(
            "number",
            sql.BigInteger().with_variant(sql.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sql.Column("contract", sql.Text, nullable=False),
        sql.Column("event", sql.Text, nullable=False),
        sql.Column("content", sql.Text, nullable=False),
        sql.Column("amount", sql.BigInteger, nullable=False),
        sql.Column("currency", sql.Text, nullable=False),
        sql.Column("party", sql.Text, nullable=False),
        sql.Column("key", sql.Text, nullable=False),
        sql.Column("asked_by", sql.Text, nullable=False),
        sql.Column("asked", sql.BigInteger, nullable=False),
        sql.Column("state", sql.Text, nullable=False),
        sql.Column("decided_by", sql.Text),
        sql.Column("decided", sql.BigInteger),
        sql.Column("note", sql.Text, nullable=False, server_default=""),
        sql.UniqueConstraint("asked_by", "key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_web_payout_contract", "web_payout", ["contract"])
    op.create_index("ix_web_payout_state", "web_payout", ["state"])


def _apply() -> None:
    """Applications: each an entry of a signed log."""
    op.create_table(
        "application",
        sql.Column("number", sql.BigInteger, primary_key=True, autoincrement=False),
        sql.Column("id", sql.Text, nullable=False, unique=True),
        sql.Column("party", sql.Text, nullable=False),
        sql.Column("at", sql.BigInteger, nullable=False),
        *(sql.Column(name, sql.Text, nullable=False) for name in ("by", "run", "outcome")),
        sql.Column("limit_minor", sql.BigInteger, nullable=False),
        *(sql.Column(name, sql.Text, nullable=False) for name in ("valid_until", "record")),
        *(sql.Column(name, sql.Text, nullable=False) for name in ("salt", "entry")),
        sql.Column("checkpoint", sql.Text),
    )
    op.create_index("ix_application_party", "application", ["party"])


def _visits() -> None:
    """Visit lists, the firms on them, and what came of visits."""
    op.create_table(
        "visit_list",
        sql.Column("id", sql.Text, primary_key=True),
        *(sql.Column(name, sql.Text, nullable=False) for name in ("title", "filter", "by")),
        sql.Column("at", sql.BigInteger, nullable=False),
        sql.Column("simulated", sql.Boolean, nullable=False),
    )
    op.create_table(
        "visit_listed",
        sql.Column("list", sql.Text, sql.ForeignKey("visit_list.id"), primary_key=True),
        sql.Column("party", sql.Text, primary_key=True),
        *(sql.Column(name, sql.Text, nullable=False) for name in ("name", "area", "industry")),
        *(sql.Column(name, sql.Text, nullable=False) for name in ("why", "manager")),
    )
    op.create_index("ix_visit_listed_manager", "visit_listed", ["manager"])
    op.create_table(
        "visit",
        sql.Column("id", sql.Text, primary_key=True),
        sql.Column("list", sql.Text, sql.ForeignKey("visit_list.id"), nullable=False),
        *(sql.Column(name, sql.Text, nullable=False) for name in ("party", "result", "note")),
        sql.Column("next_day", sql.Text, nullable=False),
        sql.Column("visited", sql.BigInteger, nullable=False),
        sql.Column("by", sql.Text, nullable=False),
        sql.Column("at", sql.BigInteger, nullable=False),
    )
    op.create_index("ix_visit_list", "visit", ["list"])
    op.create_index("ix_visit_party", "visit", ["list", "party"])


def _consents() -> None:
    """Consents that were withdrawn."""
    op.create_table(
        "consent_withdrawal",
        sql.Column("consent", sql.Text, primary_key=True),
        sql.Column("since", sql.BigInteger, nullable=False),
        sql.Column("at", sql.BigInteger, nullable=False),
        sql.Column("by", sql.Text, nullable=False),
    )
