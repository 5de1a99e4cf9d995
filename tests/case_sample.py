"""Alerts for tests of cases."""

from headrace.decisions.flow.policy import ACTIONS
from headrace.monitor.cases import Alert

HOUR = 3_600_000_000
START = 1_700_000_000_000_000


def alert(decision="d1", action="refer", at=START, **other):
    told = {
        "policy": "cards",
        "customer": "C1",
        "reason": "large",
        "exposure": 500,
        "facts": {"customer": "C1", "terminal": "T1", "amount": 500},
    }
    return Alert(decision=decision, action=ACTIONS[action], at=at, **{**told, **other})
