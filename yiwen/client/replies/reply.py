"""What every reply of the service has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Reply(BaseModel):
    """Of the service."""

    model_config = ConfigDict(extra="allow", frozen=True)
