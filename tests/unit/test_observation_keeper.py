"""The report on the past: when it is worked out, what is kept of it, what is told meanwhile."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from config import Config
from domain.observation import Obstacle
from domain.site import SocSettings
from observation.errands import Observe
from observation.keeper import PROOF_NAME, SETTLE_S, TRY_AGAIN_S, HomeNow, ProofKeeper
from observation.own_home import REPLAYED_OPTIONS
from observation.undertaking import LONGEST_S
from tests.support.errand_fakes import HeldRunner
from tests.support.own_history import HOME, metered, recorded_in
from tests.support.remembered_home import DAY, HOUR
from tests.support.web_service import StillClock

# Two o'clock at night in Berlin.
NIGHT = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
SEEN = HomeNow(home=HOME)
KEPT_DAY = {
    "day": "2026-11-21",
    "is_counted": True,
    "paid_eur": 3.0,
    "evcc_eur": 3.0,
    "ours_eur": 2.5,
    "possible_eur": None,
}
REPORT = {
    "since": "2026-11-08",
    "until": "2026-11-21",
    "n_days": 14,
    "n_counted": 14,
    "paid_eur": 41.0,
    "evcc_eur": 43.0,
    "ours_eur": {"low": 37.0, "middle": 39.0, "high": 41.0},
    "saving_eur": {"low": 2.0, "middle": 4.0, "high": 6.0},
    "recommendation": {"code": "activate", "facts": {}},
    "days": [KEPT_DAY],
}
DONE = {"report": REPORT, "days": [KEPT_DAY]}


class Observed:
    """A keeper whose clock and errands are the test's."""

    def __init__(self, folder: Path) -> None:
        self.clock = StillClock()
        self.clock.now_is = NIGHT
        self.runner = HeldRunner()
        self.folder = folder
        self.keeper = self._build()

    def _build(self) -> ProofKeeper:
        return ProofKeeper(
            self.folder, self.folder / "history.db", clock=self.clock, runner=self.runner
        )

    def restart(self) -> None:
        self.keeper = self._build()

    def look(self, seen: HomeNow = SEEN, *, after: timedelta = timedelta(0)) -> None:
        self.clock.now_is += after
        self.clock.real_s += after.total_seconds()
        self.keeper.look(self.clock.now_is, seen)

    def settle(self, seen: HomeNow = SEEN) -> None:
        """Look for the first time, and again when a start is over."""
        self.look(seen)
        self.look(seen, after=timedelta(seconds=SETTLE_S))

    @property
    def n_begun(self) -> int:
        return len(self.runner.begun)


def asked(observed: Observed) -> Observe:
    errand = observed.runner.last.errand
    assert isinstance(errand, Observe)
    return errand


# -- when ------------------------------------------------------------------------------------------


def test_a_start_is_left_alone_before_a_report_is_begun(tmp_path: Path) -> None:
    observed = Observed(tmp_path)

    observed.look()
    assert observed.n_begun == 0

    observed.look(after=timedelta(seconds=SETTLE_S))
    assert observed.n_begun == 1


def test_a_past_that_is_not_complete_is_waited_for(tmp_path: Path) -> None:
    observed = Observed(tmp_path)
    unfinished = replace(SEEN, is_past_complete=False)

    observed.settle(unfinished)
    observed.look(unfinished, after=10 * HOUR)
    assert observed.n_begun == 0

    observed.settle()
    assert observed.n_begun == 1


def test_only_one_report_is_worked_out_at_a_time(tmp_path: Path) -> None:
    observed = Observed(tmp_path)
    observed.settle()

    observed.look(after=timedelta(minutes=5))

    assert observed.n_begun == 1


def test_a_report_is_worked_out_once_a_day_after_midnight(tmp_path: Path) -> None:
    observed = Observed(tmp_path)
    observed.settle()
    observed.runner.answer(DONE)

    observed.look(after=20 * HOUR)
    assert observed.n_begun == 1  # still the same day

    midnight = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
    observed.look(after=midnight + timedelta(minutes=9) - observed.clock.now_is)
    assert observed.n_begun == 1

    observed.look(after=timedelta(minutes=1))
    assert observed.n_begun == 2


def test_a_restart_does_not_begin_it_anew(tmp_path: Path) -> None:
    observed = Observed(tmp_path)
    observed.settle()
    observed.runner.answer(DONE)

    observed.restart()
    observed.settle()

    assert observed.n_begun == 1


def test_a_failed_one_is_tried_again_after_a_while(tmp_path: Path) -> None:
    observed = Observed(tmp_path)
    observed.settle()
    observed.runner.last.listener.failed("MemoryError: too large")

    observed.look(after=timedelta(seconds=TRY_AGAIN_S - 1.0))
    assert observed.n_begun == 1

    observed.look(after=timedelta(seconds=1))
    assert observed.n_begun == 2


def test_one_that_hangs_is_given_up(tmp_path: Path) -> None:
    observed = Observed(tmp_path)
    observed.settle()

    observed.look(after=timedelta(seconds=LONGEST_S + 1.0))

    assert observed.runner.last.is_stopped
    assert observed.keeper.proof()["state"] == "failed"


def test_nothing_is_begun_while_a_backtest_keeps_the_computer_busy(tmp_path: Path) -> None:
    observed = Observed(tmp_path)
    observed.look()
    observed.clock.real_s += SETTLE_S

    observed.keeper.look(observed.clock.now_is, SEEN, may_begin=False)

    assert observed.n_begun == 0


def test_a_clock_that_cannot_be_right_begins_nothing(tmp_path: Path) -> None:
    observed = Observed(tmp_path)
    observed.clock.now_is = datetime(1970, 1, 1, tzinfo=UTC)

    observed.settle()

    assert observed.n_begun == 0
    assert observed.keeper.summary() is None


# -- what it is told -------------------------------------------------------------------------------


def test_the_errand_knows_since_when_is_observed_and_who_acts(tmp_path: Path) -> None:
    observed = Observed(tmp_path)
    since = NIGHT - 3 * DAY

    observed.settle(replace(SEEN, is_live=True, live_since=since))

    errand = asked(observed)
    assert (errand.observed_since, errand.live_since) == (date(2026, 11, 22), since)


def test_the_observation_goes_on_over_a_restart(tmp_path: Path) -> None:
    observed = Observed(tmp_path)
    observed.look()

    observed.clock.now_is += 20 * DAY
    observed.restart()
    observed.settle()

    assert asked(observed).observed_since == date(2026, 11, 22)


def test_days_of_earlier_reports_go_along(tmp_path: Path) -> None:
    observed = Observed(tmp_path)
    observed.settle()
    observed.runner.answer(DONE)

    observed.restart()
    observed.clock.now_is += DAY
    observed.settle()

    assert asked(observed).former == (KEPT_DAY,)


def seen_with(**changes: object) -> HomeNow:
    return replace(SEEN, home=replace(HOME, **changes))  # type: ignore[arg-type]  # as its fields


OTHER_RESERVE = replace(HOME.settings, buffer_soc_pct=60.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"settings": OTHER_RESERVE},
        {"capacity_kwh": 12.0},
        {"cfg": HOME.cfg.model_copy(update={"buffer_strategy": "risk"})},
        {"cfg": HOME.cfg.model_copy(update={"battery_charge_kw": 4.0})},
    ],
)
def test_a_setting_that_changes_is_told_from_when_it_was_seen(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    observed = Observed(tmp_path)
    observed.look()

    observed.restart()
    observed.settle(seen_with(**changes))

    assert asked(observed).settings_since == NIGHT


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"settings": SocSettings()},
        {"capacity_kwh": None},
        {"cfg": HOME.cfg.model_copy(update={"language": "de", "log_level": "debug"})},
        {"plant": replace(HOME.plant, charge_max_kw=4.0)},
    ],
)
def test_what_nobody_changed_is_not_told_as_changed(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    observed = Observed(tmp_path)
    observed.look()

    observed.settle(seen_with(**changes))

    assert asked(observed).settings_since is None


def test_options_that_are_replayed_exist() -> None:
    assert set(Config.model_fields) >= REPLAYED_OPTIONS


def test_acting_is_told_from_when_it_was_first_seen(tmp_path: Path) -> None:
    observed = Observed(tmp_path)

    observed.look(replace(SEEN, is_live=True))
    observed.look(replace(SEEN, is_live=True), after=HOUR)
    assert observed.keeper.proof()["live_since"] == NIGHT.isoformat()

    observed.look(SEEN, after=HOUR)
    assert observed.keeper.proof()["is_live"] is False


# -- what is told of it ----------------------------------------------------------------------------


def test_before_the_first_look_nothing_is_told(tmp_path: Path) -> None:
    assert Observed(tmp_path).keeper.summary() is None


def test_a_young_home_collects(tmp_path: Path) -> None:
    observed = Observed(tmp_path)
    observed.settle()

    observed.runner.answer({"obstacle": Obstacle.TOO_FEW_DAYS.value, "days_missing": 3})

    told = observed.keeper.proof()
    assert (told["state"], told["days_missing"], told["report"]) == ("collecting", 3, None)


@pytest.mark.parametrize(("n_days", "missing"), [(0, 4), (3, 1), (4, 0), (9, 0)])
def test_a_first_look_tells_how_many_days_are_missing(
    tmp_path: Path, n_days: int, missing: int
) -> None:
    recorded_in(tmp_path, metered(MIDNIGHT - n_days * DAY, MIDNIGHT))
    observed = Observed(tmp_path)

    observed.look()

    assert observed.keeper.proof()["days_missing"] == missing
    summary = observed.keeper.summary()
    assert summary is not None
    assert summary["days_missing"] == missing


def test_days_are_counted_again_after_midnight_until_a_report_was_tried(tmp_path: Path) -> None:
    store = recorded_in(tmp_path, metered(MIDNIGHT - DAY, MIDNIGHT))
    observed = Observed(tmp_path)
    observed.keeper.look(NIGHT, SEEN, may_begin=False)
    store.write_energies(metered(MIDNIGHT, MIDNIGHT + DAY))
    assert store.flush()

    observed.keeper.look(NIGHT + DAY, SEEN, may_begin=False)

    assert observed.keeper.proof()["days_missing"] == 2


def test_while_the_past_is_imported_no_days_are_counted(tmp_path: Path) -> None:
    recorded_in(tmp_path, metered(MIDNIGHT - DAY, MIDNIGHT))
    observed = Observed(tmp_path)

    observed.look(replace(SEEN, is_past_complete=False))

    assert observed.keeper.proof()["days_missing"] is None


def test_a_home_that_waiting_does_not_help_misses_no_days(tmp_path: Path) -> None:
    recorded_in(tmp_path, metered(MIDNIGHT - DAY, MIDNIGHT))
    observed = Observed(tmp_path)

    observed.look(replace(SEEN, home=replace(HOME, capacity_kwh=None)))

    assert observed.keeper.proof()["days_missing"] is None


def test_a_history_that_cannot_be_read_leaves_the_number_open(tmp_path: Path) -> None:
    (tmp_path / "history.db").write_text("no database")
    observed = Observed(tmp_path)

    observed.look()

    assert observed.keeper.proof()["days_missing"] is None


def test_what_waiting_does_not_help_is_said(tmp_path: Path) -> None:
    observed = Observed(tmp_path)
    observed.settle()

    observed.runner.answer({"obstacle": Obstacle.NO_CAPACITY.value, "days_missing": None})

    told = observed.keeper.proof()
    assert (told["state"], told["obstacle"]) == ("collecting", "no_capacity")
    assert told["detail"] == Obstacle.NO_CAPACITY.sentence


def test_how_far_it_is_can_be_asked(tmp_path: Path) -> None:
    observed = Observed(tmp_path)
    observed.settle()

    observed.runner.last.listener.progress(0.4)

    told = observed.keeper.proof()
    assert (told["state"], told["progress_frac"]) == ("working", 0.4)


def test_a_report_is_told_whole_and_in_short(tmp_path: Path) -> None:
    observed = Observed(tmp_path)
    observed.settle()

    observed.runner.answer(DONE)

    assert observed.keeper.proof()["report"] == REPORT
    assert observed.keeper.summary() == {
        "state": "ready",
        "made_at": observed.clock.now_is.isoformat(),
        "sentence_code": "activate",
        "since": "2026-11-08",
        "until": "2026-11-21",
        "n_days": 14,
        "paid_eur": 41.0,
        "evcc_eur": 43.0,
        "ours_eur": REPORT["ours_eur"],
        "saving_eur": REPORT["saving_eur"],
        "days_missing": None,
        "is_live": False,
    }


def test_a_report_stays_when_the_next_one_fails(tmp_path: Path) -> None:
    observed = Observed(tmp_path)
    observed.settle()
    observed.runner.answer(DONE)
    observed.look(after=DAY)

    observed.runner.last.listener.failed("RuntimeError: broken")

    told = observed.keeper.proof()
    assert (told["state"], told["detail"]) == ("failed", "RuntimeError: broken")
    assert told["report"] == REPORT


def test_a_report_survives_a_restart(tmp_path: Path) -> None:
    observed = Observed(tmp_path)
    observed.settle()
    observed.runner.answer(DONE)
    before = observed.keeper.proof()

    observed.restart()

    assert observed.keeper.proof() == before


def test_an_unreadable_file_is_set_aside_and_it_begins_anew(tmp_path: Path) -> None:
    (tmp_path / PROOF_NAME).write_text('{"version": 1, "report": 7}')

    observed = Observed(tmp_path)
    observed.settle()

    assert observed.keeper.state_file.load_problem is not None
    assert observed.n_begun == 1


def test_a_computer_that_cannot_start_a_process_says_so(tmp_path: Path) -> None:
    observed = Observed(tmp_path)
    observed.runner.can_start = False

    observed.settle()

    told = observed.keeper.proof()
    assert told["state"] == "failed"
    assert "Cannot allocate memory" in str(told["detail"])


def test_closing_gives_up_what_is_under_way(tmp_path: Path) -> None:
    observed = Observed(tmp_path)
    observed.settle()

    observed.keeper.close()
    observed.runner.answer(DONE)

    assert observed.runner.last.is_stopped
    assert observed.keeper.proof()["report"] is None
