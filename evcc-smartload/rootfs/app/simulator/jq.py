"""The few forms of jq that callers of evcc use: paths, ``select(.)`` and ``{a, b}``."""

import re

_PATH = re.compile(r"\.|(\.[A-Za-z_]\w*|\.?\[\d+\]|\.\"[^\"]+\")+")
_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+)\]|\.\"([^\"]+)\"")
_OBJECT = re.compile(r"\{\s*[A-Za-z_]\w*(\s*,\s*[A-Za-z_]\w*)*\s*\}")
_SELECT = re.compile(r"select\(\s*(.+)\s*\)")


class JqError(Exception):
    """The filter cannot be applied; the text is the answer's error."""


def apply_filter(expression: str, value: object) -> object:
    """Return what ``expression`` makes of ``value``.

    Raises:
        JqError: The filter yields nothing, does not fit the value, or is not one of the forms.
    """
    # evcc drops the envelope of its older answers from the expression.
    if expression == ".result" or expression.startswith(".result."):
        expression = expression.removeprefix(".result") or "."
    for stage in expression.split("|"):
        value = _apply_stage(stage.strip(), value)
    return value


def _apply_stage(stage: str, value: object) -> object:
    if _PATH.fullmatch(stage):
        for key, position, quoted in _STEP.findall(stage):
            value = _member(value, key or quoted) if not position else _element(value, position)
        return value
    if _OBJECT.fullmatch(stage):
        return {key: _member(value, key) for key in re.findall(r"\w+", stage)}
    select = _SELECT.fullmatch(stage)
    if select is None:
        raise JqError(f"jq: unsupported query: {stage}")
    if _apply_stage(select[1], value) in (None, False):
        raise JqError("jq: empty result")
    return value


def _member(value: object, key: str) -> object:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise JqError(f"jq: query failed: expected an object but got: {_kind(value)}")
    return value.get(key)


def _element(value: object, position: str) -> object:
    if value is None:
        return None
    if not isinstance(value, list):
        raise JqError(f"jq: query failed: expected an array but got: {_kind(value)}")
    return value[int(position)] if int(position) < len(value) else None


def _kind(value: object) -> str:
    for kind, word in ((dict, "object"), (list, "array"), (str, "string"), (bool, "boolean")):
        if isinstance(value, kind):
            return word
    return "null" if value is None else "number"
