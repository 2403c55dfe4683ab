"""Measured charging sessions of cars at home, in a folder of CSV files.

A file with these columns holds sessions of one or more users; what begins with ``est_`` may be
missing or empty, and other columns are not read:

    location, user_id          who charged where
    plug_in_utc, plug_out_utc  when the car was plugged in
    energy_kwh                 metered at the charger
    est_charging_power_kw      estimated power of the car
    est_battery_kwh            estimated size of its battery
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from errors import MeasuredDataError
from forecaster.series import FloatArray
from sources.measured_folder import Folder
from sources.measured_table import Rows, read_rows

_NEEDED = ("location", "user_id", "plug_in_utc", "plug_out_utc", "energy_kwh")
_POWER, _BATTERY = "est_charging_power_kw", "est_battery_kwh"
_MOST_KWH = 300.0
"""No car at a home takes more at once."""
_ENOUGH = timedelta(days=300)
_ENOUGH_SESSIONS = 60
_MOST_NAMES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A car was plugged in from ``begins`` to ``ends`` (aware UTC) and took ``energy_kwh`` (AC)."""

    begins: datetime
    ends: datetime
    energy_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CarUser:
    """One user's sessions, by their begin; they may overlap.

    ``power_kw`` and ``battery_kwh`` are medians of the estimates, None where there is none.
    ``inputs`` are the SHA-256 of the files by name.
    """

    name: str
    sessions: tuple[Session, ...]
    power_kw: float | None
    battery_kwh: float | None
    inputs: Mapping[str, str]

    @property
    def is_enough(self) -> bool:
        """Whether it is long and often enough to stand for a year."""
        span = self.sessions[-1].begins - self.sessions[0].begins
        return span >= _ENOUGH and len(self.sessions) >= _ENOUGH_SESSIONS


def find_users(folder: Folder) -> tuple[CarUser, ...]:
    """Read every user's sessions, those with most of them first; empty when there are none.

    Raises:
        MeasuredDataError: A file of sessions cannot be believed.
    """
    users: list[CarUser] = []
    for file in folder.files:
        if set(_NEEDED) <= set(file.columns):
            users += _users_of(read_rows(file))
    names = [user.name for user in users]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise MeasuredDataError(f"{twice} has sessions in two files; put them into one.")
    return tuple(sorted(users, key=lambda user: (-len(user.sessions), user.name)))


def choose_user(folder: Folder, asked: str | None) -> CarUser:
    """Return one user.

    Args:
        folder: Where the sessions are.
        asked: ``LOCATION:USER``. None: the one with most sessions of those with at least 60 over
            at least 300 days.

    Raises:
        MeasuredDataError: There is no such user, or a file of sessions cannot be believed.
    """
    users = find_users(folder)
    if not users:
        raise MeasuredDataError(
            "The folder has no charging sessions; choose the car commuter or none."
        )
    if asked is None:
        chosen = next((user for user in users if user.is_enough), None)
        if chosen is None:
            raise MeasuredDataError(
                f"No user has {_ENOUGH_SESSIONS} sessions over {_ENOUGH.days} days; name one as "
                f"LOCATION:USER, or choose the car commuter or none. {_list_of(users)}"
            )
        return chosen
    for user in users:
        if user.name == asked:
            return user
    raise MeasuredDataError(
        f'There is no user "{asked}" among the sessions; write LOCATION:USER. {_list_of(users)}'
    )


def _users_of(rows: Rows) -> list[CarUser]:
    energy_kwh = rows.numbers("energy_kwh")
    begins, ends = rows.instants("plug_in_utc"), rows.instants("plug_out_utc")
    power_kw, battery_kwh = (_estimates(rows, column) for column in (_POWER, _BATTERY))
    members: dict[str, list[int]] = {}
    names = zip(rows.cells["location"], rows.cells["user_id"], strict=True)
    for row, (location, user) in enumerate(names):
        if ends[row] <= begins[row]:
            raise rows.error(row, "plug_out_utc does not lie after plug_in_utc")
        if not 0.0 <= energy_kwh[row] <= _MOST_KWH:  # NaN is none either
            raise rows.error(
                row,
                f'energy_kwh is "{rows.cells["energy_kwh"][row]}", but a session has an energy '
                f"between 0 and {_MOST_KWH:g} kWh",
            )
        members.setdefault(f"{location}:{user}", []).append(row)
    return [
        CarUser(
            name=name,
            sessions=tuple(
                Session(begins=begins[row], ends=ends[row], energy_kwh=float(energy_kwh[row]))
                for row in sorted(own, key=lambda row: (begins[row], ends[row]))
            ),
            power_kw=_median(power_kw[own]),
            battery_kwh=_median(battery_kwh[own]),
            inputs={rows.file.name: rows.sha256},
        )
        for name, own in members.items()
    ]


def _estimates(rows: Rows, column: str) -> FloatArray:
    if column not in rows.cells:
        return np.full(len(rows.lines), math.nan)
    return rows.numbers(column)


def _median(values: FloatArray) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else None


def _list_of(users: tuple[CarUser, ...]) -> str:
    shown = ", ".join(f"{user.name} ({len(user.sessions)})" for user in users[:_MOST_NAMES])
    rest = len(users) - _MOST_NAMES
    return f"Most sessions: {shown}{f' and {rest} more' if rest > 0 else ''}."
