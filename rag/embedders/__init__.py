"""Adapters that turn text into vectors: a static one without torch, and any sentence-transformers model."""
