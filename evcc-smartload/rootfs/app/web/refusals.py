"""Why a request is not carried out: what people read, in both languages, and the code beside it."""

from collections.abc import Mapping
from datetime import timedelta, timezone

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from errors import ExtensionTooShortError
from web.access import Refusal

# What each field of a body or a query may be, as web/schemas.py and the routes check it.
ALLOWED: Mapping[str, tuple[str, str]] = {
    "days": ("eine ganze Zahl von 1 bis 90", "a whole number from 1 to 90"),
    "speed": ("eine Zahl von 1 bis 3600", "a number from 1 to 3600"),
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


def invalid(exc: RequestValidationError) -> Refusal:
    """Say which field of a body or a query is wrong and what it may be."""
    first = exc.errors()[0]
    if first["type"] == "json_invalid":
        return NO_JSON
    path = first["loc"][1:]
    if not path:
        return _NO_OBJECT
    name = _printable(str(path[0]))
    if first["type"] == "missing":
        why = ("fehlt", "is missing")
    elif name not in ALLOWED:
        why = ("ist hier nicht bekannt", "is not known here")
    else:
        allowed_de, allowed_en = ALLOWED[name]
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
