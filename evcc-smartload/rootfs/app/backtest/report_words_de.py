"""German texts of a back-test's page."""

from backtest.report_notes_de import NOTED
from backtest.report_words import Sentences, Words
from domain.proof import Policy
from planner.wording_de import STYLE

_SENTENCES = Sentences(
    costs=lambda days, who, ours, evcc: (
        f"{days}: {who} hätte {ours}, evcc allein {evcc}."
        if who == "SmartLoad"
        else f"{days}: „{who}“ hätte {ours}, evcc allein {evcc}."
    ),
    alone=lambda days, evcc: f"{days}: evcc allein hätte {evcc}.",
    paid=lambda amount: f"{amount} gekostet",
    earned=lambda amount: f"{amount} eingebracht",
    none_counted="Noch lässt sich nichts vergleichen: Kein Tag ist ausreichend gemessen.",
    cheaper=lambda amount, band: f"Gespart hätte es {amount}{band}.",
    dearer=lambda amount, band: f"Damit wäre es {amount} teurer gewesen{band}.",
    same="Das ist gleich viel.",
    band=lambda low, high: f" (8 von 10 Mal {low} bis {high})",
    open="Die Spanne reicht von Verlust bis Gewinn: Zufall ist nicht ausgeschlossen.",
    too_few="Für eine Spanne sind es zu wenige Tage.",
    captured=lambda share: (
        f"Das sind {share} von dem, was mit Wissen der Zukunft zu sparen gewesen wäre."
    ),
    never_dearer="Teurer als evcc allein wäre es in keinem Monat gewesen.",
    worst_month=lambda amount: f"Im schlechtesten Monat hätte es {amount} mehr gekostet.",
    one_day="1 Tag",
    days=lambda count: f"{count} Tage",
)

GERMAN = Words(
    lang="de",
    style=STYLE,
    months=("Jan", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez"),
    day=lambda year, month, day: f"{day}.{month}.{year}",
    title="Rückrechnung",
    said=_SENTENCES,
    policies={
        Policy.NO_BATTERY: ("Ohne Hausakku", "Als gäbe es keinen; Autos laden nach evccs Regeln."),
        Policy.EVCC: (
            "evcc allein",
            "evccs Regeln mit den Einstellungen des Besitzers. Damit wird verglichen.",
        ),
        Policy.FORMULA: (
            "evcc, Puffer nach Formel",
            "SmartLoad setzt nur den Puffer, nach der Formel.",
        ),
        Policy.RISK: (
            "evcc, Puffer nach Risiko",
            "SmartLoad setzt nur den Puffer, nach dem Risiko.",
        ),
        Policy.SMARTLOAD: (
            "SmartLoad",
            "Sein Plan für Akku, Autos und Puffer, über die Schalter von evcc.",
        ),
        Policy.FORESIGHT: (
            "Mit Wissen der Zukunft",
            "Wetter, Verbrauch und Preise genau vorher gewusst: die Grenze.",
        ),
    },
    period="Zeitraum",
    until="bis",
    home="Zuhause",
    prices="Preise",
    counted="Gezählt",
    counted_all=lambda whole: f"{whole} Tage, alle ausreichend gemessen",
    counted_of=lambda part, whole: f"{part} von {whole} Tagen; die übrigen sind zu wenig gemessen",
    notes="Was man dazu wissen muss",
    noted=NOTED,
    cost_chart="Was es gekostet hätte",
    cost_hint="Strom aus dem Netz und auswärts geladener Strom, weniger Einspeisung (€). "
    "Was in Akku und Autos bleibt, ist verrechnet.",
    month_chart=lambda who: f"Gespart je Monat: {who}",
    month_hint="Gegenüber evcc allein (€). Der Strich ist die Spanne, in der es 8 von 10 Mal läge.",
    sum_chart="Gespart bis dahin",
    sum_hint="Gegenüber evcc allein, über die gezählten Tage zusammengerechnet (€).",
    share_chart="Vom Möglichen erreicht",
    share_hint="Anteil an dem, was mit Wissen der Zukunft zu sparen gewesen wäre (%).",
    figures="Alle Zahlen",
    columns=(
        "Wer entscheidet",
        "Kosten",
        "Gespart",
        "8 von 10 Mal",
        "Vom Möglichen",
        "Schlechtester Monat",
        "Von allem, was der Akku sparen kann",
        "Eigenversorgung",
        "Eigenverbrauch",
        "Bezogen",
        "Eingespeist",
        "Aus dem Akku",
        "Auswärts geladen",
        "Höchster Bezug",
        "Autos bereit",
        "Änderungen in evcc je Tag",
        "Entscheidungen je Tag",
        "Planwechsel je Tag",
    ),
    saved_by_month="Gespart je Monat",
    month="Monat",
    n_days="Tage",
    band="8 von 10 Mal",
    method="Wie gerechnet ist",
    method_texts=(
        (
            "Der Zeitraum wird in einem Modell des Zuhauses noch einmal durchlebt, für jede "
            "Möglichkeit einmal: mit gemessenem Verbrauch und gemessener Sonne, mit den Preisen "
            "und Prognosen, die damals bekannt waren, und mit denselben Autos. Machen zwei "
            "dasselbe, ist der Unterschied genau 0."
        ),
        (
            "Was am Ende mehr oder weniger in Akku und Autos ist, wird zu einem einheitlichen "
            "Preis verrechnet: was eine Kilowattstunde kostet, die man nachladen müsste. Was "
            "Autos auswärts laden, weil sie zu leer losfahren, kostet 0,60 € je Kilowattstunde."
        ),
        (
            "Die Spanne sagt, wie sehr das Ergebnis davon abhängt, welche Tage es waren. Fehler "
            "des Modells stecken nicht in ihr."
        ),
    ),
    replacement="Wert einer gespeicherten Kilowattstunde",
    again="Noch einmal rechnen",
    again_hint="Mit denselben Angaben kommen dieselben Beträge heraus, auf den Cent.",
    settings="Einstellungen",
    inputs="Eingaben (SHA-256)",
    versions="Versionen",
    seed="Startwert der Spannen",
)
