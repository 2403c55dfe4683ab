"""Which limit or charge mode makes evcc charge a car as it is planned.

A car at full power charges 2.75 kWh a quarter hour; prices are EUR/kWh, one a slot.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pytest

from control.cars import CarWish, decide_car
from control.reasons import because
from domain.control import EvccSetting, Lever, SettingValue, Wanted
from domain.horizon import SLOT
from domain.plan import Plan, Rung
from domain.site import ChargeMode, Loadpoint, SiteSnapshot
from domain.steering import CommandCode, Stage
from domain.tariff import Rate
from tests.support.told_plan import CAR, NOON, told_loadpoint, told_plan, told_rates, told_site

LIMIT = Lever(setting=EvccSetting.SMART_COST_LIMIT, device=CAR)
MODE = Lever(setting=EvccSetting.CHARGE_MODE, device=CAR)
NOTHING = CarWish(device=CAR)
FULL_KWH = 2.75
PLUGGED = told_loadpoint()


def charging(slots: str, prices: Sequence[float] | None = None, **changes: float) -> Plan:
    """A plan in which the car charges from the grid in slots marked C, with sun in those marked S.

    The sun gives 1 kWh in the latter.
    """
    return told_plan(
        len(slots),
        buy=0.3 if prices is None else prices,
        pv=[1.0 if slot == "S" else 0.0 for slot in slots],
        cars={CAR: [{"C": FULL_KWH, "S": 1.0, ".": 0.0}[slot] for slot in slots]},
        start_kwh=0.5,
        **changes,
    )


def home(*prices: float, loadpoint: Loadpoint = PLUGGED) -> SiteSnapshot:
    return told_site(loadpoint, limit_rates=told_rates(*prices), has_price_limits=True)


def decide(
    plan: Plan | None,
    site: SiteSnapshot,
    *,
    standing: SettingValue = None,
    now: datetime = NOON,
    in_force: Mapping[Lever, SettingValue] | None = None,
) -> CarWish:
    ours = in_force or ({} if standing is None else {LIMIT: standing})
    return decide_car(plan=plan, site=site, device=CAR, in_force=ours, now=now)


def limit_of(wish: CarWish) -> SettingValue:
    return next((one.value for one in wish.wanted if one.lever == LIMIT), None)


# -- nobody wants anything -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "loadpoint",
    [
        told_loadpoint(connected=False),
        told_loadpoint(is_heater=True),
        told_loadpoint(mode=ChargeMode.OFF),
        told_loadpoint(mode=ChargeMode.NOW),
        told_loadpoint(mode=ChargeMode.UNKNOWN),
        told_loadpoint("lp-2"),
    ],
    ids=["away", "heater", "off", "now", "unknown", "another"],
)
def test_what_is_not_ours_to_decide_is_left_alone(loadpoint: Loadpoint) -> None:
    assert decide(charging("CC"), home(0.2, 0.2, loadpoint=loadpoint)) == NOTHING


def test_a_car_that_the_plan_does_not_know_is_left_alone() -> None:
    assert decide(told_plan(2), home(0.2, 0.2)) == NOTHING


@pytest.mark.parametrize("plan", [None, charging("CC", rung=Rung.HANDS_OFF)])  # type: ignore[arg-type]
def test_without_a_plan_nothing_is_wanted(plan: Plan | None) -> None:
    assert decide(plan, home(0.2, 0.2)) == NOTHING


def test_a_plan_that_is_over_wants_nothing() -> None:
    assert decide(charging("CC"), home(0.2, 0.2, 0.2), now=NOON + 2 * SLOT) == NOTHING


def test_sun_needs_no_limit() -> None:
    assert decide(charging("SS"), home(0.2, 0.2)) == NOTHING


@pytest.mark.parametrize(("bought_kwh", "limit"), [(0.49 * FULL_KWH, None), (0.51 * FULL_KWH, 0.2)])
def test_a_limit_is_needed_where_half_of_full_power_is_bought(
    bought_kwh: float, limit: float | None
) -> None:
    # evcc buys at full power or not at all: for less, not at all is nearer to the plan.
    plan = told_plan(1, pv=1.0, cars={CAR: 1.0 + bought_kwh})

    assert limit_of(decide(plan, home(0.2))) == limit


def test_the_least_power_beside_some_sun_is_not_bought_at_full_power() -> None:
    plan = told_plan(1, pv=0.1, cars={CAR: 0.35})

    assert decide(plan, home(0.2)) == NOTHING


def test_sun_that_the_battery_stores_is_not_there_for_the_car() -> None:
    plan = told_plan(1, pv=2.0, charge=1.5, cars={CAR: 2.0})

    assert limit_of(decide(plan, home(0.2))) == 0.2


def test_what_the_battery_gives_a_car_is_not_bought() -> None:
    plan = told_plan(1, load=0.2, discharge=1.0, cars={CAR: 0.8})

    assert decide(plan, home(0.4)) == NOTHING


def test_cars_that_charge_together_share_the_sun() -> None:
    # 2 kWh of sun for 2.75 kWh each: seven elevenths of it are bought, 1.75 kWh.
    plan = told_plan(1, pv=2.0, cars={"lp-2": FULL_KWH, CAR: FULL_KWH})
    site = told_site(
        PLUGGED, told_loadpoint("lp-2"), limit_rates=told_rates(0.2), has_price_limits=True
    )

    assert limit_of(decide(plan, site)) == 0.2


def test_a_car_that_has_left_leaves_its_sun_to_the_other() -> None:
    plan = told_plan(1, pv=1.0, cars={"lp-2": FULL_KWH, CAR: 1.0})
    site = told_site(
        PLUGGED,
        told_loadpoint("lp-2", connected=False),
        limit_rates=told_rates(0.2),
        has_price_limits=True,
    )

    assert decide(plan, site) == NOTHING


# -- the limit -----------------------------------------------------------------------------------


def test_a_planned_quarter_hour_is_told_as_what_it_is() -> None:
    wish = decide(charging("CC."), home(0.2, 0.21, 0.3))

    reason = because(CommandCode.CAR_CHEAP, car=CAR, price=0.2, limit=0.21, until=NOON + 2 * SLOT)
    assert wish.wanted == (Wanted(lever=LIMIT, value=0.21, stage=Stage.CARS, reason=reason),)


@pytest.mark.parametrize("mode", [ChargeMode.PV, ChargeMode.MIN_PV])
def test_it_works_in_both_modes_that_follow_the_sun(mode: ChargeMode) -> None:
    site = home(0.2, 0.3, loadpoint=told_loadpoint(mode=mode))

    assert limit_of(decide(charging("C."), site)) == 0.2


@pytest.mark.parametrize(
    ("slots", "prices", "limit"),
    [
        ("C..C", (0.20, 0.30, 0.31, 0.25), 0.25),
        ("C.C.", (0.20, 0.24, 0.25, 0.30), 0.20),
        ("CC.C", (0.20, 0.22, 0.23, 0.21), 0.22),
        ("C.CC", (0.25, 0.30, 0.20, 0.22), 0.25),
        ("CSC.", (0.20, 0.40, 0.22, 0.30), 0.22),
        ("CC", (-0.05, -0.02), -0.02),
    ],
    ids=[
        "one for all", "up to where one cannot serve both", "dearer ones first",
        "the present is the dearest", "sun does not matter", "below zero",
    ],
)  # fmt: skip
def test_one_limit_serves_as_long_as_it_can(
    slots: str, prices: tuple[float, ...], limit: float
) -> None:
    assert limit_of(decide(charging(slots), home(*prices))) == limit


@pytest.mark.parametrize(
    ("price", "limit"),
    [
        (0.2, 0.2),
        (0.2655, 0.2655),
        (0.26551, 0.2656),
        (0.26550000000004, 0.2656),
        (0.1 + 0.2, 0.3001),
    ],
)
def test_a_limit_is_rounded_up_because_evcc_compares_exactly(price: float, limit: float) -> None:
    assert limit_of(decide(charging("C"), home(price))) == limit


def test_rounding_up_does_not_let_a_waiting_quarter_hour_in() -> None:
    limit = limit_of(decide(charging("C."), home(0.200012, 0.20005)))

    assert limit == 0.20002


def test_equal_prices_of_which_the_car_takes_one_end_what_a_limit_can_serve() -> None:
    wish = decide(charging("CC.."), home(0.2, 0.2, 0.2, 0.2))

    assert limit_of(wish) == 0.2


def test_only_published_prices_count() -> None:
    assert limit_of(decide(charging("C..C"), home(0.2, 0.4))) == 0.2


def test_a_gap_in_the_prices_ends_what_is_known() -> None:
    rates = told_rates(0.2, 0.4, 0.4, 0.3)
    site = told_site(PLUGGED, limit_rates=(*rates[:2], rates[3]), has_price_limits=True)

    assert limit_of(decide(charging("C..C"), site)) == 0.2


def test_hourly_prices_hold_for_their_quarter_hours() -> None:
    hours = tuple(
        Rate(
            start=NOON + timedelta(hours=number),
            end=NOON + timedelta(hours=number + 1),
            price_eur_per_kwh=price,
        )
        for number, price in enumerate((0.3, 0.2))
    )
    site = told_site(PLUGGED, limit_rates=hours, has_price_limits=True)
    now = NOON + 4 * SLOT

    wish = decide(charging("....CC.."), site, now=now)

    assert limit_of(wish) == 0.2


def test_prices_that_are_over_do_not_matter() -> None:
    wish = decide(charging(".C."), home(0.1, 0.2, 0.3), now=NOON + SLOT + timedelta(minutes=7))

    assert limit_of(wish) == 0.2


# -- the limit that stands -----------------------------------------------------------------------


def test_a_limit_that_still_serves_is_left_where_it_is() -> None:
    # 22 ct would do now that the dearest one is over.
    plan, site = charging("C.CC"), home(0.25, 0.30, 0.20, 0.22)

    wish = decide(plan, site, standing=0.25, now=NOON + 2 * SLOT)

    assert limit_of(wish) == 0.25


def test_a_limit_that_is_right_now_is_raised_only_when_it_has_to_be() -> None:
    plan, site = charging("CC"), home(0.20, 0.22)

    limits = [limit_of(decide(plan, site, standing=0.20, now=NOON + n * SLOT)) for n in range(2)]

    assert limits == [0.20, 0.22]


def test_a_limit_that_would_let_a_waiting_quarter_hour_in_is_lowered() -> None:
    assert limit_of(decide(charging("C.C"), home(0.20, 0.24, 0.21), standing=0.25)) == 0.21


def test_a_limit_far_above_what_is_needed_is_lowered() -> None:
    assert limit_of(decide(charging("CC"), home(0.20, 0.21), standing=0.30)) == 0.21


def test_a_limit_is_kept_while_the_car_waits_for_it() -> None:
    wish = decide(charging(".C"), home(0.30, 0.20), standing=0.20)

    reason = because(CommandCode.CAR_CHEAP, car=CAR, price=0.3, limit=0.2, next_at=NOON + SLOT)
    assert wish.wanted == (Wanted(lever=LIMIT, value=0.20, stage=Stage.CARS, reason=reason),)


def test_a_limit_that_lets_a_waiting_car_in_is_taken_back() -> None:
    assert decide(charging(".C"), home(0.20, 0.15), standing=0.20) == NOTHING


def test_a_limit_that_nothing_waits_for_is_taken_back() -> None:
    assert decide(charging(".S"), home(0.30, 0.20), standing=0.20) == NOTHING


def test_no_limit_is_set_while_the_car_waits() -> None:
    assert decide(charging(".C"), home(0.30, 0.20)) == NOTHING


def test_a_limit_that_would_buy_beside_the_sun_is_taken_back() -> None:
    assert decide(charging("SC"), home(0.20, 0.20), standing=0.20) == NOTHING


def test_a_limit_stays_through_a_quarter_hour_of_sun_for_nearly_full_power() -> None:
    plan = told_plan(2, buy=[0.2, 0.2], pv=[2.0, 0.0], cars={CAR: [2.0, FULL_KWH]})

    assert limit_of(decide(plan, home(0.20, 0.20), standing=0.20)) == 0.20


def test_a_limit_that_only_the_sun_follows_is_taken_back() -> None:
    assert decide(charging("SS"), home(0.20, 0.20), standing=0.20) == NOTHING


def test_something_else_in_the_limits_place_counts_as_none() -> None:
    wish = decide(charging("C"), home(0.2), in_force={LIMIT: True})

    assert limit_of(wish) == 0.2


# -- the owner's own -----------------------------------------------------------------------------


def owned(limit: float) -> Loadpoint:
    return told_loadpoint(smart_cost_limit=limit)


def test_an_own_limit_that_covers_now_is_enough() -> None:
    assert decide(charging("C."), home(0.20, 0.30, loadpoint=owned(0.20))) == NOTHING


def test_an_own_limit_below_the_price_is_raised() -> None:
    assert limit_of(decide(charging("C."), home(0.20, 0.30, loadpoint=owned(0.15)))) == 0.20


def test_what_the_own_limit_lets_in_is_never_kept_out() -> None:
    # The plan waits at 18 ct, the owner's 19 ct charge there all the same.
    site = home(0.20, 0.18, 0.22, loadpoint=owned(0.19))

    assert limit_of(decide(charging("C.C"), site)) == 0.22


def test_a_standing_limit_below_the_own_one_is_taken_back() -> None:
    site = home(0.30, 0.15, loadpoint=owned(0.20))

    assert decide(charging(".C"), site, standing=0.16) == NOTHING


def test_a_car_that_the_own_limit_charges_is_not_made_to_wait() -> None:
    assert decide(charging(".C"), home(0.18, 0.25, loadpoint=owned(0.19))) == NOTHING


# -- where a price limit does nothing ------------------------------------------------------------


@pytest.mark.parametrize(
    "site",
    [
        told_site(PLUGGED, limit_rates=told_rates(0.2, 0.2, 0.3)),
        told_site(PLUGGED, has_price_limits=True),
        told_site(
            PLUGGED,
            limit_rates=told_rates(0.2, 0.2, 0.3),
            has_price_limits=True,
            limits_are_in_grams=True,
        ),
    ],
    ids=["a fixed price", "no price for now", "grams"],
)
def test_without_a_limit_the_mode_becomes_now_for_the_slot(site: SiteSnapshot) -> None:
    wish = decide(charging("CC.", (0.2, 0.2, 0.3)), site)

    reason = because(CommandCode.CAR_NOW, car=CAR, price=0.2, until=NOON + 2 * SLOT)
    assert wish.wanted == (Wanted(lever=MODE, value="now", stage=Stage.CARS, reason=reason),)
    assert wish.is_set_to_now


def test_the_own_mode_returns_when_the_car_waits() -> None:
    assert decide(charging(".C"), told_site(PLUGGED)) == NOTHING
