"""What was done to a past, or is assumed of it, in English."""

from collections.abc import Callable, Mapping

from backtest.report_words import Noted
from domain.proof import PeriodNoteCode

_LOADS = {
    "load_base_kw": "the house without controllable loads and cars",
    "load_total_kw": "the house with its controllable loads",
}


def _load(note: Noted) -> str:
    column = note.word("column")
    what = _LOADS.get(column, "the whole house")
    return f"The load of {note.word('home')} is that of {what} ({column})."


def _moved_weeks(note: Noted) -> str:
    weeks = note.figures.number(abs(note.amount("weeks")), 0)
    unit = "week" if abs(note.amount("weeks")) == 1.0 else "weeks"
    when = "before" if note.amount("weeks") > 0.0 else "later"
    span = f"{note.day('first')} to {note.day('last')}"
    return f"{span}: load and sun were measured {weeks} {unit} {when}."


def _moved_hours(note: Noted) -> str:
    hours = note.figures.number(abs(note.amount("hours")), 0)
    side = "before" if note.amount("hours") > 0.0 else "after"
    return (
        f"Its sun stands highest {hours} h {side} that of {note.word('zone')}. The home is "
        f"therefore also moved by {hours} h: noon is noon, but its habits may be up to an hour off "
        "the clock."
    )


def _left_out(note: Noted) -> str:
    span = f"{note.day('first')} to {note.day('last')}"
    days = note.counted("days", "day", "days")
    return f"{span} ({days}): left out, as there is a long hole without measurements."


def _tariff(note: Noted) -> str:
    is_market = note.word("feed_in") == "market"
    fed = "the market's price" if is_market else note.cents("feed_in_eur_per_kwh")
    return (
        f"Buying costs the market's price plus {note.cents('surcharge_eur_per_kwh')}, with "
        f"{note.share('vat_frac')} VAT on both. Feeding in brings {fed}."
    )


def _measured(note: Noted) -> str:
    text = f"{note.share('measured_frac')} of the quarter hours were measured."
    if not note.amount("bridged"):
        return text
    bridged = note.number("bridged")
    return f"{text} In all data, {bridged} in gaps of at most an hour are drawn as lines."


def _filled(note: Noted) -> str:
    gaps = note.counted("gaps", "gap", "gaps")
    return (
        f"{note.counted('slots', 'quarter hour', 'quarter hours')} in {gaps}, the longest "
        f"{note.short('longest_h')} h, are filled with the same time of the nearest measured day "
        "and count as not measured."
    )


def _past(note: Noted) -> str:
    return (
        f"The {note.counted('days', 'day', 'days')} before are known as past only; as much as "
        f"{note.short('measured_days')} days of that were measured."
    )


def _car_measured(note: Noted) -> str:
    least, most = note.number("weeks_least"), note.number("weeks_most")
    weeks = least if least == most else f"{least} to {most}"
    stays = note.counted("stays", "measured stay", "measured stays")
    return (
        f"The car is {note.word('title')}: {stays} at another home, moved by {weeks} weeks so that "
        f"season and weekday fit. {note.share('used_frac')} of the metered energy is taken as used "
        "on the road before. "
        f"Its battery of {note.short('capacity_kwh')} kWh is assumed, as is that "
        f"{note.short('wanted_soc_pct')} % are wanted by the end of each stay of at least "
        f"{note.short('wanted_from_h')} h."
    )


def _car_use_limited(note: Noted) -> str:
    return (
        f"{note.counted('stays', 'stay', 'stays')} charged more than "
        f"{note.share('most_used_frac')} of the battery; the use before is limited to that."
    )


def _car_away(note: Noted) -> str:
    days = note.counted("days", "day", "days")
    return f"On {days} there are no sessions to move: the car is away."


def _car_made_up(note: Noted) -> str:
    return (
        f"The car is made up: a commuter that is plugged in from {note.word('back')} to "
        f"{note.word('leaves')} and most of the weekend, uses {note.short('used_kwh')} kWh a "
        f"working day and has a battery of {note.short('capacity_kwh')} kWh."
    )


NOTED: Mapping[PeriodNoteCode, Callable[[Noted], str]] = {
    PeriodNoteCode.LOAD: _load,
    PeriodNoteCode.LONG_STEPS: lambda note: (
        f"Load and sun are means over {note.number('minutes')} minutes, so that shorter peaks are "
        "missing: the highest import is told too low."
    ),
    PeriodNoteCode.NO_PV: lambda _: "No PV was measured; it is taken as zero.",
    PeriodNoteCode.NO_PV_FORECAST: lambda _: (
        "No solar forecast of that time was recorded; SmartLoad makes its own."
    ),
    PeriodNoteCode.PV_FORECAST_RECORDED: lambda _: (
        "The solar forecast is the recorded one; when it was issued is not known."
    ),
    PeriodNoteCode.LONG_PRICES: lambda note: (
        f"Prices of {note.word('prices')} hold for {note.number('minutes')} minutes each and are "
        "the same in all quarter hours of that."
    ),
    PeriodNoteCode.MOVED_WEEKS: _moved_weeks,
    PeriodNoteCode.WEATHER_UNLINKED: lambda note: (
        f"{note.word('home')} was measured at another time than the prices and is moved by whole "
        "weeks, so that season and weekday fit. The link between weather and price is lost: a "
        "sunny day of the home may meet a dull day's price."
    ),
    PeriodNoteCode.DAYS_TWICE: lambda note: (
        f"{note.counted('days', 'of its days is', 'of its days are')} used twice, in two years."
    ),
    PeriodNoteCode.MOVED_HOURS: _moved_hours,
    PeriodNoteCode.LEFT_OUT: _left_out,
    PeriodNoteCode.TARIFF: _tariff,
    PeriodNoteCode.MEASURED: _measured,
    PeriodNoteCode.FILLED: _filled,
    PeriodNoteCode.NO_PAST: lambda _: (
        "Nothing was measured before: the forecasts begin without a past."
    ),
    PeriodNoteCode.PAST: _past,
    PeriodNoteCode.CAR_MEASURED: _car_measured,
    PeriodNoteCode.CAR_USE_LIMITED: _car_use_limited,
    PeriodNoteCode.CAR_AWAY: _car_away,
    PeriodNoteCode.CAR_MADE_UP: _car_made_up,
    PeriodNoteCode.PRICES_ASSUMED: lambda note: (
        f"On {note.counted('days', 'day', 'days')} not all prices were recorded; what is missing "
        "is assumed."
    ),
    PeriodNoteCode.FORECASTS_REMADE: lambda note: (
        f"For {note.counted('days', 'day', 'days')} no solar forecast of that time was recorded; "
        "it is worked out from what was known then."
    ),
    PeriodNoteCode.BATTERY_ASSUMED: lambda _: (
        "Power or losses of the battery are not known; usual values stand in for them."
    ),
    PeriodNoteCode.CARS_UNKNOWN: lambda _: (
        "When cars were there is concluded from what they charged."
    ),
}
