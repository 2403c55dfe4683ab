"""The rows of the app, from low to high: a module imports from its own row or a lower one.

Row 1, words: frozen types, errors, the clock; no I/O. ``persistence`` is here although it writes
    files: the three decisions that must outlive a restart hand their text to it, and it knows none
    of them.
Row 2, decisions: pure functions, with thin shells where the specification asks for a class. Only
    ``planner.solver`` knows the solver.
Row 3, meeting points: what threads share.
Row 4, edges: they talk to the world or stand in for it, and do not know each other.
Row 5, wiring: builds, connects, starts, stops, and tells the cycle in order.
"""

import pytest

from tests.support.app_imports import AppModule, app_modules, own_subjects, third_party

ROWS: dict[int, frozenset[str]] = {
    1: frozenset({"clock", "domain", "errors", "persistence", "version"}),
    2: frozenset(
        {
            "control",
            "controller",
            "diagnosis",
            "dynamic_buffer",
            "forecaster",
            "planner",
            "proof",
            "risk_buffer",
            "risk_buffer_calc",
        }
    ),
    3: frozenset({"control_json", "health", "inbox", "state_store"}),
    4: frozenset(
        {
            "config",
            "evcc_bounds",
            "evcc_client",
            "evcc_discovery",
            "evcc_history",
            "evcc_http",
            "evcc_session",
            "evcc_tariffs",
            "evcc_values",
            "evcc_wire",
            "holiday_calendar",
            "log_setup",
            "simulator",
            "sources",
            "storage",
            "web",
        }
    ),
    5: frozenset(
        {
            "acting",
            "buffers",
            "backtest",
            "command_line",
            "courses",
            "demo",
            "forecasting",
            "history_import",
            "home_past",
            "main",
            "memory",
            "mode_keeper",
            "observation",
            "ownership",
            "parts",
            "past_options",
            "plan_inputs",
            "place",
            "planning",
            "problem_board",
            "retrospect",
            "serving",
            "site_watch",
            "situation",
            "slot_meter",
            "steering",
            "track_record",
            "wishes",
            "write_ledger",
        }
    ),
}
ROW_OF = {subject: row for row, subjects in ROWS.items() for subject in subjects}

# Only these edges serve people, who look at the state and leave wishes.
EDGES_THAT_KNOW_MEETING_POINTS = frozenset({"web"})

MODULES = app_modules()
OWN = own_subjects()


def edge_of(subject: str) -> str:
    """The edge a module of row 4 belongs to: evcc's modules are one, by their prefix."""
    return "evcc" if subject.startswith("evcc_") else subject


def own_imports(module: AppModule) -> list[str]:
    tops = {name.partition(".")[0] for name in module.imports}
    return sorted(tops & OWN - {module.subject})


@pytest.mark.parametrize("subject", sorted(OWN))
def test_every_module_has_a_row(subject: str) -> None:
    assert subject in ROW_OF, f"say in tests/test_layers.py which row {subject} belongs to"


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_no_module_imports_upward(module: AppModule) -> None:
    row = ROW_OF[module.subject]

    upward = {name for name in own_imports(module) if ROW_OF[name] > row}

    assert not upward, f"{module.name} (row {row}) would depend on what is built on top of it"


@pytest.mark.parametrize(
    "module",
    [module for module in MODULES if module.subject in ROWS[4]],
    ids=lambda module: module.name,
)
def test_edges_do_not_know_each_other(module: AppModule) -> None:
    edge = edge_of(module.subject)

    others = {name for name in own_imports(module) if ROW_OF[name] == 4 and edge_of(name) != edge}

    assert not others, f"{module.name} could not be replaced or tested without {others}"


@pytest.mark.parametrize(
    "module",
    [module for module in MODULES if module.subject in ROWS[4] - EDGES_THAT_KNOW_MEETING_POINTS],
    ids=lambda module: module.name,
)
def test_only_edges_that_serve_people_know_the_meeting_points(module: AppModule) -> None:
    assert not ROWS[3] & set(own_imports(module)), (
        f"{module.name} must get values as arguments, or data would flow back inside a cycle"
    )


@pytest.mark.parametrize(
    "module",
    [module for module in MODULES if module.subject == "simulator"],
    ids=lambda module: module.name,
)
def test_the_simulated_home_shares_only_words_with_the_service(module: AppModule) -> None:
    assert set(own_imports(module)) <= {"clock", "domain", "errors"}, (
        "a simulator built from the service's own parts would prove that they agree with themselves"
    )


@pytest.mark.parametrize(
    "module",
    [module for module in MODULES if ROW_OF.get(module.subject, 5) <= 3],
    ids=lambda module: module.name,
)
def test_words_decisions_and_meeting_points_need_no_package(module: AppModule) -> None:
    allowed = {"numpy", "highspy"} if module.name == "planner.solver" else {"numpy"}
    assert third_party(module) <= allowed, (
        f"{module.name} must import on a bare Python, where decisions are replayed and checked"
    )


@pytest.mark.parametrize(
    "package",
    sorted(
        {
            m.name
            for m in MODULES
            if m.name in {"domain", "forecaster", "planner", "simulator", "sources", "web"}
        }
    ),
)
def test_a_package_says_what_it_is_and_does_nothing(package: str) -> None:
    module = next(module for module in MODULES if module.name == package)

    assert not module.imports, f"importing a part of {package} would load all that {package} loads"
