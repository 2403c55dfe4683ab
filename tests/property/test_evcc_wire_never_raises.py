"""Whatever evcc or something in its place answers, the reading is a snapshot or says it is none."""

import json
import math
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

from hypothesis import example, given
from hypothesis import strategies as st

from domain.control import SOC_SETTINGS, EvccSetting
from domain.site import SiteSnapshot, SocSettings
from domain.tariff import Rate
from errors import EvccUnavailableError, EvccUnreadableError, WriteRefusedError
from evcc_bounds import is_same, nearest_accepted, path_number
from evcc_wire import read_rates, read_solar, read_state

FIXTURES = Path(__file__).parents[1] / "fixtures" / "evcc"
STATES = [
    json.loads((FIXTURES / name).read_bytes())
    for name in (
        "state-0.314.json",
        "state-0.313.json",
        "state-0.202.json",
        "state-smart-mode.json",
    )
]
# What no recorded home has.
STATES[0] |= {
    "smartCostAvailable": True,
    "smartCostType": "priceforecast",
    "circuits": {"main": {"maxPower": 17000, "maxCurrent": 35}, "cars": {"parent": "main"}},
}
STATES[0]["grid"]["currents"] = [1.3, 1.3, 1.2]
STATES[0]["battery"]["devices"][0]["suggestion"] = {"action": "hold", "charge": 0}
STATES[0]["loadpoints"][0] |= {
    "batteryBoost": False,
    "batteryBoostLimit": 100,
    "plan": [
        {"start": "2026-08-10T02:00:00+02:00", "end": "2026-08-10T02:15:00+02:00", "value": 0.2},
        {"start": "2026-08-10T03:00:00+02:00", "end": "2026-08-10T03:15:00+02:00", "value": 0.2},
    ],
}
READ_AT = datetime(2026, 8, 9, 11, 7, 30, tzinfo=UTC)
SLOT = timedelta(minutes=15)

NUMBERS = [0, -1, 1e308, -1e308, math.nan, math.inf, 10**400]
WORDS = ["", "NaN", "0", "\ud800", "9999-12-31T23:59:59-23:59"]
SHAPES: list[object] = [
    None,
    True,
    False,
    [],
    {},
    [[]],
    [None],
    [[1, 2, 3]],
    {"power": None},
    {"": ""},
]
ODD = st.sampled_from([*NUMBERS, *WORDS, *SHAPES])
JSON = st.recursive(
    ODD | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)


def places(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Return the paths of all values inside ``value``."""
    children: list[tuple[object, object]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    return [path] + [place for key, child in children for place in places(child, (*path, key))]


@st.composite
def mutated_states(draw: Callable[[st.SearchStrategy[object]], object]) -> bytes:
    """Draw a state of some version in which a few values are something else or gone."""
    state = json.loads(json.dumps(draw(st.sampled_from(STATES))))
    for _ in range(3):
        place = draw(st.sampled_from(places(state)[1:] or [()]))
        assert isinstance(place, tuple)
        if not place:
            return json.dumps(draw(JSON)).encode()
        *way, last = place
        parent = state
        for step in way:
            parent = parent[step]
        if draw(st.booleans()):
            # A copy: a later mutation must not reach the shapes that all examples share.
            parent[last] = deepcopy(draw(JSON))
        else:
            del parent[last]
    return json.dumps(state).encode()


def assert_fit_for_use(site: SiteSnapshot) -> None:
    flows = [site.pv_kw, site.home_kw, site.grid_import_kw, site.grid_export_kw]
    shares: list[float | None] = []
    if site.battery is not None:
        flows += [site.battery.charge_kw, site.battery.discharge_kw]
        shares += [site.battery.soc_pct]
        shares += [device.soc_pct for device in site.battery.devices]
    if site.settings is not None:
        shares += [site.settings.buffer_soc_pct, site.settings.priority_soc_pct]
    flows += [loadpoint.charge_kw for loadpoint in site.loadpoints]
    flows += [slot.power_kw for slot in site.solar]
    shares += [loadpoint.vehicle_soc_pct for loadpoint in site.loadpoints]
    shares += [loadpoint.battery_boost_limit_pct for loadpoint in site.loadpoints]
    assert all(flow is None or (math.isfinite(flow) and flow >= 0) for flow in flows)
    assert all(share is None or 0 <= share <= 100 for share in shares)
    assert_in_order(site.import_rates)
    assert_in_order(site.export_rates)
    assert_in_order(site.limit_rates)
    for loadpoint in site.loadpoints:
        assert all(start < end for start, end in loadpoint.planned)
        assert all(end <= start for (_, end), (start, _) in pairwise(loadpoint.planned))
    assert len(site.phase_import_a) <= 3
    assert all(map(math.isfinite, site.phase_import_a))
    assert site.phase_limit_a is None or 0 < site.phase_limit_a < math.inf
    assert 1 <= site.interval_s < math.inf
    json.dumps([*site.implausible, site.title], ensure_ascii=False).encode()


def assert_in_order(rates: tuple[Rate, ...]) -> None:
    for before, after in pairwise(rates):
        assert before.end <= after.start


@given(mutated_states())
def test_a_mutated_state_is_a_fit_snapshot_or_an_error_of_evcc(payload: bytes) -> None:
    try:
        site = read_state(payload, READ_AT)
    except EvccUnavailableError:
        return
    assert_fit_for_use(site)


@given(st.binary(max_size=200))
@example(b'{"loadpoints":[]}\x00')
def test_any_bytes_are_read_or_unreadable(payload: bytes) -> None:
    for read in (
        lambda: read_state(payload, READ_AT),
        lambda: read_rates(payload, "grid"),
        lambda: read_solar(payload),
    ):
        try:
            read()
        except EvccUnreadableError:
            continue


@given(JSON)
def test_any_json_as_rates_gives_rates_in_order(value: object) -> None:
    rates, _ = read_rates(json.dumps(value).encode(), "grid")

    assert_in_order(rates)


RATES = st.lists(
    st.tuples(
        st.integers(0, 3000), st.floats(-5, 5, allow_nan=False).map(lambda price: round(price, 6))
    ),
    unique_by=lambda slot: slot[0],
    max_size=30,
).map(
    lambda slots: tuple(
        Rate(
            start=READ_AT + number * SLOT,
            end=READ_AT + (number + 1) * SLOT,
            price_eur_per_kwh=price,
        )
        for number, price in sorted(slots)
    )
)


@given(RATES, st.randoms(use_true_random=False), st.sampled_from(["value", "price"]))
def test_rates_in_every_shape_and_order_are_the_same_rates(
    rates: tuple[Rate, ...], random: Random, price_key: str
) -> None:
    arrays = [
        [rate.start.timestamp(), rate.end.timestamp(), rate.price_eur_per_kwh] for rate in rates
    ]
    objects = [
        {
            "start": rate.start.isoformat(),
            "end": rate.end.isoformat(),
            price_key: rate.price_eur_per_kwh,
        }
        for rate in rates
    ]
    random.shuffle(arrays)

    assert read_rates(json.dumps(arrays).encode(), "grid") == (rates, ())
    assert read_rates(json.dumps({"rates": objects}).encode(), "grid") == (rates, ())


SOC = st.one_of(st.just(0.0), st.floats(0, 100), st.sampled_from([20.0, 50.0, 100.0]))


def accepts(setting: EvccSetting, value: float, settings: SocSettings) -> bool:
    """Say what evcc says, in its own words."""
    priority, buffer = settings.priority_soc_pct or 0, settings.buffer_soc_pct or 0
    start = settings.buffer_start_soc_pct or 0
    match setting:
        case EvccSetting.PRIORITY_SOC:
            return not (buffer != 0 and value > buffer)
        case EvccSetting.BUFFER_SOC:
            return not ((value != 0 and value < priority) or (start != 0 and value > start))
        case _:
            return not (value != 0 and value < buffer)


@given(st.sampled_from(sorted(SOC_SETTINGS)), SOC, SOC, SOC, SOC)
def test_the_value_sent_is_the_nearest_that_evcc_accepts(
    setting: EvccSetting, wanted: float, priority: float, buffer: float, start: float
) -> None:
    settings = SocSettings(
        priority_soc_pct=priority, buffer_soc_pct=buffer, buffer_start_soc_pct=start
    )
    candidates = [value for value in (wanted, priority, buffer, start) if value > 0 or wanted == 0]

    try:
        target = nearest_accepted(setting, wanted, settings)
    except WriteRefusedError:
        assert not any(accepts(setting, value, settings) for value in candidates)
        return

    assert accepts(setting, target.value_pct, settings)
    distance = abs(target.value_pct - wanted)
    assert all(
        abs(value - wanted) >= distance for value in candidates if accepts(setting, value, settings)
    )
    assert (target.limited_by is None) == (target.value_pct == wanted)


@given(st.floats(-1000, 5000))
def test_a_number_in_a_path_is_read_back_the_same(number: float) -> None:
    text = path_number(number)

    assert set(text) <= set("-0123456789.")
    assert is_same(float(text), number)
