"""The report and the back-test over HTTP: what is answered, taken, refused and downloaded."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from domain.control import BATTERY_MODE
from domain.observation import (
    Advice,
    AdviceCode,
    BufferFigures,
    Change,
    MonthSaving,
    NightSums,
    Note,
    NoteCode,
    ObservationReport,
    ObservedDay,
    Started,
)
from domain.proof import Backtest, Band, DayBook, Policy, PolicyResult, ReplayedPeriod
from domain.steering import CommandCode, CommandReason
from observation.keeper import HomeNow
from observation.service import ObservationService
from proof.accounting import sum_up
from tests.support.errand_fakes import HeldRunner
from tests.support.model_ts import OneOf, Word, mismatches, read_model
from tests.support.own_history import HOME
from tests.support.shown_state import NOON, full_state
from tests.support.web_service import PASSWORD, STRANGER, Service
from web.access import AccessRules
from web.proof_json import (
    backtest_to_json,
    days_from_json,
    days_to_json,
    report_to_json,
    summary_to_json,
)
from web.proof_routes import LONGEST_BACKTEST

MODEL = read_model()
# The state's home has its clock two hours ahead of UTC at most.
YESTERDAY = (NOON - timedelta(days=1)).date()
PERIOD = {"from": "2026-06-01", "to": YESTERDAY.isoformat()}


class RecordedDesk:
    """Takes what the page asks and remembers it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[tuple[date, date]] = []
        self.answer = Started.STARTED
        self.is_cancelled = False
        self.is_done = False

    def proof(self) -> Mapping[str, object]:
        return {"state": "collecting", "report": None}

    def backtest(self) -> Mapping[str, object]:
        return {"state": "idle", "result": None}

    def start_backtest(self, first: date, last: date) -> Started:
        self.asked.append((first, last))
        return self.answer

    def cancel_backtest(self) -> None:
        self.is_cancelled = True

    def backtest_file(self, kind: str) -> Path | None:
        if not self.is_done:
            return None
        path = self.folder / kind
        path.write_text(f"a file of {kind}")
        return path


@pytest.fixture
def desk(service: Service, tmp_path: Path) -> RecordedDesk:
    service.proof = found = RecordedDesk(tmp_path)
    service.store.update(full_state())
    return found


@pytest.fixture
def client(service: Service, desk: RecordedDesk) -> Iterator[TestClient]:
    with service.client() as client:
        yield client


# -- asking ----------------------------------------------------------------------------------------


def test_the_report_and_the_backtest_are_answered_and_not_kept(client: TestClient) -> None:
    for path, state in (("/proof", "collecting"), ("/proof/backtest", "idle")):
        answer = client.get(path)

        assert (answer.status_code, answer.json()["state"]) == (200, state)
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/proof", "/proof/backtest"])
def test_a_service_that_works_nothing_out_says_so(service: Service, path: str) -> None:
    answer = service.client().get(path)

    assert (answer.status_code, answer.json()["code"]) == (503, "no_history")


# -- a back-test -----------------------------------------------------------------------------------


def test_a_period_is_taken_and_only_begun(client: TestClient, desk: RecordedDesk) -> None:
    answer = client.post("/proof/backtest", json=PERIOD)

    assert (answer.status_code, answer.json()) == (202, {"ok": True})
    assert desk.asked == [(date(2026, 6, 1), YESTERDAY)]


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [(Started.RUNNING, 409, "backtest_running"), (Started.NO_HISTORY, 503, "no_history")],
)
def test_what_cannot_be_begun_is_refused(
    client: TestClient, desk: RecordedDesk, answer: Started, status: int, code: str
) -> None:
    desk.answer = answer

    refused = client.post("/proof/backtest", json=PERIOD)

    assert (refused.status_code, refused.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"from": "2026-06-10", "to": "2026-06-09"}, "must not end before it begins"),
        ({"from": "2026-06-10", "to": NOON.date().isoformat()}, "a day that is over"),
        ({"from": "1990-01-01", "to": "2026-06-09"}, f"{LONGEST_BACKTEST.days} days"),
        ({"from": "10.06.2026", "to": "2026-06-12"}, "“from” must be a day such as 2026-10-01"),
        ({"from": "2026-06-10", "to": 7}, "“to” must be a day such as 2026-10-31"),
        ({"from": "2026-06-10"}, "“to” is missing"),
        ({"from": "2026-06-10", "to": "2026-06-12", "policies": "all"}, "“policies” is not known"),
    ],
)
def test_a_period_that_cannot_be_is_refused_and_says_why(
    client: TestClient, desk: RecordedDesk, body: dict[str, object], says: str
) -> None:
    refused = client.post("/proof/backtest", json=body)

    assert (refused.status_code, refused.json()["code"]) == (400, "invalid")
    assert says in refused.json()["error"]
    assert desk.asked == []


def test_the_longest_period_is_taken(client: TestClient, desk: RecordedDesk) -> None:
    first = YESTERDAY - LONGEST_BACKTEST + timedelta(days=1)

    answer = client.post("/proof/backtest", json=PERIOD | {"from": first.isoformat()})

    assert answer.status_code == 202


def test_a_backtest_can_be_cancelled(client: TestClient, desk: RecordedDesk) -> None:
    answer = client.delete("/proof/backtest")

    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert desk.is_cancelled


# -- downloads -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["html", "csv", "json"])
def test_before_one_is_finished_there_is_nothing_to_download(
    client: TestClient, desk: RecordedDesk, kind: str
) -> None:
    answer = client.get(f"/proof/backtest.{kind}", headers={"accept-language": "de"})

    assert answer.status_code == 404
    assert answer.json()["error"] == "Es gibt noch keine fertige Rückrechnung zum Herunterladen."


@pytest.mark.parametrize(
    ("kind", "media_type", "text"),
    [
        ("html", "text/html", "a file of html.en"),
        ("csv", "text/csv", "a file of csv"),
        ("json", "application/json", "a file of json"),
    ],
)
def test_a_finished_one_can_be_downloaded(
    client: TestClient, desk: RecordedDesk, kind: str, media_type: str, text: str
) -> None:
    desk.is_done = True

    answer = client.get(f"/proof/backtest.{kind}", headers={"accept-language": "en"})

    assert (answer.status_code, answer.text) == (200, text)
    assert answer.headers["content-type"].startswith(media_type)
    assert f"smartload-backtest.{kind}" in answer.headers["content-disposition"]


def test_the_page_to_keep_speaks_the_readers_language(
    client: TestClient, desk: RecordedDesk
) -> None:
    desk.is_done = True

    answer = client.get("/proof/backtest.html", headers={"accept-language": "de-DE"})

    assert answer.text == "a file of html.de"


# -- who may ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("desk")
def test_a_stranger_begins_nothing(service: Service) -> None:
    client = service.client(peer=STRANGER)

    assert client.post("/proof/backtest", json=PERIOD).status_code == 403
    assert client.delete("/proof/backtest").status_code == 403


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("path", ["/proof", "/proof/backtest", "/proof/backtest.csv"])
def test_what_a_home_costs_is_private_in_an_app(service: Service, path: str) -> None:
    service.rules = AccessRules(is_app=True, password=PASSWORD)

    assert service.client(peer=STRANGER).get(path).status_code == 401


# -- the form of the answers -----------------------------------------------------------------------

DAY = ObservedDay(
    day=date(2026, 6, 20),
    is_counted=True,
    paid_eur=3.1,
    evcc_eur=3.0,
    ours_eur=2.5,
    possible_eur=None,
)


def report() -> ObservationReport:
    """A report in which everything occurs."""
    return ObservationReport(
        since=date(2026, 6, 20),
        until=date(2026, 6, 20),
        n_days=1,
        n_counted=1,
        excluded_frac=0.0,
        currency="EUR",
        paid_eur=3.1,
        evcc_eur=3.0,
        ours_eur=Band(low=2.4, middle=2.5, high=2.7),
        saving_eur=Band(low=0.3, middle=0.5, high=0.6),
        possible_eur=2.25,
        captured_frac=2.0 / 3.0,
        months=(MonthSaving(month=date(2026, 6, 1), saving_eur=0.5, n_days=1),),
        days=(DAY,),
        changes=(
            Change(
                at=datetime(2026, 6, 20, 17, tzinfo=UTC),
                lever=BATTERY_MODE,
                title="",
                before=None,
                wanted="hold",
                reason=CommandReason(
                    code=CommandCode.BATTERY_KEEPS, facts={"price": 0.1234567, "until": "later"}
                ),
            ),
        ),
        buffers=(
            BufferFigures(
                strategy="risk",
                is_chosen=True,
                cost_eur_per_day=0.04,
                nights=NightSums(nights=1, bridged=1, kept_kwh=2.5),
                departures=1,
                ready=1,
            ),
        ),
        advice=Advice(code=AdviceCode.WAIT, facts={"days": 6}),
        notes=(Note(code=NoteCode.FEW_DAYS, facts={"days": 1}),),
    )


def test_a_report_has_the_form_the_page_expects() -> None:
    assert mismatches(report_to_json(report()), MODEL["ProofReport"], MODEL) == []


def test_a_report_without_a_band_says_nothing_in_its_place() -> None:
    unsure = Band(low=None, middle=0.5, high=None)
    base = report()
    told = ObservationReport(**{
        **{name: getattr(base, name) for name in base.__slots__},
        "saving_eur": unsure,
    })  # fmt: skip

    assert report_to_json(told)["saving_eur"] is None


@pytest.mark.parametrize("is_made", [True, False])
def test_the_answer_and_its_summary_have_the_form_the_page_expects(
    service: Service, tmp_path: Path, *, is_made: bool
) -> None:
    runner = HeldRunner()
    observed = ObservationService(
        tmp_path, tmp_path / "history.db", clock=service.clock, runner=runner
    )
    observed.look(service.clock.now(), HomeNow(home=HOME))
    service.clock.real_s += 3600.0
    observed.look(service.clock.now(), HomeNow(home=HOME))
    if is_made:
        runner.answer({"report": report_to_json(report()), "days": days_to_json([DAY])})

    summary = observed.summary()

    assert mismatches(observed.proof(), MODEL["Proof"], MODEL) == []
    assert mismatches(summary, MODEL["ProofSummary"], MODEL) == []
    assert mismatches(observed.backtest(), MODEL["Backtest"], MODEL) == []


@pytest.mark.parametrize("words", [NoteCode, AdviceCode])
def test_the_page_knows_every_word_of_a_report_and_no_other(words: type[StrEnum]) -> None:
    known = MODEL[words.__name__]

    assert isinstance(known, OneOf)
    assert {str(option) for option in known.options} == {
        str(Word(f'"{word.value}"')) for word in words
    }


def test_a_summary_before_the_first_report_knows_nothing() -> None:
    told = {"state": "collecting", "made_at": None, "days_missing": 4, "is_live": False}

    assert summary_to_json(told, None)["sentence_code"] is None


def test_days_can_be_read_as_they_were_kept() -> None:
    assert days_from_json(days_to_json([DAY])) == (DAY,)


def backtest() -> Backtest:
    """Five days of two policies."""
    results = tuple(
        PolicyResult(
            policy=policy,
            days=tuple(
                DayBook(
                    day=date(2026, 6, 1 + index),
                    is_counted=True,
                    cash_eur=cost,
                    stored_kwh=0.0,
                    cost_eur=cost,
                )
                for index in range(5)
            ),
        )
        for policy, cost in ((Policy.EVCC, 3.0), (Policy.SMARTLOAD, 2.0))
    )
    period = ReplayedPeriod(
        home="home",
        prices="recorded",
        start=NOON,
        end=NOON,
        n_days=5,
        excluded_frac=0.0,
        seed=1,
        version="1",
        replacement_eur_per_kwh=0.2,
    )
    return Backtest(period=period, results=results, sums=sum_up(results))


def test_a_result_has_the_form_the_page_expects() -> None:
    result = backtest_to_json(backtest())

    assert mismatches(result, MODEL["BacktestResult"], MODEL) == []


def test_a_result_has_each_days_cost_by_policy() -> None:
    days = backtest_to_json(backtest())["days"]

    assert isinstance(days, list)
    assert days[0] == {"day": "2026-06-01", "cost_eur": {"evcc": 3.0, "smartload": 2.0}}
