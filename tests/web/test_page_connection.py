"""The page and what lies between it and evcc: restarts, absences, passwords, ingress."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from domain.config_problem import ConfigProblem
from tests.support.browser import OTHER_DEVICES_NAME, Look, Visitor, visit
from tests.support.prefix_proxy import PREFIX, ingress_to
from tests.support.served_home import POLL, ServedHome, Setting
from tests.support.shown_state import bare_state
from tests.support.web_service import PASSWORD, Service, running
from web.access import INGRESS_PEER, AccessRules
from web.app import STATIC_DIR

pytestmark = pytest.mark.browser

Open = Callable[..., Visitor]
Serve = Callable[..., ServedHome]
QUARTER = timedelta(minutes=15)
WRONG_OPTION = ConfigProblem(
    option="battery_min_sok", given="battery_min_sok", allowed="evcc_url, battery_min_soc",
    nearest="battery_min_soc",
)  # fmt: skip


def status_is(page: Page, status: str) -> None:
    expect(page.get_by_test_id("connection")).to_have_attribute("data-status", status)


def is_observing(page: Page) -> None:
    expect(page.get_by_test_id("banner")).to_have_attribute("data-mode", "observation")


def test_the_page_reconnects_after_the_service_restarts(home: ServedHome, open_page: Open) -> None:
    visitor = open_page(home.url)
    page = visitor.page
    status_is(page, "live")
    visitor.let_loads_fail()

    home.stop()
    expect(page.get_by_test_id("lost")).to_be_visible()
    status_is(page, "lost")
    home.move(QUARTER)
    home.start()
    status_is(page, "live")

    expect(page.get_by_test_id("lost")).to_have_count(0)
    expect(page.get_by_test_id("event-row")).to_have_count(2)
    home.move(QUARTER)
    expect(page.get_by_test_id("event-row")).to_have_count(3)


def test_a_page_that_comes_before_the_first_cycle_fills_by_itself(chromium: Browser) -> None:
    service = Service(static_dir=STATIC_DIR)
    with (
        running(service.app()) as server,
        visit(chromium, f"http://127.0.0.1:{server.port}/", Look()) as visitor,
    ):
        visitor.let_loads_fail()
        visitor.go("buffer")
        banner = visitor.page.get_by_test_id("banner")
        expect(banner).to_be_visible()
        assert banner.get_attribute("data-mode") is None

        service.store.update(bare_state())

        expect(banner).to_contain_text(re.compile("Puffer"))
        status_is(visitor.page, "live")


def test_without_a_stream_the_page_polls(home: ServedHome, open_page: Open) -> None:
    visitor = open_page(home.url, view=None)
    page = visitor.page
    page.route("**/events", lambda route: route.abort())
    visitor.let_loads_fail()

    visitor.go("buffer")
    status_is(page, "polling")

    is_observing(page)


def test_an_absent_evcc_is_told_and_its_return_too(home: ServedHome, open_page: Open) -> None:
    page = open_page(home.url, "now").page
    expect(page.get_by_test_id("soc")).to_be_visible()

    home.home.faults.set(offline=True)
    home.move(POLL)

    expect(page.locator("[data-code=evcc_unreachable]")).to_be_visible()
    expect(page.get_by_test_id("in-charge")).to_have_attribute("data-in-charge", "degraded")
    expect(page.get_by_test_id("now-sentence")).to_contain_text("evcc has not answered since")
    home.home.faults.clear()
    home.move(POLL)
    expect(page.get_by_test_id("in-charge")).to_have_attribute("data-in-charge", "observing")
    expect(page.locator("[data-code=evcc_unreachable]")).to_have_count(0)


def test_evccs_own_automatic_mode_is_told(home: ServedHome, open_page: Open) -> None:
    page = open_page(home.url, "now").page

    home.home.faults.set(automatic_mode=True)
    home.move(POLL)

    expect(page.get_by_test_id("in-charge")).to_have_attribute("data-in-charge", "evcc_automatic")
    expect(page.locator("[data-code=evcc_automatic_mode]")).to_be_visible()


@pytest.mark.parametrize("view", ["now", "buffer"])
def test_a_wrong_option_is_named(serve: Serve, open_page: Open, view: str) -> None:
    home = serve(setting=Setting(config_problems=(WRONG_OPTION,)))

    page = open_page(home.url, view).page

    problems = page.get_by_test_id("config-problems")
    expect(problems).to_contain_text("battery_min_sok")
    expect(problems).to_contain_text("You probably meant “battery_min_soc”")
    expect(problems).to_contain_text("test.yaml")


def test_with_a_wrong_option_nobody_can_go_live(serve: Serve, open_page: Open) -> None:
    home = serve(setting=Setting(config_problems=(WRONG_OPTION,)))

    page = open_page(home.url).page

    expect(page.get_by_test_id("activate")).to_be_disabled()


def test_behind_ingress_the_page_never_leaves_its_prefix(serve: Serve, open_page: Open) -> None:
    home = serve(setting=Setting(rules=AccessRules(is_app=True), peer=INGRESS_PEER))
    with ingress_to(home.port, browsers_host=None) as port:
        visitor = open_page(f"http://127.0.0.1:{port}{PREFIX}/")
        page = visitor.page
        status_is(page, "live")
        expect(page.locator("header img")).to_have_js_property("complete", value=True)
        assert page.locator("header img").evaluate("image => image.naturalWidth") > 0
        home.move(QUARTER)
        expect(page.get_by_test_id("event-row")).to_have_count(2)

        page.get_by_test_id("activate").click()
        page.get_by_test_id("confirm").click()

        expect(page.get_by_test_id("banner")).to_have_attribute("data-mode", "live")
        page.goto("about:blank")


def from_another_device(home: ServedHome) -> str:
    return f"http://{OTHER_DEVICES_NAME}:{home.port}/"


def test_another_device_gives_the_password_before_a_change(serve: Serve, open_page: Open) -> None:
    home = serve(setting=Setting(rules=AccessRules(is_app=False, password=PASSWORD)))
    visitor = open_page(from_another_device(home))
    page = visitor.page
    is_observing(page)
    page.get_by_test_id("activate").click()
    visitor.let_loads_fail()

    page.get_by_test_id("confirm").click()
    expect(page.get_by_test_id("password")).to_be_focused()
    page.get_by_test_id("password").fill("not the password")
    page.keyboard.press("Enter")
    expect(page.get_by_text("That password is not right")).to_be_visible()
    page.get_by_test_id("password").fill(PASSWORD)
    page.get_by_test_id("confirm-password").click()

    expect(page.get_by_test_id("banner")).to_have_attribute("data-mode", "live")
    page.get_by_test_id("release").click()
    expect(page.get_by_test_id("in-charge")).to_have_attribute("data-in-charge", "released")


def test_no_password_given_changes_nothing(serve: Serve, open_page: Open) -> None:
    home = serve(setting=Setting(rules=AccessRules(is_app=False, password=PASSWORD)))
    visitor = open_page(from_another_device(home))
    page = visitor.page
    page.get_by_test_id("activate").click()
    visitor.let_loads_fail()

    page.get_by_test_id("confirm").click()
    expect(page.get_by_test_id("password")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.get_by_test_id("password")).to_have_count(0)
    expect(page.get_by_role("alert")).to_contain_text("password")
    is_observing(page)


def test_an_app_asks_another_device_before_it_shows_anything(serve: Serve, open_page: Open) -> None:
    home = serve(setting=Setting(rules=AccessRules(is_app=True, password=PASSWORD)))
    visitor = open_page(from_another_device(home), view=None)
    page = visitor.page
    visitor.let_loads_fail()

    visitor.go("buffer")
    page.get_by_test_id("password").fill(PASSWORD)
    page.get_by_test_id("confirm-password").click()
    status_is(page, "live")

    is_observing(page)


def test_a_device_without_access_is_told_so(serve: Serve, open_page: Open) -> None:
    home = serve(setting=Setting(rules=AccessRules(is_app=True)))
    visitor = open_page(from_another_device(home), view=None)
    page = visitor.page
    visitor.let_loads_fail()

    visitor.go("now")
    status_is(page, "refused")
    expect(page.get_by_test_id("refused")).to_contain_text(re.compile("password"))
