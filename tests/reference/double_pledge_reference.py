"""Slow twin of `headrace.contracts.instruments.double_pledge`: every pair, one by one."""

import unicodedata

from headrace.contracts.instruments.double_pledge import VERDICTS, Reason

R = Reason


def plain(text):
    if text is None:
        return None
    folded = unicodedata.normalize("NFKC", text).upper()
    return "".join(c for c in folded if c.isalnum()) or None


def distance(one, other):
    """Edits, neighbours swapped counting as one (optimal string alignment)."""
    rows = {(i, 0): i for i in range(len(one) + 1)} | {(0, j): j for j in range(len(other) + 1)}
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            best = min(
                rows[i - 1, j] + 1,
                rows[i, j - 1] + 1,
                rows[i - 1, j - 1] + (one[i - 1] != other[j - 1]),
            )
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                best = min(best, rows[i - 2, j - 2] + 1)
            rows[i, j] = best
    return rows[len(one), len(other)]


def same(one, other, *keys):
    return all(one[key] is not None and one[key] == other[key] for key in keys)


def meet(one, other):
    """Two claims stand on the same kind of paper of the same seller and number."""
    paper = one["kind"] in ("invoice", "order")
    return paper and same(one, other, "kind", "seller") and same_plain(one, other, "number")


def same_plain(one, other, key):
    return plain(one[key]) is not None and plain(one[key]) == plain(other[key])


def reasons(new, other, over, near):
    """Why a claim is held against an earlier one."""
    stored = new["kind"] == "receipt" and same(new, other, "kind", "warehouse")
    if stored and same_plain(new, other, "number"):
        yield R.SAME_RECEIPT
    if meet(new, other):
        yield R.OVER_FINANCED if over else R.SHARED_PAPER
        amounts = (new["amount_minor"], other["amount_minor"])
        if None not in amounts and amounts[0] != amounts[1]:
            yield R.AMOUNT_DIFFERS
    if same_plain(new, other, "serial"):
        yield R.SAME_SERIAL
    if same(new, other, "warehouse") and same_plain(new, other, "location"):
        far = 10**9
        begin = [
            each["held_from"].toordinal() if each["held_from"] else -far for each in (new, other)
        ]
        end = [
            each["held_until"].toordinal() if each["held_until"] else far for each in (new, other)
        ]
        if begin[0] <= end[1] and begin[1] <= end[0]:
            yield R.SAME_LOT if same_plain(new, other, "batch") else R.SAME_PLACE
    for order, invoice in ((new, other), (other, new)):
        pair = order["kind"] == "order" and invoice["kind"] == "invoice"
        number = plain(order["number"])
        if pair and same(order, invoice, "seller") and number is not None:
            yield from [R.ORDER_AND_INVOICE] * (number == plain(invoice["order"]))
    if new["kind"] in ("invoice", "order") and same(
        new, other, "kind", "seller", "buyer", "amount_minor"
    ):
        one, two = plain(new["number"]), plain(other["number"])
        days = 0
        if new["day"] and other["day"]:
            days = abs((new["day"] - other["day"]).days)
        if None not in (one, two) and one != two:
            if distance(one, two) == 1 and days <= near.days_of_number:
                yield R.NEAR_NUMBER
            elif days <= near.days:
                yield R.NEAR_PAPER
    unnamed = other["source"] == "register" and plain(other["number"]) is None
    if unnamed and same(new, other, "kind", "seller"):
        yield R.BLANKET


def lent_on(claim):
    """What is not said is the whole paper, or without end where its amount is not said either."""
    if claim["financed_minor"] is not None:
        return claim["financed_minor"]
    return float("inf") if claim["amount_minor"] is None else claim["amount_minor"]


def check(new, known, near):
    """Findings as (claim, other, reason, verdict), in no order."""
    whole = [*known, *new]
    found = set()
    for at in range(len(known), len(whole)):
        claim = whole[at]
        lent = sum(lent_on(each) for each in whole[:at] if meet(claim, each))
        over = lent + lent_on(claim) > (claim["amount_minor"] or 0)
        for other in whole[:at]:
            for reason in reasons(claim, other, over, near):
                found.add((claim["claim"], other["claim"], reason.value, VERDICTS[reason].value))
    return found
