"""Answering: each step, and the path through all of them."""
