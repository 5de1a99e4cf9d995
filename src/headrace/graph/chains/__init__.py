"""The chain map: where on an industry chain a firm stands, and on whom it depends.

model      `ChainMap`: products and industries, what is made of what, what is a kind of what
grams      texts as code points and as counts of one and two characters
wording    `Dictionary`: names found in a text, the longest first; what a text excludes
nearest    `NearestNames`: the names most like a text
placing    `place_declared`, `place_texts`: firms on the map, each with its evidence
industry   `fit_industries`: the industry that product names speak for
supply     tiers, second tier, dependence on cores, through loops
markets    who else sells the same, how concentrated; the neighbourhood of a firm
    edges      `supply_of`: supply out of the relations that stand
"""
