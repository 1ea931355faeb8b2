"""Adapters that judge texts: vectors (static ones without torch, any sentence-transformers model), and rerankers."""
