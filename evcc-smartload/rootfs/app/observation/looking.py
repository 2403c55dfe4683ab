"""What a turn of the service shows of the home, as the report on its past needs it."""

from datetime import UTC, datetime

from acting import as_owner_has_it
from domain.history import ImportState
from domain.steering import Stage
from observation.keeper import HomeNow
from observation.own_home import own_home_of
from parts import Parts
from site_watch import Reading


def look_at_home(parts: Parts, now: datetime, reading: Reading) -> None:
    """Let the report know how things are, where there is somebody to work one out."""
    if parts.proof is not None:
        parts.proof.look(now, _home_now(parts, now, reading))


def _home_now(parts: Parts, now: datetime, reading: Reading) -> HomeNow:
    site = as_owner_has_it(parts, reading).site if reading.is_fresh else None
    released = [
        since
        for stage in (Stage.BATTERY, Stage.CARS)
        if (since := parts.controller.live_since(stage)) is not None
    ]
    return HomeNow(
        home=None
        if site is None
        else own_home_of(
            site,
            cfg=parts.cfg,
            plant=parts.planning.plant,
            zone=parts.installation.fixed_zone or site.time_zone or UTC,
        ),
        is_live=bool(parts.live_stages(now)),
        live_since=min(released, default=None),
        # While a demo lives through its past there are no plans, and half of an imported past
        # would be judged as if the rest had not been measured.
        is_past_complete=parts.plan_every() is not None
        and all(one.state is not ImportState.RUNNING for one in parts.memory.importing.progress),
    )
