"""Decisions in flight: the log they stand in, features beside them, and the desk that answers."""
