"""Reads and writes the commands: what was sent to evcc, or was not, and what came of it.

A command is known by its instant and its lever; told again, it replaces what was told before.
"""

import json
import math
import sqlite3
from datetime import datetime

from domain.control import CommandRecord, EvccSetting, Lever, SettingValue
from domain.steering import CommandCode, CommandReason, Stage, WriteOutcome
from storage.stored_values import from_us, to_json, to_text, to_us

Row = tuple[int, str, str, str, str, str, str, str, str, str, str, int | None]

_READ = (
    "SELECT at_us, setting, device, stage, before, wanted, accepted, outcome, reason, facts,"
    " detail, settled_us FROM command WHERE at_us >= ? AND at_us < ?"
    " ORDER BY at_us, setting, device"
)


def to_row(record: CommandRecord) -> Row:
    """Return the command as its columns; a float that is no number is not known."""
    return (
        to_us(record.at),
        record.lever.setting.value,
        to_text(record.lever.device),
        record.stage.value,
        _value_to_json(record.before),
        _value_to_json(record.wanted),
        _value_to_json(record.accepted),
        record.outcome.value,
        record.reason.code.value,
        to_json({name: fact for name, fact in record.reason.facts.items() if _is_known(fact)}),
        to_text(record.detail),
        None if record.settled_at is None else to_us(record.settled_at),
    )


def name_of(row: Row) -> str:
    """Return what the command is known by."""
    at_us, setting, device, *_ = row
    return f"{at_us} {setting} {device}"


def write_row(connection: sqlite3.Connection, row: Row) -> None:
    """Keep a command, in place of what was kept of it before."""
    connection.execute(
        "INSERT OR REPLACE INTO command (at_us, setting, device, stage, before, wanted, accepted,"
        " outcome, reason, facts, detail, settled_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        row,
    )


def read_commands(
    connection: sqlite3.Connection, start: datetime, end: datetime
) -> tuple[CommandRecord, ...]:
    """Return the commands from ``start`` to ``end``, rising.

    Raises:
        ValueError: A word or a value is none that this SmartLoad writes.
    """
    rows = connection.execute(_READ, (to_us(start), to_us(end)))
    return tuple(_from_row(row) for row in rows)


def _from_row(row: Row) -> CommandRecord:
    at_us, setting, device, stage, before, wanted, accepted, outcome, code, facts, detail, us = row
    return CommandRecord(
        at=from_us(at_us),
        lever=Lever(setting=EvccSetting(setting), device=device),
        stage=Stage(stage),
        before=_value_from_json(before),
        wanted=_value_from_json(wanted),
        accepted=_value_from_json(accepted),
        outcome=WriteOutcome(outcome),
        reason=CommandReason(code=CommandCode(code), facts=_facts_from_json(facts)),
        detail=detail,
        settled_at=None if us is None else from_us(us),
    )


def _is_known(value: object) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def _value_to_json(value: SettingValue) -> str:
    return to_json(value if _is_known(value) else None)


def _value_from_json(text: str) -> SettingValue:
    value = json.loads(text)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ValueError(f"{text} is no value of a setting")


def _facts_from_json(text: str) -> dict[str, float | int | str]:
    facts = json.loads(text)
    if not isinstance(facts, dict):
        raise ValueError(f"{text} is no object")  # noqa: TRY004  # what nobody wrote, as above
    return facts
