"""The service and the pages as processes on the sample, and a Chromium that looks at them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect, sync_playwright

from tests.ports import free_port

START_S = 40.0
WAIT_MS = 30_000
"""A page may be long in coming on a machine with other work; waiting costs nothing where it is not."""
expect.set_options(timeout=WAIT_MS)
PHONE, TABLET, DESKTOP = {"width": 360, "height": 740}, {"width": 768, "height": 1024}, {"width": 1280, "height": 900}
sizes = pytest.mark.parametrize("viewport", [PHONE, TABLET, DESKTOP], ids=["360", "768", "1280"])
"""At every size that people have."""
journey = pytest.mark.parametrize(
    "viewport",
    [
        pytest.param(PHONE, id="360", marks=pytest.mark.long),
        pytest.param(TABLET, id="768", marks=pytest.mark.long),
        pytest.param(DESKTOP, id="1280"),
    ],
)
"""The same; the smaller ones only where there is time."""
LOCAL = re.compile(r"^(?:http://127\.0\.0\.1:\d+/|data:|blob:)")


@dataclass
class Service:
    """`yiwen serve` on a data folder; it can be stopped and started again at the same address."""

    data_dir: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        arguments = ["--data-dir", str(self.data_dir), "serve", "--port", str(self.port)]
        self.process = subprocess.Popen([sys.executable, "-m", "yiwen", *arguments], stderr=subprocess.DEVNULL)
        wait_for(f"{self.url}/readyz", self.process)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=20)


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    """Until it answers with 200."""
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        assert process.poll() is None, f"it ended with code {process.returncode}"
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.HTTPError:
            pass  # not listening yet
        time.sleep(0.1)
    pytest.fail(f"{url} did not answer within {START_S:.0f} s")


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("browser")
    command = [sys.executable, "-m", "yiwen", "demo", "--once", "--data-dir", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    running = Service(folder)
    running.start()
    yield running
    running.stop()


@contextmanager
def pages(url: str) -> Iterator[str]:
    """`yiwen ui` for a service: its address."""
    port = free_port()
    command = [sys.executable, "-m", "yiwen", "ui", "--url", url, "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    wait_for(f"http://127.0.0.1:{port}/_stcore/health", process)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="package")
def address(service: Service) -> Iterator[str]:
    """The pages of the sample."""
    with pages(service.url) as found:
        yield found


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


Open = Callable[..., Page]


@pytest.fixture
def viewport() -> dict[str, int]:
    """How large the window is where a test does not say."""
    return DESKTOP


@pytest.fixture
def open_page(chromium: Browser, address: str, viewport: dict[str, int]) -> Iterator[Open]:
    """Opens a fresh visit; afterwards nothing was logged as an error, and no other machine was asked for anything."""
    usual = viewport
    opened: list[Page] = []
    errors: list[str] = []
    outside: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(message.text)

    def look(request: Request) -> None:
        if not LOCAL.match(request.url):
            outside.append(request.url)

    def visit(
        viewport: dict[str, int] | None = None,
        *,
        at: str = "",
        path: str = "",
        ready: str = "有什么想了解的？",
        **more: str,
    ) -> Page:
        page = chromium.new_context(viewport=viewport or usual, **more).new_page()  # type: ignore[arg-type]
        page.set_default_timeout(WAIT_MS)
        page.on("console", note)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", look)
        opened.append(page)
        page.goto((at or address) + path)
        page.get_by_text(ready).first.wait_for()
        return page

    yield visit
    for page in opened:
        page.context.close()
    assert errors == []
    assert outside == []


def ask(page: Page, question: str) -> None:
    """Type a question and wait until its answer is complete."""
    before = page.get_by_text("为什么这样回答").count()
    page.get_by_placeholder("输入您的医学问题").fill(question)
    page.keyboard.press("Enter")
    page.get_by_text("为什么这样回答").nth(before).wait_for()


def edit(page: Page, question: str) -> None:
    """Put another question in the place of the last one."""
    page.get_by_role("button", name="编辑问题").click()
    page.get_by_label("修改问题").fill(question)
    page.get_by_role("button", name="发送", exact=True).click()


def go(page: Page, name: str) -> None:
    """Choose a page in the navigation."""
    beside(page)
    page.get_by_test_id("stSidebarNav").get_by_text(name, exact=True).click()
    page.get_by_role("heading", name=name, exact=True).wait_for()
    away(page)


def settled(page: Page) -> None:
    """Wait until the page is drawn: what is clicked before may be drawn anew, and closed by that."""
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()


def beside(page: Page) -> Locator:
    """What stands beside the page, brought in where a small window leaves it out."""
    page.get_by_test_id("stHeader").wait_for()
    if (unfold := page.get_by_test_id("stExpandSidebarButton")).is_visible():
        unfold.click()
    found = page.get_by_test_id("stSidebar")
    assert eventually(lambda: found.get_attribute("data-collapsed") == "false")
    return found


def away(page: Page) -> None:
    """Fold it where it covers the page."""
    assert page.viewport_size is not None
    if page.viewport_size["width"] > TABLET["width"] or page.get_by_test_id("stExpandSidebarButton").is_visible():
        return
    page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    page.get_by_test_id("stExpandSidebarButton").wait_for()


def eventually(true: Callable[[], bool]) -> bool:
    """Whether it comes true in the time that a page has."""
    end = time.monotonic() + WAIT_MS / 1000
    while not (found := true()) and time.monotonic() < end:
        time.sleep(0.1)
    return found
