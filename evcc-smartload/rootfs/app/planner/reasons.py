"""Why a plan does what it does, slot by slot, as codes and facts that can be told in any language.

Facts are plain JSON values: prices [EUR/kWh] with five digits, energies [kWh] with three,
instants as ISO 8601 in UTC. Besides those that ``ReasonCode`` names there are

- ``is_forecast``, ``rank_is_forecast``, ``for_is_forecast``, ``next_is_forecast``: 1 where the
  price of the slot, one of those it is ranked among, one of those the energy is for, or that of
  the next slot is a forecast and not published;
- ``until``: where the ranked slots end, or a car's stay; ``for_use``: what energy is for
  (``house``, ``car``, ``grid``); ``kept_value``: what a stored kWh is worth at the plan's end,
  where it is kept for the time after it;
- ``wish`` and ``reserve_kwh``: ``full`` where the owner wants the battery full, ``reserve`` where
  it is not above their buffer;
- ``source`` and ``next_source``: where a car's energy comes from, if not from the grid;
- ``reached_kwh`` and ``target_kwh`` of a car; ``limit_kw``: what may be fed in, where that limits
  the sun; ``next_at`` of a battery: when it charges; ``feed_in_is_limited``: 1
  where more of the sun may not be fed in.

``value`` is what one kWh more used in the slot would cost. ``saves_per_kwh`` is what one kWh that
is charged (or kept) brings more than the alternative, after losses and wear.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from domain.plan import Reason, ReasonCode
from planner.dispatch import Dispatch
from planner.plan_problem import FloatArray, PlanProblem
from planner.reasons_battery import battery_reasons
from planner.reasons_car import car_reasons
from planner.reasons_scene import TOLERANCE_KWH, Facts, Scene, energy_of, scene_of


def explain(  # noqa: PLR0913  # all that a plan is explained from
    problem: PlanProblem,
    dispatch: Dispatch,
    *,
    start: datetime,
    slot: timedelta,
    marginal_eur_per_kwh: FloatArray | None,
    n_known_prices: int,
    by: Mapping[str, datetime | None],
) -> tuple[tuple[Reason, ...], ...]:
    """Return for each slot one reason per battery and per car that is there, and the sun's.

    Args:
        problem: What was planned.
        dispatch: What flows.
        start: Beginning of the first slot.
        slot: Length of a slot.
        marginal_eur_per_kwh: What one kWh more used at the meter would cost, shape (n_slots,);
            NaN where it is not known. None: nowhere.
        n_known_prices: So many slots at the beginning have published prices.
        by: The owner's deadline by the car's name, None where there is none.
    """
    first = start.astimezone(UTC)
    scene = scene_of(
        problem,
        dispatch,
        instants=tuple((first + n * slot).isoformat() for n in range(problem.n_slots + 1)),
        marginal_eur_per_kwh=marginal_eur_per_kwh,
        n_known_prices=n_known_prices,
    )
    columns: list[list[Reason] | list[Reason | None]] = [
        *(battery_reasons(scene, index) for index in range(len(problem.batteries))),
        *(car_reasons(scene, index, by.get(car.name)) for index, car in enumerate(problem.cars)),
        [_sun_reason(scene, number) for number in range(scene.n_slots)],
    ]
    return tuple(
        tuple(reason for reason in row if reason is not None) for row in zip(*columns, strict=True)
    )


def _sun_reason(scene: Scene, slot: int) -> Reason | None:
    kwh = scene.curtailed[slot]
    if kwh <= TOLERANCE_KWH:
        return None
    facts: Facts = {**scene.fed_in(slot), "kwh": energy_of(kwh)}
    limit = scene.problem.export_max_kwh
    if limit is not None and scene.exported[slot] >= float(limit[slot]) - TOLERANCE_KWH:
        facts["limit_kw"] = energy_of(limit[slot] / scene.problem.slot_h)
    return Reason(code=ReasonCode.PV_IS_TURNED_DOWN, facts=facts)
