"""What every request and response is."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Short = Annotated[str, Field(max_length=200)]
Few = Annotated[list[Short], Field(max_length=50)]
VersionNumber = Annotated[int, Field(ge=1, le=2**31 - 1)]


class Request(BaseModel):
    """Checked strictly; unknown fields are refused."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class Response(BaseModel):
    """Documentation, and checked in tests."""

    model_config = ConfigDict(extra="forbid")
