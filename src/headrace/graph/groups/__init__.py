"""Groups for limits: one customer, group customers, dependents, the bank's related parties.

rules            the dated, cited rules and limits, as data that a bank edits
basis            what the rules look at, and what a conclusion rests on
kinship          close relatives by generations
memberships      who belongs to whom, by which rule, with which proof
customers        one customer: other codes, branches, head office
control_groups   group customers: stars around whoever controls
joint_control    what only a family together controls
signs            signs of other ties between companies
dependence       economic dependence
related          related parties of the bank
finding          all groups of a moment
limits           exposure against limits, and room
changes          what moved, and the fact that moved it
words            memberships and proofs in Chinese and English
snapshots        from relations to groups
"""
