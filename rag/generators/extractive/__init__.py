"""Answers without a model: the graph's facts as a clinician would note them, then quotations."""
