"""Securitisation (资产证券化): pools in, securities out, each yuan accounted for.

    amounts      exact money: roundings by name, shares that sum
    dates        dates that repeat, fractions of a year
    formulas     amounts, ratios and conditions of a deal, as data
    deal         a deal as frozen values
    deal_data    reads a deal from data, keys in English or Chinese
    deal_checks  refuses a deal that cannot run
    pool         eligibility, concentration, strata
    flows        what a pool pays, by date
    projection   cash flows of loan lines under assumptions
    book         what a running deal holds and owes; the one place where money moves
    steps        what each line of a waterfall does
    engine       runs a deal
    trace        where each yuan went, first in first out
    priority     where a junior class was paid ahead of a senior one
    report       tables with Chinese headings
    sensitivity  life, yield, shortfall and first loss over a grid of scenarios
    shelf        issuing in series; what the originator keeps
    revenue      rights to charge users, and how they cover what is due
    rules        the dated, cited rules
    postings     a run as movements for a ledger
    tables       rows to a table
    absbox       reads AbsBox requests, compares runs with its responses

A deal is read, its pool projected, and the deal run on the flows; all else looks at the run.
"""
