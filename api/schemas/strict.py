"""The strictness that all requests and responses share, and the kinds of field that several of them have."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_NUMBER = re.compile(r"-?[0-9]+")


def _whole(value: object) -> object:
    """JSON knows no integers: 3.0 is one, and some programs write it so."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _digits(value: object) -> object:
    """What an address says of a number: pydantic would take ` 3`, `1_0` and `3.0` too."""
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError("expected a whole number, in digits")
    return value


WHOLE = BeforeValidator(_whole)
DIGITS = BeforeValidator(_digits)
Short = Annotated[str, Field(max_length=200)]
Few = Annotated[list[Short], Field(max_length=50)]
VersionNumber = Annotated[int, Field(ge=1, le=2**31 - 1), WHOLE]


class Request(BaseModel):
    """Checked strictly; unknown fields are refused."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class Response(BaseModel):
    """Documentation, and checked in tests."""

    model_config = ConfigDict(extra="forbid")
