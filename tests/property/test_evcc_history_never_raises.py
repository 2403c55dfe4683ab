"""Whatever evcc answers when asked for its past: fit quarter hours, or an error of a source."""

import json
import math
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.horizon import slot_start
from errors import SourceError
from evcc_history import (
    EnergyRequest,
    RecordedPast,
    issued_forecasts,
    read_past,
    read_sessions,
    requests_for,
)
from tests.support.recorded_energies import SLOT, series, starts_from

START = datetime(2026, 8, 9, 10, 0, tzinfo=UTC)
REQUEST = EnergyRequest(
    asked_from=START - timedelta(days=1), start=START, end=START + timedelta(hours=1)
)
EVER = starts_from(START - SLOT, 6)
ANSWER = [
    series("pv", EVER, title="South"),
    series("pv", EVER, title="West"),
    series("battery", EVER, soc=50),
    series("loadpoint", EVER, title="Carport", zone=ZoneInfo("Europe/Berlin")),
    series("forecast", EVER),
]
SESSIONS = [
    {"id": 1, "created": "2026-08-09T12:00:00+02:00", "finished": "0001-01-01T00:00:00Z",
     "loadpoint": "Carport", "vehicle": None, "chargedEnergy": 3.2, "socStart": 20.0},
]  # fmt: skip
ODD: st.SearchStrategy[object] = st.sampled_from(
    [None, True, -1, 0, 1e308, math.nan, math.inf, 10**400, "", "\ud800", [], {}, [[]],
     "2026-08-09T10:00:00+00:00", "2026-08-09T10:00:00-00:00", "2026-08-09T12:15:00+02:00",
     "9999-12-31T23:59:59-23:59", "pv", {"start": 1}]
)  # fmt: skip
JSON = st.recursive(
    ODD | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)


@st.composite
def mutated(draw: Callable[[st.SearchStrategy[Any]], Any], answer: object) -> bytes:
    """Draw an answer in which a few values are something else or gone."""
    whole: Any = [deepcopy(answer)]
    for _ in range(draw(st.integers(0, 4))):
        parent, key = whole, 0
        while isinstance(parent[key], list | dict) and parent[key] and draw(st.booleans()):
            parent = parent[key]
            key = draw(st.sampled_from(list(parent) if isinstance(parent, dict) else
                                       list(range(len(parent)))))  # fmt: skip
        if draw(st.booleans()) or parent is whole:
            parent[key] = deepcopy(draw(JSON))
        else:
            del parent[key]
    return json.dumps(whole[0]).encode()


def assert_fit_for_use(past: RecordedPast) -> None:
    for before, after in pairwise(past.energies):
        assert before.start < after.start
    for quarter in past.energies:
        assert quarter.start == slot_start(quarter.start)
        assert REQUEST.start <= quarter.start < REQUEST.end
        flows = [
            quarter.pv_kwh, quarter.house_kwh, quarter.grid_import_kwh, quarter.grid_export_kwh,
            quarter.battery_charge_kwh, quarter.battery_discharge_kwh,
            *quarter.loadpoints_kwh.values(),
        ]  # fmt: skip
        assert all(flow is None or (math.isfinite(flow) and flow >= 0) for flow in flows)
        assert quarter.battery_soc_pct is None or 0 <= quarter.battery_soc_pct <= 100
        json.dumps(list(quarter.loadpoints_kwh), ensure_ascii=False).encode()
    for issued in issued_forecasts(past.forecast_kwh):
        assert all(power is not None and power >= 0 for power in issued.band.p50)


@settings(max_examples=60)
@given(mutated(ANSWER))
def test_mutated_energies_are_fit_or_an_error(payload: bytes) -> None:
    try:
        past = read_past(payload, REQUEST, {"battery": 10.0})
    except SourceError:
        return
    assert_fit_for_use(past)


@settings(max_examples=60)
@given(mutated(SESSIONS))
def test_mutated_sessions_are_fit_or_an_error(payload: bytes) -> None:
    try:
        found = read_sessions(payload)
    except SourceError:
        return
    for session in found:
        assert session.energy_kwh >= 0
        assert session.finished_at is None or session.finished_at >= session.started_at


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_unreadable(payload: bytes) -> None:
    for read in (lambda: read_past(payload, REQUEST, {}), lambda: read_sessions(payload)):
        try:
            read()
        except SourceError:
            continue


@settings(max_examples=20)
@given(st.randoms(use_true_random=False))
def test_the_order_of_an_answer_does_not_matter(random: Random) -> None:
    shuffled = deepcopy(ANSWER)
    random.shuffle(shuffled)
    for one in shuffled:
        random.shuffle(one["data"])

    found = read_past(json.dumps(shuffled).encode(), REQUEST, {})

    assert found == read_past(json.dumps(ANSWER).encode(), REQUEST, {})


@settings(max_examples=40)
@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001  # made aware below
    st.integers(0, 3000),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]),
)
def test_requests_cover_a_range_once_and_no_two_slots_are_named_alike(
    naive: datetime, n_slots: int, zone_name: str
) -> None:
    start, zone = slot_start(naive.replace(tzinfo=UTC)), ZoneInfo(zone_name)

    requests = list(requests_for(start, start + n_slots * SLOT, zone))

    covered = [
        slot
        for request in requests
        for slot in starts_from(request.start, (request.end - request.start) // SLOT)
    ]
    assert covered == starts_from(start, n_slots)
    for request in requests:
        n_asked = (request.end - request.asked_from) // SLOT
        names = [
            slot.astimezone(zone).replace(tzinfo=None)
            for slot in starts_from(request.asked_from, n_asked)
        ]
        assert len(set(names)) == len(names)
