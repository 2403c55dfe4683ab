"""When the PV is held back, as far as one reading tells."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from domain.site import BatterySnapshot, ChargeMode, Loadpoint, SiteSnapshot
from evcc_wire import read_state

AT = datetime(2026, 6, 10, 11, 0, tzinfo=UTC)
FULL = BatterySnapshot(soc_pct=100.0, capacity_kwh=10.0, charge_kw=0.0, discharge_kw=0.0)
CAR = Loadpoint(
    number=1, name="lp", title="Carport", mode=ChargeMode.PV, connected=True, charging=True,
    charge_kw=2.0,
)  # fmt: skip
ZERO_EXPORT = SiteSnapshot(
    read_at=AT, evcc_version="", title="", currency="EUR", time_zone=None, pv_kw=0.8, home_kw=0.8,
    grid_import_kw=0.02, grid_export_kw=0.0, battery=FULL, settings=None,
)  # fmt: skip
LIMITED = replace(
    ZERO_EXPORT, pv_kw=5.5, home_kw=0.5, grid_import_kw=0.0, grid_export_kw=5.0, export_limit_kw=5.0
)


@pytest.mark.parametrize(("export_kw", "is_curtailed"), [(5.0, True), (4.8, True), (4.5, False)])
def test_an_export_at_its_limit_is_held_back(*, export_kw: float, is_curtailed: bool) -> None:
    assert replace(LIMITED, grid_export_kw=export_kw).is_curtailed is is_curtailed


def test_what_evcc_says_counts() -> None:
    free = replace(LIMITED, grid_export_kw=1.0)

    assert replace(free, production_is_limited=True).is_curtailed is True
    assert replace(free, production_is_limited=False).is_curtailed is False
    assert replace(free, pv_kw=None, production_is_limited=True).is_curtailed is True


def test_sun_that_equals_the_demand_with_a_full_battery_is_held_back() -> None:
    assert ZERO_EXPORT.is_curtailed is True
    assert replace(ZERO_EXPORT, battery=None).is_curtailed is True


@pytest.mark.parametrize(
    "free",
    [
        replace(ZERO_EXPORT, grid_export_kw=0.4),
        replace(ZERO_EXPORT, grid_import_kw=0.4),
        replace(ZERO_EXPORT, battery=replace(FULL, soc_pct=60.0)),
        replace(ZERO_EXPORT, battery=replace(FULL, soc_pct=None)),
        replace(ZERO_EXPORT, battery=replace(FULL, discharge_kw=0.3)),
        replace(ZERO_EXPORT, loadpoints=(CAR,)),
        replace(ZERO_EXPORT, pv_kw=0.1),
    ],
    ids=["export", "import", "room", "soc unknown", "discharging", "car", "hardly any sun"],
)
def test_sun_that_something_evens_out_is_not_held_back(free: SiteSnapshot) -> None:
    assert free.is_curtailed is False


@pytest.mark.parametrize("flow", ["pv_kw", "grid_import_kw", "grid_export_kw"])
def test_without_the_flows_nothing_is_known(flow: str) -> None:
    blind = replace(LIMITED, **{flow: None})  # type: ignore[arg-type]  # a flow of the snapshot

    assert blind.is_curtailed is None


@pytest.mark.parametrize(
    ("wire", "limit_kw", "is_limited"),
    [
        ({}, None, None),
        ({"gridExportLimit": 0, "hems": {"config": {"configured": False}}}, None, None),
        ({"gridExportLimit": 6000}, 6.0, None),
        ({"gridExportLimit": "6 kW", "hems": []}, None, None),
        ({"hems": {"status": {"dimmed": True, "curtailed": False}}}, None, False),
        ({"hems": {"status": {"dimmed": False, "curtailed": True}}}, None, True),
    ],
)
def test_evccs_own_words_are_read(
    *, wire: dict[str, object], limit_kw: float | None, is_limited: bool | None
) -> None:
    site = read_state(json.dumps({"loadpoints": []} | wire).encode(), AT)

    assert (site.export_limit_kw, site.production_is_limited) == (limit_kw, is_limited)
