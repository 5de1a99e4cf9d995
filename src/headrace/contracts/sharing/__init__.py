"""Risk sharing (风险分担): who bears which part of a loss, exact to the fen.

apportioning  whole units in proportion, by largest remainders
scheme        parties, layers, order of recoveries: what was agreed
book          schemes and rules as dated, cited TOML data (`schemes_cn.toml`)
waterfall     one claim down the layers, one recovery back up
pool          a guarantee pool day by day: leverage, compensation rate, suspension
colending     one loan funded by several lenders
notes         credit-risk mitigation notes
scenarios     defaults drawn or given, run down the layers by compiled code
pricing       expected loss, tail, premium, and the bank's three numbers
kernels       the compiled loops
"""
