"""The tree of errors, as it is drawn and as it is."""

import inspect
import re

import errors

INDENT = 4
"""Columns that a branch is further in than the one it hangs on."""


def drawn() -> dict[str, str | None]:
    """Each error of the drawing with the one it hangs on; None for the root."""
    parents: dict[str, str | None] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"[│├└─\s]*(\w+Error)\b", line)
        if found:
            path[found.start(1) // INDENT :] = [found[1]]
            parents[found[1]] = path[-2] if len(path) > 1 else None
    return parents


def declared() -> dict[str, str | None]:
    """The same of the classes."""
    found: dict[str, str | None] = {}
    for name, one in inspect.getmembers(errors, inspect.isclass):
        if issubclass(one, errors.SmartLoadError):
            parent = one.__mro__[1]
            found[name] = parent.__name__ if issubclass(parent, errors.SmartLoadError) else None
    return found


def test_the_tree_is_drawn_as_it_is() -> None:
    assert drawn() == declared()


def test_measured_data_that_cannot_be_used_are_one_of_our_errors() -> None:
    assert declared()["MeasuredDataError"] == "SmartLoadError"
