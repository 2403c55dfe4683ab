"""English sentences that say what is done and why."""

from domain.plan import ReasonCode
from planner.wording_figures import Said

# -- the battery -----------------------------------------------------------------------------------


def _battery(said: Said) -> str:
    return said.name("The home battery")


def _at(price: str | None) -> str:
    return "" if price is None else f" at {price}"


_WISHES = {"reserve": " to fill the buffer", "full": " because you want it full"}


def _purpose(said: Said) -> str:
    """Return what stored energy is for: " to replace … what would cost …"."""
    span, price = said.span("for_from", "for_until"), said.price("for_price", "for_is_forecast")
    if span is not None:
        if said.word("for_use") == "grid":
            return f" and feeds it in {span}{_at(price)}"
        return f" and uses it {span} instead of buying{_at(price)}"
    if said.number("kept_value") is not None:
        return " and keeps it for after the plan"
    return _WISHES.get(said.word("wish") or "", "")


def _charges_grid(said: Said) -> str:
    return f"{_battery(said)} charges from the grid{_at(said.price())}{_purpose(said)}."


def _charges_sun(said: Said) -> str:
    return f"{_battery(said)} stores surplus{_purpose(said)}{_feeding_in(said)}."


def _feeding_in(said: Said) -> str:
    if said.has("feed_in_is_limited"):
        return "; no more may be fed in"
    price = said.price("export_price")
    if price is None:
        return ""
    if said.may_be_negative("export_price"):
        return f"; the feed-in price is {price}"
    return f"; fed in it would earn {price}"


def _serves_house(said: Said) -> str:
    price = said.price()
    instead = "" if price is None else f" instead of buying at {price}"
    return f"{_battery(said)} supplies the house{instead}."


def _serves_car(said: Said) -> str:
    price = said.price()
    instead = "" if price is None else f" instead of buying at {price}"
    return f"{_battery(said)} helps to charge {said.car('the car')}{instead}."


def _sells(said: Said) -> str:
    return f"{_battery(said)} feeds in{_at(said.price('export_price'))}."


def _keeps(said: Said) -> str:
    span, later = said.span("for_from", "for_until"), said.price("for_price", "for_is_forecast")
    price, name = said.price(), _battery(said)
    bought = "" if price is None else f"; what is needed is bought at {price}"
    if span is not None and later is not None:
        if said.word("for_use") == "grid":
            return f"{name} keeps its energy: {span} it earns {later} fed in{bought}."
        rather = "" if price is None else f" rather than {price}"
        return f"{name} keeps its energy: {span} it replaces electricity at {later}{rather}."
    if said.number("kept_value") is not None:
        return f"{name} keeps its energy for after the plan{bought}."
    if said.word("wish") == "reserve":
        return f"{name} holds its energy back as the buffer{bought}."
    if said.word("wish") == "full":
        return f"{name} keeps its energy because you want it full{bought}."
    return f"{name} keeps its energy{bought}."


def _is_empty(said: Said) -> str:
    price = said.price()
    bought = "" if price is None else f"; what is needed is bought at {price}"
    return f"{_battery(said)} is empty down to its lower limit{bought}."


def _is_full(said: Said) -> str:
    price = said.price("export_price")
    sold = "" if price is None else f"; surplus is fed in at {price}"
    return f"{_battery(said)} is full{sold}."


def _rests(said: Said) -> str:
    at = said.at("next_at")
    return f"{_battery(said)} is idle{'' if at is None else f' and charges from {at}'}."


# -- cars and the sun ------------------------------------------------------------------------------


def _car(said: Said) -> str:
    return said.name(said.car("The car"))


def _charges_cheap(said: Said) -> str:
    price, name = said.price(), _car(said)
    if said.word("source") == "battery":
        instead = "" if price is None else f" instead of the grid at {price}"
        return f"{name} charges from the home battery{instead}."
    return f"{name} charges{_at(price)}{_how_cheap(said)}."


def _how_cheap(said: Said) -> str:
    rank, of, until = said.count("rank"), said.count("of"), said.until("until")
    if rank is None or of is None or until is None:
        return ""
    is_expected = said.has("rank_is_forecast")
    if rank == 1:
        expected = f"no lower price is expected before {until}"
        return f": {expected if is_expected else f'it does not get cheaper before {until}'}"
    if not said.is_among_cheapest():
        return ""
    return f", one of the lowest {'expected ' if is_expected else ''}prices before {until}"


def _charges_car_sun(said: Said) -> str:
    price = said.price("export_price")
    if price is None:
        worth = ""
    elif said.may_be_negative("export_price"):
        worth = f"; the feed-in price is {price}"
    else:
        worth = f" that would earn {price} if fed in"
    return f"{_car(said)} charges from surplus{worth}."


def _charges_for_deadline(said: Said) -> str:
    by = said.until("by")
    time = "" if by is None else f" before {by}"
    return f"{_car(said)} charges{_at(said.price())} because there is little time left{time}."


def _charges_by_owner(said: Said) -> str:
    return f"{_car(said)} charges{_at(said.price())} because you set it to."


def _charges_above_buffer(said: Said) -> str:
    return (
        f"{_car(said)} keeps charging at its lowest power, as evcc lets it while the home battery "
        "is above the buffer."
    )


def _waits(said: Said) -> str:
    at, name = said.at("next_at"), _car(said)
    if at is None:
        return f"{name} waits."
    if said.word("next_source") == "sun":
        return f"{name} waits for surplus from {at}."
    if not said.is_cheaper_later():
        return f"{name} waits until {at}."
    price = said.price("next_price", "next_is_forecast")
    return f"{name} waits until {at}: electricity then costs {price} instead of {said.price()}."


def _is_done(said: Said) -> str:
    reached, target = said.number("reached_kwh"), said.number("target_kwh")
    if reached is not None and target is not None and reached >= target:
        return f"{_car(said)} has reached its target."
    until = said.until("until")
    return f"{_car(said)} does not charge any more{'' if until is None else f' before {until}'}."


def _turned_down(said: Said) -> str:
    price = said.price("export_price")
    if said.number("limit_kw") is not None:
        why = " because no more may be fed in"
    elif price is not None and said.is_negative("export_price"):
        why = f" because the feed-in price is {price}"
    else:
        why = ""
    return f"The solar power is curtailed{why}."


REASONS = {
    ReasonCode.BATTERY_CHARGES_GRID: _charges_grid,
    ReasonCode.BATTERY_CHARGES_SUN: _charges_sun,
    ReasonCode.BATTERY_SERVES_HOUSE: _serves_house,
    ReasonCode.BATTERY_SERVES_CAR: _serves_car,
    ReasonCode.BATTERY_SELLS: _sells,
    ReasonCode.BATTERY_KEEPS: _keeps,
    ReasonCode.BATTERY_IS_EMPTY: _is_empty,
    ReasonCode.BATTERY_IS_FULL: _is_full,
    ReasonCode.BATTERY_RESTS: _rests,
    ReasonCode.CAR_CHARGES_CHEAP: _charges_cheap,
    ReasonCode.CAR_CHARGES_SUN: _charges_car_sun,
    ReasonCode.CAR_CHARGES_FOR_DEADLINE: _charges_for_deadline,
    ReasonCode.CAR_CHARGES_BY_OWNER: _charges_by_owner,
    ReasonCode.CAR_CHARGES_ABOVE_BUFFER: _charges_above_buffer,
    ReasonCode.CAR_WAITS: _waits,
    ReasonCode.CAR_IS_DONE: _is_done,
    ReasonCode.PV_IS_TURNED_DOWN: _turned_down,
}


# -- what a detail has besides ---------------------------------------------------------------------


def further(said: Said) -> list[str]:
    """Return the numbers that the sentence does not tell, in sentences of their own."""
    told = (
        _rank(said),
        _saves(said),
        _kept_value(said),
        _value(said),
        _reserve(said),
        _next_price(said),
        _soc(said),
        _by(said),
        _turned_down_kwh(said),
    )
    return [text for text in told if text]


def _rank(said: Said) -> str:
    rank, of, until = said.count("rank"), said.count("of"), said.until("until")
    if rank is None or of is None:
        return ""
    end = "" if until is None else f" until {until}"
    expected = ", some expected" if said.has("rank_is_forecast") else ""
    up_to = "up to " if said.number("price_from") is not None else ""
    return f"Price rank {up_to}{rank} of {of}{end} (1 is the cheapest{expected})."


def _saves(said: Said) -> str:
    saves, amount = said.number("saves_per_kwh"), said.plain_price("saves_per_kwh")
    if saves is None or amount is None:
        return ""
    will = "should" if said.has("is_forecast") or said.has("for_is_forecast") else "will"
    if said.reason.code is ReasonCode.BATTERY_KEEPS:
        return f"Kept, each kWh {will} bring {amount} {'more' if saves >= 0.0 else 'less'}."
    verb = "bring" if saves >= 0.0 else "cost"
    return f"After losses and wear each kWh {will} {verb} {amount}."


def _kept_value(said: Said) -> str:
    price = said.price("kept_value", "")
    return "" if price is None else f"After the plan a kWh in the battery counts {price}."


def _value(said: Said) -> str:
    value, amount = said.number("value"), said.plain_price("value")
    if value is None or amount is None:
        return ""
    return f"Using one kWh more here would {'cost' if value >= 0.0 else 'earn'} {amount}."


def _reserve(said: Said) -> str:
    kwh = said.kwh("reserve_kwh")
    return "" if kwh is None else f"The buffer should hold {kwh}."


def _next_price(said: Said) -> str:
    """Tell the prices of waiting that the sentence leaves out, as waiting is not for them."""
    if said.reason.code is not ReasonCode.CAR_WAITS:
        return ""
    now, later = said.price(), said.price("next_price", "next_is_forecast")
    if now is None or (said.is_cheaper_later() and said.at("next_at") is not None):
        return ""
    return f"Electricity costs {now} here{'' if later is None else f', {later} then'}."


def _soc(said: Said) -> str:
    reached, target = said.kwh("reached_kwh"), said.kwh("target_kwh")
    return (
        "" if reached is None or target is None else f"It holds {reached}, the target is {target}."
    )


def _by(said: Said) -> str:
    if said.reason.code is not ReasonCode.CAR_CHARGES_CHEAP:
        return ""
    by = said.until("by")
    return "" if by is None else f"It should be ready by {by}."


def _turned_down_kwh(said: Said) -> str:
    if said.reason.code is not ReasonCode.PV_IS_TURNED_DOWN:
        return ""
    kwh, limit, price = said.kwh("kwh"), said.kw("limit_kw"), said.price("export_price")
    texts = []
    if kwh is not None:
        texts.append(f"{kwh} of it is lost.")
    if limit is not None:
        texts.append(f"At most {limit} may go into the grid.")
    if price is not None and (limit is not None or not said.is_negative("export_price")):
        texts.append(f"The feed-in price is {price}.")
    return " ".join(texts)
