"""Does a feature know the outcome already? The check that runs before any score is fitted.

`findings` what is found, and the refusal; `sample` what is looked at; `alone` one feature beside
the outcome; `pattern` what the last digits of a number tell; `dating` when a value was known and
what it is counted from; `folds` rows on both sides of a split; `look_ahead` features that read the
future; `check` all rules on a table, and `find_leaks`, the same on bare arrays.
"""
