"""When a battery charges and gives, by rules: what is dearer ahead decides about now.

A battery gives in a slot down to the level of what giving is worth there, and charges up to the
level of what charging costs there (``rule_levels``). So it keeps energy for the dearest slots, buys
only what a later slot pays for with losses and wear, and stores only the surplus that will be used.
"""

import numpy as np

from planner.plan_problem import BatteryModel, PlanProblem
from planner.rule_levels import Surroundings, Tiers, giving_limit, levels_of, tiers_of
from planner.slot_physics import EPS_KWH, BatteryState


def run_battery(problem: PlanProblem, battery: BatteryModel, around: Surroundings) -> BatteryState:
    """Return the battery after all slots, and enter into ``around`` what it did."""
    tiers = tiers_of(problem, battery, around)
    course = _Course(problem, battery, around, tiers)
    for slot in range(problem.n_slots):
        course.step(slot)
    around.buy_eur_per_kwh = np.minimum(around.buy_eur_per_kwh, course.gives_eur)
    around.sell_eur_per_kwh = np.maximum(around.sell_eur_per_kwh, course.takes_eur)
    _enter(battery, around, course.state)
    return course.state


def run_self_consumption(
    problem: PlanProblem, battery: BatteryModel, around: Surroundings
) -> BatteryState:
    """As ``run_battery``, but surplus in and deficit out, whatever the prices are."""
    state = BatteryState(battery, problem.slot_h)
    limit = giving_limit(battery, around).tolist()
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
        self, problem: PlanProblem, battery: BatteryModel, around: Surroundings, tiers: Tiers
    ) -> None:
        self.state = BatteryState(battery, problem.slot_h)
        self._battery = battery
        self._levels = levels_of(problem, battery, tiers)
        self._net = around.net_kwh.tolist()
        self._relieves = tiers.relieves_kwh.tolist()
        self._serves = tiers.serves_kwh.tolist()
        self._sells = tiers.sells_kwh.tolist()
        self._forced = tiers.forced_kwh.tolist()
        self._free = tiers.free_kwh.tolist()
        self._stores = tiers.stores_kwh.tolist()
        self._buys = tiers.buys_kwh.tolist()
        self._car_floor = _car_floor(battery, around)
        self.gives_eur = np.full(problem.n_slots, np.inf)
        """What a kWh more from it costs later, infinite where there is none."""
        self.takes_eur = np.full(problem.n_slots, -np.inf)
        """What a kWh more into it is worth later."""

    def step(self, slot: int) -> None:
        """Let slot ``slot`` pass: give what is worth it, else charge what is worth it."""
        gives_kwh = self._gives(slot)
        takes_kwh = self._takes(slot) if gives_kwh <= 0.0 else 0.0
        self.state.move(takes_kwh, gives_kwh)
        self._enter_worth(slot)

    def _enter_worth(self, slot: int) -> None:
        """Note what a kWh more given or taken would have meant in ``slot``, which has passed."""
        battery, state, prices = self._battery, self.state, self._levels.prices
        above_kwh = state.soc_kwh - battery.soc_min_kwh
        position = int(np.searchsorted(self._levels.less_wanted[slot], -above_kwh))
        worth_eur = float(prices[min(position, len(prices) - 1)])
        if battery.may_feed_cars and state.most_discharge_kwh() > EPS_KWH:
            kwh_eur = worth_eur / battery.discharge_efficiency_frac + battery.wear_eur_per_kwh
            self.gives_eur[slot] = kwh_eur
        if state.most_charge_kwh() > EPS_KWH:
            self.takes_eur[slot] = worth_eur * battery.charge_efficiency_frac

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
