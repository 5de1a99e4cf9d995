"""Basis trades (基差贸易): goods sold at a futures price that is fixed later, plus a premium.

exchanges   what exchanges say of their contracts (exchanges_cn.toml)
sale        a sale at futures + premium: fixing, provisional and final price, calls for more margin
hedge       the futures side: daily profit and loss, margin calls
delivery    exchange warehouse receipts: whole units, grade premiums
locked      what is earned whatever the price does, and what is left open
words       refusals for people, in Chinese and English

Prices are minor units a tonne, quantities kilograms, amounts minor units rounded half up.
"""
