"""Reads the imports of the app's modules without running them."""

import ast
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
APP_ROOT = REPOSITORY / "evcc-smartload" / "rootfs" / "app"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppModule:
    """A module of the app and the modules it imports anywhere in its text, by full name."""

    name: str
    imports: frozenset[str]

    @property
    def subject(self) -> str:
        """The top-level module or package it belongs to."""
        return self.name.partition(".")[0]


def imported_names(source: str) -> frozenset[str]:
    """Return what a module's text imports, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"line {node.lineno}: imports are absolute")
            names.add(node.module or "")
    return frozenset(names)


@cache
def app_modules() -> tuple[AppModule, ...]:
    """Return every module below the app's root, sorted by name; reads them once."""
    modules = []
    for path in sorted(APP_ROOT.rglob("*.py")):
        parts = path.relative_to(APP_ROOT).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        modules.append(AppModule(name=name, imports=imported_names(path.read_text("utf-8"))))
    return tuple(modules)


@cache
def own_subjects() -> frozenset[str]:
    """Return the app's top-level modules and packages."""
    return frozenset(module.subject for module in app_modules())


def third_party(module: AppModule) -> frozenset[str]:
    """Return the top-level names a module imports from installed packages."""
    tops = {name.partition(".")[0] for name in module.imports}
    return frozenset(tops - own_subjects() - sys.stdlib_module_names)
