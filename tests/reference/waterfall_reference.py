"""A waterfall and a projection, as plainly as can be: dicts, fractions, one loan at a time.

A deal here is a dict:
    closing, dates [(collection, payment)], flows [(principal, interest, default)], opening,
    rounding "down" | "half_up", fee {rate, cap} on the pool at the start of the period,
    reserve {opening, target}, payer {limit} or None,
    bonds [{name, balance, rate, on_unpaid, schedule or None}], senior first,
    style "in_order" | "pro_rata": of interest and principal among all bonds but the last,
The last bond is the equity.
"""

import math
from fractions import Fraction


def whole(value, rounding):
    value = Fraction(value)
    if rounding == "down":
        return value.numerator // value.denominator
    return (value + Fraction(1, 2)).numerator // (value + Fraction(1, 2)).denominator


def split(amount, dues, style):
    if style == "in_order":
        out = []
        for due in dues:
            part = min(amount, due)
            out.append(part)
            amount -= part
        return out
    total = sum(dues)
    if total == 0:
        return [0 for _ in dues]
    out = [(Fraction(amount) * due / total).__floor__() for due in dues]
    missing = amount - sum(out)
    for i, due in enumerate(dues):
        while missing and out[i] < due:
            out[i] += 1
            missing -= 1
    return out


class Waterfall:
    def __init__(self, deal):
        self.deal = deal
        self.cash = 0
        self.reserve = deal["reserve"]["opening"]
        self.bonds = {
            bond["name"]: {"balance": bond["balance"], "due": 0, "on_unpaid": 0}
            for bond in deal["bonds"]
        }
        self.terms = {bond["name"]: bond for bond in deal["bonds"]}
        self.names = [bond["name"] for bond in deal["bonds"]]
        self.accrued = deal["closing"]
        self.fee_due = 0
        self.fee_from, self.fee_base = deal["closing"], deal["opening"]
        self.pool = deal["opening"]
        self.drawn = 0
        self.out = []

    def draw(self, missing):
        """The reserve first, then the payer."""
        if missing > 0:
            part = min(missing, self.reserve)
            self.reserve -= part
            self.cash += part
            missing -= part
        payer = self.deal["payer"]
        if missing > 0 and payer is not None:
            part = min(missing, payer["limit"] - self.drawn)
            self.drawn += part
            self.cash += part

    def pay(self, on, target, dues, style):
        self.draw(sum(dues) - self.cash)
        paid = min(sum(dues), self.cash)
        parts = split(paid, dues, style)
        for name, part in zip(target, parts, strict=True):
            if part:
                self.out.append((on, name, part))
            self.cash -= part
        return parts

    def run(self):
        for (_, on), (principal, interest, default) in zip(
            self.deal["dates"], self.deal["flows"], strict=True
        ):
            self.pool -= principal + default
            self.cash += principal + interest
            self.fees(on)
            self.interest(on)
            self.principal(on)
            gap = max(0, self.deal["reserve"]["target"] - self.reserve)
            part = min(gap, self.cash)
            self.cash -= part
            self.reserve += part
            if self.cash:
                self.out.append((on, f"{self.names[-1]}:residual", self.cash))
                self.cash = 0
        return self

    def fees(self, on):
        days = (on - self.fee_from).days
        owed = Fraction(self.fee_base) * self.deal["fee"]["rate"] * Fraction(days, 365)
        self.fee_due += whole(owed, self.deal["rounding"])
        self.fee_from, self.fee_base = on, self.pool
        cap = self.deal["fee"]["cap"]
        due = self.fee_due if cap is None else min(cap, self.fee_due)
        self.fee_due -= self.pay(on, ["fee"], [due], "in_order")[0]

    def interest(self, on):
        senior = self.names[:-1]
        years = Fraction((on - self.accrued).days, 365)
        self.accrued = on
        for name in senior:
            bond, terms = self.bonds[name], self.terms[name]
            factor = terms["rate"] * years
            new = whole(bond["balance"] * factor, self.deal["rounding"])
            if terms["on_unpaid"]:
                bond["on_unpaid"] += whole(bond["due"] * factor, self.deal["rounding"])
            bond["due"] += new
        dues = [self.bonds[name]["due"] + self.bonds[name]["on_unpaid"] for name in senior]
        parts = self.pay(on, [f"{n}:interest" for n in senior], dues, self.deal["style"])
        for name, part in zip(senior, parts, strict=True):
            bond = self.bonds[name]
            first = min(part, bond["on_unpaid"])
            bond["on_unpaid"] -= first
            bond["due"] -= part - first

    def principal(self, on):
        senior = self.names[:-1]
        dues = []
        for name in senior:
            left = self.bonds[name]["balance"]
            schedule = self.terms[name]["schedule"]
            if schedule is None:
                dues.append(left)
            else:
                reached = [balance for day, balance in schedule if day <= on]
                dues.append(max(0, left - reached[-1]) if reached else 0)
        # only what is there: support is for interest and fees
        paid = min(sum(dues), self.cash)
        for name, part in zip(senior, split(paid, dues, self.deal["style"]), strict=True):
            if part:
                self.out.append((on, f"{name}:principal", part))
            self.cash -= part
            self.bonds[name]["balance"] -= part


def project_slowly(loans, cdr, cpr, rounding, *, rate_in_ppm, last_clears, recovery=0, lag=0):
    """Flows by date of loans: dicts of balance, ppm, left, plan, dates (left + 1 + lag of them).

    Defaults and prepayments are doubles times whole fen, taken as exact fractions.
    """
    flows = {}

    def add(on, **parts):
        row = flows.setdefault(on, {})
        for kind, amount in parts.items():
            row[kind] = row.get(kind, 0) + amount

    for loan in loans:
        balance = loan["balance"]
        for k in range(1, loan["left"] + 1):
            before, on = loan["dates"][k - 1], loan["dates"][k]
            days = (on - before).days
            gone = Fraction(1.0 - (1.0 - cdr) ** (days / 365))
            early = Fraction(1.0 - (1.0 - cpr) ** (days / 365))
            default = whole(balance * gone, rounding)
            prepayment = whole((balance - default) * early, rounding)
            rest = balance - default - prepayment
            month = (
                Fraction(loan["ppm"] // 12, 10**6)
                if rate_in_ppm
                else Fraction(loan["ppm"], 12 * 10**6)
            )
            interest = whole(rest * month, rounding)
            left = loan["left"] - k + 1
            if loan["plan"] == "even" or (loan["plan"] == "level" and month == 0):
                principal = whole(Fraction(rest, left), rounding)
            elif loan["plan"] == "interest_first":
                principal = 0
            else:
                principal = (
                    whole(rest * Fraction(level_payment(float(month), left)), rounding) - interest
                )
            if left == 1 and (last_clears or loan["plan"] == "interest_first"):
                principal = rest
            principal = max(0, min(principal, rest))
            back = whole(Fraction(default) * recovery, rounding)
            add(on, principal=principal, interest=interest, prepayment=prepayment, default=default)
            add(loan["dates"][k + lag], recovery=back, loss=default - back)
            balance = rest - principal
    return flows


def level_payment(rate, left):
    """On one yuan: the sum of the discounted payments is the loan."""
    grown = math.exp(math.log(1.0 + rate) * left)
    return rate * (grown / (grown - 1.0))
