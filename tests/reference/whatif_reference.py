"""The figures of a what-if, case by case with plain numbers: the slow twin of `whatif`."""

from dataclasses import replace
from decimal import Decimal

from headrace.decisions.flow.decided import decided_of
from headrace.decisions.flow.lists import Lists
from headrace.decisions.flow.policy import Action
from headrace.decisions.flow.program import FlowProgram
from headrace.decisions.whatif.bounds import with_bound
from headrace.decisions.whatif.cases import run


def decisions(trial):
    """What a policy says of every case: action, limit, rate, the rules that spoke."""
    found = []
    for row in range(len(trial.moments)):
        one = trial.take([row])
        result = run(one, [0])
        decided = decided_of(result, 0, one.program.policy)
        found.append((decided.action, decided.results["limit"], decided.results["rate"]))
    return found


def figures(cases, trial, rows=None):
    """The three numbers and what they are made of; None where there is nothing to divide by."""
    said = decisions(trial)
    rows = range(len(cases)) if rows is None else rows
    approved = [row for row in rows if said[row][0] in (Action.APPROVE, Action.NOTIFY)]
    limit = {row: int(max(said[row][1] or 0, 0)) for row in rows}
    known = [row for row in approved if cases.pd[row] == cases.pd[row] and said[row][1] is not None]
    judged = [row for row in approved if cases.label[row] >= 0]
    bad = [row for row in judged if cases.label[row] == 1]
    priced = [row for row in approved if said[row][2] is not None]
    losses = {row: cases.pd[row] * cases.lgd[row] * limit[row] for row in known}
    return {
        "cases": len(list(rows)),
        "approved": len(approved),
        "exposure": sum(limit[row] for row in approved),
        "expected_loss": sum(losses.values()),
        "approval_rate": _share(len(approved), len(list(rows))),
        "price_mean": _share(sum(said[row][2] for row in priced), len(priced)),
        "price_weighted": _share(
            sum(said[row][2] * limit[row] for row in priced), sum(limit[row] for row in priced)
        ),
        "expected_loss_share": _share(sum(losses.values()), sum(limit[row] for row in known)),
        "realised_rate": _share(len(bad), len(judged)),
        "realised_loss_share": _share(
            sum(cases.lgd[row] * limit[row] for row in bad), sum(limit[row] for row in judged)
        ),
        "realised_loss": sum(cases.lgd[row] * limit[row] for row in bad),
        "bad": len(bad),
    }


def without_rule(trial, name, place):
    """The same trial of the policy with one rule deleted; None where it is the only one."""
    policy = trial.program.policy
    table = policy.tables[name]
    rules = (*table.rules[:place], *table.rules[place + 1 :])
    if not rules:
        return None
    return with_rules(trial, name, replace(table, rules=rules))


def with_rules(trial, name, table):
    """The same trial of the policy with another table."""
    policy = trial.program.policy
    changed = replace(policy, tables={**policy.tables, name: table})
    return replace(trial, program=FlowProgram(changed, {}, Lists()))


def best_threshold(cases, trial, name, bound, target):
    """Every number there could be in one cell, tried: the best rank, and how many were tried."""
    table = trial.program.policy.tables[name]
    column = trial.columns[table.inputs[bound.column].name]
    values = sorted({column.value(row) for row in range(len(cases))} - {None})
    tried = [values[0] - 1, *values, *(each + Decimal("0.5") for each in values)]
    ranks = []
    for value in tried:
        found = figures(cases, with_rules(trial, name, with_bound(table, bound, value)))
        loss = found["expected_loss_share"] or 0
        if target.figure == "expected_loss":
            ranks.append((max(loss - target.bound, 0), -found["approval_rate"]))
        else:
            ranks.append((max(target.bound - found["approval_rate"], 0), loss))
    return min(ranks)


def _share(top, bottom):
    return top / bottom if bottom else None
