"""Reads the interfaces of the page's model.ts, and checks JSON values against them.

Only the TypeScript that a contract of messages needs: interfaces, named types, inline objects,
arrays, unions, parentheses, literals, ``Record<string, ...>`` and the primitives.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.app_imports import REPOSITORY

MODEL_TS = REPOSITORY / "evcc-smartload" / "page" / "src" / "model.ts"
_TOKEN = re.compile(r'"[^"]*"|\w+|\[\]|[{}<>()|:;,=]')
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Word:
    """A primitive, a number, a literal in quotes, or the name of an interface."""

    name: str


@dataclass(frozen=True, slots=True)
class ArrayOf:
    """A list of one type."""

    of: "TsType"


@dataclass(frozen=True, slots=True)
class RecordOf:
    """An object with any keys and values of one type."""

    of: "TsType"


@dataclass(frozen=True, slots=True)
class OneOf:
    """A union."""

    options: tuple["TsType", ...]


@dataclass(frozen=True, slots=True)
class Fields:
    """An object with exactly these keys."""

    types: Mapping[str, "TsType"]


TsType = Word | ArrayOf | RecordOf | OneOf | Fields
PRIMITIVES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


def read_model(path: Path = MODEL_TS) -> Mapping[str, TsType]:
    """Return the interfaces and named types."""
    tokens = _TOKEN.findall(_COMMENT.sub("", path.read_text(encoding="utf-8")))
    interfaces: dict[str, TsType] = {}
    while tokens:
        export, kind, name = tokens[:3]
        assert export == "export", f"not read by this parser: {tokens[:5]}"
        del tokens[: {"interface": 3, "type": 4}[kind]]
        base: dict[str, TsType] = {}
        if tokens[0] == "extends":
            inherited = interfaces[tokens[1]]
            assert isinstance(inherited, Fields)
            base = dict(inherited.types)
            del tokens[:2]
        parsed = _parse_type(tokens)
        interfaces[name] = (
            Fields(base | dict(parsed.types)) if isinstance(parsed, Fields) else parsed
        )
        if tokens and tokens[0] == ";":
            del tokens[0]
    return interfaces


def _parse_type(tokens: list[str]) -> TsType:
    if tokens[0] == "|":
        del tokens[0]
    options = [_parse_option(tokens)]
    while tokens and tokens[0] == "|":
        del tokens[0]
        options.append(_parse_option(tokens))
    return options[0] if len(options) == 1 else OneOf(tuple(options))


def _parse_option(tokens: list[str]) -> TsType:
    parsed: TsType
    if tokens[0] == "{":
        parsed = _parse_fields(tokens)
    elif tokens[0] == "(":
        del tokens[0]
        parsed = _parse_type(tokens)
        assert tokens.pop(0) == ")"
    elif tokens[0] == "Record":
        assert tokens[:4] == ["Record", "<", "string", ","]
        del tokens[:4]
        parsed = RecordOf(_parse_type(tokens))
        assert tokens.pop(0) == ">"
    else:
        parsed = Word(tokens.pop(0))
    while tokens and tokens[0] == "[]":
        del tokens[0]
        parsed = ArrayOf(parsed)
    return parsed


def _parse_fields(tokens: list[str]) -> Fields:
    types: dict[str, TsType] = {}
    del tokens[0]
    while tokens[0] != "}":
        name = tokens.pop(0)
        assert tokens.pop(0) == ":", f"{name}: optional fields are not part of the contract"
        types[name] = _parse_type(tokens)
        if tokens[0] == ";":
            del tokens[0]
    del tokens[0]
    return Fields(types)


def mismatches(
    value: object, expected: TsType, model: Mapping[str, TsType], where: str = ""
) -> list[str]:
    """Return where ``value`` has not the form of ``expected``; empty when it has."""
    match expected:
        case Fields(types):
            return _mismatched_fields(value, types, model, where)
        case ArrayOf(of):
            if not isinstance(value, list):
                return [f"{where}: {value!r} is not a list"]
            return [
                text
                for number, element in enumerate(value)
                for text in mismatches(element, of, model, f"{where}[{number}]")
            ]
        case RecordOf(of):
            keys = value if isinstance(value, dict) else ()
            return _mismatched_fields(value, dict.fromkeys(keys, of), model, where)
        case OneOf(options):
            tried = [mismatches(value, option, model, where) for option in options]
            return [] if [] in tried else max(tried, key=len)
        case Word(name):
            return _mismatched_word(value, name, model, where)


def _mismatched_fields(
    value: object, types: Mapping[str, TsType], model: Mapping[str, TsType], where: str
) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where}: {value!r} is not an object"]
    found = [f"{where}.{key} is missing" for key in types.keys() - value.keys()]
    found += [f"{where}.{key} is not in model.ts" for key in value.keys() - types.keys()]
    for key in types.keys() & value.keys():
        found += mismatches(value[key], types[key], model, f"{where}.{key}")
    return found


def _mismatched_word(
    value: object, name: str, model: Mapping[str, TsType], where: str
) -> list[str]:
    if name in model:
        return mismatches(value, model[name], model, where)
    if name.startswith('"'):
        fits = value == name.strip('"')
    elif name.isdecimal():
        fits = value == int(name)
    else:
        fits = isinstance(value, PRIMITIVES[name])
        # Python counts True as a number, JSON does not.
        fits = fits and (name == "boolean" or not isinstance(value, bool))
    return [] if fits else [f"{where}: {value!r} is not {name}"]


def field_paths(expected: TsType, model: Mapping[str, TsType], where: str = "") -> Iterator[str]:
    """Yield every field of a type and of what is in it, as ``site.loadpoints[].mode``."""
    match expected:
        case Fields(types):
            for name, inner in types.items():
                path = f"{where}.{name}".lstrip(".")
                yield path
                yield from field_paths(inner, model, path)
        case ArrayOf(of) | RecordOf(of):
            yield from field_paths(of, model, f"{where}[]")
        case OneOf(options):
            for option in options:
                yield from field_paths(option, model, where)
        case Word(name) if name in model:
            yield from field_paths(model[name], model, where)
