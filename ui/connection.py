"""Where the service is: what the environment says. Nothing here needs Streamlit."""

from __future__ import annotations

import os

API_URL, API_KEY = "YIWEN_API_URL", "YIWEN_API_KEY"
DEFAULT_URL = "http://127.0.0.1:8000"


def service_url() -> str:
    """Its address."""
    return os.environ.get(API_URL) or DEFAULT_URL


def service_key() -> str | None:
    """What it asks for, where it does."""
    return os.environ.get(API_KEY) or None
