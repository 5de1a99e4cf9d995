"""Cash, shares, commodities and currency forwards: CSH, STK, COM and FXOUT.

Source: ACTUS technical specification 1.1, sections 7.8 to 7.11. In the official tests the price
at the end of an FXOUT is not signed by the role (fxout10), and what is delivered is a maturity
event in each currency (fxout01).
"""

from headrace.contracts.actus import kernels as k
from headrace.contracts.actus.events import Row
from headrace.contracts.actus.setting import Setting


def cash(setting: Setting) -> list[Row]:
    """CSH: an amount that is looked at (现金)."""
    name = str(setting.terms.get("contractID", ""))
    amount = setting.sign * setting.need("notionalPrincipal")
    looks = setting.observed.of_contract(name, "AD")
    return setting.told([setting.row_of(each.time, k.AD, 0.0, notional=amount) for each in looks])


def share(setting: Setting) -> list[Row]:
    """STK: bought, sold, dividends between (股票)."""
    terms, sign = setting.terms, setting.sign
    bought = -sign * terms.get("priceAtPurchaseDate", 0.0)
    rows = setting.traded(bought, sign * terms.get("priceAtTerminationDate", 0.0))
    code = terms.get("marketObjectCodeOfDividends", f"{terms.get('contractID', '')}-DV")
    due = setting.times("Dividend", setting.horizon + 1, closed=False)
    fixed = terms.get("nextDividendPaymentAmount")
    ends = terms.get("terminationDate", setting.horizon)
    for time in due:
        if setting.status < time <= ends:
            paid = fixed
            if fixed is None or time != due[0]:
                paid = setting.see(code, time, "marketObjectCodeOfDividends")
            rows.append(setting.row_of(setting.business(time), k.DV, sign * float(paid or 0.0)))
    return setting.told(rows)


def commodity(setting: Setting) -> list[Row]:
    """COM: a quantity bought and sold (商品)."""
    terms = setting.terms
    held = setting.sign * terms.get("quantity", 1.0)
    bought = -held * terms.get("priceAtPurchaseDate", 0.0)
    return setting.told(setting.traded(bought, held * terms.get("priceAtTerminationDate", 0.0)))


def currency_forward(setting: Setting) -> list[Row]:
    """FXOUT: one currency for another at a date (外汇远期), delivered or settled in the first."""
    terms, sign = setting.terms, setting.sign
    bought = -sign * terms.get("priceAtPurchaseDate", 0.0)
    rows = setting.traded(bought, terms.get("priceAtTerminationDate", 0.0))
    first, second = setting.need("notionalPrincipal"), setting.need("notionalPrincipal2")
    other, matures = setting.need("currency2"), setting.need("maturityDate")
    if terms.get("deliverySettlement") == "S":
        pair = f"{other}/{setting.currency}"
        ends = terms.get("terminationDate")
        if matures <= setting.horizon and not (ends is not None and ends < matures):
            paid = sign * (first - setting.see(pair, matures, "currency2") * second)
            settled = setting.business(setting.later(matures, "settlementPeriod"))
            rows.append(setting.row_of(settled, k.STD, paid))
    else:
        rows.append(Row(matures, k.MD, sign * first, setting.currency))
        rows.append(Row(matures, k.MD, -sign * second, other))
    return setting.told(rows)
