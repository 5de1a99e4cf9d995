"""Relations between parties, with two times and the fact behind each: loaded, cut, kept current.

`kinds` says what can be between two parties; `statements` codes facts once; `snapshot` is what
stood at a moment as far as it was known then; `live` keeps one snapshot current, change by change;
`paths` connects two parties; `positions` are the exposures of a moment.
"""
