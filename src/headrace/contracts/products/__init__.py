"""Products as data, and the compiler that refuses illegal terms with the clause.

vocabulary   words of terms in Chinese; documents and conditions
fields       the closed list of fields that terms, products and rules speak of
rules        dated, cited rules in four forms; `rules_cn.toml` ships
definition   a product as its file states it; `catalogue/` ships
findings     what is wrong, what would be right, by which clause; in two languages
judging      one rule on one contract
compiler     what a product allows, and the terms of a contract
sheet        terms, findings and changes of rules as tables
catalogue    what ships
"""
