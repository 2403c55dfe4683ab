"""Takes the pictures of the page that the documentation shows, from a demo that this starts.

Run from the repository's root: .venv/bin/python -m tools.take_screenshots

The buffer and the report are shown as a newcomer meets them, observed for ten days; from then on
all stages act. The moment and the forecast are shown on a sunny day on which a car charges, the
plan when battery and car have something to wait for, and what is done in evcc when something is
imposed on one of them. It takes a few minutes.
"""

import io
import json
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from PIL import Image
from playwright.sync_api import Browser, ViewportSize, expect, sync_playwright

from tests.support.browser import launch

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs/images"
PORT = 8198
URL = f"http://127.0.0.1:{PORT}"
WIDTH_PX = 1280
HEIGHT_PX = {
    "now": 900,
    "buffer": 1000,
    "forecast": 1240,
    "plan": 1580,
    "proof": 1850,
    "report": 1760,
}
# What each view has last.
IS_WHOLE = {"proof": "[data-testid=write-row]", "report": "[data-testid=saving]"}
COLOURS = 255
FASTEST, STEADY = 3600.0, 360.0
CYCLES_A_DAY = 96
# What makes a moment worth a picture.
SUNNY_KW = 4.0
CHARGING_KW = 1.5
HALF_FULL_PCT = (30.0, 90.0)
SAVING_EUR = 0.2
LOOK_EVERY_S = 0.1

State = dict[str, object]


def ask(path: str, body: object = None) -> State:
    """Ask the service; a body makes it a change."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"{URL}{path}", data, {"Content-Type": "application/json"})  # noqa: S310  # our own address
    with urlopen(request) as answer:  # noqa: S310  # our own address
        parsed: State = json.load(answer)
        return parsed


def wait_for(is_wanted: Callable[[State], bool]) -> None:
    """Look at the state until it is as wanted."""
    pause = threading.Event()
    while True:
        try:
            if is_wanted(ask("/status")):
                return
        except URLError:
            pass  # the page is not up yet
        pause.wait(LOOK_EVERY_S)


def slow_down() -> None:
    """Let the home's time run like everybody's, and wait for a reading that is of now.

    While it ran fast, what was done took longer than the page knows.
    """
    ask("/demo/speed", {"speed": 1})
    known = version_of(ask("/status"))
    wait_for(lambda state: version_of(state) > known)


def version_of(state: State) -> int:
    """Which state it is."""
    version = state["version"]
    return version if isinstance(version, int) else 0


def has_past(state: State) -> bool:
    """Whether the ten days are over."""
    service = state["service"]
    demo = service["demo"] if isinstance(service, dict) else None
    return demo is not None and demo["progress_frac"] is None


def has_report(state: State) -> bool:
    """Whether the report on the ten days is made; it begins a minute after they are over."""
    report = state["proof_summary"]
    return isinstance(report, dict) and report["state"] == "ready"


def cycles_of(state: State) -> int:
    """How many cycles the service has run."""
    cycle = state["cycle"]
    return int(cycle["count"]) if isinstance(cycle, dict) else 0


def is_sunny_with_a_car(state: State) -> bool:
    """Whether the sun charges a car and the battery is neither empty nor full."""
    site = state["site"]
    if not isinstance(site, dict) or site["battery"] is None:
        return False
    charging_kw = sum(loadpoint["charge_kw"] for loadpoint in site["loadpoints"])
    low_pct, high_pct = HALF_FULL_PCT
    return bool(
        site["pv_kw"] > SUNNY_KW
        and charging_kw > CHARGING_KW
        and low_pct < site["battery"]["soc_pct"] < high_pct
    )


def is_much_planned(state: State) -> bool:
    """Whether a plan of battery and car saves something and is told in full."""
    plan = state["plan_summary"]
    if not isinstance(plan, dict) or plan["status"] != "proven" or plan["saving_eur"] < SAVING_EUR:
        return False
    codes = {action["code"] for action in [*plan["now"], *plan["next"]]}
    return bool({"car_waits", "battery_serves_house"} <= codes)


def is_explained(state: State) -> bool:
    """Whether the plan says what else could be done."""
    plan = state["plan_summary"]
    return isinstance(plan, dict) and bool(plan["is_explained"])


def is_acting(state: State) -> bool:
    """Whether something is imposed on the battery or on a car."""
    control = state["control"]
    if not isinstance(control, dict):
        return False
    stages = {stage["stage"]: stage["done"] for stage in control["stages"]}
    return any(done["is_applied"] for name in ("battery", "cars") for done in stages[name])


def take(browser: Browser, view: str) -> None:
    """Take one picture and make it small."""
    page = browser.new_page(
        locale="en-GB",
        viewport=ViewportSize(width=WIDTH_PX, height=HEIGHT_PX[view]),
        reduced_motion="reduce",
    )
    page.goto(f"{URL}/#{view}")
    # Without a window there is no scroll bar, and room for one would be a stripe.
    page.add_style_tag(content="html { scrollbar-gutter: auto !important }")
    expect(page.get_by_test_id("connection")).to_have_attribute("data-status", "live")
    expect(page.locator(IS_WHOLE.get(view, "canvas")).first).to_be_visible()
    picture = Image.open(io.BytesIO(page.screenshot(scale="css")))
    page.close()
    path = IMAGES / f"page-{view}.png"
    picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


def main() -> None:
    """Start a demo, bring it to a good moment, take the pictures, stop it."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "evcc-smartload/rootfs/app/main.py", "--demo", "--port", str(PORT)]
    with tempfile.TemporaryDirectory() as data:
        demo = subprocess.Popen(
            [*command, "--data", data],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            with sync_playwright() as playwright:
                browser = launch(playwright)
                wait_for(has_past)
                take(browser, "buffer")
                slow_down()
                wait_for(has_report)
                take(browser, "report")
                ask("/buffer/activate-live", {})
                for stage in ("battery", "cars"):
                    ask("/control/stage", {"stage": stage, "mode": "live"})
                ask("/demo/speed", {"speed": FASTEST})
                n_cycles = cycles_of(ask("/status")) + CYCLES_A_DAY
                wait_for(lambda state: cycles_of(state) > n_cycles and is_sunny_with_a_car(state))
                slow_down()
                take(browser, "now")
                take(browser, "forecast")
                ask("/demo/speed", {"speed": FASTEST})
                wait_for(is_much_planned)
                slow_down()
                wait_for(is_explained)
                take(browser, "plan")
                ask("/demo/speed", {"speed": FASTEST})
                wait_for(is_acting)
                ask("/demo/speed", {"speed": STEADY})
                n_later = cycles_of(ask("/status")) + 1
                wait_for(lambda state: cycles_of(state) > n_later and is_acting(state))
                slow_down()
                take(browser, "proof")
                browser.close()
        finally:
            demo.send_signal(signal.SIGTERM)
            demo.wait()


if __name__ == "__main__":
    main()
