"""Identity: which records are one party, why, and under what name that lasts.

`codes` checks credit codes, registration numbers and identity cards; `writing` folds one way of
writing into another; `firm_names` takes a Chinese or English company name apart; `records` holds
what is compared as arrays; `settings` says what is compared and how pairs are found; `training`
and `model` weigh agreement (Fellegi-Sunter); `clusters` groups pairs; `judgements` are people's
words; `resolver` keeps all of it current under ids that last.
"""
