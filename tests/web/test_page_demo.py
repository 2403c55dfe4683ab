"""The demo as a newcomer meets it: the real process, its page, and the simulated evcc beside it."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import Look, visit
from tests.support.free_port import free_port

pytestmark = pytest.mark.browser

MAIN = Path(__file__).parents[2] / "evcc-smartload/rootfs/app/main.py"
UP_S = 120.0
PAST_S = 600.0  # a limit; on two free cores it takes about twenty seconds
STOP_S = 2.0
OWN_S = 0.2
OWNER_PCT = 50


def times_slower() -> float:
    """How many times longer than on a free core a computation takes now, 1 or more."""
    began_s, began_cpu_s = time.monotonic(), time.thread_time()
    while (own_s := time.thread_time() - began_cpu_s) < OWN_S:
        pass
    return max(1.0, (time.monotonic() - began_s) / own_s)


class DemoProcess:
    """``python main.py --demo`` on a free port."""

    def __init__(self, data_dir: Path) -> None:
        self.port = free_port()
        self._heard = threading.Condition()
        self._process = subprocess.Popen(
            [
                sys.executable,
                str(MAIN),
                "--demo",
                "--data",
                str(data_dir),
                "--port",
                str(self.port),
            ],
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.wait_until_said("Living through", UP_S)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._heard:
                self.said.append(line)
                self._heard.notify_all()

    def wait_until_said(self, words: str, timeout_s: float) -> None:
        """Return when a line has said ``words``."""
        with self._heard:
            has_said = self._heard.wait_for(
                lambda: any(words in line for line in self.said), timeout_s
            )
            assert has_said, "".join(self.said)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def stop(self) -> tuple[int, float]:
        """Send SIGTERM; return the exit code and how long the end took [s]."""
        began_s = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(10 * STOP_S)
        took_s = time.monotonic() - began_s
        self.close()
        return code, took_s

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[DemoProcess]:
    process = DemoProcess(tmp_path)
    yield process
    process.close()


def ask(url: str) -> dict[str, object]:
    with urlopen(url) as answer:  # noqa: S310  # an address of this machine, made by this test
        parsed: dict[str, object] = json.load(answer)
        return parsed


def buffer_in_evcc(evcc_url: str) -> object:
    state = ask(f"{evcc_url}/api/state")
    site = state.get("result", state)
    assert isinstance(site, dict)
    return site["bufferSoc"]


def evcc_url_of(demo: DemoProcess) -> str:
    evcc = ask(f"{demo.url}status")["evcc"]
    assert isinstance(evcc, dict)
    return str(evcc["url"])


@pytest.mark.long
def test_a_newcomer_watches_the_demo_and_goes_live(demo: DemoProcess, chromium: Browser) -> None:
    with visit(chromium, demo.url, Look()) as visitor:
        page = visitor.page
        visitor.go("buffer")
        expect(page.get_by_test_id("demo-progress")).to_be_visible()
        # A page that shows every quarter hour of ten days costs as much as living through them.
        page.goto("about:blank")
        demo.wait_until_said("75%", PAST_S)
        visitor.go("buffer")
        expect(page.get_by_test_id("demo-progress")).to_be_visible()
        expect(page.get_by_test_id("speed")).to_be_visible(timeout=PAST_S * 1000)
        expect(page.get_by_test_id("banner")).to_have_attribute("data-mode", "observation")
        expect(page.get_by_text(re.compile("50 of 700"))).to_be_visible()
        evcc_url = evcc_url_of(demo)
        assert buffer_in_evcc(evcc_url) == OWNER_PCT

        page.get_by_test_id("activate").click()
        page.get_by_test_id("confirm").click()

        expect(page.get_by_test_id("banner")).to_have_attribute("data-mode", "live")
        row = page.locator("[data-testid=event-row][data-outcome=applied]").first
        expect(row).to_be_visible()
        assert buffer_in_evcc(evcc_url) != OWNER_PCT
        assert page.get_by_test_id("buffer-value").inner_text() == f"{buffer_in_evcc(evcc_url)}%"
        newest = page.get_by_test_id("event-row").first
        before = newest.get_attribute("data-ts")
        page.get_by_test_id("speed").select_option("3600")
        expect(newest).not_to_have_attribute("data-ts", before or "")
        # At an hour a second the house alone keeps a busy machine busy.
        with page.expect_response(re.compile("speed")):
            page.get_by_test_id("speed").select_option("60")
        page.goto("about:blank")

    slower = times_slower()
    code, took_s = demo.stop()

    # What others take of the machine is not what the service takes.
    limit_s = STOP_S * max(slower, times_slower())
    assert (code, took_s < limit_s) == (0, True), f"{took_s:.1f} s\n{''.join(demo.said[-20:])}"
