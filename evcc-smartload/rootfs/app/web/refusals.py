"""Why a request is not carried out: what people read, in both languages, and the code beside it."""

from collections.abc import Mapping
from datetime import timedelta, timezone

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from errors import ExtensionTooShortError
from web.access import Refusal

# What each field of a body may be, as web/schemas.py checks it.
ALLOWED: Mapping[str, tuple[str, str]] = {
    "days": ("eine ganze Zahl von 1 bis 90", "a whole number from 1 to 90"),
    "speed": ("eine Zahl von 1 bis 3600", "a number from 1 to 3600"),
    "stage": (
        "battery oder cars (der Puffer: /buffer/activate-live, /buffer/extend-obs)",
        "battery or cars (the buffer: /buffer/activate-live, /buffer/extend-obs)",
    ),
    "mode": ("live oder observing", "live or observing"),
    "minutes": ("eine ganze Zahl von 5 bis 1440", "a whole number from 5 to 1440"),
    "kind": ("charge_now, keep_full oder holiday", "charge_now, keep_full or holiday"),
    "device": (
        "evccs Name eines Ladepunkts, höchstens 200 Zeichen",
        "evcc's name of a loadpoint, 200 characters at most",
    ),
    "until": (
        "ein Zeitpunkt mit Zeitzone wie 2026-06-22T08:00:00+02:00",
        "a time with its offset, such as 2026-06-22T08:00:00+02:00",
    ),
    "from": ("ein Tag wie 2026-10-01", "a day such as 2026-10-01"),
    "to": ("ein Tag wie 2026-10-31", "a day such as 2026-10-31"),
}
# What each part of a query may be, as the routes check it.
ALLOWED_IN_QUERY: Mapping[str, tuple[str, str]] = {
    "days": ("eine ganze Zahl von 1 bis 31", "a whole number from 1 to 31"),
    "lang": ("de oder en", "de or en"),
}
LONGEST_NAME = 40

NO_BUFFER = Refusal(
    status=503,
    code="buffer_missing",
    text_de="Der dynamische Puffer konnte nicht gestartet werden; das Protokoll nennt den Grund.",
    text_en="The dynamic buffer could not be started; the log says why.",
)
CLOCK_NOT_SET = Refusal(
    status=503,
    code="clock_not_set",
    text_de="Die Uhr dieses Rechners ist noch nicht gestellt; bitte gleich noch einmal versuchen.",
    text_en="The clock of this computer is not set yet; please try again in a moment.",
)
STARTING = Refusal(
    status=503,
    code="starting",
    text_de="SmartLoad startet gerade; der erste Stand kommt in wenigen Sekunden.",
    text_en="SmartLoad is starting; the first state comes within seconds.",
)
TOO_MANY_READERS = Refusal(
    status=503,
    code="too_many_readers",
    text_de="Zu viele offene Verbindungen; bitte andere Seiten schließen.",
    text_en="Too many open connections; please close other pages.",
)
FAILED = Refusal(
    status=500,
    code="failed",
    text_de="SmartLoad ist über diese Anfrage gestolpert; das Protokoll nennt den Grund.",
    text_en="SmartLoad tripped over this request; the log says why.",
)
EVCC_AUTOMATIC = Refusal(
    status=409,
    code="evcc_automatic",
    text_de="evcc steuert den Hausakku gerade selbst. Schalte dort zuerst den automatischen "
    "Modus aus.",
    text_en="evcc runs the home battery by itself at the moment. Switch its automatic mode off "
    "in evcc first.",
)
OBSERVE_ONLY = Refusal(
    status=409,
    code="observe_only",
    text_de="Eine Option stimmt nicht; bis sie stimmt, beobachtet SmartLoad nur.",
    text_en="An option is wrong; SmartLoad only observes until it is right.",
)
RELEASED = Refusal(
    status=409,
    code="released",
    text_de="SmartLoad schreibt zurzeit nichts in evcc. Lass es zuerst wieder übernehmen.",
    text_en="SmartLoad writes nothing to evcc at the moment. Let it take over again first.",
)
NO_BATTERY = Refusal(
    status=409,
    code="no_battery",
    text_de="Dafür braucht es einen Hausakku, den evcc steuern kann.",
    text_en="This needs a home battery that evcc can control.",
)
NO_OVERRIDE = Refusal(
    status=404,
    code="no_override",
    text_de="Das läuft gerade nicht; vielleicht ist es von selbst zu Ende gegangen.",
    text_en="Nothing like that is running; it may have ended by itself.",
)
NO_HISTORY = Refusal(
    status=503,
    code="no_history",
    text_de="Noch ist nichts aufgezeichnet, womit sich rechnen ließe.",
    text_en="Nothing has been recorded yet that could be worked with.",
)
BACKTEST_RUNNING = Refusal(
    status=409,
    code="backtest_running",
    text_de="Es läuft schon eine Rückrechnung. Brich sie ab oder warte, bis sie fertig ist.",
    text_en="A back-test is running already. Cancel it, or wait until it is done.",
)
NO_BACKTEST = Refusal(
    status=404,
    code="not_found",
    text_de="Es gibt noch keine fertige Rückrechnung zum Herunterladen.",
    text_en="There is no finished back-test to download yet.",
)
NO_PERIOD = Refusal(
    status=400,
    code="invalid",
    text_de="Der Zeitraum muss mit einem Tag enden, der vorbei ist, und darf nicht vor seinem "
    "Anfang enden.",
    text_en="The period must end with a day that is over, and must not end before it begins.",
)
NO_JSON = Refusal(
    status=400,
    code="invalid",
    text_de="Der Inhalt der Anfrage ist kein gültiges JSON.",
    text_en="The body of the request is not valid JSON.",
)
_NO_OBJECT = Refusal(
    status=400,
    code="invalid",
    text_de="Der Inhalt der Anfrage muss ein JSON-Objekt sein, mit dem Content-Type "
    "application/json.",
    text_en="The body of the request must be a JSON object, with the content type "
    "application/json.",
)
_NOT_FOUND = Refusal(
    status=404,
    code="not_found",
    text_de="Das gibt es hier nicht.",
    text_en="There is no such thing here.",
)
_WRONG_METHOD = Refusal(
    status=405,
    code="wrong_method",
    text_de="Diese Adresse gibt es, aber nicht mit dieser Methode.",
    text_en="This address exists, but not with this method.",
)


class RefusedError(Exception):
    """A request that is understood and not carried out."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.text_en)
        self.refusal = refusal


def too_short(exc: ExtensionTooShortError, utc_offset: timedelta) -> Refusal:
    """Say until when the running observation lasts, by the home's clock."""
    ends_at = exc.ends_at.astimezone(timezone(utc_offset))
    days = exc.extra_days
    days_de = "ein Tag ab jetzt wäre" if days == 1 else f"{days} Tage ab jetzt wären"
    days_en = "one day" if days == 1 else f"{days} days"
    return Refusal(
        status=409,
        code="extension_too_short",
        text_de=f"Die laufende Beobachtung endet erst am {ends_at:%d.%m.%Y um %H:%M} Uhr; "
        f"{days_de} kürzer.",
        text_en=f"The running observation ends on {ends_at:%d %B %Y at %H:%M} only; "
        f"{days_en} from now would be shorter.",
    )


def no_loadpoint(titles: Mapping[str, str]) -> Refusal:
    """Say which loadpoints there are: titles by evcc's names."""
    named = ", ".join(
        name if title == name else f"{name} ({title})" for name, title in titles.items()
    )
    there_de = f"es gibt: {named}" if named else "evcc hat noch keinen genannt"
    there_en = f"there are: {named}" if named else "evcc has named none yet"
    return Refusal(
        status=404,
        code="no_loadpoint",
        text_de=f"Diesen Ladepunkt gibt es nicht; {there_de}.",
        text_en=f"There is no such loadpoint; {there_en}.",
    )


def no_car(title: str) -> Refusal:
    """Say at which loadpoint no car is plugged in."""
    return Refusal(
        status=409,
        code="no_car",
        text_de=f"An „{title}“ ist kein Auto angesteckt.",
        text_en=f"No car is plugged in at “{title}”.",
    )


def end_out_of_range(longest: timedelta) -> Refusal:
    """Say how far ahead a wish may end."""
    return Refusal(
        status=400,
        code="invalid",
        text_de=f"Das Ende muss in den nächsten {longest.days} Tagen liegen.",
        text_en=f"The end must lie within the next {longest.days} days.",
    )


def period_too_long(longest: timedelta) -> Refusal:
    """Say how long a back-test may be."""
    return Refusal(
        status=400,
        code="invalid",
        text_de=f"Der Zeitraum darf höchstens {longest.days} Tage lang sein.",
        text_en=f"The period may be {longest.days} days long at most.",
    )


def invalid(exc: RequestValidationError) -> Refusal:
    """Say which field of a body or a query is wrong and what it may be."""
    first = exc.errors()[0]
    if first["type"] == "json_invalid":
        return NO_JSON
    path = first["loc"][1:]
    if not path:
        return _NO_OBJECT
    name = _printable(str(path[0]))
    known = ALLOWED_IN_QUERY if first["loc"][0] == "query" else ALLOWED
    if first["type"] == "missing":
        why = ("fehlt", "is missing")
    elif name not in known:
        why = ("ist hier nicht bekannt", "is not known here")
    else:
        allowed_de, allowed_en = known[name]
        why = (f"muss {allowed_de} sein", f"must be {allowed_en}")
    return Refusal(
        status=400,
        code="invalid",
        text_de=f"Die Anfrage ist nicht gültig: „{name}“ {why[0]}.",
        text_en=f"The request is not valid: “{name}” {why[1]}.",
    )


def from_http(exc: HTTPException) -> Refusal:
    """Put a refusal of the framework into our words."""
    known = {refusal.status: refusal for refusal in (NO_JSON, _NOT_FOUND, _WRONG_METHOD)}
    return known.get(exc.status_code) or Refusal(
        status=exc.status_code,
        code="not_possible",
        text_de="Das ist hier nicht möglich.",
        text_en="This is not possible here.",
    )


def _printable(name: str) -> str:
    """Return a name from outside, short and without half characters that cannot be encoded."""
    return name.encode("utf-8", "replace").decode()[:LONGEST_NAME]
