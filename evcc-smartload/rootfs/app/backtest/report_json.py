"""A back-test as JSON that says all that is needed to run it again, and whether two differ."""

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.metadata import version as version_of
from math import isclose
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from backtest.report_reader import reader_of
from domain.proof import Backtest, PolicyResult, PolicySums, ReplayedPeriod
from version import VERSION

FORM = 2
"""Rises when a report of before can no longer be read."""

DECIMALS = 6
"""Of money and energies: far below a cent, far above what floating point leaves over."""

SAME_EUR = 0.005
"""Costs that are less apart are the same cents."""

_KIND = "smartload-backtest"
_COUNTS = ("n_days", "departures", "ready", "replans")
_OfPolicy = TypeVar("_OfPolicy", PolicyResult, PolicySums)


class ReportUnreadableError(ValueError):
    """A file is not a report of a back-test, or is of another form; the text says which."""


def running_versions() -> dict[str, str]:
    """Return the versions of what figures depend on, as they run here."""
    return {
        "smartload": VERSION,
        "python": platform.python_version(),
        "numpy": version_of("numpy"),
        "highspy": version_of("highspy"),
    }


def to_json(backtest: Backtest) -> str:
    """Return everything about a back-test; two runs differ in ``took_s`` alone.

    Each note has its English sentence as ``text`` besides, for whoever reads the file. Keys are
    always in the same order; money and energies have ``DECIMALS`` decimals. Versions are those that
    run here, unless the back-test was read from a report that has its own.
    """
    period = backtest.period
    complete = replace(
        backtest, period=replace(period, versions=period.versions or running_versions())
    )
    body = _rounded(_adapter().dump_python(complete, mode="json"))
    for name in ("settings", "inputs", "versions"):
        body["period"][name] = _sorted(body["period"][name])
    for note, text in zip(body["period"]["notes"], reader_of(complete, "en").notes, strict=True):
        note["text"] = text
    return json.dumps({"report": _KIND, "form": FORM, **body}, ensure_ascii=False, indent=1) + "\n"


def from_json(text: str) -> Backtest:
    """Read a report back.

    Raises:
        ReportUnreadableError: It is none.
    """
    try:
        raw = json.loads(text)
    except ValueError as err:
        raise ReportUnreadableError(f"this is no JSON: {err}") from err
    if not isinstance(raw, dict) or raw.get("report") != _KIND:
        raise ReportUnreadableError("this is not a report of a back-test")
    if raw.get("form") != FORM:
        raise ReportUnreadableError(
            f"this report has form {raw.get('form')}, and only {FORM} can be read: run it again"
        )
    try:
        return _adapter().validate_python(raw)
    except ValidationError as err:
        first = err.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ReportUnreadableError(f"in this report {place} is wrong: {first['msg']}") from err


def differences(old: Backtest, new: Backtest) -> tuple[str, ...]:
    """Return in sentences what came out differently, then what was different; empty: same cents.

    What was different (settings, inputs, versions, seed) is told only where figures differ, because
    a report is good when its figures come out again.
    """
    found = [
        *_other_policies(old, new),
        *(
            text
            for before, after in _pairs(old.sums, new.sums)
            for text in _differing_sums(before, after)
        ),
        *(
            text
            for before, after in _pairs(old.results, new.results)
            for text in _differing_days(before, after)
        ),
    ]
    return (*found, *_causes(old.period, new.period)) if found else ()


@cache
def _adapter() -> TypeAdapter[Backtest]:
    return TypeAdapter(Backtest)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DECIMALS) + 0.0  # -0.0 is told as 0.0
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return value


def _sorted(value: object) -> object:
    """Return mappings in the order of their names, all the way down."""
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return value


def _other_policies(old: Backtest, new: Backtest) -> list[str]:
    before = {result.policy for result in old.results}
    after = {result.policy for result in new.results}
    return [f"{policy}: only in the old report" for policy in sorted(before - after)] + [
        f"{policy}: only in the new one" for policy in sorted(after - before)
    ]


def _pairs(old: Sequence[_OfPolicy], new: Sequence[_OfPolicy]) -> list[tuple[_OfPolicy, _OfPolicy]]:
    before = {one.policy: one for one in old}
    return [(before[one.policy], one) for one in new if one.policy in before]


def _differing_sums(old: PolicySums, new: PolicySums) -> list[str]:
    money = {
        "cost": (old.cost_eur, new.cost_eur),
        "saving": (old.saving_eur.middle, new.saving_eur.middle),
        "lower end of the saving": (old.saving_eur.low, new.saving_eur.low),
        "upper end of the saving": (old.saving_eur.high, new.saving_eur.high),
    }
    return [
        f"{new.policy}: {name} {_eur(before)}, now {_eur(after)}"
        for name, (before, after) in money.items()
        if not _is_same(before, after)
    ] + [
        f"{new.policy}: {name} {getattr(old, name)}, now {getattr(new, name)}"
        for name in _COUNTS
        if getattr(old, name) != getattr(new, name)
    ]


def _differing_days(old: PolicyResult, new: PolicyResult) -> list[str]:
    before = {book.day: book for book in old.days}
    after = {book.day: book for book in new.days}
    apart = [
        day
        for day in sorted(before.keys() & after.keys())
        if not _is_same(before[day].cost_eur, after[day].cost_eur)
        or before[day].is_counted is not after[day].is_counted
    ]
    texts = []
    if before.keys() != after.keys():
        texts.append(
            f"{new.policy}: {len(before.keys() ^ after.keys())} days are only in one report"
        )
    if apart:
        day = apart[0]
        costs = f"{_eur(before[day].cost_eur)}, now {_eur(after[day].cost_eur)}"
        texts.append(f"{new.policy}: {len(apart)} days differ, the first is {day}: cost {costs}")
    return texts


def _causes(old: ReplayedPeriod, new: ReplayedPeriod) -> list[str]:
    facts = {
        "home": (old.home, new.home),
        "prices": (old.prices, new.prices),
        "start": (old.start, new.start),
        "end": (old.end, new.end),
        "seed": (old.seed, new.seed),
    }
    texts = [f"{name}: {one}, now {other}" for name, (one, other) in facts.items() if one != other]
    for title, before, after in (
        ("setting", _comparable(old.settings), _comparable(new.settings)),
        ("input", _comparable(old.inputs), _comparable(new.inputs)),
        (
            "version of",
            _comparable(old.versions or running_versions()),
            _comparable(new.versions or running_versions()),
        ),
    ):
        texts += [
            f"{title} {name}: {before.get(name, 'none')}, now {after.get(name, 'none')}"
            for name in sorted(before.keys() | after.keys())
            if before.get(name) != after.get(name)
        ]
    return texts


def _comparable(facts: Mapping[str, object]) -> dict[str, str]:
    """Return facts as a report has them, so that one that was read compares with one that ran."""
    written = TypeAdapter(dict[str, object]).dump_python(dict(facts), mode="json")
    return {name: json.dumps(_sorted(_rounded(value))) for name, value in written.items()}


def _is_same(old: float | None, new: float | None) -> bool:
    if old is None or new is None:
        return old is new
    return isclose(old, new, rel_tol=0.0, abs_tol=SAME_EUR)


def _eur(amount: float | None) -> str:
    return "not known" if amount is None else f"{amount:.4f} EUR"
