"""What is withdrawn, doubted and decided."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from yiwen.client.calls.connection import Connection
from yiwen.client.replies.evidence import Curated, Register
from yiwen.client.replies.jobs import Job
from yiwen.client.replies.reviews import Aliases, Findings, Standing
from yiwen.client.transport import given, reachable, read


class CurationCalls(Connection):
    """Keep it right."""

    def register(self) -> Register:
        """What is withdrawn, retracted or erased."""
        return self._get("/v1/kb/register", Register, {})

    def withdraw(self, identifier: str, reason: str) -> Curated:
        """Let nothing of an id support an answer, in any version, at once; needs the key where the service has one."""
        return self._post(f"/v1/evidence/{quote(identifier, safe='')}/withdraw", {"reason": reason}, Curated)

    def restore(self, identifier: str) -> Curated:
        """Let it support answers again."""
        return self._post(f"/v1/evidence/{quote(identifier, safe='')}/restore", None, Curated)

    def findings(
        self, *, rule: str | None = None, severity: str | None = None, limit: int | None = None, offset: int = 0
    ) -> Findings:
        """What the audit of the current version found; `next_offset` leads on."""
        return self._get("/v1/kb/findings", Findings, given(rule=rule, severity=severity, limit=limit, offset=offset))

    def doubted_aliases(self, standing: Standing = "held", *, limit: int | None = None, offset: int = 0) -> Aliases:
        """Aliases with a finding: held until released, doubtful but used, or released by somebody."""
        return self._get("/v1/kb/aliases", Aliases, given(standing=standing, limit=limit, offset=offset))

    def release(self, *records: str, reason: str = "", key: str | None = None) -> Job:
        """Queue a version in which answers may use these records; the same `key` again leads to the same job."""
        return self._review("release", records, reason, key)

    def hold(self, *records: str, reason: str, key: str | None = None) -> Job:
        """Queue a version in which no answer uses these records."""
        return self._review("hold", records, reason, key)

    def _review(self, verdict: str, records: Sequence[str], reason: str, key: str | None) -> Job:
        body = {"verdict": verdict, "records": list(records), "reason": reason}
        headers = {"Idempotency-Key": key} if key else {}
        with reachable():
            return read(self._http.post("/v1/kb/reviews", json=body, headers=headers), Job)
