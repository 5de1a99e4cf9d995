"""Headrace (活水): industrial digital finance, from dated facts to provable decisions."""

__version__ = "0.1.0"
