"""The latest state, shared between the cycle and everyone who shows it.

Readers take a snapshot or subscribe to a bounded mailbox; the store calls nobody while it is
locked and never waits for a reader. Only the standard library is needed to load it.
"""

import copy
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta, timezone, tzinfo

from control_json import control_to_json
from domain.horizon import SLOT_H, SLOTS_PER_DAY
from domain.site import BatterySnapshot, Loadpoint, SiteSnapshot
from domain.state import HistoryStatus, ServiceStatus, SystemState
from domain.tariff import rate_at
from domain.zone import known_zone

# A reader that is this many changes behind gets only the newest ones; each one is complete.
MAILBOX_SIZE = 8
SLOTS_IN_4_H = SLOTS_PER_DAY // 6


class Mailbox:
    """What one reader has not taken yet: at most ``MAILBOX_SIZE`` states, the oldest fall out."""

    def __init__(self, wake: Callable[[], None]) -> None:
        """Remember whom to wake; ``wake`` must return at once and may be called by any thread."""
        self.wake = wake
        self._states: deque[dict[str, object]] = deque(maxlen=MAILBOX_SIZE)

    def put(self, state: dict[str, object]) -> None:
        """Add a state; whoever does so wakes the reader afterwards."""
        self._states.append(state)

    def take(self) -> dict[str, object] | None:
        """Return the oldest state not taken yet, or None."""
        try:
            return self._states.popleft()
        except IndexError:
            return None


class StateStore:
    """Holds the latest state under a lock, with a version that rises at every update."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._version = 0
        self._state: SystemState | None = None
        self._plan_summary: dict[str, object] | None = None
        self._buffer_result: dict[str, object] | None = None
        self._mailboxes: set[Mailbox] = set()

    def update(
        self,
        state: SystemState | None = None,
        plan_summary: dict[str, object] | None = None,
        buffer_result: dict[str, object] | None = None,
    ) -> None:
        """Publish a new state to all readers."""
        with self._lock:
            self._version += 1
            self._state = state
            self._plan_summary = plan_summary
            self._buffer_result = buffer_result
            mailboxes = tuple(self._mailboxes)
            # Filled under the lock, so that no older state follows a newer one.
            snapshot = self._snapshot_unlocked()
            for mailbox in mailboxes:
                mailbox.put(snapshot)
        for mailbox in mailboxes:
            mailbox.wake()

    def snapshot(self) -> dict[str, object]:
        """Return the latest state and its version; the parts are frozen or copies."""
        with self._lock:
            return self._snapshot_unlocked()

    def subscribe(self, wake: Callable[[], None]) -> Mailbox:
        """Return a mailbox that holds the latest state already."""
        mailbox = Mailbox(wake)
        with self._lock:
            mailbox.put(self._snapshot_unlocked())
            self._mailboxes.add(mailbox)
        mailbox.wake()
        return mailbox

    def unsubscribe(self, mailbox: Mailbox) -> None:
        """Stop filling ``mailbox``; unknown ones are ignored."""
        with self._lock:
            self._mailboxes.discard(mailbox)

    def _snapshot_unlocked(self) -> dict[str, object]:
        return {
            "version": self._version,
            "state": self._state,
            "plan_summary": copy.copy(self._plan_summary),
            "buffer_result": copy.copy(self._buffer_result),
        }


def _snapshot_to_json_dict(snap: dict[str, object]) -> dict[str, object]:
    """Return a snapshot as the JSON object that ``/status`` and the SSE messages carry.

    The form is described in docs/http-api.md.
    """
    state = snap.get("state")
    parts = _state_to_json_dict(state) if isinstance(state, SystemState) else {}
    return {
        "version": snap.get("version"),
        **parts,
        "plan_summary": snap.get("plan_summary"),
        "buffer": snap.get("buffer_result"),
    }


def _state_to_json_dict(state: SystemState) -> dict[str, object]:
    return {
        "now": state.now.isoformat(),
        "service": _service_to_json(state.service),
        "cycle": None
        if state.cycle is None
        else {
            "count": state.cycle.count,
            "kind": state.cycle.kind.value,
            "at": state.cycle.at.isoformat(),
            "next_at": state.cycle.next_at.isoformat(),
            "duration_ms": round(state.cycle.duration_ms, 1),
        },
        "evcc": {
            "url": state.evcc.url,
            "reachable": state.evcc.reachable,
            "since": state.evcc.since.isoformat(),
            "version": state.evcc.version,
            "stale": state.site_is_stale,
        },
        "problems": [
            {
                "code": problem.code.value,
                "severity": problem.severity.value,
                "since": problem.since.isoformat(),
                "detail": problem.detail,
                "facts": dict(problem.facts),
            }
            for problem in state.problems
        ],
        "site": None if state.site is None else _site_to_json(state.site),
        "prices": _prices_to_json(state),
        "pv": {
            "confidence_frac": round(state.pv.confidence_frac, 4),
            "raw_frac": round(state.pv.raw_frac, 4),
            "coverage_frac": round(state.pv.coverage_frac, 4),
            "freshness_frac": round(state.pv.freshness_frac, 4),
            "accuracy_frac": round(state.pv.accuracy_frac, 4),
            "bias_frac": round(state.pv.bias_frac, 4),
            "slots_start": _iso(state.pv.slots_start),
            "slots_kw": [round(power_kw, 3) for power_kw in state.pv.slots_kw],
            "next_4h_kwh": round(sum(state.pv.slots_kw[:SLOTS_IN_4_H]) * SLOT_H, 3),
        },
        "buffer_shadow": None if state.buffer_shadow is None else dict(state.buffer_shadow),
        "control": control_to_json(state.control, state.site),
        # The forecasts themselves are larger than all the rest; whoever wants them asks for them.
        "forecast": {
            "issued_at": None if state.outlook is None else state.outlook.issued_at.isoformat(),
            "start": None if state.outlook is None else state.outlook.start.isoformat(),
        },
        "history": None if state.history is None else _history_to_json(state.history),
        "proof_summary": None if state.proof_summary is None else dict(state.proof_summary),
    }


def _service_to_json(service: ServiceStatus) -> dict[str, object]:
    return {
        "version": service.version,
        "started_at": service.started_at.isoformat(),
        "language": service.language,
        "time_zone": service.time_zone,
        "utc_offset_min": service.utc_offset_min,
        "observe_only": service.observe_only,
        "config_problems": [
            {
                "option": problem.option,
                "given": problem.given,
                "allowed": problem.allowed,
                "nearest": problem.nearest,
            }
            for problem in service.config_problems
        ],
        "options_path": service.options_path,
        "demo": None
        if service.demo is None
        else {"speed": service.demo.speed, "progress_frac": service.demo.progress_frac},
    }


def _site_to_json(site: SiteSnapshot) -> dict[str, object]:
    return {
        "title": site.title,
        "currency": site.currency,
        "read_at": site.read_at.isoformat(),
        "pv_kw": _rounded(site.pv_kw),
        "home_kw": _rounded(site.home_kw),
        "grid_import_kw": _rounded(site.grid_import_kw),
        "grid_export_kw": _rounded(site.grid_export_kw),
        "battery": None if site.battery is None else _battery_to_json(site.battery),
        "settings": None
        if site.settings is None
        else {
            "priority_soc_pct": site.settings.priority_soc_pct,
            "buffer_soc_pct": site.settings.buffer_soc_pct,
            "buffer_start_soc_pct": site.settings.buffer_start_soc_pct,
        },
        "loadpoints": [_loadpoint_to_json(loadpoint) for loadpoint in site.loadpoints],
    }


def _battery_to_json(battery: BatterySnapshot) -> dict[str, object]:
    return {
        "soc_pct": _rounded(battery.soc_pct),
        "capacity_kwh": _rounded(battery.capacity_kwh),
        "charge_kw": _rounded(battery.charge_kw),
        "discharge_kw": _rounded(battery.discharge_kw),
        "mode": battery.mode.value,
        "controllable": battery.is_controllable,
    }


def _loadpoint_to_json(loadpoint: Loadpoint) -> dict[str, object]:
    return {
        "number": loadpoint.number,
        "name": loadpoint.name,
        "title": loadpoint.title,
        "mode": loadpoint.mode.value,
        "connected": loadpoint.connected,
        "charging": loadpoint.charging,
        "charge_kw": _rounded(loadpoint.charge_kw),
        "vehicle_title": loadpoint.vehicle_title,
        "vehicle_soc_pct": _rounded(loadpoint.vehicle_soc_pct),
        "limit_soc_pct": _rounded(loadpoint.limit_soc_pct),
        "session_kwh": _rounded(loadpoint.session_kwh),
    }


def _history_to_json(history: HistoryStatus) -> dict[str, object]:
    return {
        "first": _iso(history.first),
        "last": _iso(history.last),
        "n_days": round(history.n_days, 1),
        "size_bytes": history.size_bytes,
        "imports": [
            {
                "source": progress.source.value,
                "state": progress.state.value,
                "progress_frac": _rounded(progress.progress_frac),
                "n_slots": progress.n_slots,
                "since": _iso(progress.since),
                "detail": progress.detail,
            }
            for progress in history.imports
        ],
        "problem": history.problem,
    }


def _prices_to_json(state: SystemState) -> dict[str, object]:
    site, now = state.site, state.now
    imports = () if site is None else site.import_rates
    exports = () if site is None else site.export_rates
    midnight = now.astimezone(zone_of_home(state.service)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    import_now = rate_at(imports, now)
    export_now = rate_at(exports, now)
    return {
        "import_now_eur_per_kwh": import_now and import_now.price_eur_per_kwh,
        "export_now_eur_per_kwh": export_now and export_now.price_eur_per_kwh,
        "spread_eur_per_kwh": round(state.price_spread, 5),
        "import_slots": [
            {
                "start": rate.start.isoformat(),
                "end": rate.end.isoformat(),
                "eur_per_kwh": rate.price_eur_per_kwh,
            }
            for rate in imports
            if rate.end > midnight
        ],
    }


def zone_of_home(service: ServiceStatus) -> tzinfo:
    """Return the home's zone; where its name is unknown here, the offset of the moment."""
    offset = timezone(timedelta(minutes=service.utc_offset_min))
    zone = None if service.time_zone is None else known_zone(service.time_zone)
    return zone or offset


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
