"""Slow twin of `headrace.contracts.instruments.book`: every single fen is a thing of its own.

A piece is a list of fen with what its holder gave for each and, for each hand-over, what the seller
had given and what it got. Splitting slices lists, so nothing can be lost; ids are paths.
"""

from itertools import pairwise

from headrace.contracts.instruments.acts import ActKind, Answer, PaperKind
from headrace.contracts.instruments.tenors import due_latest, tenors

A = Answer
TO_A_FUNDER = (ActKind.FINANCE, ActKind.PLEDGE)


def spread(amount, count):
    """An amount over so many fen, in the order in which a running total reaches whole fen."""
    sign, size = (1, amount) if amount >= 0 else (-1, -amount)
    ends = [size * each // count for each in range(count + 1)]
    return [sign * (b - a) for a, b in pairwise(ends)]


class Desk:
    """The twin: dictionaries and plain loops."""

    def __init__(self, limits, others=()):
        self.limit = {**dict.fromkeys(others, 0), **limits}
        self.used = dict.fromkeys(self.limit, 0)
        self.papers, self.pieces, self.keys = {}, {}, {}
        self.flows = []

    def do(self, act):
        if act.key in self.keys:
            return A.REPEATED if self.keys[act.key] == act else A.KEY_TAKEN
        answer = self._do(act)
        if answer is A.APPLIED:
            self.keys[act.key] = act
        return answer

    def _do(self, act):
        kind = act.kind
        if kind is ActKind.SET_LIMIT:
            if act.to not in self.limit:
                return A.PARTY_UNKNOWN
            if act.amount is None or act.amount < 0:
                return A.AMOUNT_NOT_POSITIVE
            if act.amount < self.used[act.to]:
                return A.LIMIT_BELOW_USED
            self.limit[act.to] = act.amount
            return A.APPLIED
        names = [act.by]
        if kind in (ActKind.ISSUE, ActKind.TRANSFER, *TO_A_FUNDER, ActKind.REGISTER):
            names.append(act.to)
        if kind is ActKind.CONVERT or (kind is ActKind.CLAIM and act.to is not None):
            names.append(act.to)
        if kind is ActKind.ISSUE:
            names.append(act.payer or act.by)
        if any(name not in self.limit for name in names):
            return A.PARTY_UNKNOWN
        must = (ActKind.ISSUE, ActKind.SPLIT_OFF, ActKind.PAY)
        may = (ActKind.TRANSFER, *TO_A_FUNDER)
        if (kind in must and (act.amount is None or act.amount <= 0)) or (
            kind in may and act.amount is not None and act.amount <= 0
        ):
            return A.AMOUNT_NOT_POSITIVE
        if kind is ActKind.ISSUE:
            return self._issue(act)
        if kind in (ActKind.ACCEPT, ActKind.CANCEL, ActKind.PAY, ActKind.DEFAULT):
            if act.target not in self.papers:
                return A.PAPER_UNKNOWN
            paper = self.papers[act.target]
            if kind is ActKind.PAY:
                return self._pay(act, paper)
            return self._default(act, paper) if kind is ActKind.DEFAULT else self._on(act, paper)
        if act.target not in self.pieces:
            return A.PIECE_UNKNOWN
        piece = self.pieces[act.target]
        if kind in (ActKind.REGISTER, ActKind.DEREGISTER):
            return self._register(act, piece)
        if kind is ActKind.RELEASE:
            if piece["pledged"] is None:
                return A.NOT_PLEDGED
            if act.by != piece["pledged"]:
                return A.NOT_ENTITLED
            piece["pledged"], piece["loan"] = None, 0
            return A.APPLIED
        if kind is ActKind.CLAIM:
            return self._claim(act, piece)
        paper = self.papers[piece["paper"]]
        if piece["state"] != "live":
            return A.PIECE_SPENT
        if act.by != piece["holder"]:
            return A.NOT_ENTITLED
        if paper["status"] != "accepted":
            return A.NOT_OUTSTANDING
        if paper["paid"]:
            return A.PAYMENT_BEGUN
        if act.on < piece["day"]:
            return A.DAY_BEFORE_LAST
        if act.on >= paper["due"]:
            return A.PAST_DUE
        if piece["pledged"] is not None:
            return A.IS_PLEDGED
        if kind is ActKind.SPLIT_OFF:
            if act.amount >= len(piece["cost"]):
                return A.MORE_THAN_HELD
            self._split(act.target, act.amount, act.on)
            return A.APPLIED
        return self._convert(act, piece) if kind is ActKind.CONVERT else self._pass(act, piece)

    def _issue(self, act):
        payer = act.payer or act.by
        if act.target in self.papers:
            return A.PAPER_EXISTS
        if act.paper is PaperKind.VOUCHER and payer != act.by:
            return A.NOT_ENTITLED
        if act.to == payer:
            return A.PAYER_AS_HOLDER
        if not act.trades:
            return A.TRADE_MISSING
        if act.due is None or act.due <= act.on:
            return A.DUE_NOT_AFTER_DAY
        if act.due > due_latest(act.paper, act.on, tenors()):
            return A.TENOR_TOO_LONG
        if self.used[payer] + act.amount > self.limit[payer]:
            return A.LIMIT_EXCEEDED
        self.used[payer] += act.amount
        self._paper(act.target, act, (act.by, payer, act.to), act.amount, act.paper)
        return A.APPLIED

    def _paper(self, name, act, parties, amount, kind):
        drawer, payer, holder = parties
        self.papers[name] = {
            "kind": kind, "payer": payer, "drawer": drawer, "amount": amount, "paid": 0,
            "converted": 0, "due": act.due, "issued": act.on, "status": "issued",
        }  # fmt: skip
        cost = spread(amount, amount)
        piece = {
            "paper": name, "holder": holder, "cost": cost, "hops": [], "state": "live",
            "unpaid": amount, "received": 0, "pledged": None, "loan": 0, "registered": None,
            "day": act.on, "tier": 1, "start": 0,
        }  # fmt: skip
        self.pieces[name] = piece
        if kind is PaperKind.BILL and drawer not in (payer, holder):
            piece["holder"], piece["tier"] = drawer, 0
            self._hand(name, holder, amount, act.on, recourse=True)

    def _on(self, act, paper):
        if paper["status"] != "issued":
            return A.NOT_AWAITING_ACCEPTANCE
        (held,) = [p for p in self._all(act.target) if p["state"] == "live"]
        receives = held["holder"] if paper["kind"] is PaperKind.VOUCHER else paper["payer"]
        may = [receives]
        if act.kind is ActKind.CANCEL:
            may += [paper["payer"], paper["drawer"], held["holder"]]
        if act.by not in may:
            return A.NOT_ENTITLED
        if act.on < paper["issued"]:
            return A.DAY_BEFORE_LAST
        if act.kind is ActKind.ACCEPT:
            paper["status"] = "accepted"
            return A.APPLIED
        paper["status"] = "cancelled"
        self.used[paper["payer"]] -= paper["amount"]
        held["state"], held["unpaid"] = "withdrawn", 0
        return A.APPLIED

    def _all(self, name):
        found = [p for p in self.pieces.values() if p["paper"] == name]
        return sorted(found, key=lambda p: p["start"])

    def _split(self, path, amount, on):
        old = self.pieces[path]
        for step, part in enumerate((slice(0, amount), slice(amount, None))):
            self.pieces[f"{path}/{step}"] = {
                **old,
                "cost": old["cost"][part],
                "unpaid": len(old["cost"][part]),
                "start": old["start"] + (amount if step else 0),
                "day": on,
                "hops": [
                    {**h, "gave": h["gave"][part], "got": h["got"][part]} for h in old["hops"]
                ],
            }
        old["state"] = "split"

    def _hand(self, path, to, price, on, *, recourse):
        old = self.pieces[path]
        got = spread(price, len(old["cost"]))
        hop = {"seller": old["holder"], "recourse": recourse, "gave": old["cost"], "got": got,
               "tier": old["tier"]}  # fmt: skip
        self.pieces[f"{path}/0"] = {
            **old, "holder": to, "cost": got, "hops": [*old["hops"], hop], "day": on,
            "registered": None, "tier": old["tier"] + 1,
        }  # fmt: skip
        old["state"] = "passed"

    def _pass(self, act, piece):
        amount = len(piece["cost"]) if act.amount is None else act.amount
        price = amount if act.price is None and act.kind is ActKind.TRANSFER else act.price
        if act.to == piece["holder"]:
            return A.SAME_PARTY
        if act.to == self.papers[piece["paper"]]["payer"]:
            return A.PAYER_AS_HOLDER
        if amount > len(piece["cost"]):
            return A.MORE_THAN_HELD
        if piece["registered"] not in (None, act.to):
            return A.REGISTERED_FOR_OTHER
        is_voucher = self.papers[piece["paper"]]["kind"] is PaperKind.VOUCHER
        if piece["registered"] is None and is_voucher and act.kind in TO_A_FUNDER:
            return A.NOT_REGISTERED
        if price is None or not 0 < price <= amount:
            return A.PRICE_OUT_OF_RANGE
        path = act.target
        if amount < len(piece["cost"]):
            self._split(path, amount, act.on)
            path += "/0"
        if act.kind is ActKind.PLEDGE:
            self.pieces[path]["pledged"], self.pieces[path]["loan"] = act.to, price
            return A.APPLIED
        self._hand(path, act.to, price, act.on, recourse=act.recourse)
        if act.kind is ActKind.FINANCE:
            self.flows.append((act.to, act.by, f"{path}/0", price, "purchase"))
        return A.APPLIED

    def _register(self, act, piece):
        if piece["state"] != "live":
            return A.PIECE_SPENT
        if act.kind is ActKind.REGISTER:
            if piece["registered"] is not None:
                return A.ALREADY_REGISTERED
            if act.by not in (piece["holder"], act.to):
                return A.NOT_ENTITLED
            piece["registered"] = act.to
            return A.APPLIED
        if piece["registered"] is None:
            return A.NOT_REGISTERED
        if act.by != piece["registered"]:
            return A.NOT_ENTITLED
        if piece["pledged"] is not None:
            return A.IS_PLEDGED
        piece["registered"] = None
        return A.APPLIED

    def _owed(self, paper):
        return paper["amount"] - paper["paid"] - paper["converted"]

    def _pay(self, act, paper):
        if act.by != paper["payer"]:
            return A.NOT_ENTITLED
        if paper["status"] not in ("accepted", "defaulted"):
            return A.NOT_OUTSTANDING
        if act.on < paper["issued"]:
            return A.DAY_BEFORE_LAST
        total = self._owed(paper)
        if act.amount > total:
            return A.MORE_THAN_UNPAID
        before = 0
        for path, piece in sorted(self.pieces.items(), key=lambda item: item[1]["start"]):
            if piece["paper"] != act.target or piece["state"] != "live":
                continue
            after = before + piece["unpaid"]
            share = act.amount * after // total - act.amount * before // total
            before = after
            piece["unpaid"] -= share
            piece["received"] += share
            lent = min(share, piece["loan"])
            if lent:
                self.flows.append((act.by, piece["pledged"], path, lent, "pledge"))
                piece["loan"] -= lent
                if not piece["loan"]:
                    piece["pledged"] = None
            if share > lent:
                self.flows.append((act.by, piece["holder"], path, share - lent, "payment"))
            if not piece["unpaid"]:
                piece["state"] = "paid"
        paper["paid"] += act.amount
        self.used[act.by] -= act.amount
        if act.amount == total:
            paper["status"] = "settled"
        return A.APPLIED

    def _default(self, act, paper):
        if paper["status"] != "accepted":
            return A.NOT_OUTSTANDING
        if act.on <= paper["due"]:
            return A.NOT_YET_OVERDUE
        paper["status"] = "defaulted"
        return A.APPLIED

    def _claim(self, act, piece):
        paper = self.papers[piece["paper"]]
        is_bill = paper["kind"] is PaperKind.BILL
        if piece["state"] != "live":
            return A.PIECE_SPENT
        if act.by != piece["holder"]:
            return A.NOT_ENTITLED
        if paper["status"] != "defaulted":
            return A.NOT_DEFAULTED
        if act.on < piece["day"]:
            return A.DAY_BEFORE_LAST
        if piece["pledged"] is not None:
            return A.IS_PLEDGED
        hops = piece["hops"]
        at = len(hops) - 1
        if act.to is not None and is_bill:
            while at >= 0 and hops[at]["seller"] != act.to:
                at -= 1
        if at < 0:
            return A.WITHOUT_RECOURSE if act.to is None else A.NOT_THE_ENDORSER
        hop = hops[at]
        if act.to not in (None, hop["seller"]):
            return A.NOT_THE_ENDORSER
        if not hop["recourse"]:
            return A.WITHOUT_RECOURSE
        if is_bill and act.by in [each["seller"] for each in hops[:at]]:
            return A.OWN_ENDORSEMENT
        lost = max(0, sum(piece["cost"]) - piece["received"])
        claim = piece["unpaid"] if is_bill else min(piece["unpaid"], lost)
        if not claim:
            return A.NOTHING_LOST
        cost = sum(hop["gave"]) - sum(hop["got"]) + claim
        back = {
            **piece, "holder": hop["seller"], "hops": hops[:at], "tier": hop["tier"],
            "cost": spread(cost, len(piece["cost"])), "received": 0, "day": act.on,
            "registered": None,
        }  # fmt: skip
        piece["state"] = "returned"
        self.pieces[f"{act.target}/0"] = back
        self.flows.append((hop["seller"], act.by, f"{act.target}/0", claim, "recourse"))
        return A.APPLIED

    def _convert(self, act, piece):
        paper = self.papers[piece["paper"]]
        if paper["kind"] is not PaperKind.VOUCHER:
            return A.NOT_A_VOUCHER
        if act.to != paper["payer"]:
            return A.NOT_ENTITLED
        if piece["registered"] is not None:
            return A.REGISTERED_FOR_OTHER
        if act.made in self.papers:
            return A.PAPER_EXISTS
        if act.due is None or act.due <= act.on:
            return A.DUE_NOT_AFTER_DAY
        if act.due > due_latest(PaperKind.BILL, act.on, tenors()):
            return A.TENOR_TOO_LONG
        face = len(piece["cost"])
        payer, holder = paper["payer"], piece["holder"]
        self._paper(act.made, act, (payer, payer, holder), face, PaperKind.BILL)
        self.papers[act.made]["status"] = "accepted"
        paper["converted"] += face
        if not self._owed(paper):
            paper["status"] = "settled"
        piece["state"], piece["unpaid"] = "converted", 0
        return A.APPLIED

    def told(self):
        """Live and paid pieces as the fast one tells them."""
        return {
            path: (
                p["paper"], p["holder"], len(p["cost"]), p["unpaid"], sum(p["cost"]),
                p["received"], p["tier"], p["registered"], p["pledged"], p["loan"], p["state"],
            )
            for path, p in self.pieces.items()
        }  # fmt: skip
