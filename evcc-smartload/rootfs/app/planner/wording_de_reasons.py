"""German sentences that say what is done and why."""

from domain.plan import ReasonCode
from planner.wording_figures import Said

# -- the battery -----------------------------------------------------------------------------------


def _battery(said: Said) -> str:
    return said.name("Der Hausakku")


def _for(price: str | None) -> str:
    return "" if price is None else f" für {price}"


_WISHES = {"reserve": " und füllt damit den Puffer", "full": ", weil er voll sein soll"}


def _purpose(said: Said) -> str:
    """Return what stored energy is for: " und ersetzt damit … Strom für …"."""
    span, price = said.span("for_from", "for_until"), said.price("for_price", "for_is_forecast")
    if span is not None:
        if said.word("for_use") == "grid":
            return f" und speist das {span}{_for(price)} ein"
        return f" und ersetzt damit {span} Strom{_for(price)}"
    if said.number("kept_value") is not None:
        return " und hebt das für die Zeit nach dem Plan auf"
    return _WISHES.get(said.word("wish") or "", "")


def _charges_grid(said: Said) -> str:
    return f"{_battery(said)} lädt{_for(said.price())} aus dem Netz{_purpose(said)}."


def _charges_sun(said: Said) -> str:
    return f"{_battery(said)} speichert Überschuss{_purpose(said)}{_feeding_in(said)}."


def _feeding_in(said: Said) -> str:
    if said.has("feed_in_is_limited"):
        return "; mehr darf nicht eingespeist werden"
    price = said.price("export_price")
    if price is None:
        return ""
    if said.may_be_negative("export_price"):
        return f"; der Einspeisepreis ist {price}"
    return f"; eingespeist brächte er {price}"


def _serves_house(said: Said) -> str:
    price = said.price()
    instead = "" if price is None else f" und ersetzt Strom für {price}"
    return f"{_battery(said)} versorgt das Haus{instead}."


def _serves_car(said: Said) -> str:
    price = said.price()
    instead = "" if price is None else f", und ersetzt Strom für {price}"
    return f"{_battery(said)} hilft, {said.car('das Auto')} zu laden{instead}."


def _sells(said: Said) -> str:
    return f"{_battery(said)} speist{_for(said.price('export_price'))} ein."


def _keeps(said: Said) -> str:
    span, later = said.span("for_from", "for_until"), said.price("for_price", "for_is_forecast")
    price, name = said.price(), _battery(said)
    bought = "" if price is None else f"; gekauft wird für {price}"
    if span is not None and later is not None:
        head = f"{name} hebt seine Energie auf: {span[:1].upper()}{span[1:]}"
        if said.word("for_use") == "grid":
            return f"{head} bringt sie eingespeist {later}{bought}."
        return f"{head} ersetzt sie Strom für {later}{'' if price is None else f' statt {price}'}."
    if said.number("kept_value") is not None:
        return f"{name} hebt seine Energie für die Zeit nach dem Plan auf{bought}."
    if said.word("wish") == "reserve":
        return f"{name} hält seine Energie als Puffer zurück{bought}."
    if said.word("wish") == "full":
        return f"{name} hebt seine Energie auf, weil er voll sein soll{bought}."
    return f"{name} hebt seine Energie auf{bought}."


def _is_empty(said: Said) -> str:
    price = said.price()
    bought = "" if price is None else f"; gekauft wird für {price}"
    return f"{_battery(said)} ist bis auf seine Untergrenze leer{bought}."


def _is_full(said: Said) -> str:
    price = said.price("export_price")
    sold = "" if price is None else f"; Überschuss wird für {price} eingespeist"
    return f"{_battery(said)} ist voll{sold}."


def _rests(said: Said) -> str:
    at = said.at("next_at")
    return f"{_battery(said)} ruht{'' if at is None else f' und lädt ab {at}'}."


# -- cars and the sun ------------------------------------------------------------------------------


def _car(said: Said) -> str:
    return said.name(said.car("Das Auto"))


def _charges_cheap(said: Said) -> str:
    price, name = said.price(), _car(said)
    if said.word("source") == "battery":
        instead = "" if price is None else f" statt für {price} aus dem Netz"
        return f"{name} lädt aus dem Hausakku{instead}."
    return f"{name} lädt{_for(price)}{_how_cheap(said)}."


def _how_cheap(said: Said) -> str:
    rank, of, until = said.count("rank"), said.count("of"), said.until("until")
    if rank is None or of is None or until is None:
        return ""
    is_expected = said.has("rank_is_forecast")
    if rank == 1:
        expected = f"ein günstigerer Preis wird bis {until} nicht erwartet"
        return f": {expected if is_expected else f'günstiger wird es bis {until} nicht'}"
    if not said.is_among_cheapest():
        return ""
    return f", zu einem der günstigsten {'erwarteten ' if is_expected else ''}Preise bis {until}"


def _charges_car_sun(said: Said) -> str:
    price = said.price("export_price")
    if price is None:
        worth = ""
    elif said.may_be_negative("export_price"):
        worth = f"; der Einspeisepreis ist {price}"
    else:
        worth = f", der eingespeist {price} brächte"
    return f"{_car(said)} lädt mit Überschuss{worth}."


def _charges_for_deadline(said: Said) -> str:
    by = said.until("by")
    time = "" if by is None else f" bis {by}"
    return f"{_car(said)} lädt{_for(said.price())}, weil die Zeit{time} knapp ist."


def _charges_by_owner(said: Said) -> str:
    return f"{_car(said)} lädt{_for(said.price())}, weil du es so eingestellt hast."


def _charges_above_buffer(said: Said) -> str:
    return (
        f"{_car(said)} lädt mit kleinster Leistung weiter: So hält es evcc, solange die "
        "Hausbatterie über dem Puffer ist."
    )


def _waits(said: Said) -> str:
    at, name = said.at("next_at"), _car(said)
    if at is None:
        return f"{name} wartet."
    if said.word("next_source") == "sun":
        return f"{name} wartet auf Überschuss ab {at}."
    if not said.is_cheaper_later():
        return f"{name} wartet bis {at}."
    price = said.price("next_price", "next_is_forecast")
    return f"{name} wartet bis {at}: Dann kostet Strom {price} statt {said.price()}."


def _is_done(said: Said) -> str:
    reached, target = said.number("reached_kwh"), said.number("target_kwh")
    if reached is not None and target is not None and reached >= target:
        return f"{_car(said)} hat sein Ziel erreicht."
    until = said.until("until")
    return f"{_car(said)} lädt{'' if until is None else f' bis {until}'} nicht mehr."


def _turned_down(said: Said) -> str:
    price = said.price("export_price")
    if said.number("limit_kw") is not None:
        why = ", weil nicht mehr eingespeist werden darf"
    elif price is not None and said.is_negative("export_price"):
        why = f", weil der Einspeisepreis {price} ist"
    else:
        why = ""
    return f"Die Photovoltaik wird abgeregelt{why}."


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
    end = "" if until is None else f" bis {until}"
    expected = ", zum Teil erwartet" if said.has("rank_is_forecast") else ""
    up_to = "bis zu " if said.number("price_from") is not None else ""
    return f"Preisrang {up_to}{rank} von {of}{end} (1 ist am günstigsten{expected})."


def _saves(said: Said) -> str:
    saves, amount = said.number("saves_per_kwh"), said.plain_price("saves_per_kwh")
    if saves is None or amount is None:
        return ""
    expected = " voraussichtlich" if said.has("is_forecast") or said.has("for_is_forecast") else ""
    if said.reason.code is ReasonCode.BATTERY_KEEPS:
        more = "mehr" if saves >= 0.0 else "weniger"
        return f"Aufgehoben bringt jede kWh{expected} {amount} {more}."
    verb = "bringt" if saves >= 0.0 else "kostet"
    return f"Nach Verlusten und Abnutzung {verb} jede kWh{expected} {amount}."


def _kept_value(said: Said) -> str:
    price = said.price("kept_value", "")
    return "" if price is None else f"Nach dem Plan zählt eine kWh im Akku {price}."


def _value(said: Said) -> str:
    value, amount = said.number("value"), said.plain_price("value")
    if value is None or amount is None:
        return ""
    verb = "kosten" if value >= 0.0 else "einbringen"
    return f"Eine kWh mehr zu verbrauchen würde hier {amount} {verb}."


def _reserve(said: Said) -> str:
    kwh = said.kwh("reserve_kwh")
    return "" if kwh is None else f"Der Puffer soll {kwh} halten."


def _next_price(said: Said) -> str:
    """Tell the prices of waiting that the sentence leaves out, as waiting is not for them."""
    if said.reason.code is not ReasonCode.CAR_WAITS:
        return ""
    now, later = said.price(), said.price("next_price", "next_is_forecast")
    if now is None or (said.is_cheaper_later() and said.at("next_at") is not None):
        return ""
    return f"Strom kostet hier {now}{'' if later is None else f', dann {later}'}."


def _soc(said: Said) -> str:
    reached, target = said.kwh("reached_kwh"), said.kwh("target_kwh")
    return "" if reached is None or target is None else f"Stand {reached}, Ziel {target}."


def _by(said: Said) -> str:
    if said.reason.code is not ReasonCode.CAR_CHARGES_CHEAP:
        return ""
    by = said.until("by")
    return "" if by is None else f"Fertig sein soll es bis {by}."


def _turned_down_kwh(said: Said) -> str:
    if said.reason.code is not ReasonCode.PV_IS_TURNED_DOWN:
        return ""
    kwh, limit, price = said.kwh("kwh"), said.kw("limit_kw"), said.price("export_price")
    texts = []
    if kwh is not None:
        texts.append(f"Es gehen {kwh} verloren.")
    if limit is not None:
        texts.append(f"Ins Netz dürfen höchstens {limit}.")
    if price is not None and (limit is not None or not said.is_negative("export_price")):
        texts.append(f"Der Einspeisepreis ist {price}.")
    return " ".join(texts)
