"""The service itself."""

from __future__ import annotations

from yiwen.client.calls.connection import Connection
from yiwen.client.replies.service import Models, Program, Ready, Reports


class ServiceCalls(Connection):
    """What runs there, and how it is."""

    def models(self) -> tuple[str, ...]:
        """Names of the generators, the default one first."""
        return tuple(model.id for model in self._get("/v1/models", Models, {}).data)

    def reports(self) -> Reports:
        """What the evaluation found."""
        return self._get("/v1/reports", Reports, {})

    def ready(self) -> Ready:
        """Whether it can answer, and from which version. Raises ServiceError (503) where it cannot."""
        return self._get("/readyz", Ready, {})

    def program(self) -> Program:
        """Which program runs there."""
        return self._get("/version", Program, {})
