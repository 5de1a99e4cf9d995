"""Loans as Chinese banks write them, exact to the minor unit (中国零售与小微贷款).

    terms       what was agreed, checked field by field
    loans       the same for many loans, as columns
    periods     due days, and how many days of interest each period has
    schedule    terms in, instalments out, for many loans at once
    kernels     the money of it over arrays of integers
    pricing     LPR resets as rates by day
    account     one loan by the day: interest, penalty, what falls due, what clears it
    acts        what each event does to a loan
    events      what can happen to a loan, in which order on one day, and the refusals
    owed        what is owed on a day: instalments, penalty and compound interest, settlement
    paying      how a payment is divided
    suspension  interest kept off income once a loan is long overdue, by dated rules
    replay      a late event, the account made again, and the difference to post
    book        end-of-day accrual of many loans at once
    disclosure  the annualised rate a borrower is told, and the ceilings of law

A loan is `terms` and the events that happened to it; everything else is made from these.
"""
