"""`python -m ui`: serves the pages. `yiwen ui` and `yiwen demo` start it."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Sequence
from importlib import resources

from streamlit.web import cli

from ui.connection import API_URL

HOST, PORT = "YIWEN_UI_HOST", "YIWEN_UI_PORT"
FONT = (
    '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", "WenQuanYi Zen Hei", system-ui, sans-serif'
)
OPTIONS = {
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "server.showEmailPrompt": "false",
    "browser.gatherUsageStats": "false",
    "client.toolbarMode": "viewer",
    "client.showErrorDetails": "none",
    "client.showErrorLinks": "false",
    "theme.font": FONT,
    "theme.headingFontSizes": '["1.9rem", "1.5rem", "1.25rem"]',
    "theme.light.primaryColor": "#0b6e69",
    "theme.light.backgroundColor": "#ffffff",
    "theme.light.secondaryBackgroundColor": "#f1f6f5",
    "theme.light.textColor": "#0b1418",
    "theme.dark.primaryColor": "#4fd1c5",
    "theme.dark.backgroundColor": "#0f1719",
    "theme.dark.secondaryBackgroundColor": "#182427",
    "theme.dark.textColor": "#e6efee",
}
"""Nothing is fetched from elsewhere and nothing is reported; what fails is not shown with a traceback."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until a signal, or, with --with-stdin, until stdin ends: then whoever started this is gone."""
    parser = argparse.ArgumentParser(prog="python -m ui", description="Serve the pages of 医问 until Ctrl-C.")
    parser.add_argument("--url", help=f"address of the service ({API_URL})")
    parser.add_argument("--host", default=os.environ.get(HOST) or "127.0.0.1", help=f"address to listen on ({HOST})")
    parser.add_argument("--port", type=int, default=os.environ.get(PORT) or "8501", help=f"port to listen on ({PORT})")
    parser.add_argument("--with-stdin", action="store_true", help="end when stdin ends")
    given = parser.parse_args(arguments)
    if given.url:
        os.environ[API_URL] = given.url
    if given.with_stdin:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    options = OPTIONS | {"server.address": given.host, "server.port": str(given.port)}
    flags = [f"--{name}={value}" for name, value in options.items()]
    with resources.as_file(resources.files("ui") / "serving.py") as script:
        sys.exit(cli.main(["run", str(script), *flags], standalone_mode=False))


def _end_with_stdin() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
