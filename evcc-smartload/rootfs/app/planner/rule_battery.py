"""When a battery charges and gives, by rules: what is dearer ahead decides about now.

For every price there is a level: the energy that uses worth more than that price will still need,
less what can be had for less until then. A battery gives in a slot down to the level of what
giving is worth there, and charges up to the level of what charging costs there. So it keeps energy
for the dearest slots, buys only what a later slot pays for with losses and wear, and stores only
the surplus that will be used. No solver is needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.plan_problem import BatteryModel, FloatArray, PlanProblem
from planner.slot_physics import EPS_KWH, BatteryState

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
        house_kwh=np.maximum(house, 0.0),
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
class _Tiers:
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


def _giving_limit(battery: BatteryModel, around: Surroundings) -> FloatArray:
    """Return the most that the rules about cars let it give in each slot, infinite elsewhere."""
    limit = np.full(len(around.net_kwh), np.inf)
    house_left = np.maximum(around.house_kwh - around.given_kwh, 0.0)
    limit[around.is_house_only] = house_left[around.is_house_only]
    if not battery.may_feed_cars:
        own = np.maximum(around.house_kwh - around.given_to_house_kwh, 0.0)
        limit[around.is_fed] = np.minimum(limit, own)[around.is_fed]
    return limit


def _tiers(problem: PlanProblem, battery: BatteryModel, around: Surroundings) -> _Tiers:
    n_slots, net = problem.n_slots, around.net_kwh
    charge_max = battery.charge_max_kw * problem.slot_h
    discharge_max = battery.discharge_max_kw * problem.slot_h
    asked, left = np.maximum(net, 0.0), np.maximum(-net, 0.0)
    fuse = _or_infinite(problem.import_max_kwh, n_slots)
    cap = _or_infinite(problem.export_max_kwh, n_slots)
    give_max = np.minimum(_giving_limit(battery, around), discharge_max)
    serves = np.minimum(asked, give_max)
    relieves = np.minimum(np.maximum(asked - fuse, 0.0), serves)
    sells = np.minimum(give_max - serves, np.maximum(cap - left, 0.0))
    may_sell = around.may_sell & (problem.export_price_eur_per_kwh > 0.0)
    beyond = np.minimum(np.maximum(left - cap, 0.0), charge_max)
    stores = np.minimum(left, charge_max) - beyond
    buys = np.minimum(charge_max - beyond - stores, np.maximum(fuse - asked, 0.0))
    nothing = np.zeros(n_slots)
    buys_eur = problem.import_price_eur_per_kwh / battery.charge_efficiency_frac
    sold_eur = problem.export_price_eur_per_kwh
    lost_eur = np.maximum(sold_eur, 0.0) if problem.can_curtail else sold_eur
    stores_eur = lost_eur / battery.charge_efficiency_frac
    # Giving and charging in one slot would only burn energy, even where that is paid for.
    serves_eur = problem.import_price_eur_per_kwh - battery.wear_eur_per_kwh
    serves_eur = np.minimum(serves_eur * battery.discharge_efficiency_frac, buys_eur)
    sells_eur = (sold_eur - battery.wear_eur_per_kwh) * battery.discharge_efficiency_frac
    return _Tiers(
        relieves_kwh=relieves,
        serves_kwh=serves - relieves,
        sells_kwh=np.where(may_sell, sells, 0.0) if battery.may_export else nothing,
        forced_kwh=nothing if problem.can_curtail else beyond,
        free_kwh=beyond if problem.can_curtail else nothing,
        stores_kwh=stores,
        buys_kwh=np.where(around.may_buy, buys, 0.0) if battery.may_grid_charge else nothing,
        serves_eur=serves_eur,
        sells_eur=np.minimum(sells_eur, np.minimum(buys_eur, stores_eur)),
        stores_eur=stores_eur,
        buys_eur=buys_eur,
    )


def _or_infinite(limit: FloatArray | None, n_slots: int) -> FloatArray:
    return np.full(n_slots, np.inf) if limit is None else limit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Levels:
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


def _levels(problem: PlanProblem, battery: BatteryModel, tiers: _Tiers) -> _Levels:
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
    room_kwh = battery.soc_max_kwh - battery.soc_min_kwh
    wanted = _wanted_at_the_end(battery, prices, room_kwh)
    reserve = _ReserveWish(problem, battery, prices)
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
            wanted[at[name][slot] + 1 :] -= kwh[slot]
        np.clip(wanted, 0.0, room_kwh, out=wanted)
    return _Levels(prices=prices, less_wanted=less_wanted, **found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Steps:
    """How a slot changes what is wanted before it [kWh, cell side]."""

    always: list[float]
    uses: tuple[tuple[str, list[float]], ...]
    refills: tuple[tuple[str, list[float]], ...]


def _steps(battery: BatteryModel, tiers: _Tiers) -> _Steps:
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


def _prices_to_look_at(battery: BatteryModel, tiers: _Tiers) -> FloatArray:
    """Return every price at which something changes, rising, shape (n_prices,)."""
    own = [tiers.serves_eur, tiers.sells_eur, tiers.stores_eur, tiers.buys_eur]
    terminal = np.array([piece.eur_per_kwh for piece in battery.terminal])
    prices = np.concatenate([*own, terminal, [0.0]])
    if battery.reserve is not None:
        prices = np.concatenate([prices, np.linspace(prices.min(), prices.max(), _GRID_POINTS)])
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

    def __init__(self, problem: PlanProblem, battery: BatteryModel, prices: FloatArray) -> None:
        self._at: np.ndarray | None = None
        self._above_min: list[float] = []
        reserve = battery.reserve
        if reserve is not None and reserve.eur_per_kwh_h > 0.0:
            worth_eur = reserve.eur_per_kwh_h * problem.slot_h
            position = np.searchsorted(prices, prices - worth_eur, side="right") - 1
            self._at = np.maximum(position, 0)
            above = np.clip(
                reserve.soc_kwh - battery.soc_min_kwh,
                0.0,
                battery.soc_max_kwh - battery.soc_min_kwh,
            )
            self._above_min = above.tolist()

    def added(self, slot: int, wanted: FloatArray) -> FloatArray:
        """Return what is wanted at the end of ``slot`` with the buffer."""
        if self._at is None:
            return wanted
        kept: FloatArray = np.maximum(wanted, np.minimum(wanted[self._at], self._above_min[slot]))
        return kept


def run_battery(problem: PlanProblem, battery: BatteryModel, around: Surroundings) -> BatteryState:
    """Return the battery after all slots, and enter into ``around`` what it did."""
    tiers = _tiers(problem, battery, around)
    course = _Course(problem, battery, around, tiers)
    worth = np.zeros(problem.n_slots)
    for slot in range(problem.n_slots):
        course.step(slot)
        worth[slot] = course.worth(slot)
    _enter(battery, around, course.state)
    stored_eur = worth * battery.charge_efficiency_frac
    around.sell_eur_per_kwh = np.maximum(around.sell_eur_per_kwh, stored_eur)
    if battery.may_feed_cars:
        given_eur = worth / battery.discharge_efficiency_frac + battery.wear_eur_per_kwh
        around.buy_eur_per_kwh = np.minimum(around.buy_eur_per_kwh, given_eur)
    return course.state


def run_self_consumption(
    problem: PlanProblem, battery: BatteryModel, around: Surroundings
) -> BatteryState:
    """As ``run_battery``, but surplus in and deficit out, whatever the prices are."""
    state = BatteryState(battery, problem.slot_h)
    limit = _giving_limit(battery, around).tolist()
    floor_kwh = _car_floor(battery, around)
    for slot, net_kwh in enumerate(around.net_kwh.tolist()):
        takes_kwh = min(state.most_charge_kwh(), max(-net_kwh, 0.0))
        gives_kwh = min(state.most_discharge_kwh(), max(net_kwh, 0.0), limit[slot])
        gives_kwh = _above_car_floor(battery, state, gives_kwh, floor_kwh[slot])
        state.move(takes_kwh, gives_kwh)
    _enter(battery, around, state)
    return state


def _car_floor(battery: BatteryModel, around: Surroundings) -> list[float]:
    """Return what it may give in each slot without standing above ``cars_above_kwh`` after it."""
    free = np.full(len(around.net_kwh), np.inf)
    if battery.may_feed_cars and battery.cars_above_kwh > 0.0:
        left = np.maximum(around.house_kwh - around.given_kwh, 0.0)
        free[around.is_fed] = left[around.is_fed]
    values: list[float] = free.tolist()
    return values


def _above_car_floor(
    battery: BatteryModel, state: BatteryState, gives_kwh: float, free_kwh: float
) -> float:
    """Return how much of ``gives_kwh`` it may give; ``free_kwh`` it may whatever its SoC is."""
    if gives_kwh <= free_kwh:
        return gives_kwh
    spare_kwh = (state.soc_kwh - battery.cars_above_kwh) * battery.discharge_efficiency_frac
    return min(gives_kwh, max(free_kwh, spare_kwh))


def _enter(battery: BatteryModel, around: Surroundings, state: BatteryState) -> None:
    charged, given = np.array(state.charged), np.array(state.discharged)
    around.net_kwh = around.net_kwh + charged - given
    around.given_kwh = around.given_kwh + given
    if not battery.may_grid_charge:
        around.may_buy &= charged <= 0.0
    if not battery.may_export:
        around.may_sell &= given <= 0.0
    if not battery.may_feed_cars:
        around.given_to_house_kwh = around.given_to_house_kwh + given
    elif battery.cars_above_kwh > 0.0:
        steps = charged * battery.charge_efficiency_frac - given / battery.discharge_efficiency_frac
        soc = battery.soc_kwh + np.cumsum(steps)
        is_low = (soc < battery.cars_above_kwh) & (given > 0.0)
        around.is_house_only |= is_low & around.is_fed


class _Course:
    """A battery on its way through the slots, by its levels."""

    def __init__(
        self, problem: PlanProblem, battery: BatteryModel, around: Surroundings, tiers: _Tiers
    ) -> None:
        self.state = BatteryState(battery, problem.slot_h)
        self._battery = battery
        self._levels = _levels(problem, battery, tiers)
        self._net = around.net_kwh.tolist()
        self._relieves = tiers.relieves_kwh.tolist()
        self._serves = tiers.serves_kwh.tolist()
        self._sells = tiers.sells_kwh.tolist()
        self._forced = tiers.forced_kwh.tolist()
        self._free = tiers.free_kwh.tolist()
        self._stores = tiers.stores_kwh.tolist()
        self._buys = tiers.buys_kwh.tolist()
        self._car_floor = _car_floor(battery, around)

    def step(self, slot: int) -> None:
        """Let slot ``slot`` pass: give what is worth it, else charge what is worth it."""
        gives_kwh = self._gives(slot)
        takes_kwh = self._takes(slot) if gives_kwh <= 0.0 else 0.0
        self.state.move(takes_kwh, gives_kwh)

    def worth(self, slot: int) -> float:
        """Return what a stored kWh is worth after ``slot``, the last one that has passed [EUR]."""
        above_kwh = self.state.soc_kwh - self._battery.soc_min_kwh
        position = int(np.searchsorted(self._levels.less_wanted[slot], -above_kwh, side="left"))
        prices = self._levels.prices
        return float(prices[min(position, len(prices) - 1)])

    def _gives(self, slot: int) -> float:
        most_kwh = self.state.most_discharge_kwh()
        least_kwh, serves_kwh = self._relieves[slot], self._serves[slot]
        gives_kwh = least_kwh + min(
            serves_kwh, max(0.0, self._spare_kwh(self._levels.serves[slot]) - least_kwh)
        )
        if gives_kwh >= least_kwh + serves_kwh - EPS_KWH:
            sells_kwh = self._spare_kwh(self._levels.sells[slot]) - gives_kwh
            gives_kwh += min(self._sells[slot], max(0.0, sells_kwh))
        gives_kwh = min(gives_kwh, most_kwh)
        gives_kwh = _above_car_floor(self._battery, self.state, gives_kwh, self._car_floor[slot])
        return gives_kwh if gives_kwh > EPS_KWH else 0.0

    def _takes(self, slot: int) -> float:
        most_kwh = self.state.most_charge_kwh()
        takes_kwh = self._forced[slot]
        tiers = [
            (self._free[slot], self._levels.free[slot]),
            (self._stores[slot], self._levels.stores[slot]),
        ]
        # Bought energy comes on top of all the surplus: the meter does not run both ways.
        tiers.append((self._buys[slot], self._levels.buys[slot]))
        for tier_kwh, level_kwh in tiers:
            room_kwh = self._room_kwh(level_kwh) - takes_kwh
            part_kwh = min(tier_kwh, max(0.0, room_kwh))
            takes_kwh += part_kwh
            if part_kwh < tier_kwh - EPS_KWH:
                break
        takes_kwh = min(takes_kwh, most_kwh)
        return takes_kwh if takes_kwh > EPS_KWH else 0.0

    def _spare_kwh(self, level_kwh: float) -> float:
        """Return what it can give until it stands at ``level_kwh`` above its lowest."""
        above_kwh = self.state.soc_kwh - self._battery.soc_min_kwh - level_kwh
        return above_kwh * self._battery.discharge_efficiency_frac

    def _room_kwh(self, level_kwh: float) -> float:
        """Return what it takes to stand at ``level_kwh``; nothing when nothing is wanted."""
        if level_kwh <= 0.0:
            return 0.0
        above_kwh = self.state.soc_kwh - self._battery.soc_min_kwh
        return (level_kwh - above_kwh) / self._battery.charge_efficiency_frac
