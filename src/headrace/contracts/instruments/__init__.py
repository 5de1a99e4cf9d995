"""Instruments of supply-chain finance (供应链金融工具), pure: no ledger, no clock, no files.

acts                what can be done with a voucher or bill, and the closed list of answers
book                a book of vouchers and bills; `apply` does acts, many at once
views               papers, pieces and money as tables
recourse            who may turn to whom, and who ends up with the loss
tiers               how deep vouchers travel, at what cost of funds, who is behind the second tier
postings            what acts mean for one party's ledger
tenors              how long a paper may run (papers_cn.toml)
outcomes            the shape in which the smaller state machines answer
payments            controlled payment to a named payee
orders              drawing against real orders, none twice
shipping            goods released against deposit and repayment; buy-back
receipts            warehouse receipts and pledged goods
claims, double_pledge   what is financed already, by exact and by near identity
words               refusals for people, in Chinese and English
kernels             the loop behind `book`

Vouchers (应收账款电子凭证) and bills (商业汇票) are both papers: one machinery, other rules.
"""
