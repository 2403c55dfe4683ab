"""The options of SmartLoad, and how they are read without ever failing at an owner's mistake.

As an app (add-on) they come from ``/data/options.json``, stand-alone from a YAML file, and in
both cases from variables ``SMARTLOAD_<OPTION>``, which win over the file. A wrong or unknown option
becomes a ``ConfigProblem``; everything that is right is used, and the rest keeps its default.
"""

import difflib
import ipaddress
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)

from domain.config_problem import ConfigProblem
from domain.zone import known_zone

VARIABLE_PREFIX = "SMARTLOAD_"
DEFAULT_PORT = 8099
"""The port that Home Assistant's ingress expects; outside the container nothing needs it."""

_LONGEST_FILE_BYTES = 1_000_000  # a real file has under 1 kB; larger ones are not ours
_LONGEST_GIVEN_CHARS = 80
_LONGEST_PATH_CHARS = 4096  # the owner has to find the file
_MASK = "(not shown)"
_SECRETS = frozenset({"password", "influx_password", "home_assistant_token"})
_ADDRESSES = frozenset({"evcc_url", "influx_url", "home_assistant_url"})
_COUNTRY = re.compile(r"[A-Z]{2}")


def _parse_address(text: str) -> str:
    if not text:
        return text
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("not an http or https address")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("more than an address")
    if parts.port == 0 or any(char.isspace() or not char.isprintable() for char in text):
        raise ValueError("not an address")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _check_time_zone(name: str) -> str:
    if known_zone(name) is None:
        raise ValueError("not a time zone")
    return name


def _check_bind_address(text: str) -> str:
    if text != "localhost":
        ipaddress.ip_address(text)
    return text


def _parse_data_dir(text: str) -> str:
    if "\0" in text:
        raise ValueError("not a path")
    try:
        return str(Path(text).expanduser())
    except RuntimeError as err:
        raise ValueError("nobody's home") from err


def _parse_holidays(text: str) -> str:
    """Return ``auto``, ``none``, or the holidays package's own spelling of a country or region."""
    if text.lower() in {"auto", "none"}:
        return text.lower()
    country, dash, region = text.partition("-")
    country = country.upper()
    regions = _holiday_regions(country)
    if regions is None:
        raise ValueError("not a country")
    if not dash:
        return country
    if region.lower() not in regions:
        raise ValueError("not a region")
    return f"{country}-{regions[region.lower()]}"


def _holiday_regions(country: str) -> Mapping[str, str] | None:
    """Return a country's regions by code and name in lower case, None for no known country."""
    if not _COUNTRY.fullmatch(country):
        return None
    # Costs 0.2 s and 9 MB, and most owners never set the option.
    import holidays  # noqa: PLC0415 see above

    try:
        calendar = holidays.country_holidays(country)
    except NotImplementedError:
        return None
    codes = {code.lower(): code for code in calendar.subdivisions}
    return {name.lower(): code for name, code in calendar.subdivisions_aliases.items()} | codes


def _nearest_holidays(text: str) -> str | None:
    """Return the country or region that was probably meant, None when nothing comes close."""
    from holidays.registry import COUNTRIES  # noqa: PLC0415 only at a mistake

    country, _, region = text.partition("-")
    regions = _holiday_regions(country.upper())
    if regions is not None:
        name = _nearest(region, regions)
        return country.upper() if name is None else f"{country.upper()}-{regions[name]}"
    word = _nearest(text, ("auto", "none"))
    if word is not None:
        return word
    name = _nearest(country.replace(" ", "_"), COUNTRIES)
    return None if name is None else COUNTRIES[name][1]


def _refuse_bool(value: object) -> object:
    # Python takes True for 1; an owner who wrote "port: yes" did not mean port 1.
    if isinstance(value, bool):
        raise ValueError("not a number")  # noqa: TRY004 pydantic reports ValueError, not TypeError
    return value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


# Both stand after Field in an annotation; before it, the bounds would be missing from the schema.
_Number = BeforeValidator(_refuse_bool)
_Word = BeforeValidator(_lower)


class Config(BaseModel):
    """Every option of SmartLoad, valid by construction."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    evcc_url: Annotated[
        str,
        AfterValidator(_parse_address),
        Field(
            description="Address of evcc, without a trailing slash. Empty: search for it.",
            json_schema_extra={
                "allowed": "http:// or https:// address such as http://evcc.local:7070"
            },
        ),
    ] = ""
    battery_min_soc: Annotated[
        int,
        Field(
            ge=20,
            le=90,
            json_schema_extra={"unit": "%"},
            description="Buffer SoC while the sun is uncertain [%], 20 to 90. "
            "SmartLoad lowers it, down to 20, and never raises it above this.",
        ),
        _Number,
    ] = 30
    buffer_strategy: Annotated[
        Literal["formula", "risk"],
        Field(
            description="What sets the buffer: the formula of the solar forecast's confidence, or "
            "what the house needs until the battery is refilled. The other is only shown."
        ),
        _Word,
    ] = "formula"
    buffer_confidence_pct: Annotated[
        int,
        Field(
            ge=50,
            le=99,
            json_schema_extra={"unit": "%"},
            description="How sure that need should be covered [%], 50 to 99.",
        ),
        _Number,
    ] = 90
    outage_reserve_kwh: Annotated[
        float,
        Field(
            ge=0,
            le=100,
            allow_inf_nan=False,
            json_schema_extra={"unit": "kWh"},
            description="Kept on top of that need in case the grid fails [kWh].",
        ),
        _Number,
    ] = 0.0
    battery_charge_kw: Annotated[
        float | None,
        Field(
            ge=0.5,
            le=100,
            allow_inf_nan=False,
            json_schema_extra={"unit": "kW"},
            description="Most that the home battery charges with [kW]. None: learned.",
        ),
        _Number,
    ] = None
    battery_discharge_kw: Annotated[
        float | None,
        Field(
            ge=0.5,
            le=100,
            allow_inf_nan=False,
            json_schema_extra={"unit": "kW"},
            description="Most that the home battery gives [kW]. None: learned.",
        ),
        _Number,
    ] = None
    battery_efficiency_pct: Annotated[
        float | None,
        Field(
            ge=60,
            le=100,
            allow_inf_nan=False,
            json_schema_extra={"unit": "%"},
            description="What comes out of the home battery of what went in [%]. None: learned.",
        ),
        _Number,
    ] = None
    battery_wear_ct_per_kwh: Annotated[
        float,
        Field(
            ge=0,
            le=50,
            allow_inf_nan=False,
            json_schema_extra={"unit": "ct"},
            description="What taking one kWh out of the home battery costs in wear [ct/kWh].",
        ),
        _Number,
    ] = 2.0
    grid_charging: Annotated[
        bool,
        Field(
            description="Whether a plan may buy energy for the home battery.",
            json_schema_extra={"allowed": "true or false"},
        ),
    ] = True
    battery_to_car: Annotated[
        bool,
        Field(
            description="Whether a plan may charge cars from the home battery.",
            json_schema_extra={"allowed": "true or false"},
        ),
    ] = False
    grid_import_limit_kw: Annotated[
        float | None,
        Field(
            ge=1,
            le=200,
            allow_inf_nan=False,
            json_schema_extra={"unit": "kW"},
            description="Most that the home may draw from the grid [kW]. "
            "None: what evcc's load management says, else no limit.",
        ),
        _Number,
    ] = None
    main_fuse_a: Annotated[
        int,
        Field(
            ge=16,
            le=250,
            json_schema_extra={"unit": "A"},
            description="What one phase of the main fuse carries [A], 16 to 250. "
            "A lower limit of evcc's circuit holds.",
        ),
        _Number,
    ] = 35
    plan_hours: Annotated[
        int,
        Field(
            ge=24,
            le=72,
            json_schema_extra={"unit": "h"},
            description="How far ahead is planned [h], 24 to 72.",
        ),
        _Number,
    ] = 48
    owner_hold: Annotated[
        Literal["auto", "midnight", "resume"],
        Field(
            description="How long a setting that the owner changed in evcc stays theirs; auto: "
            "until the car leaves, for what belongs to no charging point until midnight."
        ),
        _Word,
    ] = "auto"
    time_zone: Annotated[
        str | None,
        AfterValidator(lambda name: None if name is None else _check_time_zone(name)),
        Field(
            description="IANA time zone of the home. None: the one TZ says, else evcc.",
            json_schema_extra={"allowed": "name of a time zone such as Europe/Berlin"},
        ),
    ] = None
    language: Annotated[
        Literal["auto", "de", "en"],
        Field(description="Language of the page; auto follows the browser."),
        _Word,
    ] = "auto"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Field(description="The least important line that is still logged."),
        _Word,
    ] = "info"
    holidays: Annotated[
        str,
        AfterValidator(_parse_holidays),
        Field(
            description="Whose public holidays the house keeps: country or country and region; "
            "auto is the country of the time zone.",
            json_schema_extra={
                "allowed": "auto, none, a country such as DE, or a region such as DE-BY or AT-9"
            },
        ),
    ] = "auto"
    history_days: Annotated[
        int,
        Field(
            ge=60,
            le=1500,
            json_schema_extra={"unit": "days"},
            description="How far back the home's past is kept and imported [days], 60 to 1500.",
        ),
        _Number,
    ] = 400
    influx_url: Annotated[
        str,
        AfterValidator(_parse_address),
        Field(
            description="Address of the InfluxDB that evcc writes to. Empty: not read.",
            json_schema_extra={
                "allowed": "http:// or https:// address such as http://192.168.178.20:8086"
            },
        ),
    ] = ""
    influx_database: Annotated[
        str,
        Field(
            min_length=1,
            description="Database in InfluxDB that evcc writes to.",
            json_schema_extra={"allowed": "name of a database such as evcc"},
        ),
    ] = "evcc"
    influx_user: Annotated[
        str | None,
        Field(
            description="User who may read that database. None: InfluxDB asks for none.",
            json_schema_extra={"allowed": "name of a user of InfluxDB"},
        ),
    ] = None
    influx_password: Annotated[
        SecretStr | None,
        Field(
            min_length=1,
            max_length=256,
            json_schema_extra={"unit": "characters"},
            description="That user's password, or a token of InfluxDB 2 or 3.",
        ),
    ] = None
    home_assistant_history: Annotated[
        bool,
        Field(
            description="As an app: import the past from Home Assistant's energy dashboard.",
            json_schema_extra={"allowed": "true or false"},
        ),
    ] = False
    password: Annotated[
        SecretStr | None,
        Field(
            min_length=8,
            max_length=128,
            json_schema_extra={"unit": "characters"},
            description="Asked for before changes from other machines. None: refuse those.",
        ),
    ] = None

    # Stand-alone only; the app's form in Home Assistant does not have these.
    bind_address: Annotated[
        str,
        AfterValidator(_check_bind_address),
        Field(
            description="Address that the page is served on.",
            json_schema_extra={
                "allowed": "IP address of this machine such as 127.0.0.1, or 0.0.0.0 for all"
            },
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int,
        Field(ge=1, le=65535, description="TCP port that the page is served on, 1 to 65535."),
        _Number,
    ] = DEFAULT_PORT
    data_dir: Annotated[
        str,
        AfterValidator(_parse_data_dir),
        Field(
            description="Folder of everything SmartLoad remembers.",
            json_schema_extra={"allowed": "folder that SmartLoad may write to"},
        ),
    ] = "data"
    home_assistant_url: Annotated[
        str,
        AfterValidator(_parse_address),
        Field(
            description="Address of the Home Assistant whose energy dashboard is imported. "
            "Empty: not read.",
            json_schema_extra={
                "allowed": "http:// or https:// address such as http://homeassistant.local:8123"
            },
        ),
    ] = ""
    home_assistant_token: Annotated[
        SecretStr | None,
        Field(
            min_length=1,
            max_length=2048,
            json_schema_extra={"unit": "characters"},
            description="Long-lived access token for it, made in the owner's profile there.",
        ),
    ] = None
    demo_seed: Annotated[
        int,
        Field(ge=0, le=2**32 - 1, description="Which simulated home; same seed, same home."),
        _Number,
    ] = 1
    demo_speed: Annotated[
        float,
        Field(
            ge=1,
            le=3600,
            allow_inf_nan=False,
            json_schema_extra={"unit": "simulated seconds per second"},
            description="Speed of the simulated home [s/s], 1 to 3600.",
        ),
        _Number,
    ] = 360.0


STAND_ALONE_OPTIONS = frozenset(
    {
        "bind_address",
        "port",
        "data_dir",
        "home_assistant_url",
        "home_assistant_token",
        "demo_seed",
        "demo_speed",
    }
)
"""Options that only an installation without Home Assistant has."""

# Ingress reaches the app from another container, so loopback would hide the page. Who may do what
# is decided per request; ports stay closed to the home unless the owner opens one.
_APP_DEFAULTS: Mapping[str, object] = {"bind_address": "0.0.0.0", "data_dir": "/data"}  # noqa: S104 see above


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedConfig:
    """The usable options, and what was wrong with the others.

    ``is_app`` says that Home Assistant started this process as an app.
    """

    config: Config
    problems: tuple[ConfigProblem, ...]
    is_app: bool


def load_config(
    *, options_path: Path | None, yaml_path: Path | None, environ: Mapping[str, str]
) -> LoadedConfig:
    """Read the options; never raise for what an owner wrote.

    Args:
        options_path: The app's ``/data/options.json``. When it exists, this is an app, and
            ``yaml_path`` is not read. None: this is none.
        yaml_path: The owner's file, stand-alone. None when there is none; a path that does not
            exist is a problem.
        environ: Variables; those that begin with ``SMARTLOAD_`` are options.
    """
    problems: list[ConfigProblem] = []
    is_app = options_path is not None and _exists(options_path)
    values: dict[str, object] = dict(_APP_DEFAULTS) if is_app else {}
    file = options_path if is_app else yaml_path
    if file is not None:
        given = _read_mapping(file, problems)
        _take_good(given, values, problems, prefix="")
    variables = {
        name.removeprefix(VARIABLE_PREFIX): text
        for name, text in sorted(environ.items())
        if name.startswith(VARIABLE_PREFIX)
    }
    _take_good(variables, values, problems, prefix=VARIABLE_PREFIX)
    return LoadedConfig(
        config=Config.model_validate(values), problems=tuple(problems), is_app=is_app
    )


def allowed_text(option: str) -> str:
    """Return what an option may be, such as "20 to 90 %", from the option's own definition.

    Raises:
        KeyError: There is no such option.
    """
    schema = Config.model_json_schema()["properties"][option]
    if "allowed" in schema:
        return str(schema["allowed"])
    kind = schema.get("anyOf", [schema])[0]  # an option that may be None lists its type first
    if "enum" in kind:
        *others, last = kind["enum"]
        return f"{', '.join(others)} or {last}"
    low = kind.get("minimum", kind.get("minLength"))
    high = kind.get("maximum", kind.get("maxLength"))
    return f"{low} to {high} {schema.get('unit', '')}".rstrip()


def _take_good(
    given: Mapping[Any, object],
    values: dict[str, object],
    problems: list[ConfigProblem],
    *,
    prefix: str,
) -> None:
    """Move what is right from ``given`` into ``values``, and report the rest."""
    names = {_spelled(option, prefix): option for option in Config.model_fields}
    for key, value in given.items():
        spelled = prefix + _printable(key)
        option = names.get(spelled)
        if option is None:
            problems.append(
                ConfigProblem(
                    option=spelled,
                    given=spelled,  # its value may be a mistyped secret
                    allowed=", ".join(names),
                    nearest=_nearest(spelled, names),
                )
            )
        elif value is None or (isinstance(value, str) and not value.strip()):
            continue  # an option left empty is an option not given
        elif _is_valid(option, value):
            values[option] = value
        else:
            problems.append(
                ConfigProblem(
                    option=spelled,
                    given=_shown(option, value),
                    allowed=allowed_text(option),
                    nearest=_nearest_value(option, value),
                )
            )


def _spelled(option: str, prefix: str) -> str:
    return prefix + (option.upper() if prefix else option)


def _is_valid(option: str, value: object) -> bool:
    # Options do not depend on each other, so one alone tells whether it is right.
    try:
        Config.model_validate({option: value})
    except ValidationError:
        return False
    return True


def _words(option: str) -> tuple[str, ...]:
    """Return the words that an option allows, empty when it is not a choice of words."""
    kind = Config.model_fields[option].annotation
    return get_args(kind) if get_origin(kind) is Literal else ()


def _nearest(text: str, known: Iterable[str]) -> str | None:
    by_lower = {word.lower(): word for word in known}
    found = difflib.get_close_matches(text.lower(), by_lower, n=1)
    return by_lower[found[0]] if found else None


def _nearest_value(option: str, value: object) -> str | None:
    if not isinstance(value, str) or len(value) > _LONGEST_GIVEN_CHARS:
        return None
    if option == "time_zone":
        return _nearest(value, sorted(available_timezones()))
    if option == "holidays":
        return _nearest_holidays(value.strip())
    return _nearest(value, _words(option))


def _shown(option: str, value: object) -> str:
    """Return a value as the owner may see it on the page: short, printable, no secret."""
    if option in _SECRETS:
        return _MASK
    if option in _ADDRESSES and isinstance(value, str) and "@" in value:  # user:password@host
        return _MASK
    return _printable(value)


def _printable(value: object, *, longest_chars: int = _LONGEST_GIVEN_CHARS) -> str:
    match value:
        case Mapping():
            return "(a mapping)"
        case list() | tuple() | set():
            return "(a list)"
        case int() if value.bit_length() > 64:  # noqa: PLR2004 Python refuses to print really long ones
            return "(a very long number)"
    # Control characters and lone surrogates would break the log or the page that shows them.
    text = "".join(
        char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in str(value)
    )
    if len(text) <= longest_chars:
        return text
    return text[: longest_chars - 1] + "…"


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _read_text(path: Path) -> str:
    with path.open("rb") as file:
        raw = file.read(_LONGEST_FILE_BYTES + 1)
    if len(raw) > _LONGEST_FILE_BYTES:
        raise ValueError(f"{path} is longer than {_LONGEST_FILE_BYTES} bytes")
    return raw.decode("utf-8-sig")


def _read_mapping(path: Path, problems: list[ConfigProblem]) -> Mapping[Any, object]:
    """Return the options in a JSON or YAML file, empty when it cannot be used."""
    is_json = path.suffix == ".json"
    format_name = "JSON" if is_json else "YAML"
    try:
        text = _read_text(path)
        content = json.loads(text) if is_json else yaml.safe_load(text)
    except OSError as err:
        given = f"cannot be read: {err.strerror}"
    except json.JSONDecodeError as err:  # only the place: the text around it may be a secret
        given = f"not {format_name}, line {err.lineno}, column {err.colno}"
    except yaml.MarkedYAMLError as err:
        mark = err.problem_mark
        given = f"not {format_name}"
        if mark is not None:
            given += f", line {mark.line + 1}, column {mark.column + 1}"
    # PyYAML's own constructors raise these for tags such as "!!bool maybe" and "!!timestamp no".
    except (
        yaml.YAMLError,
        ValueError,
        LookupError,
        AttributeError,
        TypeError,
        OverflowError,
        RecursionError,
    ):
        given = f"not {format_name}"
    else:
        if isinstance(content, Mapping):
            return content
        if content is None:  # an empty file asks for nothing
            return {}
        given = "not a list of options"
    problems.append(
        ConfigProblem(
            option=_printable(path, longest_chars=_LONGEST_PATH_CHARS),
            given=given,
            allowed=f"{format_name} file, one option: value a line",
        )
    )
    return {}
