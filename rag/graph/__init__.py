"""Graphs of facts behind `rag.ports.GraphReader`."""
