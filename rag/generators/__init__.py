"""Generators: evidence in, text with `[n]` marks out."""
