"""The decisions benchmark cannot rot: its small size runs, and the peer agrees. No timing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "peers"))
from measures import flight, fraud, rule_tables
from workloads import rules

import decisions
from headrace.decisions.feel.tree import Literal

BENCHMARKS = Path(decisions.__file__).parent
OF_THE_PEER = {"rules1000_p50_ratio", "rules1000_batch_ratio"}
OF_THE_FILE = {name for name in decisions.BARS if name.startswith("fraud_")}


@pytest.fixture(scope="module")
def small():
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "decisions.py", "--quick", "--json"],
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)["results"]


def test_every_metric_is_measured_once_and_has_the_agreed_shape(small):
    expected = set(decisions.BARS)
    expected -= set() if rule_tables.ZEN.exists() else OF_THE_PEER
    expected -= set() if fraud.FILE.exists() else OF_THE_FILE
    assert sorted(each["metric"] for each in small) == sorted(f"decisions.{e}" for e in expected)
    for each in small:
        assert set(each) == {"metric", "value", "unit", "bar", "holds", "peers", "hash", "data",
                             "command"}  # fmt: skip
        assert len(each["hash"]) == 16
        assert each["command"].endswith(each["metric"])
        assert isinstance(each["holds"], bool)


def test_nothing_is_lost_mixed_or_different_at_any_size(small):
    values = {each["metric"]: each["value"] for each in small}
    assert values["decisions.swap_lost"] == 0
    assert values["decisions.swap_mixed"] == 0
    assert values["decisions.replay_differ"] == 0


def test_the_thousand_rules_are_of_the_shape_that_is_promised():
    rows = rules.rows_of(flight.sample(), 1_000)
    table = rules.table_of(rows)
    assert len(table.rules) == 1_000
    asked = [sum(bool(test.alternatives) for test in rule.tests) for rule in table.rules]
    assert asked[-1] == 0  # the last lets go what no other stopped
    assert min(asked[:-1]) >= 2
    assert max(asked) <= 5
    reasons = [rule.outputs[1] for rule in table.rules]
    assert all(isinstance(each, Literal) for each in reasons)
    assert len({each.value for each in reasons}) == 1_000
    assert rows == rules.rows_of(flight.sample(), 1_000)  # a function of the seed


def test_most_cases_are_asked_many_rules():
    """A table whose first rule met everything would be quick for no merit of ours."""
    deployed = flight.version()
    table = rule_tables.cases(5_000)
    columns = {name: rule_tables.read_column(table[name], name) for name in deployed.inputs}
    fired = deployed.program.run(columns, rule_tables.np.zeros(5_000, "int64")).fired["rules"]
    assert (fired > 0).all()
    assert (fired == 1_000).mean() > 0.2
    assert len(set(fired.tolist())) > 50
