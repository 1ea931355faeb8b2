"""The HTTP service over `rag`."""
