"""Answers of ``/proof`` and ``/proof/backtest`` as the page expects them.

The page of a real service is looked at while a browser answers these questions itself, so that a
test can tell every story at once: no report yet, a loss, huge amounts, nothing known.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from urllib.request import urlopen

from playwright.sync_api import Page, Route

Json = dict[str, object]

DAYS = [f"2026-04-{day:02}" for day in range(10, 24)]
UNCOUNTED = "2026-04-16"
RECORDED_SINCE = "2026-03-01T00:00:00Z"
MADE_AT = "2026-04-24T00:20:00Z"


def band(low: float, middle: float, high: float) -> Json:
    """Return an estimate with its range."""
    return {"low": low, "middle": middle, "high": high}


def day(name: str, *, scale: float = 1.0) -> Json:
    """Return one local day of a report; one of them was measured too badly to count."""
    known = name != UNCOUNTED
    costs = {"paid_eur": 3.1, "evcc_eur": 3.3, "ours_eur": 3.0, "possible_eur": 2.9}
    return {
        "day": name,
        "is_counted": known,
        **{key: scale * value if known else None for key, value in costs.items()},
    }


def change(**fields: object) -> Json:
    """Return a setting that would have been changed."""
    return {
        "at": "2026-04-23T17:15:00Z",
        "setting": "batteryMode",
        "device": "",
        "title": "",
        "before": None,
        "wanted": "hold",
        "reason": {"code": "battery_keeps", "facts": {"price": 0.412, "value": 0.47}},
    } | fields


def buffer_proof(strategy: str, *, is_chosen: bool) -> Json:
    """Return what one way to set the buffer came to."""
    return {
        "strategy": strategy,
        "is_chosen": is_chosen,
        "cost_eur_per_day": 0.04,
        "nights": 13,
        "nights_bridged": 12,
        "kept_kwh": 21.5,
        "departures": 9,
        "ready": 9,
    }


def report(**fields: object) -> Json:
    """Return a report of two weeks that speaks for letting SmartLoad act."""
    return {
        "since": DAYS[0],
        "until": DAYS[-1],
        "n_days": 14,
        "n_counted": 13,
        "excluded_frac": 0.0714,
        "currency": "EUR",
        "paid_eur": 40.3,
        "evcc_eur": 42.9,
        "ours_eur": band(36.9, 39.0, 40.6),
        "saving_eur": band(2.3, 3.9, 6.0),
        "possible_eur": 37.7,
        "captured_frac": 0.75,
        "months": [{"month": "2026-04", "saving_eur": 3.9, "n_days": 13}],
        "days": [day(name) for name in DAYS],
        "changes": [change(), change(setting="bufferSoc", before=50, wanted=35)],
        "buffers": [
            buffer_proof("formula", is_chosen=True),
            buffer_proof("risk", is_chosen=False),
        ],
        "recommendation": {"code": "activate", "facts": {}},
        "notes": [{"code": "forecasts_remade", "facts": {"days": 4}}],
    } | fields


def proof(**fields: object) -> Json:
    """Return the answer of ``GET /proof``."""
    return {
        "state": "ready",
        "progress_frac": 1.0,
        "detail": "",
        "made_at": MADE_AT,
        "is_live": False,
        "live_since": None,
        "days_missing": None,
        "obstacle": None,
        "report": report(),
    } | fields


def without_report(**fields: object) -> Json:
    """Return the same before there is one."""
    return proof(made_at=None, report=None, progress_frac=0.0) | fields


def summary(told: Mapping[str, object]) -> Json:
    """Return what the state message says of a report."""
    shown = told["report"] or {}
    assert isinstance(shown, dict)
    keys = ("since", "until", "n_days", "paid_eur", "evcc_eur", "ours_eur", "saving_eur")
    return {
        **{key: told[key] for key in ("state", "made_at", "is_live", "days_missing")},
        **{key: shown.get(key) for key in keys},
        "sentence_code": shown["recommendation"]["code"] if shown else None,
    }


def backtest(**fields: object) -> Json:
    """Return the answer of ``GET /proof/backtest`` before anything was asked for."""
    return {
        "state": "idle",
        "progress_frac": 0.0,
        "eta_s": None,
        "detail": "",
        "from": None,
        "to": None,
        "result": None,
    } | fields


def policy_sums(policy: str, cost_eur: float) -> Json:
    """Return what one policy came to, against 43 EUR of evcc's own rules."""
    saving_eur = 43.0 - cost_eur
    return {
        "policy": policy,
        "cost_eur": cost_eur,
        "saving_eur": band(saving_eur - 1.0, saving_eur, saving_eur + 1.0),
        "captured_frac": None if policy in {"no_battery", "evcc"} else 0.8,
        "of_battery_frac": 0.95,
        "self_sufficiency_frac": 0.6,
        "bought_kwh": 120.0,
        "sold_kwh": 40.0,
        "battery_kwh": 66.0,
        "peak_kw": 7.4,
        "departures": 9,
        "ready": 9,
        "writes_per_day": 3.2,
        "decisions_per_day": 1.4,
    }


def finished_backtest() -> Json:
    """Return a back-test of two weeks that is done."""
    costs = {
        "no_battery": 55.0,
        "evcc": 43.0,
        "formula": 42.0,
        "risk": 41.5,
        "smartload": 39.0,
        "foresight": 38.0,
    }
    days = [
        {"day": name, "cost_eur": {policy: cost / 14 for policy, cost in costs.items()}}
        for name in DAYS
    ]
    sums = [policy_sums(policy, cost) for policy, cost in costs.items()]
    result = {"n_days": 14, "excluded_frac": 0.07, "sums": sums, "days": days}
    return backtest(
        state="done", progress_frac=1.0, result=result, **{"from": DAYS[0], "to": DAYS[-1]}
    )


@dataclass
class CannedProof:
    """Answers in a browser what its service cannot answer yet; a test may change what it says."""

    proof: Json = field(default_factory=proof)
    backtest: Json = field(default_factory=backtest)
    refusal: tuple[int, Json] | None = None
    """The answer to the wish for a back-test, where it is refused."""
    is_away: bool = False
    asked: list[str] = field(default_factory=list)
    """Wishes, as method and body."""

    def serve(self, page: Page, url: str) -> None:
        """Begin to answer for the service at ``url``; everything else it answers itself."""

        def tell_state(route: Route) -> None:
            if self.is_away:
                route.abort()
                return
            with urlopen(f"{url}status") as answer:  # noqa: S310  # always http
                state = json.load(answer) | {"proof_summary": summary(self.proof)}
            if state["history"] is not None:
                state["history"]["first"] = RECORDED_SINCE
            if route.request.url.endswith("/status"):
                route.fulfill(json=state)
                return
            # The stream ends after one message; the page comes back for the next within a second.
            event = f"event: state\nid: {state['version']}\ndata: {json.dumps(state)}\n\n"
            route.fulfill(body=event, content_type="text/event-stream")

        page.route("**/events", tell_state)
        page.route("**/status", tell_state)
        page.route("**/proof", lambda route: route.fulfill(json=self.proof))
        page.route("**/proof/backtest*", self._answer_backtest)

    def _answer_backtest(self, route: Route) -> None:
        request = route.request
        file = urlsplit(request.url).path.rpartition("/")[2]
        if file != "backtest":
            route.fulfill(body=f"{file} of a back-test", content_type="application/octet-stream")
        elif request.method == "GET":
            route.fulfill(json=self.backtest)
        else:
            self.asked.append(f"{request.method} {request.post_data or ''}".strip())
            status, body = self.refusal or (202, {"ok": True})
            route.fulfill(status=status, json=body)
