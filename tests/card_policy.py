"""A small policy on card payments, for tests of decisions in flight."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from headrace.adapters.live.decisions import LiveDecisions
from headrace.adapters.live.features import LiveFeatures
from headrace.adapters.policy_sheets import read_workbook
from headrace.decisions.flow.rollout import Deployment
from headrace.features.aggregates import Count, Sum
from headrace.features.compile import compile_plan
from headrace.features.definition import Column, ColumnType, FeatureSet, Measure, Table
from headrace.features.plan import make_plan
from headrace.features.windows import Sliding
from headrace.workflows.policies import in_force

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
WEEK = Sliding(timedelta(days=7))
CARD = Column("card", ColumnType.CATEGORY, required=True)
FEATURES = FeatureSet(
    (
        Table(
            "payment",
            (CARD, Column("amount", ColumnType.NUMBER, places=2, required=True)),
            ("card",),
        ),
        Table("refund", (CARD,), ("card",)),
    ),
    (
        Measure("count_7d", Count(), window=WEEK, table="payment"),
        Measure("sum_7d", Sum("amount"), window=WEEK, table="payment"),
        Measure("refunds_7d", Count(), window=WEEK, table="refund"),
    ),
)
POLICY = b"""
policy: cards
customer: card
inputs: {card: string, amount: number}
steps:
- list: blocked
  kind: black
  by: card
- table: velocity
results:
  limit: 100 - sum_7d
otherwise: approve
exposure: amount
"""
VELOCITY = b"""# table,velocity
# hit policy,FIRST
in:count_7d,in:refunds_7d,out:action,out:reason
-,> 0,refer,refunded
> 2,-,step_up,many
-,-,approve,few
"""
LISTS = b"""list,value,scope,valid_from,valid_until,reason,owner,recorded
blocked,c9,,2026-01-01T00:00Z,,stolen,fraud desk,2026-01-01T00:00Z
"""
FILES = {"policy.yaml": POLICY, "velocity.csv": VELOCITY, "lists.csv": LISTS}


def version(**changed):
    """The policy, or one with other files: `velocity_csv=b"..."`."""
    files = FILES | {name.replace("_", "."): content for name, content in changed.items()}
    return in_force(files, read_workbook, FEATURES, timedelta(days=1))


def opened(folder, deployed=None, ask=None):
    """Live decisions in a folder."""
    compiled = compile_plan(make_plan(FEATURES))
    deployment = deployed if isinstance(deployed, Deployment) else Deployment(deployed or version())
    return LiveDecisions(
        lambda tell: LiveFeatures(folder, compiled, on_replay=tell), deployment, "payment", ask
    )


def payments(*rows):
    """Rows of id, card, hours after the start, amount."""
    return pa.table(
        {
            "id": pa.array([row[0] for row in rows], pa.string()),
            "card": pa.array([row[1] for row in rows], pa.string()),
            "event_time": pa.array(
                [START + timedelta(hours=row[2]) for row in rows], pa.timestamp("us", "UTC")
            ),
            "amount": pa.array([float(row[3]) for row in rows]),
        }
    )


def refunds(*rows):
    """Rows of id, card, hours after the start."""
    return payments(*((*row, 0) for row in rows)).drop_columns(["amount"])
