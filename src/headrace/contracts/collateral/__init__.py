"""The collateral desk (押品管理): mark, haircut, warn, call, cure, dispose.

terms           lines, rates and grades as dated, cited TOML data (`terms_cn.toml`)
marks           what a piece of collateral is worth on a day, by kind
borrowing_base  receivables: eligible, concentrated, diluted; the certificate
panel           daily prices of shares as arrays, price limits
measures        volatility, waiting, liquidity of shares: what was known on each day
haircuts        the haircut of a position and its parts
grades          shares graded A to E by factors
backtest        what pledges at given rates would have come to
pledges         the words of a pledge: terms, events, state, refusals
desk            a pledge step by step
customers       all pledges of one customer or group together
triggers        at which price, and how soon, a line is hit
stress          paths of prices to expected calls and shortfalls
kernels         the compiled loops
"""
