"""What was done to a past, or is assumed of it, in German."""

from collections.abc import Callable, Mapping

from backtest.report_words import Noted
from domain.proof import PeriodNoteCode

_LOADS = {
    "load_base_kw": "der des Hauses ohne steuerbare Verbraucher und Autos",
    "load_total_kw": "der des Hauses mit seinen steuerbaren Verbrauchern",
}


def _load(note: Noted) -> str:
    column = note.word("column")
    what = _LOADS.get(column, "der des ganzen Hauses")
    return f"Der Verbrauch von {note.word('home')} ist {what} ({column})."


def _moved_weeks(note: Noted) -> str:
    weeks = note.figures.number(abs(note.amount("weeks")), 0)
    unit = "Woche" if abs(note.amount("weeks")) == 1.0 else "Wochen"
    when = "vorher" if note.amount("weeks") > 0.0 else "später"
    span = f"{note.day('first')} bis {note.day('last')}"
    return f"{span}: Verbrauch und Sonne sind {weeks} {unit} {when} gemessen."


def _moved_hours(note: Noted) -> str:
    hours = note.figures.number(abs(note.amount("hours")), 0)
    when = "früher" if note.amount("hours") > 0.0 else "später"
    return (
        f"Die Sonne steht dort {hours} h {when} am höchsten als in {note.word('zone')}. Das "
        f"Zuhause ist darum auch um {hours} h verschoben: Mittag ist Mittag, Gewohnheiten können "
        "bis zu einer Stunde neben der Uhr liegen."
    )


def _left_out(note: Noted) -> str:
    days = note.counted("days", "Tag", "Tage")
    span = f"{note.day('first')} bis {note.day('last')}"
    return f"{span} ({days}): ausgelassen, weil dort lange nichts gemessen ist."


def _tariff(note: Noted) -> str:
    is_market = note.word("feed_in") == "market"
    fed = "den Börsenpreis" if is_market else note.cents("feed_in_eur_per_kwh")
    return (
        f"Bezug kostet den Börsenpreis plus {note.cents('surcharge_eur_per_kwh')}; auf beides "
        f"kommen {note.share('vat_frac')} Mehrwertsteuer. Einspeisung bringt {fed}."
    )


def _measured(note: Noted) -> str:
    text = f"{note.share('measured_frac')} der Viertelstunden sind gemessen."
    if not note.amount("bridged"):
        return text
    bridged = note.number("bridged")
    return f"{text} Aus Lücken bis zu einer Stunde sind in allen Daten {bridged} als Linie ergänzt."


def _filled(note: Noted) -> str:
    gaps = note.counted("gaps", "Lücke", "Lücken")
    return (
        f"{note.counted('slots', 'Viertelstunde', 'Viertelstunden')} in {gaps}, die längste "
        f"{note.short('longest_h')} h, sind mit derselben Uhrzeit des nächstgelegenen gemessenen "
        "Tages gefüllt und zählen als nicht gemessen."
    )


def _past(note: Noted) -> str:
    return (
        f"Davor sind {note.counted('days', 'Tag', 'Tage')} nur als Vergangenheit bekannt; gemessen "
        f"ist davon so viel wie {note.short('measured_days')} Tage."
    )


def _car_measured(note: Noted) -> str:
    least, most = note.number("weeks_least"), note.number("weeks_most")
    weeks = least if least == most else f"{least} bis {most}"
    stays = note.counted("stays", "gemessener Aufenthalt", "gemessene Aufenthalte")
    return (
        f"Das Auto ist {note.word('title')}: {stays} an einem anderen Zuhause, um {weeks} Wochen "
        f"verschoben, damit Jahreszeit und Wochentag passen. {note.share('used_frac')} der "
        "gezählten Energie gelten als vorher unterwegs verbraucht. Angenommen sind sein Akku von "
        f"{note.short('capacity_kwh')} kWh und dass am Ende jedes Aufenthalts ab "
        f"{note.short('wanted_from_h')} h {note.short('wanted_soc_pct')} % gewünscht sind."
    )


def _car_use_limited(note: Noted) -> str:
    stays = note.counted("stays", "Aufenthalt", "Aufenthalten")
    return (
        f"Bei {stays} wurden mehr als {note.share('most_used_frac')} des Akkus geladen; der "
        "Verbrauch davor ist darauf begrenzt."
    )


def _car_away(note: Noted) -> str:
    days = note.counted("days", "Tag", "Tagen")
    return f"An {days} gibt es keine Ladevorgänge zu verschieben: Das Auto ist unterwegs."


def _car_made_up(note: Noted) -> str:
    return (
        f"Das Auto ist erdacht: ein Pendler, der von {note.word('back')} bis "
        f"{note.word('leaves')} Uhr und die meiste Zeit am Wochenende angesteckt ist, je "
        f"Arbeitstag {note.short('used_kwh')} kWh verbraucht und einen Akku von "
        f"{note.short('capacity_kwh')} kWh hat."
    )


NOTED: Mapping[PeriodNoteCode, Callable[[Noted], str]] = {
    PeriodNoteCode.LOAD: _load,
    PeriodNoteCode.LONG_STEPS: lambda note: (
        f"Verbrauch und Sonne sind Mittelwerte über {note.number('minutes')} Minuten. Kürzere "
        "Spitzen fehlen, der höchste Bezug ist also zu niedrig."
    ),
    PeriodNoteCode.NO_PV: lambda _: "Sonnenstrom ist nicht gemessen; gerechnet ist ohne.",
    PeriodNoteCode.NO_PV_FORECAST: lambda _: (
        "Sonnenprognosen von damals sind nicht aufgezeichnet; SmartLoad macht seine eigenen."
    ),
    PeriodNoteCode.PV_FORECAST_RECORDED: lambda _: (
        "Die Sonnenprognose ist die von damals; wann sie jeweils gemacht wurde, ist nicht bekannt."
    ),
    PeriodNoteCode.LONG_PRICES: lambda note: (
        f"Preise von {note.word('prices')} gelten je {note.number('minutes')} Minuten, für alle "
        "Viertelstunden darin gleich."
    ),
    PeriodNoteCode.MOVED_WEEKS: _moved_weeks,
    PeriodNoteCode.WEATHER_UNLINKED: lambda note: (
        f"{note.word('home')} ist zu einer anderen Zeit gemessen als die Preise und um ganze "
        "Wochen verschoben, damit Jahreszeit und Wochentag passen. Was Wetter und Preis "
        "verbindet, geht dabei verloren: Ein sonniger Tag kann auf den Preis eines trüben treffen."
    ),
    PeriodNoteCode.DAYS_TWICE: lambda note: (
        f"{note.counted('days', 'seiner Tage kommt', 'seiner Tage kommen')} zweimal vor, in zwei "
        "Jahren."
    ),
    PeriodNoteCode.MOVED_HOURS: _moved_hours,
    PeriodNoteCode.LEFT_OUT: _left_out,
    PeriodNoteCode.TARIFF: _tariff,
    PeriodNoteCode.MEASURED: _measured,
    PeriodNoteCode.FILLED: _filled,
    PeriodNoteCode.NO_PAST: lambda _: (
        "Davor ist nichts gemessen: Die Prognosen beginnen ohne Vergangenheit."
    ),
    PeriodNoteCode.PAST: _past,
    PeriodNoteCode.CAR_MEASURED: _car_measured,
    PeriodNoteCode.CAR_USE_LIMITED: _car_use_limited,
    PeriodNoteCode.CAR_AWAY: _car_away,
    PeriodNoteCode.CAR_MADE_UP: _car_made_up,
    PeriodNoteCode.PRICES_ASSUMED: lambda note: (
        f"An {note.counted('days', 'Tag', 'Tagen')} waren nicht alle Preise aufgezeichnet; was "
        "fehlt, ist angenommen."
    ),
    PeriodNoteCode.FORECASTS_REMADE: lambda note: (
        f"Für {note.counted('days', 'Tag', 'Tage')} ist keine Sonnenprognose von damals "
        "aufgezeichnet; sie ist aus dem gerechnet, was damals bekannt war."
    ),
    PeriodNoteCode.BATTERY_ASSUMED: lambda _: (
        "Leistung oder Verluste des Akkus sind nicht bekannt; dafür stehen übliche Werte."
    ),
    PeriodNoteCode.CARS_UNKNOWN: lambda _: (
        "Wann Autos da waren, ist aus dem geschlossen, was sie geladen haben."
    ),
}
