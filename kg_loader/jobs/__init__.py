"""Batch ingestion as jobs: a table that is the truth (`table`), a `worker`, one process for each run (`child`).

submit -> queued -> running -> done | done_with_rejects | failed
queued <- running            the worker ended or died, or something outside was down
queued | running -> cancelling -> cancelled
"""
