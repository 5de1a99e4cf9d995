"""What moved: double entry in whole minor units, immutable batches, refusals as a closed set.

    account    accounts, and what their balances must not do
    transfer   transfers as values and as columns
    outcome    what became of a transfer: the closed set, in the order in which it is checked
    kernels    the loops over flat arrays
    book       the state: accounts, journal, ids; a batch is applied, then kept or undone
    content    the canonical bytes of a batch, and the hash chain over them
    journal    a book and the place where its batches are: commit, catch up, verify
    asof       balances, statements and trial balances on both times
    chart      charts of accounts as data, the roles accounts play (chart_cn.toml)
    reports    balance sheet and income by the chart
    drafting   adjustments, accruals and the close of a year, as transfers to commit
    plaintext  Beancount and hledger text

Nothing here touches a disk: `headrace.adapters.stores.ledger` keeps the batches.
"""
