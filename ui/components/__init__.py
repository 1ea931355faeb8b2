"""What Streamlit has no element for: an answer whose numbers open their sources, and a graph that can be walked.

Scripts and styles are files of this package; texts reach them as data and become text nodes, never HTML.
"""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def asset(name: str) -> str:
    """The text of a script or style of this package."""
    return (resources.files(__name__) / name).read_text(encoding="utf-8")
