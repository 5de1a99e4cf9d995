"""The relation graph: who trades with whom, seen from both sides, as of a moment."""
