"""Compiled loops of the communities: arrays in, arrays out."""
