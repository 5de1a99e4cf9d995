"""Random lives of vouchers and bills: acts that mostly could be, guided by the slow twin."""

from datetime import date, timedelta

from vouchers_reference import Desk

from headrace.contracts.instruments.acts import Act, ActKind, Answer, PaperKind

CORES = ("core_a", "core_b")
FIRMS = tuple(f"firm_{number}" for number in range(6))
BANKS = ("bank_a", "bank_b")
LIMITS = {"core_a": 900, "core_b": 400, "bank_a": 500}
OTHERS = (*FIRMS, "bank_b")
EVERYBODY = (*CORES, *FIRMS, *BANKS)
BEGIN = date(2026, 1, 5)
MOVES = [
    ActKind.SPLIT_OFF, ActKind.TRANSFER, ActKind.TRANSFER, ActKind.TRANSFER, ActKind.REGISTER,
    ActKind.FINANCE, ActKind.FINANCE, ActKind.PLEDGE, ActKind.RELEASE, ActKind.DEREGISTER,
    ActKind.CONVERT, ActKind.CLAIM,
]  # fmt: skip


def life(rng, count):
    """Acts, some of them refused, and the twin that did them with its answers."""
    desk = Desk(LIMITS, OTHERS)
    acts, answers = [], []
    for number in range(count):
        act = _act(rng, desk, number, count)
        acts.append(act)
        answers.append(desk.do(act))
        if answers[-1] is Answer.APPLIED and rng.random() < 0.05:
            acts.append(act)
            answers.append(desk.do(act))
    return acts, answers, desk


def _one(rng, items):
    return items[int(rng.integers(len(items)))]


def _act(rng, desk, number, count):
    on = BEGIN + timedelta(days=int(number * 250 / count))
    name = {"key": f"k{number}", "on": on}
    live = [path for path, piece in desk.pieces.items() if piece["state"] == "live"]
    if not live or rng.random() < 0.1:
        return _issue(rng, name, number, on)
    if rng.random() < 0.03:
        to, amount = _one(rng, EVERYBODY), int(rng.integers(900))
        return Act(ActKind.SET_LIMIT, to=to, amount=amount, **name)
    path = _one(rng, live if rng.random() < 0.97 else list(desk.pieces))
    paper = desk.papers[desk.pieces[path]["paper"]]
    moves = paper["status"] == "accepted" and on < paper["due"] and not paper["paid"]
    if paper["status"] == "defaulted" and rng.random() < 0.9:
        return _on_piece(rng, desk, name, path, ActKind.CLAIM)
    if rng.random() < (0.95 if moves else 0.1):
        return _on_piece(rng, desk, name, path, _one(rng, MOVES))
    return _on_paper(rng, desk, name, desk.pieces[path]["paper"])


def _on_piece(rng, desk, name, path, kind):
    piece = desk.pieces[path]
    face = len(piece["cost"])
    by, to = piece["holder"], _one(rng, FIRMS)
    if piece["registered"] and rng.random() < 0.6:
        kind = ActKind.FINANCE if rng.random() < 0.7 else ActKind.PLEDGE
    if kind in (ActKind.REGISTER, ActKind.FINANCE, ActKind.PLEDGE):
        to = _one(rng, BANKS)
        if kind is not ActKind.REGISTER and piece["registered"] and rng.random() < 0.9:
            to = piece["registered"]
    if kind in (ActKind.RELEASE, ActKind.DEREGISTER):
        by = piece["pledged"] or piece["registered"] or by
    if kind is ActKind.CONVERT:
        to = desk.papers[piece["paper"]]["payer"]
        name["made"] = f"B{name['key']}"
        name["due"] = name["on"] + timedelta(days=int(rng.integers(1, 120)))
    if kind is ActKind.CLAIM:
        sellers = [hop["seller"] for hop in piece["hops"]]
        to = _one(rng, sellers) if sellers and rng.random() < 0.3 else None
    part = int(rng.integers(1, face + 1)) if rng.random() < 0.7 else None
    amount = part if kind is not ActKind.SPLIT_OFF else int(rng.integers(1, face + 1))
    price = int(rng.integers(max(1, (amount or face) * 8 // 10), (amount or face) + 1))
    if kind is ActKind.TRANSFER and rng.random() < 0.7:
        price = None
    if rng.random() < 0.02:
        by = _one(rng, EVERYBODY)
    recourse = bool(rng.random() < 0.7)
    return Act(kind, by=by, target=path, to=to, amount=amount, price=price, recourse=recourse,
               **name)  # fmt: skip


def _issue(rng, name, number, on):
    due = on + timedelta(days=int(rng.integers(1, 200)))
    amount, to = int(rng.integers(1, 300)), _one(rng, FIRMS)
    trades = (f"INV{number}",) if rng.random() < 0.95 else ()
    if rng.random() < 0.35:
        by, payer = _one(rng, (*FIRMS, *CORES)), _one(rng, ("bank_a", "core_a"))
        return Act(ActKind.ISSUE, by=by, payer=payer, target=f"P{number}", to=to, amount=amount,
                   due=due, trades=trades, paper=PaperKind.BILL, **name)  # fmt: skip
    return Act(ActKind.ISSUE, by=_one(rng, CORES), target=f"P{number}", to=to, amount=amount,
               due=due, trades=trades, **name)  # fmt: skip


def _on_paper(rng, desk, name, target):
    paper = desk.papers[target]
    holders = [p["holder"] for p in desk._all(target) if p["state"] == "live"] or [paper["payer"]]
    if paper["status"] == "issued":
        kind = ActKind.ACCEPT if rng.random() < 0.9 else ActKind.CANCEL
        by = holders[0] if paper["kind"] is PaperKind.VOUCHER else paper["payer"]
        return Act(kind, by=by, target=target, **name)
    if rng.random() < 0.6:
        return Act(ActKind.DEFAULT, by=holders[0], target=target, **name)
    owed = desk._owed(paper)
    amount = int(rng.integers(1, owed + 2)) if rng.random() < 0.7 else max(1, owed)
    return Act(ActKind.PAY, by=paper["payer"], target=target, amount=amount, **name)
