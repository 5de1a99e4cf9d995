"""The demo's book of loans and the sheets of its desks; all of it is simulated."""

import csv
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from shutil import rmtree

import numpy as np

from headrace.adapters.desk_sheets import SIMULATED
from headrace.adapters.folder import DiskFolder
from headrace.adapters.loan_books import NOTICE, contracts_of, evening_of, open_book
from headrace.adapters.workspace import Workspace
from headrace.commands.voucher import EXAMPLES, example_text
from headrace.simulator.loan_months import simulate_months
from headrace.workflows.goods_pledge import FIELDS as EVENT_FIELDS
from headrace.workflows.loan import Loan

MONTHS, SEED = 6, 7
LEFT_TO_PAY_OUT = 5
PRICE_DAYS = 90
EXAMPLE_SHEETS = {
    "acts": "voucher_acts", "limits": "voucher_limits", "new": "claims_asked",
    "known": "claims_known",
}  # fmt: skip
PRICES = {"600000.SH": 10.2, "000001.SZ": 13.1, "silicon": 13_200.0, "CEA": 82.0}
PLEDGES = """\
loan,owed,kind,code,quantity,appraised,appraised_on,haircut,ends_on,due,storage
P-1,480000,shares,600000.SH,100000,,,,,,
P-2,900000,shares,600000.SH,60000,,,,,,
P-2,,shares,000001.SZ,60000,,,,,,
P-2,,cash,,30000,,,,,,
P-3,640000,shares,000001.SZ,65000,,,,,,
P-4,520000,goods,silicon,60,,,30%,,,20000
P-5,500000,quota,CEA,10000,,,,2020-12-31,1000,
P-6,300000,patents,patent-7,,700000,2019-12-01,50%,2030-09-01,,
P-7,400000,shares,300999.SZ,30000,,,,,,
"""
POOL = """\
on,event,party,loan,borrower,claim,amount,cost
2020-01-06,contribute,guarantor,,,,4000000,
2020-01-06,contribute,reguarantor,,,,3000000,
2020-01-06,contribute,government,,,,1000000,
2020-01-15,guarantee,,G-1,S101,,3000000,
2020-02-03,guarantee,,G-2,S102,,2500000,
2020-02-20,guarantee,,G-3,S103,,1800000,
2020-04-30,release,,G-3,,,600000,
2020-05-18,claim,,G-2,,C-1,400000,
2020-05-29,compensate,,,,C-1,,
2020-06-24,recover,,,,C-1,120000,8000
2020-06-26,guarantee,,G-1,S101,,1000000,
"""
LISTS = ("高新技术企业", "科技型中小企业", "专精特新中小企业")
FIELDS = ("清洁能源产业", "节能降碳产业", "生态保护修复和利用")
MADE_UP = "模拟认定 simulated"


def fill_book(workspace: Workspace) -> str:
    """The run's contracts, signed and served for some months; a few are left to be paid out."""
    rmtree(workspace.folder("book"), ignore_errors=True)
    run = workspace.folder("run")
    with open_book(workspace.book_address, create=True, shelf=workspace.book_shelf) as here:
        here.mark_simulated()
        offered = contracts_of(DiskFolder(run), str(run))
        served, fresh = offered[:-LEFT_TO_PAY_OUT], offered[-LEFT_TO_PAY_OUT:]
        here.sign(served or offered)
        simulate_months(here.desk, MONTHS, SEED, lambda _: None)
        if served and here.desk.book.day is not None:
            here.sign_batch(fresh, "fresh", evening_of(here.desk.book.day))
        here.desk.keep()
        here.prove()
        count = len(here.desk.book.loans)
        _fill_marks(workspace.folder("desks"), tuple(here.desk.book.loans.values()))
    return f"{count:,} contracts, {MONTHS} months"


def fill_desks(workspace: Workspace) -> str:
    """Sheets of every desk: pledges and prices, vouchers, receipts, claims, a pool."""
    folder = workspace.folder("desks")
    (folder / "pools").mkdir(parents=True, exist_ok=True)
    (folder / SIMULATED).write_text(NOTICE, encoding="utf-8")
    for name, sheet in EXAMPLE_SHEETS.items():
        _write(folder / f"{sheet}.csv", example_text(name, EXAMPLES[name], "zh"))
    _write(folder / "warehouse_events.csv", example_text("events", EVENT_FIELDS, "zh"))
    _write(folder / "pledges.csv", PLEDGES)
    _write(folder / "prices.csv", _prices(date(2020, 6, 30)))
    _write(folder / "pools" / "zhengyindan_4321.csv", POOL)
    return "pledges, prices, vouchers, receipts, a pool"


def _prices(last: date) -> str:
    """Closing prices of working days, a random walk; the same each time."""
    random = np.random.default_rng(SEED)
    days = [last - timedelta(days=n) for n in range(PRICE_DAYS)]
    lines = ["code,date,close"]
    for code, price in PRICES.items():
        close = price
        for day in days:
            if day.weekday() < 5:
                lines.append(f"{code},{day},{close:.2f}")
                close *= float(np.exp(random.normal(0.0, 0.012)))
    return "\n".join(lines) + "\n"


def _fill_marks(folder: Path, loans: Sequence[Loan]) -> None:
    """Some firms on lists of technology firms, some green loans; of most nobody stated anything."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SIMULATED).write_text(NOTICE, encoding="utf-8")
    rows: list[tuple[object, ...]] = []
    for at, loan in enumerate(loans):
        if at % 6 == 0:
            rows.append(("科技", loan.party, "", LISTS[at // 6 % len(LISTS)], MADE_UP, "", ""))
        elif at % 6 == 1:
            rows.append(("科技", loan.party, "", "否", MADE_UP, "", ""))
        if at % 9 == 0:
            capital = loan.contract.terms.principal // 100 * 12
            known = (400 + 35 * at, capital) if at % 18 == 0 else ("", "")
            name = loan.contract.contract
            rows.append(("绿色", "", name, FIELDS[at // 9 % len(FIELDS)], MADE_UP, *known))
    heads = ("认定类型", "企业代号", "合同编号", "类别", "来源", "年排放量(吨)", "权益与债务(元)")
    with (folder / "marks.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([heads, *rows])


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8-sig")  # so that Excel reads its Chinese
