"""The service over a small knowledge base, as the pages meet it."""

from tests.api.conftest import app, client, library, settings

__all__ = ["app", "client", "library", "settings"]
