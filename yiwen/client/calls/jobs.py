"""Ingestion jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, Any

from yiwen.client.calls.connection import Connection
from yiwen.client.replies.jobs import Job, Jobs
from yiwen.client.transport import given, raise_for, reachable, read


class JobCalls(Connection):
    """Bring files in."""

    def upload(
        self,
        *files: tuple[str, IO[bytes]],
        dataset: str | None = None,
        format: str | None = None,
        encoding: str | None = None,
        append: bool = False,
        max_rejects: int | None = None,
        allow_shrink: bool = False,
        gate: str | None = None,
        table_map: str | None = None,
        preview: int | None = None,
        key: str | None = None,
    ) -> Job:
        """Queue the ingestion of files, each a name and its content; the same `key` again leads to the same job.

        `table_map` is the text of a map; with `preview` nothing is stored, and the report shows so many rows of each.
        """
        fields = given(
            dataset=dataset, format=format, encoding=encoding, max_rejects=max_rejects, gate=gate,
            table_map=table_map, preview=preview,
        )  # fmt: skip
        data = {name: str(value) for name, value in fields.items()} | {
            "append": str(append).lower(), "allow_shrink": str(allow_shrink).lower(),
        }  # fmt: skip
        sent = [("file", file) for file in files]
        headers = {"Idempotency-Key": key} if key else {}
        with reachable():
            return read(self._http.post("/v1/kb/jobs", files=sent, data=data, headers=headers), Job)

    def ingest(
        self,
        *paths: str,
        dataset: str | None = None,
        format: str | None = None,
        encoding: str | None = None,
        append: bool = False,
        max_rejects: int | None = None,
        allow_shrink: bool = False,
        gate: str | None = None,
        table_map: str | None = None,
        preview: int | None = None,
        key: str | None = None,
    ) -> Job:
        """The same for files below the folder of the service whose files may be named."""
        body = given(
            paths=list(paths), dataset=dataset, format=format, encoding=encoding, append=append,
            max_rejects=max_rejects, allow_shrink=allow_shrink, gate=gate, table_map=table_map, preview=preview,
        )  # fmt: skip
        headers = {"Idempotency-Key": key} if key else {}
        with reachable():
            return read(self._http.post("/v1/kb/jobs", json=body, headers=headers), Job)

    def jobs(self, *, state: str | None = None, limit: int | None = None, cursor: str | None = None) -> Jobs:
        """Jobs, newest first."""
        return self._get("/v1/kb/jobs", Jobs, given(state=state, limit=limit, cursor=cursor))

    def job(self, identifier: str) -> Job:
        """One job."""
        return self._get(f"/v1/kb/jobs/{identifier}", Job, {})

    def cancel_job(self, identifier: str) -> Job:
        """Take a job out of the queue, or end a running one; then it is `cancelling` for up to two seconds."""
        return self._post(f"/v1/kb/jobs/{identifier}/cancel", None, Job)

    def retry_job(self, identifier: str) -> Job:
        """Queue a failed or cancelled job again."""
        return self._post(f"/v1/kb/jobs/{identifier}/retry", None, Job)

    def delete_job(self, identifier: str) -> None:
        """Forget a job that has ended, its upload and its rejected rows."""
        with reachable():
            raise_for(self._http.delete(f"/v1/kb/jobs/{identifier}"))

    def rejects(self, identifier: str) -> Iterator[dict[str, Any]]:
        """The rejected rows of a job: file, line, reason, raw."""
        with reachable(), self._http.stream("GET", f"/v1/kb/jobs/{identifier}/rejects") as response:
            if response.is_error:
                response.read()
            raise_for(response)
            for line in response.iter_lines():
                yield json.loads(line)
