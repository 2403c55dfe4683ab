"""What a stored kWh is worth in each slot: the price levels that batteries go by.

For every price there is a level: the energy that uses worth more than that price will still need,
less what can be had for less until then. They are worked out from the last slot to the first, and
are exact for one battery without taper in a home whose cars and prices are known.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.plan_problem import BatteryModel, FloatArray, PlanProblem

_GRID_POINTS = 64
"""Prices looked at besides the tariff's own, for what the reserve adds to them."""


@dataclass(slots=True, kw_only=True, eq=False)
class Surroundings:
    """The home around a battery, all arrays of shape (n_slots,); each battery adds what it does.

    Args:
        net_kwh: What is asked from the grid, negative when something is left.
        house_kwh: What the house itself needs beyond PV, at least 0.
        is_fed: Whether a car charges.
        may_buy: False where a battery charges that must not from the grid.
        may_sell: False where a battery gives that must not be fed in.
        is_house_only: Whether a battery gives that must not take part in charging cars.
        given_kwh: What batteries give so far.
        given_to_house_kwh: What those batteries give that may not feed cars.
        buy_eur_per_kwh: What a kWh more costs: bought, or missing in a battery later.
        sell_eur_per_kwh: What a kWh left over is worth: fed in, or stored.
    """

    net_kwh: FloatArray
    house_kwh: FloatArray
    is_fed: np.ndarray
    may_buy: np.ndarray
    may_sell: np.ndarray
    is_house_only: np.ndarray
    given_kwh: FloatArray
    given_to_house_kwh: FloatArray
    buy_eur_per_kwh: FloatArray
    sell_eur_per_kwh: FloatArray


def surroundings(problem: PlanProblem, cars: Sequence[Sequence[float]]) -> Surroundings:
    """Return the home around its first battery while ``cars`` charge [kWh per car and slot]."""
    n_slots = problem.n_slots
    fed = np.sum(cars, axis=0) if cars else np.zeros(n_slots)
    house = problem.load_kwh - problem.pv_kwh
    return Surroundings(
        net_kwh=house + fed,
        house_kwh=problem.served_kwh,
        is_fed=fed > 0.0,
        may_buy=np.ones(n_slots, dtype=np.bool_),
        may_sell=np.ones(n_slots, dtype=np.bool_),
        is_house_only=np.zeros(n_slots, dtype=np.bool_),
        given_kwh=np.zeros(n_slots),
        given_to_house_kwh=np.zeros(n_slots),
        buy_eur_per_kwh=problem.import_price_eur_per_kwh,
        sell_eur_per_kwh=problem.export_price_eur_per_kwh,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tiers:
    """What can be done in each slot [kWh, AC] and what a stored kWh is worth or costs in it.

    Giving ``relieves`` the fuse, ``serves`` instead of bought energy, ``sells`` beyond. Charging
    takes surplus that is ``forced`` (it can go nowhere else) or ``free`` (it would be turned down),
    ``stores`` what would be fed in, and ``buys``.
    """

    relieves_kwh: FloatArray
    serves_kwh: FloatArray
    sells_kwh: FloatArray
    forced_kwh: FloatArray
    free_kwh: FloatArray
    stores_kwh: FloatArray
    buys_kwh: FloatArray
    serves_eur: FloatArray
    sells_eur: FloatArray
    stores_eur: FloatArray
    buys_eur: FloatArray


def giving_limit(battery: BatteryModel, around: Surroundings) -> FloatArray:
    """Return the most that the rules about cars let it give in each slot, infinite elsewhere."""
    limit = np.full(len(around.net_kwh), np.inf)
    house_left = np.maximum(around.house_kwh - around.given_kwh, 0.0)
    limit[around.is_house_only] = house_left[around.is_house_only]
    if not battery.may_feed_cars:
        own = np.maximum(around.house_kwh - around.given_to_house_kwh, 0.0)
        limit[around.is_fed] = np.minimum(limit, own)[around.is_fed]
    return limit


def tiers_of(problem: PlanProblem, battery: BatteryModel, around: Surroundings) -> Tiers:
    """Return what ``battery`` can do in each slot of the home ``around`` it, and its worth."""
    n_slots, net = problem.n_slots, around.net_kwh
    charge_max = battery.charge_max_kw * problem.slot_h
    discharge_max = battery.discharge_max_kw * problem.slot_h
    asked, left = np.maximum(net, 0.0), np.maximum(-net, 0.0)
    fuse = _or_infinite(problem.import_max_kwh, n_slots)
    cap = _or_infinite(problem.export_max_kwh, n_slots)
    give_max = np.minimum(giving_limit(battery, around), discharge_max)
    serves = np.minimum(asked, give_max)
    relieves = np.minimum(np.maximum(asked - fuse, 0.0), serves)
    sells = np.minimum(give_max - serves, np.maximum(cap - left, 0.0))
    may_sell = around.may_sell & (problem.export_price_eur_per_kwh > 0.0)
    beyond = np.minimum(np.maximum(left - cap, 0.0), charge_max)
    stores = np.minimum(left, charge_max) - beyond
    buys = np.minimum(charge_max - beyond - stores, np.maximum(fuse - asked, 0.0))
    nothing = np.zeros(n_slots)
    serves_eur, sells_eur, stores_eur, buys_eur = _worth(problem, battery)
    return Tiers(
        relieves_kwh=relieves,
        serves_kwh=serves - relieves,
        sells_kwh=np.where(may_sell, sells, 0.0) if battery.may_export else nothing,
        forced_kwh=nothing if problem.can_curtail else beyond,
        free_kwh=beyond if problem.can_curtail else nothing,
        stores_kwh=stores,
        buys_kwh=np.where(around.may_buy, buys, 0.0) if battery.may_grid_charge else nothing,
        serves_eur=serves_eur,
        sells_eur=sells_eur,
        stores_eur=stores_eur,
        buys_eur=buys_eur,
    )


def _worth(
    problem: PlanProblem, battery: BatteryModel
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return what a stored kWh is worth that serves or sells, and what one costs to store or buy.

    Giving and charging in one slot would only burn energy, even where that is paid for, so no use
    is worth more than what charging costs in the same slot.
    """
    takes, gives = battery.charge_efficiency_frac, battery.discharge_efficiency_frac
    bought, sold = problem.import_price_eur_per_kwh, problem.export_price_eur_per_kwh
    buys = bought / takes
    stores = (np.maximum(sold, 0.0) if problem.can_curtail else sold) / takes
    serves = np.minimum((bought - battery.wear_eur_per_kwh) * gives, buys)
    sells = np.minimum((sold - battery.wear_eur_per_kwh) * gives, np.minimum(buys, stores))
    return serves, sells, stores, buys


def _or_infinite(limit: FloatArray | None, n_slots: int) -> FloatArray:
    return np.full(n_slots, np.inf) if limit is None else limit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Levels:
    """Where the SoC at a slot's end should stand, by what is done in it [kWh above its lowest].

    ``less_wanted`` has for each slot minus what is wanted at its end, for each of ``prices``.
    """

    prices: FloatArray
    less_wanted: list[FloatArray]

    serves: list[float]
    sells: list[float]
    free: list[float]
    stores: list[float]
    buys: list[float]


def levels_of(problem: PlanProblem, battery: BatteryModel, tiers: Tiers) -> Levels:
    """Return the levels, worked out from the last slot to the first."""
    prices = _prices_to_look_at(battery, tiers)
    at = {
        name: np.searchsorted(prices, values).tolist()
        for name, values in (
            ("serves", tiers.serves_eur),
            ("sells", tiers.sells_eur),
            ("free", np.zeros(problem.n_slots)),
            ("stores", tiers.stores_eur),
            ("buys", tiers.buys_eur),
        )
    }
    steps = _steps(battery, tiers)
    most_kwh = battery.soc_max_kwh - battery.soc_min_kwh
    # What lies above the upper limit at the start can be kept, but never be had again.
    room_kwh = max(most_kwh, battery.soc_kwh - battery.soc_min_kwh)
    wanted = _wanted_at_the_end(battery, prices, room_kwh)
    reserve = _ReserveWish(problem, battery, prices, room_kwh)
    found: dict[str, list[float]] = {name: [0.0] * problem.n_slots for name in at}
    less_wanted = [wanted] * problem.n_slots
    for slot in range(problem.n_slots - 1, -1, -1):
        wanted = reserve.added(slot, wanted)
        less_wanted[slot] = -wanted
        for name, positions in at.items():
            found[name][slot] = float(wanted[positions[slot]])
        wanted = wanted + steps.always[slot]
        for name, kwh in steps.uses:
            wanted[: at[name][slot]] += kwh[slot]
        for name, kwh in steps.refills:
            dearer = wanted[at[name][slot] + 1 :]
            dearer -= kwh[slot] if room_kwh <= most_kwh else kwh[slot] * (dearer <= most_kwh)
        np.clip(wanted, 0.0, room_kwh, out=wanted)
    return Levels(prices=prices, less_wanted=less_wanted, **found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Steps:
    """How a slot changes what is wanted before it [kWh, cell side]."""

    always: list[float]
    uses: tuple[tuple[str, list[float]], ...]
    refills: tuple[tuple[str, list[float]], ...]


def _steps(battery: BatteryModel, tiers: Tiers) -> _Steps:
    gives, takes = battery.discharge_efficiency_frac, battery.charge_efficiency_frac
    always: list[float] = (tiers.relieves_kwh / gives - tiers.forced_kwh * takes).tolist()
    return _Steps(
        always=always,
        uses=(
            ("serves", (tiers.serves_kwh / gives).tolist()),
            ("sells", (tiers.sells_kwh / gives).tolist()),
        ),
        refills=(
            ("free", (tiers.free_kwh * takes).tolist()),
            ("stores", (tiers.stores_kwh * takes).tolist()),
            ("buys", (tiers.buys_kwh * takes).tolist()),
        ),
    )


def _prices_to_look_at(battery: BatteryModel, tiers: Tiers) -> FloatArray:
    """Return every price at which something changes, rising, shape (n_prices,)."""
    own = [tiers.serves_eur, tiers.sells_eur, tiers.stores_eur, tiers.buys_eur]
    terminal = np.array([piece.eur_per_kwh for piece in battery.terminal])
    prices = np.concatenate([*own, terminal, [0.0]])
    if battery.reserve is not None:
        between = np.linspace(prices.min(), prices.max(), _GRID_POINTS)
        # At a price below all others everything is kept.
        prices = np.concatenate([prices, between, [prices.min() - 1.0]])
    return np.unique(prices)


def _wanted_at_the_end(battery: BatteryModel, prices: FloatArray, room_kwh: float) -> FloatArray:
    """Return what should be left after the last slot, for each price what is worth more."""
    wanted = np.zeros(len(prices))
    for piece in battery.terminal:
        wanted[prices < piece.eur_per_kwh] += piece.width_kwh
    # The last piece's value holds for all that lies above it, or nothing is worth nothing.
    last_eur = battery.terminal[-1].eur_per_kwh if battery.terminal else 0.0
    wanted[prices < last_eur] = room_kwh
    return np.minimum(wanted, room_kwh)


class _ReserveWish:
    """What the buffer adds: a kWh below it is worth its price for a slot more than otherwise."""

    def __init__(
        self, problem: PlanProblem, battery: BatteryModel, prices: FloatArray, room_kwh: float
    ) -> None:
        self._at: list[np.ndarray | None] = [None] * problem.n_slots
        self._above_min: list[float] = []
        reserve = battery.reserve
        if reserve is not None:
            worth_eur = reserve.prices_eur_per_kwh_h * problem.slot_h
            for eur in np.unique(worth_eur[worth_eur > 0.0]).tolist():
                position = np.searchsorted(prices, prices - eur, side="right") - 1
                at = np.maximum(position, 0)
                for slot in np.flatnonzero(worth_eur == eur).tolist():
                    self._at[slot] = at
            above = np.clip(reserve.wanted_kwh - battery.soc_min_kwh, 0.0, room_kwh)
            self._above_min = above.tolist()

    def added(self, slot: int, wanted: FloatArray) -> FloatArray:
        """Return what is wanted at the end of ``slot`` with the buffer."""
        at = self._at[slot]
        if at is None:
            return wanted
        kept: FloatArray = np.maximum(wanted, np.minimum(wanted[at], self._above_min[slot]))
        return kept
