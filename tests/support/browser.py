"""A real Chromium without a window, and an eye on what its pages do."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request, ViewportSize

# A name that stands for this machine and is none of its own: what other devices would use.
OTHER_DEVICES_NAME = "smartload.test"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nothing but this machine has a name, so nothing can be fetched from elsewhere.
    f"--host-resolver-rules=MAP {OTHER_DEVICES_NAME} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
# Chromium writes one for every answer that is not a success; no script can keep it from that.
_FAILED_LOAD = "Failed to load resource"


def find_chromium() -> str:
    """Return the installed Chromium.

    Raises:
        FileNotFoundError: There is none.
    """
    for name in _NAMES:
        path = shutil.which(name)
        if path is not None:
            return path
    raise FileNotFoundError(f"no Chromium ({', '.join(_NAMES)}); `make chromium` looks for one")


def launch(playwright: Playwright) -> Browser:
    """Start the installed Chromium."""
    return playwright.chromium.launch(executable_path=find_chromium(), args=_ARGUMENTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Who looks, and through what."""

    lang: str = "en"
    scheme: str = "light"
    width_px: int = 1280
    height_px: int = 800


@dataclass
class Visitor:
    """One page in a context of its own, and everything that went wrong in it."""

    page: Page
    prefix: str
    complaints: list[str] = field(default_factory=list)
    _may_fail_to_load: bool = False

    def watch(self) -> None:
        """Begin to listen."""
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        self.page.context.on("request", self._see)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        if self._may_fail_to_load and message.text.startswith(_FAILED_LOAD):
            return
        self.complaints.append(f"{message.type}: {message.text}")

    def _see(self, request: Request) -> None:
        if urlsplit(request.url).scheme == "data" or request.url.startswith(self.prefix):
            return
        self.complaints.append(f"left {self.prefix}: {request.method} {request.url}")

    def let_loads_fail(self) -> None:
        """From now on let Chromium report refused and unanswered requests, and nothing else.

        There is no way back: it reports them when it has time, which may be long after.
        """
        self._may_fail_to_load = True

    def go(self, view: str) -> None:
        """Open a view by its own address, or change to it when the page is open."""
        self.page.goto(f"{self.prefix}#{view}")


@contextlib.contextmanager
def visit(browser: Browser, prefix: str, look: Look) -> Iterator[Visitor]:
    """Look at the page below ``prefix`` in a fresh context; fail for what went wrong in it."""
    context = browser.new_context(
        locale={"de": "de-DE", "en": "en-GB"}[look.lang],
        color_scheme="dark" if look.scheme == "dark" else "light",
        viewport=ViewportSize(width=look.width_px, height=look.height_px),
        timezone_id="Europe/Berlin",
        reduced_motion="reduce",
    )
    context.set_default_timeout(60_000)
    visitor = Visitor(context.new_page(), prefix)
    visitor.watch()
    try:
        yield visitor
    finally:
        context.close()
    assert not visitor.complaints, visitor.complaints
