"""What the audit of the knowledge base doubts."""

from __future__ import annotations

from typing import Literal

from yiwen.client.replies.evidence import Entity
from yiwen.client.replies.reply import Reply

Standing = Literal["held", "doubtful", "released"]
"""Of an alias with a finding: no question finds it, it is used, or a person let it through."""


class Finding(Reply):
    """What an audit rule says of a record; a `severe` one is held until it is `released`."""

    rule: str
    severity: Literal["info", "warning", "severe"]
    kind: str
    record: str
    detail: str
    evidence: tuple[str, ...]
    released: bool


class Findings(Reply):
    """A page of findings, the severest first."""

    items: tuple[Finding, ...]
    next_offset: int | None = None
    kb_version: int


class DoubtedAlias(Reply):
    """An alias, the entity that it stands for, the data sets that assert it, and what the audit says."""

    id: str
    name: str
    kind: str
    entity: Entity
    datasets: tuple[str, ...]
    findings: tuple[Finding, ...]


class Aliases(Reply):
    """A page of doubted aliases, the severest first."""

    items: tuple[DoubtedAlias, ...]
    next_offset: int | None = None
    kb_version: int
