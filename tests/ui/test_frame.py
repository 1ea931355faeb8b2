"""What goes around the pages: headers of every answer, and the document in our language."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.source_tree import ROOT
from ui.frame import POLICY, SECURITY, Frame, framed

DOCUMENT = (
    '<!DOCTYPE html>\n<html lang="en"><head><title>Streamlit</title>\n'
    "<script>\n  window.prerenderReady = false\n</script></head><body>正文</body></html>"
)
HTML = {"accept": "text/html,*/*"}


@pytest.fixture
def client() -> TestClient:
    async def document(_: object) -> HTMLResponse:
        return HTMLResponse(DOCUMENT, headers={"etag": '"old"'})

    async def script(_: object) -> PlainTextResponse:
        return PlainTextResponse(DOCUMENT)

    return TestClient(Frame(Starlette(routes=[Route("/", document), Route("/a.js", script)])))


def test_every_answer_has_the_headers(client: TestClient) -> None:
    for path in ("/", "/a.js", "/nothing"):
        answer = client.get(path, headers=HTML)
        assert {name: answer.headers[name] for name in SECURITY} == SECURITY


def test_the_document_is_ours_and_nothing_else_is_touched(client: TestClient) -> None:
    found = client.get("/", headers=HTML)
    assert found.text == framed(DOCUMENT, "zh")
    assert '<html lang="zh-CN">' in found.text
    assert "<title>医问</title>" in found.text
    assert "etag" not in found.headers
    assert '<html lang="en">' in client.get("/?lang=en", headers=HTML).text
    assert '<html lang="zh-CN">' in client.get("/?lang=xx", headers=HTML).text
    assert client.get("/a.js", headers=HTML).text == DOCUMENT
    assert client.get("/").text == DOCUMENT


def test_only_our_inline_script_may_run() -> None:
    (script,) = re.findall(r"<script>(.*?)</script>", framed(DOCUMENT, "zh"), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    rules = dict(rule.partition(" ")[::2] for rule in POLICY.split("; "))
    assert f"'sha256-{digest}'" in rules["script-src"]
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*"} & set(rules["script-src"].split())
    assert "http" not in POLICY
    assert rules["frame-ancestors"] == "'none'"


def test_streamlit_still_serves_the_document_that_is_changed() -> None:
    import streamlit

    path = f"{streamlit.__path__[0]}/static/index.html"
    with open(path, encoding="utf-8") as file:
        found = framed(file.read(), "zh")
    assert '<html lang="zh-CN">' in found
    assert "<title>医问</title>" in found
    assert len(re.findall(r"<script>", found)) == found.count("BACKEND_BASE_URL") == 1


def test_no_page_puts_text_into_the_document_as_html() -> None:
    """Only our own styles come by `st.html`; texts of the knowledge base are Markdown that is escaped, or data."""
    sources = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "ui").rglob("*.py")}
    assert [name for name, text in sources.items() if "unsafe_allow_html" in text] == []
    assert [name for name, text in sources.items() if "st.html(" in text] == ["app.py"]
    scripts = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "ui").rglob("*.js")}
    assert [name for name, text in scripts.items() if re.search(r"innerHTML|insertAdjacentHTML|eval\(", text)] == []


def test_what_goes_around_the_pages_needs_no_streamlit() -> None:
    """Loaded before Streamlit runs, its caches would warn whoever starts the pages."""
    code = "import sys, ui.frame; sys.exit('streamlit' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
