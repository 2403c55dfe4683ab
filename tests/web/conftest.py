import contextlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.support.browser import Look, Visitor, launch, visit
from tests.support.served_home import NOON, Past, ServedHome, Setting, live_through
from tests.support.web_service import Service, build_page

# What the tests of the page wait for comes within a second; a busy machine may take far longer.
PATIENCE_MS = 30_000
# More than the 50 decisions that the page shows at first.
HISTORY = timedelta(hours=14)


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(static_dir=build_page(tmp_path / "static"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def observed_past(tmp_path_factory: pytest.TempPathFactory) -> Past:
    folder = tmp_path_factory.mktemp("observed_past")
    return live_through(folder, until=NOON, duration=HISTORY, live=False)


@pytest.fixture(scope="session")
def live_past(tmp_path_factory: pytest.TempPathFactory) -> Past:
    folder = tmp_path_factory.mktemp("live_past")
    return live_through(folder, until=NOON, duration=HISTORY, live=True)


Serve = Callable[..., ServedHome]
Open = Callable[..., Visitor]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start services that are stopped in the end."""
    with contextlib.ExitStack() as stack:

        def start(past: Past | None = None, setting: Setting | None = None) -> ServedHome:
            return stack.enter_context(ServedHome(tmp_path / "data", past, setting))

        yield start


@pytest.fixture
def open_page(serve: Serve, chromium: Browser) -> Iterator[Open]:
    """Open pages that are closed, and judged, before their services stop.

    Without a view nothing is loaded yet.
    """
    with contextlib.ExitStack() as stack:

        def open_view(url: str, view: str | None = "buffer", look: Look | None = None) -> Visitor:
            visitor = stack.enter_context(visit(chromium, url, look or Look()))
            if view is not None:
                visitor.go(view)
            return visitor

        yield open_view


@pytest.fixture
def home(serve: Serve) -> ServedHome:
    """A home that SmartLoad has just begun to observe."""
    return serve()
