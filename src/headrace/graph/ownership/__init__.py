"""Who owns what share of whom, who controls whom, and who stands behind it all.

shares      holdings read into bounds, with every fault of the records as a finding
integrated  shares over all chains, direct and indirect, loops included
votes       who may cast which votes: proxies, nominees, partners, parties in concert
control     more than half of the votes, counting those of whatever one controls
chains      the chains behind an integrated share
rulesets    dated, cited rules about owners, as data
beneficial  owners of companies under such a rule
live        the same answers kept current, one changed holding at a time
binding     from relations to holdings and votes
runs        rows by party that `live` replaces one run at a time
"""
