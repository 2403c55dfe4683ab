"""What is remembered of evcc, and what is worth a cycle of its own."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.site import SiteSnapshot
from errors import EvccRejectedError, EvccUnavailableError, EvccUnreadableError, SourceError
from site_watch import SiteWatch
from tests.support.shown_state import NOON, full_site

POLL = timedelta(seconds=30)
AWAY = EvccUnavailableError("timed out")


class ScriptedEvcc:
    """Answers one reading, or one error, at a time."""

    def __init__(self, answer: SiteSnapshot | SourceError) -> None:
        self.answer = answer

    def read_site(self, now: datetime) -> SiteSnapshot:
        if isinstance(self.answer, SourceError):
            raise self.answer
        return replace(self.answer, read_at=now)


@pytest.fixture
def evcc() -> ScriptedEvcc:
    return ScriptedEvcc(full_site())


@pytest.fixture
def watch(evcc: ScriptedEvcc) -> SiteWatch:
    return SiteWatch(evcc, NOON, url=lambda: "http://evcc:7070")


def plug(site: SiteSnapshot, *, connected: bool) -> SiteSnapshot:
    return replace(site, loadpoints=(replace(site.loadpoints[0], connected=connected),))


def test_the_first_reading_is_news(watch: SiteWatch) -> None:
    reading = watch.read(NOON)

    assert reading.is_fresh
    assert reading.changed
    assert reading.site is not None
    assert reading.site.read_at == NOON


def test_an_equal_reading_is_not_news(watch: SiteWatch) -> None:
    watch.read(NOON)

    assert not watch.read(NOON + POLL).changed


def other_powers(site: SiteSnapshot) -> SiteSnapshot:
    loadpoint = replace(site.loadpoints[0], charge_kw=1.0, charging=False, vehicle_soc_pct=50.0)
    return replace(site, home_kw=3.0, pv_kw=0.0, loadpoints=(loadpoint,), import_rates=())


def test_other_powers_can_wait_for_the_quarter_hour(evcc: ScriptedEvcc, watch: SiteWatch) -> None:
    watch.read(NOON)
    evcc.answer = other_powers(full_site())

    assert not watch.read(NOON + POLL).changed


@pytest.mark.parametrize(
    "change",
    [
        lambda site: plug(site, connected=False),
        lambda site: replace(site, loadpoints=()),
        lambda site: replace(site, automatic_mode=True),
        lambda site: replace(site, battery=None),
    ],
    ids=["unplugged", "loadpoint gone", "automatic", "battery gone"],
)
def test_what_a_plan_cannot_wait_for_is_news_there_and_back(
    evcc: ScriptedEvcc, watch: SiteWatch, change: Callable[[SiteSnapshot], SiteSnapshot]
) -> None:
    watch.read(NOON)

    evcc.answer = change(full_site())
    assert watch.read(NOON + POLL).changed
    assert not watch.read(NOON + 2 * POLL).changed

    evcc.answer = full_site()
    assert watch.read(NOON + 3 * POLL).changed


def test_loadpoints_in_another_order_are_the_same(evcc: ScriptedEvcc, watch: SiteWatch) -> None:
    first = full_site().loadpoints[0]
    second = replace(first, number=2, name="lp-2", connected=False)
    evcc.answer = replace(full_site(), loadpoints=(first, second))
    watch.read(NOON)
    evcc.answer = replace(full_site(), loadpoints=(second, first))

    assert not watch.read(NOON + POLL).changed


@pytest.mark.parametrize(
    "error", [AWAY, EvccUnreadableError("empty"), EvccRejectedError("no", status=404)]
)
def test_an_absent_evcc_keeps_the_last_reading(
    evcc: ScriptedEvcc, watch: SiteWatch, error: SourceError
) -> None:
    before = watch.read(NOON).site
    evcc.answer = error

    reading = watch.read(NOON + POLL)

    assert reading.site is before
    assert reading.error is error
    assert not reading.is_fresh
    assert not reading.changed


def test_evcc_coming_back_is_news(evcc: ScriptedEvcc, watch: SiteWatch) -> None:
    watch.read(NOON)
    evcc.answer = AWAY
    watch.read(NOON + POLL)
    evcc.answer = full_site()

    assert watch.read(NOON + 2 * POLL).changed
    assert not watch.read(NOON + 3 * POLL).changed


def test_an_evcc_never_reached_leaves_nothing(evcc: ScriptedEvcc, watch: SiteWatch) -> None:
    evcc.answer = AWAY

    reading = watch.read(NOON)

    assert reading.site is None
    assert (watch.status.reachable, watch.status.version) == (False, None)


def test_the_status_says_since_when(evcc: ScriptedEvcc, watch: SiteWatch) -> None:
    assert (watch.status.reachable, watch.status.since) == (False, NOON)

    watch.read(NOON + POLL)
    watch.read(NOON + 2 * POLL)
    assert (watch.status.reachable, watch.status.since) == (True, NOON + POLL)
    assert watch.status.version == "0.313.1"

    evcc.answer = AWAY
    watch.read(NOON + 3 * POLL)
    watch.read(NOON + 4 * POLL)
    assert (watch.status.reachable, watch.status.since) == (False, NOON + 3 * POLL)
    assert watch.status.version == "0.313.1"


def test_a_silent_evcc_is_searched_for_at_each_reading(evcc: ScriptedEvcc) -> None:
    answers = [False, True]
    watch = SiteWatch(
        evcc, NOON, url=lambda: "http://evcc.local:7070", search=lambda: answers.pop(0)
    )
    evcc.answer = AWAY

    watch.read(NOON)
    before = watch.status
    watch.read(NOON + POLL)

    assert (before.url, watch.status.url) == (None, "http://evcc.local:7070")
    assert answers == []


def test_an_evcc_that_answers_where_it_was_looked_for_first_needs_no_search(
    evcc: ScriptedEvcc,
) -> None:
    watch = SiteWatch(
        evcc, NOON, url=lambda: "http://localhost:7070", search=lambda: pytest.fail("searched")
    )

    watch.read(NOON)

    assert watch.status.url == "http://localhost:7070"
