"""English texts of a back-test's page."""

from backtest.report_notes_en import NOTED
from backtest.report_words import Sentences, Words
from domain.proof import Policy
from planner.wording_en import STYLE

_SENTENCES = Sentences(
    costs=lambda days, who, ours, evcc: (
        f"{days}: {who} would have {ours}, evcc alone {evcc}."
        if who == "SmartLoad"
        else f"{days}: “{who}” would have {ours}, evcc alone {evcc}."
    ),
    alone=lambda days, evcc: f"{days}: evcc alone would have {evcc}.",
    paid=lambda amount: f"cost {amount}",
    earned=lambda amount: f"earned {amount}",
    none_counted="No day of this period was measured well enough, so nothing can be compared.",
    cheaper=lambda amount, band: f"It would have saved {amount}{band}.",
    dearer=lambda amount, band: f"It would have been {amount} more expensive{band}.",
    same="That is the same.",
    band=lambda low, high: f" (8 times out of 10: {low} to {high})",
    open="The range goes from a loss to a gain: it may be chance.",
    too_few="There are too few days for a range.",
    captured=lambda share: f"It is {share} of what knowing the future would have saved.",
    never_dearer="In no month would it have cost more than evcc alone.",
    worst_month=lambda amount: f"In the worst month it would have cost {amount} more.",
    one_day="1 day",
    days=lambda count: f"{count} days",
)

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

ENGLISH = Words(
    lang="en",
    style=STYLE,
    months=_MONTHS,
    day=lambda year, month, day: f"{day} {_MONTHS[month - 1]} {year}",
    title="Back-test",
    said=_SENTENCES,
    policies={
        Policy.NO_BATTERY: (
            "No home battery",
            "As if there were none; cars charge by evcc's rules.",
        ),
        Policy.EVCC: (
            "evcc alone",
            "evcc's rules with the owner's settings. All others are compared with it.",
        ),
        Policy.FORMULA: (
            "evcc, buffer by formula",
            "SmartLoad sets only the buffer, by the formula.",
        ),
        Policy.RISK: ("evcc, buffer by risk", "SmartLoad sets only the buffer, by risk."),
        Policy.SMARTLOAD: (
            "SmartLoad",
            "Its plan for battery, cars and buffer, through evcc's own switches.",
        ),
        Policy.FORESIGHT: (
            "Knowing the future",
            "Weather, consumption and prices known exactly beforehand: the bound.",
        ),
    },
    period="Period",
    until="to",
    home="Home",
    prices="Prices",
    counted="Counted",
    counted_all=lambda whole: f"{whole} days, all measured well enough",
    counted_of=lambda part, whole: f"{part} of {whole} days; too little of the others was measured",
    notes="What one has to know about it",
    noted=NOTED,
    cost_chart="What it would have cost",
    cost_hint="Power from the grid and from elsewhere, less what was exported (€). "
    "What is left in battery and cars is credited.",
    month_chart=lambda who: f"Saved by month: {who}",
    month_hint="Against evcc alone (€). The line is the range it would be in 8 times out of 10.",
    sum_chart="Saved so far",
    sum_hint="Against evcc alone, added up over the counted days (€).",
    share_chart="Reached of the possible",
    share_hint="Share of what knowing the future would have saved (%).",
    figures="All figures",
    columns=(
        "Who decides",
        "Cost",
        "Saved",
        "8 times out of 10",
        "Of the possible",
        "Worst month",
        "Of all a battery can save",
        "Self-sufficiency",
        "Self-consumption",
        "Bought",
        "Exported",
        "From the battery",
        "Charged elsewhere",
        "Highest import",
        "Cars ready",
        "Changes in evcc per day",
        "Decisions per day",
        "Plan switches per day",
    ),
    saved_by_month="Saved by month",
    month="Month",
    n_days="Days",
    band="8 times out of 10",
    method="How it was worked out",
    method_texts=(
        (
            "The period is lived through again in a model of the home, once for each "
            "possibility: with the consumption and the sun that were measured, with the prices "
            "and forecasts that were known at the time, and with the same cars. Where two do "
            "the same, the difference is exactly 0."
        ),
        (
            "What is left in battery and cars is credited at one price for all: what it costs "
            "to charge a kilowatt-hour that is missing. What cars charge elsewhere because they "
            "left too empty costs €0.60 per kilowatt-hour."
        ),
        (
            "The range says how much the result depends on which days they were. Errors of the "
            "model are not in it."
        ),
    ),
    replacement="Worth of a stored kilowatt-hour",
    again="To work it out again",
    again_hint="The same inputs give the same amounts, to the cent.",
    settings="Settings",
    inputs="Inputs (SHA-256)",
    versions="Versions",
    seed="Seed of the ranges",
)
