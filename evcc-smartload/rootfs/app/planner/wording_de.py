"""German sentences about a plan."""

from domain.plan import (
    ChangeCause,
    Decision,
    OwnerRule,
    PlanChange,
    PlanStatus,
    RuleCost,
    Rung,
    SkipCause,
    Skipped,
    UnmetWish,
    WhatIf,
)
from planner.wording_de_reasons import REASONS, further
from planner.wording_figures import SAME_EUR, SHOWN_EUR, Figures, Style, Texts

STYLE = Style(
    decimal=",",
    thousands=".",
    symbol_first=False,
    range_word="bis",
    between="zwischen",
    and_="und",
    at_midnight="24:00",
    yesterday="gestern",
    today="heute",
    tomorrow="morgen",
    weekdays=("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"),
    day_of_year=lambda day: f"{day:%d.%m.}",
    expected="erwartet",
    zones={"CET": "MEZ", "CEST": "MESZ"},
)


def unmet(figures: Figures, wish: UnmetWish) -> str:
    """Return "63 % statt 80 % bis 07:00", in kWh when the capacity is not known."""
    reached, target = figures.reached_and_target(wish)
    by = "" if wish.by is None else f" bis {figures.until(wish.by)}"
    return f"{reached} statt {target}{by}"


_VERBS = {Decision.CHARGE: "laden", Decision.DISCHARGE: "entladen", Decision.REST: "warten"}


def what_if(figures: Figures, one: WhatIf) -> str:
    """Return "Jetzt zu laden statt zu warten kostet 0,42 € mehr."."""
    head = f"Jetzt zu {_VERBS[one.opposite]} statt zu {_VERBS[one.decision]} kostet"
    extra = "gleich viel" if one.extra_eur < SAME_EUR else f"{figures.money(one.extra_eur)} mehr"
    return f"{head} {extra}."


_RULES = {
    OwnerRule.BUFFER: "Den Puffer zu halten",
    OwnerRule.MIN_SOC: "Die Untergrenze des Hausakkus zu halten",
    OwnerRule.NO_GRID_CHARGE: "Den Hausakku nicht aus dem Netz zu laden",
    OwnerRule.NO_BATTERY_TO_CAR: "Autos nicht aus dem Hausakku zu laden",
    OwnerRule.DEADLINE: "Bis zur gewünschten Zeit fertig zu laden",
    OwnerRule.IMPORT_LIMIT: "Die Grenze des Netzbezugs einzuhalten",
    OwnerRule.EXPORT_LIMIT: "Die Grenze der Einspeisung einzuhalten",
}


def rule(figures: Figures, cost: RuleCost) -> str:
    """Return what a rule costs in the plan, and by the day."""
    head = f"{_RULES[cost.rule]} kostet in diesem Plan"
    if cost.eur < SAME_EUR:
        return f"{head} nichts."
    return f"{head} {figures.money(cost.eur)} ({figures.money(cost.eur_per_day)} am Tag)."


_CAUSES = {
    ChangeCause.PV: "Sonnenprognose",
    ChangeCause.LOAD: "Prognose des Hauses",
    ChangeCause.PRICE: "Strompreise",
    ChangeCause.SOC: "Ladestand",
    ChangeCause.CARS: "Autos",
    ChangeCause.RULES: "Regeln und Grenzen",
    ChangeCause.TIME: "die Zeit rückt vor",
}


def change(figures: Figures, change: PlanChange) -> str:
    """Return by how much and by what the cost changed, and what keeping the plan costs."""
    since = figures.when(change.since)
    if abs(change.total_eur) < SHOWN_EUR:
        head = f"Seit dem Plan von {since} sind die Kosten gleich geblieben"
    else:
        way = "teurer" if change.total_eur > 0.0 else "günstiger"
        head = f"Seit dem Plan von {since} wird es {figures.money(abs(change.total_eur))} {way}"
    parts = [
        f"{_CAUSES[part.cause]} {figures.signed_money(part.eur)}"
        for part in figures.biggest(change.parts)
    ]
    texts = [f"{head} ({', '.join(parts)})." if parts else f"{head}."]
    if change.kept_gain_eur >= SAME_EUR:
        gain = figures.money(change.kept_gain_eur)
        texts.append(f"Der Plan bleibt möglichst, wie er war; ein neuer brächte {gain}.")
    return " ".join(texts)


RUNGS = {
    Rung.EXACT: "genau gerechnet",
    Rung.FAST: "schnell gerechnet, ohne Beweis",
    Rung.SHIFTED: "letzter guter Plan, fortgeschrieben",
    Rung.RULES: "einfache Regeln",
    Rung.HANDS_OFF: "kein Plan",
}
STATUSES = {
    PlanStatus.PROVEN: "bewiesen optimal",
    PlanStatus.UNPROVEN: "nicht bewiesen",
}
_SKIPPED_RUNGS = {
    Rung.EXACT: "Kein genau gerechneter Plan",
    Rung.FAST: "Kein schnell gerechneter Plan",
    Rung.SHIFTED: "Der letzte Plan ist nicht fortgeschrieben",
    Rung.RULES: "Kein Plan nach einfachen Regeln",
    Rung.HANDS_OFF: "Kein Plan",
}
# Without these there is no way to plan at all; which one was to be the first says nothing.
_NOTHING_CAUSES = {
    SkipCause.NO_PRICES: "Es fehlen Strompreise.",
    SkipCause.NO_FORECAST: "Es fehlt eine Prognose.",
    SkipCause.NO_READING: "evcc hat noch keinen Stand geliefert.",
    SkipCause.BAD_INPUT: "Angaben passen nicht zusammen.",
    SkipCause.NOTHING_TO_PLAN: "Es gibt weder Hausakku noch Auto zu planen.",
}
_SKIP_CAUSES = {
    SkipCause.TIME_IS_UP: "Die Zeit hat nicht gereicht.",
    SkipCause.SOLVER_FAILED: "Der Löser ist gescheitert.",
    SkipCause.NOT_VERIFIED: "Er hat die Nachprüfung nicht bestanden.",
    SkipCause.NOT_BETTER: "Er wäre nicht günstiger als evccs eigene Regeln.",
    SkipCause.NO_LAST_PLAN: "Es gibt keinen, der noch gilt.",
}


def skipped(one: Skipped) -> str:
    """Return why nothing can be planned, or which way to plan could not be used and why."""
    why_nothing = _NOTHING_CAUSES.get(one.cause)
    return why_nothing or f"{_SKIPPED_RUNGS[one.rung]}: {_SKIP_CAUSES[one.cause]}"


ASSUMED = {
    "soc_min": "Angenommen ist, bis wohin sich der Hausakku entladen lässt.",
    "charge_power": "Angenommen ist, wie schnell der Hausakku lädt.",
    "discharge_power": "Angenommen ist, wie viel Leistung der Hausakku abgibt.",
    "efficiency": "Angenommen ist, wie viel im Hausakku verloren geht.",
    "battery_left_out": "Geplant ist ohne Hausakku: Sein Ladestand oder seine Kapazität fehlt.",
    "battery_held": "Angenommen ist, dass dem Hausakku weiter vorgegeben wird, was er darf.",
    "battery_taken": "Geplant ist ohne Hausakku: Jemand anderes lässt ihn gerade laden.",
    "export_price": "Wo kein Einspeisepreis bekannt ist, zählt die Einspeisung nichts.",
    "import_price": "Wo ein Strompreis fehlt, zählt der vom Tag davor.",
    "as_the_day_before": "Was nach den Prognosen kommt, ist angenommen wie ihr letzter Tag.",
    "no_sun": "Es gibt keine Sonnenprognose: Geplant ist ohne Sonne.",
    "car_phases": "Angenommen ist, mit wie vielen Phasen ein Auto lädt: mit einer oder drei.",
    "car_current": "Angenommen ist, mit welchem Strom ein Auto lädt: mit 6 bis 16 A.",
    "car_need": "Angenommen ist, wie viel ein Auto braucht: so viel wie sonst.",
}


GERMAN = Texts(
    style=STYLE,
    reasons=REASONS,
    further=further,
    unmet=unmet,
    what_if=what_if,
    rule=rule,
    change=change,
    skipped=skipped,
    assumed=ASSUMED,
    assumed_otherwise=lambda name: f"Angenommen ist: {name}.",
    rungs=RUNGS,
    statuses=STATUSES,
)
