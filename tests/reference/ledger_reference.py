"""A ledger of dicts and lists: slow, and plain to read. Transfers are `headrace` values."""

from dataclasses import dataclass, field

from headrace.ledger.outcome import DIFFERENCES, Outcome
from headrace.ledger.transfer import Kind

LARGEST = 2**63 - 1


@dataclass
class Side:
    debits: int = 0
    credits: int = 0
    debits_held: int = 0
    credits_held: int = 0


@dataclass
class Done:
    transfer: object
    amount: int
    state: str
    expires: float
    known_at: int


@dataclass
class World:
    """Everything that a refused group must leave as it was."""

    accounts: dict = field(default_factory=dict)  # id -> Account
    sides: dict = field(default_factory=dict)  # id -> Side
    done: dict = field(default_factory=dict)  # transfer id -> Done


def copied(world):
    return World(
        dict(world.accounts),
        {key: Side(**vars(side)) for key, side in world.sides.items()},
        {key: Done(**vars(each)) for key, each in world.done.items()},
    )


class SlowLedger:
    def __init__(self):
        self.world = World()
        self.now = 0

    def open(self, account):
        self.world.accounts[account.id] = account
        self.world.sides[account.id] = Side()

    def commit(self, at, transfers):
        self.now = max(at, self.now)
        self.expire()
        outcomes = [None] * len(transfers)
        firsts = {}  # id -> place of its first row in this batch
        for place, each in enumerate(transfers):
            firsts.setdefault(each.id, place)
        before = set(self.world.done)
        for group in groups(transfers):
            self.do_group(group, transfers, outcomes, firsts, before)
        return outcomes

    def do_group(self, group, transfers, outcomes, firsts, before):
        if len(group) == 1 and not transfers[group[0]].linked:
            place = group[0]
            saved = copied(self.world)
            found = self.do_one(place, transfers, outcomes, firsts, before)
            broken = found == Outcome.DONE and self.against_limits(transfers[place])
            if broken:
                self.world, found = saved, broken
            outcomes[place] = found
            return
        saved = copied(self.world)
        for place in group:
            if place == len(transfers) - 1 and transfers[place].linked:
                found = Outcome.GROUP_MUST_END_IN_ITS_BATCH
            else:
                found = self.do_one(place, transfers, outcomes, firsts, before)
            first = outcomes[group[0]]
            if place != group[0] and found in (Outcome.DONE, Outcome.EXISTS) and found != first:
                found = Outcome.GROUP_MUST_BE_WHOLLY_NEW_OR_REPEATED
            outcomes[place] = found
            if found not in (Outcome.DONE, Outcome.EXISTS):
                self.fail(group, place, found, transfers, outcomes, saved)
                return
        if outcomes[group[0]] == Outcome.DONE:
            for place in group:
                found = self.against_limits(transfers[place])
                if found:
                    self.fail(group, place, found, transfers, outcomes, saved)
                    return

    def fail(self, group, culprit, found, transfers, outcomes, saved):
        self.world = saved
        for place in group:
            outcomes[place] = Outcome.GROUP_MUST_HOLD_AS_A_WHOLE
        outcomes[culprit] = found
        last = group[-1]
        if last == len(transfers) - 1 and transfers[last].linked:
            outcomes[last] = Outcome.GROUP_MUST_END_IN_ITS_BATCH

    def do_one(self, place, transfers, outcomes, firsts, before):
        new = transfers[place]
        found = alone(new)
        if found:
            return found
        if new.id in before:
            return different(self.world.done[new.id].transfer, new) or Outcome.EXISTS
        if firsts[new.id] != place:
            if outcomes[firsts[new.id]] != Outcome.DONE:
                return Outcome.ID_MUST_COME_ONCE_IN_A_BATCH
            return different(transfers[firsts[new.id]], new) or Outcome.EXISTS
        accounts = self.world.accounts
        if new.debit not in accounts:
            return Outcome.DEBIT_ACCOUNT_MUST_EXIST
        if new.credit not in accounts:
            return Outcome.CREDIT_ACCOUNT_MUST_EXIST
        if new.debit == new.credit:
            return Outcome.ACCOUNTS_MUST_BE_DIFFERENT
        if {accounts[new.debit].currency, accounts[new.credit].currency} != {new.currency}:
            return Outcome.CURRENCY_MUST_BE_THAT_OF_THE_ACCOUNTS
        if new.refers_to and new.refers_to not in self.world.done:
            return Outcome.TRANSFER_REFERRED_TO_MUST_EXIST
        debit, credit = self.world.sides[new.debit], self.world.sides[new.credit]
        if new.kind in (Kind.POST_HOLD, Kind.VOID_HOLD):
            return self.settle(new, debit, credit)
        found = self.against_totals(new, debit, credit)
        if found:
            return found
        if new.kind == Kind.POST:
            debit.debits += new.amount
            credit.credits += new.amount
        else:
            debit.debits_held += new.amount
            credit.credits_held += new.amount
        expires = self.now + new.timeout_seconds * 10**6 if new.timeout_seconds else float("inf")
        self.world.done[new.id] = Done(new, new.amount, "open", expires, self.now)
        return Outcome.DONE

    def against_totals(self, new, debit, credit):
        debited = debit.debits + debit.debits_held + new.amount
        credited = credit.credits + credit.credits_held + new.amount
        if debited > LARGEST:
            return Outcome.DEBITS_MUST_NOT_OVERFLOW
        if credited > LARGEST:
            return Outcome.CREDITS_MUST_NOT_OVERFLOW
        return None

    def against_limits(self, new):
        """Which limit is broken now, after it."""
        debit, credit = self.world.sides[new.debit], self.world.sides[new.credit]
        limits = self.world.accounts[new.debit].limit, self.world.accounts[new.credit].limit
        overdrawn = debit.debits + debit.debits_held > debit.credits
        if overdrawn and limits[0].name == "DEBITS_AT_MOST_CREDITS":
            return Outcome.DEBITS_MUST_NOT_EXCEED_CREDITS
        overdrawn = credit.credits + credit.credits_held > credit.debits
        if overdrawn and limits[1].name == "CREDITS_AT_MOST_DEBITS":
            return Outcome.CREDITS_MUST_NOT_EXCEED_DEBITS
        return None

    def settle(self, new, debit, credit):
        hold = self.world.done[new.refers_to]
        if hold.transfer.kind != Kind.HOLD:
            return Outcome.TRANSFER_REFERRED_TO_MUST_BE_A_HOLD
        if (hold.transfer.debit, hold.transfer.credit) != (new.debit, new.credit):
            return Outcome.ACCOUNTS_MUST_BE_THOSE_OF_THE_HOLD
        if new.on < hold.transfer.on:
            return Outcome.DAY_MUST_NOT_BE_BEFORE_THE_HOLD
        if hold.state != "open":
            return {
                "posted": Outcome.HOLD_MUST_NOT_BE_POSTED,
                "voided": Outcome.HOLD_MUST_NOT_BE_VOIDED,
                "expired": Outcome.HOLD_MUST_NOT_HAVE_EXPIRED,
            }[hold.state]
        amount = 0
        if new.kind == Kind.POST_HOLD:
            amount = hold.amount if new.amount is None else new.amount
        if amount > hold.amount:
            return Outcome.AMOUNT_MUST_NOT_EXCEED_THE_HOLD
        hold.state = "posted" if new.kind == Kind.POST_HOLD else "voided"
        debit.debits_held -= hold.amount
        credit.credits_held -= hold.amount
        debit.debits += amount
        credit.credits += amount
        self.world.done[new.id] = Done(new, amount, "", float("inf"), self.now)
        return Outcome.DONE

    def expire(self):
        for each in self.world.done.values():
            held = each.transfer.kind == Kind.HOLD and each.state == "open"
            if held and each.expires <= self.now:
                each.state = "expired"
                self.world.sides[each.transfer.debit].debits_held -= each.amount
                self.world.sides[each.transfer.credit].credits_held -= each.amount

    def as_of(self, account, on, known_at):
        """Debits, credits, debits held, credits held."""
        sums = [0, 0, 0, 0]
        for each in self.world.done.values():
            if each.known_at > known_at or (on is not None and each.transfer.on > on):
                continue
            for place, side in enumerate((each.transfer.debit, each.transfer.credit)):
                if side != account:
                    continue
                if each.transfer.kind == Kind.HOLD:
                    sums[2 + place] += each.amount if each.expires > known_at else 0
                    continue
                sums[place] += each.amount
                if each.transfer.kind != Kind.POST:
                    hold = self.world.done[each.transfer.refers_to]
                    sums[2 + place] -= hold.amount if hold.expires > known_at else 0
        return tuple(sums)


def groups(transfers):
    """Places of transfers that stand or fall together."""
    found, group = [], []
    for place, each in enumerate(transfers):
        group.append(place)
        if not each.linked:
            found.append(group)
            group = []
    return [*found, group] if group else found


def alone(new):
    if not 1 <= len(new.id.encode()) <= 128:
        return Outcome.ID_MUST_HAVE_1_TO_128_BYTES
    settles = new.kind in (Kind.POST_HOLD, Kind.VOID_HOLD)
    if new.kind == Kind.VOID_HOLD and new.amount is not None:
        return Outcome.VOID_MUST_NAME_NO_AMOUNT
    if new.amount is None and not settles:
        return Outcome.AMOUNT_MUST_BE_ABOVE_ZERO
    if new.amount is not None and new.amount <= 0:
        return Outcome.AMOUNT_MUST_BE_ABOVE_ZERO
    if settles and not new.refers_to:
        return Outcome.HOLD_MUST_BE_NAMED
    if new.kind == Kind.HOLD and new.refers_to:
        return Outcome.HOLD_MUST_NAME_NO_TRANSFER
    if new.timeout_seconds and new.kind != Kind.HOLD:
        return Outcome.TIMEOUT_IS_FOR_HOLDS
    if new.timeout_seconds < 0:
        return Outcome.TIMEOUT_MUST_NOT_BE_NEGATIVE
    return None


def different(old, new):
    for name, outcome in DIFFERENCES.items():
        if getattr(old, name) != getattr(new, name):
            return outcome
    return None
