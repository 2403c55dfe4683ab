"""Routes that read: state, tariffs, stored energies, sessions."""

import json
from datetime import UTC, datetime

from simulator.energy_history import AGGREGATES, HistoryQuery
from simulator.evcc_messages import ApiError
from simulator.evcc_routing import Call, Route, parse_instant, route
from simulator.evcc_state import build_state
from simulator.evcc_state_versions import in_version, with_wrong_types
from simulator.evcc_tariffs import TariffUnavailableError
from simulator.jq import JqError, apply_filter
from simulator.wire_format import ZERO_TIME

_FAR_PAST = datetime(1970, 1, 1, tzinfo=UTC)
_FAR_FUTURE = datetime(9000, 1, 1, tzinfo=UTC)


def read_state(call: Call) -> object:
    """Return the state in the version's shape, filtered when ``jq`` is given."""
    site = call.site
    state: object = in_version(
        build_state(site, call.now, call.faults, is_ready=call.is_ready), site.config.version
    )
    if call.faults.wrong_types and isinstance(state, dict):
        state = with_wrong_types(state)
    expression = call.query().get("jq")
    if expression is None:
        return state
    try:
        return apply_filter(expression, state)
    except JqError as error:
        raise ApiError(400, str(error)) from None


def _tariff(call: Call) -> object:
    try:
        price_key = call.site.config.version.price_key
        return {"rates": call.site.tariffs.usage(call.values["usage"], price_key)}
    except TariffUnavailableError as error:
        raise ApiError(404, str(error)) from None


def _energy_history(call: Call) -> object:
    query = call.query()
    bounds = {"from": _FAR_PAST, "to": _FAR_FUTURE}
    for name in bounds:
        if name in query:
            instant = parse_instant(query[name])
            if instant is None:
                raise ApiError(400, f"invalid '{name}' parameter")
            bounds[name] = instant
    aggregate = query.get("aggregate") or "15m"
    if aggregate not in AGGREGATES:
        raise ApiError(500, "invalid aggregate value")
    return call.site.history.answer(
        HistoryQuery(
            start=bounds["from"],
            end=bounds["to"],
            aggregate=aggregate,
            is_grouped=query.get("grouped") == "true",
            filters={key: query[key] for key in ("group", "name", "title") if key in query},
        ),
        call.site.config.zone,
    )


def _sessions(call: Call) -> object:
    site, query = call.site, call.query()
    rows: list[dict[str, object]] = []
    for loadpoint in site.loadpoints:
        session = loadpoint.session
        if session is not None and session.left_at is None and session.is_worth_storing:
            number = site.charged.sessions + 1 + len(rows)
            row = session.to_row(
                number=number,
                title=loadpoint.config.title,
                soc_end_pct=loadpoint.reported_soc_pct,
                zone=site.config.zone,
            )
            rows.append(row | {"finished": ZERO_TIME})
    rows += site.sessions
    if "year" in query:
        month = query.get("month")
        prefix = query["year"] + (f"-{int(month):02d}" if month else "")
        rows = [row for row in rows if str(row["created"]).startswith(prefix)]
    return rows


def _change_session(call: Call) -> object:
    try:
        changes = json.loads(call.request.body or b"{}")
    except ValueError as error:
        raise ApiError(400, str(error)) from None
    known = {key: changes[key] for key in ("vehicle", "loadpoint", "odometer") if key in changes}
    if not known:
        raise ApiError(400, "nothing to update")
    for row in call.site.sessions:
        if row["id"] == call.integer("id"):
            row.update(known)
    return None


def _delete_session(call: Call) -> object:
    for row in list(call.site.sessions):
        if row["id"] == call.integer("id"):
            call.site.sessions.remove(row)
    return None


def _grid_sessions(_call: Call) -> object:
    return []


READING_ROUTES: tuple[Route, ...] = (
    route("GET", "/api/state", read_state, is_site=False),
    route("GET", "/api/tariff/{usage:usage}", _tariff),
    route("GET", "/api/sessions", _sessions),
    route("PUT", "/api/session/{id:int}", _change_session),
    route("DELETE", "/api/session/{id:int}", _delete_session),
    route("GET", "/api/gridsessions", _grid_sessions),
)
ENERGY_HISTORY_ROUTE = route("GET", "/api/history/energy", _energy_history)
