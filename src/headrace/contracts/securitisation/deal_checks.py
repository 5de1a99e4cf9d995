"""Refuses a deal that cannot run: names that are not there, states without a waterfall."""

from collections.abc import Sequence

from headrace.contracts.securitisation.deal import (
    COLLECTION_KINDS,
    STATE_WORDS,
    Deal,
    State,
    Step,
    StepKind,
)
from headrace.contracts.securitisation.formulas import NAMES
from headrace.errors import MappingError


def check_deal(deal: Deal) -> None:
    """Refuse a deal whose parts name what is not there.

    Raises:
        MappingError: The first fault found.
    """
    known = _Known(deal)
    known.check_unique()
    for kind, account in deal.collect:
        known.want(account, known.accounts, f"collect {kind}")
    for key, steps in deal.waterfalls.items():
        known.check_steps(steps, f"waterfall {key}")
    for trigger in deal.triggers:
        where = f"trigger {trigger.name}"
        known.check_facts(trigger.value.facts(), where)
        if trigger.threshold is not None:
            known.check_facts(trigger.threshold.facts(), where)
        known.check_steps(trigger.steps, where)
    for one in deal.accounts:
        known.check_facts(one.target.facts() if one.target else [], one.name)
    for fee in deal.fees:
        known.check_facts(fee.base.facts() if fee.base else [], fee.name)
    _check_states(deal)


def _check_states(deal: Deal) -> None:
    reached = {deal.state} | {trigger.state for trigger in deal.triggers if trigger.state}
    if deal.clean_up is not None:
        reached.add(State.CLEAN_UP)
    if State.REVOLVING in reached or any(trigger.curable for trigger in deal.triggers):
        reached.add(State.NORMAL)
    missing = [state for state in reached if state not in deal.waterfalls and state != State.ENDED]
    if missing:
        raise MappingError(
            f"The deal can be in state {missing[0]} ({STATE_WORDS[missing[0]]}) and has no "
            "waterfall for it",
            where="waterfall",
            remedy=f"waterfall.{missing[0]}",
        )


class _Known:
    """The names of a deal."""

    def __init__(self, deal: Deal) -> None:
        self.accounts = [one.name for one in deal.accounts]
        self.bonds = [one.name for one in deal.bonds]
        self.fees = [one.name for one in deal.fees]
        self.parties = [one.name for one in deal.parties]
        self.ledgers = list(deal.ledgers)

    def check_unique(self) -> None:
        for what in (self.accounts, self.bonds, self.fees, self.parties):
            twice = {name for name in what if what.count(name) > 1 or ":" in name}
            if twice:
                raise MappingError(
                    f"{twice.pop()!r} is there twice, or has a colon", remedy="one name for one"
                )

    def want(self, name: str, among: Sequence[str], where: str) -> None:
        if name not in among:
            raise MappingError(
                f"{name!r} is not of the deal", where=where, remedy=", ".join(among) or "none"
            )

    def check_facts(self, facts: Sequence[tuple[str, tuple[str, ...]]], where: str) -> None:
        for name, about in facts:
            for one in about:
                self.want(one, self._about(name), f"{where}: {name} ({NAMES[name]})")
            if name in {"account", "target", "gap", "excess", "ledger"} and not about:
                raise MappingError(f"{name} of what?", where=where, remedy=f"{name}:<name>")

    def _about(self, name: str) -> Sequence[str]:
        if name.startswith("bond_"):
            return self.bonds
        if name.startswith("fee_"):
            return self.fees
        if name.startswith("collected"):
            return list(COLLECTION_KINDS)
        if name in {"account", "target", "gap", "excess"}:
            return self.accounts
        return {"ledger": self.ledgers, "claims": self.parties}.get(name, [])

    def check_steps(self, steps: Sequence[Step], where: str) -> None:
        for number, step in enumerate(steps, start=1):
            self._check_step(step, f"{where}.{number}")
            self.check_steps(step.then, f"{where}.{number} then")
            self.check_steps(step.otherwise, f"{where}.{number} otherwise")

    def _check_step(self, step: Step, where: str) -> None:
        paid = {
            StepKind.ACCRUE_FEE: self.fees,
            StepKind.PAY_FEE: self.fees,
            StepKind.PAY_INTEREST: self.bonds,
            StepKind.PAY_PRINCIPAL: self.bonds,
            StepKind.PAY_RESIDUAL: [*self.bonds, *self.parties, *self.fees],
            StepKind.TRANSFER: self.accounts,
            StepKind.FILL: self.accounts,
            StepKind.SUPPORT: self.parties,
            StepKind.REPAY_SUPPORT: self.parties,
            StepKind.BOOK: self.ledgers,
        }.get(step.kind)
        if step.kind not in {StepKind.ACCRUE_FEE, StepKind.BOOK, StepKind.IF}:
            self.want(step.account, self.accounts, where)
        if paid is not None and not step.targets:
            raise MappingError(f"{step.kind} pays nobody", where=where, remedy="to = [...]")
        for name in step.targets if paid is not None else ():
            self.want(name, paid or (), where)
        for name in step.support:
            self.want(name, [*self.accounts, *self.parties], where)
        if step.ledger:
            self.want(step.ledger, self.ledgers, where)
        if step.kind in {StepKind.SUPPORT, StepKind.BOOK} and step.limit is None:
            raise MappingError(f"{step.kind} has no amount", where=where, remedy="limit = ...")
        if (step.kind is StepKind.IF) != (step.when is not None):
            raise MappingError("`when` belongs to `if`, and `if` needs it", where=where)
        self.check_facts(step.limit.facts() if step.limit else [], where)
        self.check_facts(step.when.facts() if step.when else [], where)
