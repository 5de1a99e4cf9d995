"""What was promised: terms in, dated cash flows, states and movements of money out.

    conventions     day counts, business days, cycles, calendars, rounding
    actus           the contract types of the ACTUS standard, in double precision
    lending         loans as Chinese banks write them, exact to the cent
    instruments     receivable vouchers, bills, controlled payment, warehouse receipts
    basis           sales at futures plus a premium
    collateral      marking, haircuts, calls, disposal
    sharing         who bears which part of a loss
    classification  the five classes, and when each will be reached
    securitisation  pools, waterfalls, shelves
    products        templates with legal bounds, and the compiler that refuses what is illegal
    movements       the one shape in which any of them moves money

Nothing here knows of facts, ledgers or evidence: workflows join them.
"""
