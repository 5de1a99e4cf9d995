"""Worked examples of loans as files that a user would write: TOML terms, CSV events, CSV books."""

import csv
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "data" / "contracts" / "schedules"
PLAIN = ("principal", "limit", "start", "maturity", "instalments", "grace_principal",
         "grace_interest", "instalment")  # fmt: skip
QUOTED = ("rate", "method", "days", "shift", "level", "residue", "currency")
TABLES = {
    "every_months": ("due", "every_months"),
    "due_day": ("due", "day"),
    "due_month": ("due", "month"),
    "first_days_min": ("due", "first_days_min"),
    "last_days_min": ("due", "last_days_min"),
    "grace_days": ("penalty", "grace_days"),
    "overdue_markup": ("penalty", "overdue_markup"),
    "misuse_markup": ("penalty", "misuse_markup"),
    "penalty_from": ("penalty", "start"),
    "prepayment_fee": ("prepayment", "share_fee"),
    "subsidy_share": ("subsidy", "share"),
    "subsidy_points": ("subsidy", "points"),
}
SHIFTS = {"CSF": "calculate_following", "SCF": "shift_following"}
FEES = {"fee_each": "each_period", "fee_on_balance": "on_balance", "fee_at_start": "at_start"}
COLUMNS = ("principal", "start", "rate", "maturity", "instalments", "method", "days", "shift",
           "level", "residue", "every_months", "due_day", "due_month", "first_days_min",
           "last_days_min", "grace_principal", "grace_interest", "instalment", "subsidy_share",
           "subsidy_points")  # fmt: skip
EVENTS = {
    "prepay_lower": ("prepay", "lower_instalment"),
    "prepay_shorter": ("prepay", "shorter_term"),
    "fee": ("charge_fee", ""),
    "reset": ("reset_rate", ""),
}


def cases(*names: str) -> dict[str, list[dict[str, str]]]:
    """The rows of each case of some tables, the first of which states the terms."""
    found: dict[str, list[dict[str, str]]] = {}
    for name in names:
        with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            last = ""
            for row in csv.DictReader(file):
                last = row["case"] or last
                found.setdefault(last, []).append(row)
    return found


def stated(text: str) -> dict[str, str]:
    """Terms written `principal=100000.00; rate=4.35%`, by name."""
    return dict(part.strip().split("=", 1) for part in text.split(";"))


def toml_of(text: str) -> tuple[str, list[str]]:
    """The same as a TERMS.toml, and the options that belong to it."""
    given = stated(text)
    given["shift"] = SHIFTS.get(given.get("shift", "NOS"), "no_shift")
    lines = [f"{name} = {given.pop(name)}" for name in PLAIN if name in given]
    lines += [f'{name} = "{given.pop(name)}"' for name in QUOTED if name in given]
    if "plan_pays_interest" in given:
        lines.append(
            f"plan_pays_interest = {str(given.pop('plan_pays_interest') == 'yes').lower()}"
        )
    if "plan" in given:
        pairs = (f"[{each.replace(':', ', ')}]" for each in given.pop("plan").split())
        lines.append(f"plan = [{', '.join(pairs)}]")
    tables: dict[str, list[str]] = {}
    for name, (table, key) in TABLES.items():
        if name in given:
            value = given.pop(name)
            quoted = f'"{value}"' if "%" in value or "_" in value else value
            tables.setdefault(table, []).append(f"{key} = {quoted}")
    if "subsidy" in tables:
        tables["subsidy"].append('payer = "财政局"')
    if "floating" in given:
        tenor, sign, points = given.pop("floating").replace("-", " - ").replace("+", " + ").split()
        tables["floating"] = [f'tenor = "{tenor}"', f"spread_bp = {sign}{points}"]
        tables["floating"].append(f'reset = "{given.pop("reset")}"')
    for name, lines_of in tables.items():
        lines += [f"[{name}]", *lines_of]
    for name, kind in FEES.items():
        if name in given:
            amount, _, share = given.pop(name).rpartition("+")
            lines += ["[[fees]]", f'name = "{name}"', f'kind = "{kind}"', f'share = "{share}"']
            lines += [f"amount = {amount}"] if amount else []
    options = ["--known", given.pop("known")] if "known" in given else []
    assert not given, given
    return "\n".join(lines) + "\n", options


def book_rows(found: dict[str, list[dict[str, str]]]) -> Iterator[dict[str, str]]:
    """A row of a book for each case that can be one."""
    for name, rows in found.items():
        given = stated(rows[0]["terms"])
        if set(given) <= set(COLUMNS):
            yield {"loan": name, **given}


def event_rows(rows: list[dict[str, str]]) -> list[list[str]]:
    """Rows `event, on, amount, rate, name, after` of a case's steps; a look is no event."""
    found = []
    for row in rows:
        if row["event"] == "look":
            continue
        word, after = EVENTS.get(row["event"], (row["event"], ""))
        is_rate = row["event"] == "reset"
        amount, rate = ("", row["amount"]) if is_rate else (row["amount"], "")
        name = "fee" if row["event"] == "fee" else ""
        found.append([word, row["day"], amount, rate, name, after])
    return found
