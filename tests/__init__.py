"""Tests of every package; a package itself, so that helpers are imported as `tests.<module>`."""
