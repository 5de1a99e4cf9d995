"""The five classes of financial assets, why, and when each will be reached.

tables      dated, cited rules; `tables_cn.toml` ships
claims      a book of claims as parallel arrays
grading     classes with reasons: own facts, no upgrade by itself, contagion to a fixpoint
ahead       the day on which each class is reached if nothing happens
impairment  stages of expected loss, provisions by class
words       classes and reasons as people read them, and as tables
"""
