"""Acts on the plan: what battery and cars should do now becomes settings of evcc, or a record.

Every turn decides anew from the plan in force and the newest reading, and puts evcc's settings to
what is wanted: what is no longer wanted is given back. A stage that observes decides the same; a
recorder takes its commands instead of evcc. Belongs to the cycle's thread.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from config import Config
from control.bat_to_car import BatToCarRules, BatToCarWish, decide_bat_to_car
from control.battery import BatteryChoice, BatteryWish, decide_battery
from control.cars import decide_car
from control.fuse import FuseLimits, FuseWatch, watch_fuse
from control.hands import stage_of
from control.reasons import because
from controller import Controller
from domain.control import (
    BATTERY_MODE,
    AppliedSetting,
    EvccSetting,
    Lever,
    Ownership,
    SettingValue,
    Wanted,
)
from domain.levers import Unknown, is_same_value, value_in
from domain.plan import Plan
from domain.site import BatteryMode, ChargeMode, SiteSnapshot
from domain.steering import BatToCar, CommandCode, CommandReason, DoneNow, OverrideKind, Stage
from errors import (
    EvccAutomaticModeError,
    EvccUnavailableError,
    SourceError,
    WriteRefusedError,
)
from evcc_client import EvccClient
from mode_keeper import ModeKeeper
from planner.plant import Plant
from write_ledger import WriteLedger

log = structlog.get_logger("smartload")

# What a group of settings is decided by; the buffer's own belongs to its calculator.
_BOOST = (EvccSetting.BATTERY_BOOST_LIMIT, EvccSetting.BATTERY_BOOST)
_CARS = (EvccSetting.CHARGE_MODE, EvccSetting.SMART_COST_LIMIT)
_BATTERY = (EvccSetting.BATTERY_MODE,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What one turn decides by.

    ``buffer_soc_pct`` is where the buffer is decided to stand, None without one; ``plant`` is what
    the batteries can; ``live`` are the stages that act. ``meters_add_up`` is False while a meter
    does not answer.
    """

    now: datetime
    site: SiteSnapshot
    plan: Plan | None
    plant: Plant
    buffer_soc_pct: float | None
    live: frozenset[Stage]
    meters_add_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wishes:
    """What is wanted at a moment."""

    battery: BatteryWish
    cars: tuple[Wanted, ...]
    boost: tuple[Wanted, ...]
    bat_to_car: BatToCar

    @property
    def mode(self) -> tuple[Wanted, ...]:
        """The battery mode to impose, if any."""
        wish = self.battery
        if wish.mode is None or wish.reason is None:
            return ()
        mode = Wanted(
            lever=BATTERY_MODE, value=wish.mode.value, stage=Stage.BATTERY, reason=wish.reason
        )
        return (mode,)


@dataclass(slots=True, kw_only=True)
class Steering:
    """Decides each turn, and carries out or records."""

    cfg: Config
    controller: Controller
    ledger: WriteLedger
    evcc: EvccClient
    keeper: ModeKeeper
    now: Callable[[], datetime]
    bat_to_car: BatToCar | None = None
    buffer_soc_pct: float | None = None
    """Where the buffer was to stand when this was last decided: a cycle says so anew."""
    done: Mapping[Stage, tuple[DoneNow, ...]] = field(default_factory=dict)
    _fuse: FuseWatch = field(default_factory=FuseWatch)
    _wishes: _Wishes | None = None
    _was_boosting: bool = False
    _simulated: dict[Lever, SettingValue] = field(default_factory=dict)

    @property
    def is_imposing(self) -> bool:
        """Whether a battery mode is in force that evcc drops when it is not sent again."""
        return not isinstance(self.controller.owned_value(BATTERY_MODE), Unknown)

    @property
    def relief(self) -> CommandReason | None:
        """What keeps the battery from buying because of the fuse; None: nothing does."""
        return self._fuse.reason if self._fuse.is_relief else None

    def set_buffer_soc(self, target_pct: float) -> AppliedSetting:
        """Set evcc's buffer for its calculator; as the client's.

        Raises:
            EvccAutomaticModeError: Noted as well: evcc's automatic mode has the say from now on.
        """
        try:
            return self.evcc.set_buffer_soc(target_pct)
        except EvccAutomaticModeError:
            self.controller.note_automatic(self.now())
            raise

    def pause(self) -> None:
        """Nothing can be decided without a reading: an imposed mode is let lapse."""
        self.keeper.let_go()
        self._wishes, self.bat_to_car, self.done = None, None, {}

    # -- the two steps of a turn ---------------------------------------------------------------

    def help_car(self, moment: Moment) -> None:
        """Decide everything, and let the home battery help a car or not (bat-to-EV)."""
        if moment.site.automatic_mode:
            self.keeper.let_go()
        self.buffer_soc_pct = moment.buffer_soc_pct
        wishes = self._wishes = self._decide(moment)
        is_live = {Stage.BATTERY, Stage.CARS} <= moment.live
        self._carry_out(moment, wishes.boost, _BOOST, is_live=is_live)
        self.bat_to_car = wishes.bat_to_car
        is_boosting = self._is_boosting()
        if is_boosting != self._was_boosting:
            self._was_boosting = is_boosting
            self.controller.set_bat_to_ev(active=is_boosting)

    def _is_boosting(self) -> bool:
        return any(
            one.lever.setting is EvccSetting.BATTERY_BOOST and one.ours is True
            for one in self.controller.owned
        )

    def steer(self, moment: Moment) -> None:
        """Carry out what ``help_car`` decided about battery and cars."""
        wishes = self._wishes
        if wishes is None:
            return
        # What the owner asks for on the page is done, whatever the stage.
        is_asked = self.controller.has_say and any(
            one.kind is OverrideKind.KEEP_FULL for one in self.controller.overrides(moment.now)
        )
        is_live = Stage.BATTERY in moment.live or is_asked
        self._carry_out(moment, wishes.mode, _BATTERY, is_live=is_live)
        self._carry_out(moment, wishes.cars, _CARS, is_live=Stage.CARS in moment.live)
        self.done = {
            Stage.BATTERY: self._done(moment.site, wishes.mode),
            Stage.CARS: self._done(moment.site, (*wishes.cars, *wishes.boost)),
        }

    # -- deciding ------------------------------------------------------------------------------

    def _decide(self, moment: Moment) -> _Wishes:
        owners = self.controller.as_owner_has_it(moment.site)
        battery = self._decide_battery(moment)
        asked = self._asked(moment)
        busy = {wanted.lever.device for wanted in asked}
        wishes = [
            decide_car(
                plan=moment.plan,
                site=owners,
                device=loadpoint.name,
                in_force=self._in_force(),
                now=moment.now,
            )
            for loadpoint in owners.loadpoints
            if loadpoint.name not in busy
        ]
        set_to_now = busy | {wish.device for wish in wishes if wish.is_set_to_now}
        # A mode of ours that is given back in this very turn still stands there.
        set_to_now |= {
            owned.lever.device
            for owned in self.controller.owned
            if owned.lever.setting is EvccSetting.CHARGE_MODE
        }
        help_wish = self._decide_help(moment, owners, frozenset(set_to_now))
        return _Wishes(
            battery=battery,
            cars=(*asked, *(wanted for wish in wishes for wanted in wish.wanted)),
            boost=help_wish.wanted,
            bat_to_car=help_wish.report,
        )

    def _decide_help(
        self, moment: Moment, owners: SiteSnapshot, set_to_now: frozenset[str]
    ) -> BatToCarWish:
        last = self.bat_to_car
        return decide_bat_to_car(
            plan=moment.plan,
            site=owners,
            rules=BatToCarRules(
                is_allowed=self.cfg.battery_to_car,
                buffer_soc_pct=moment.buffer_soc_pct,
                wear_eur_per_kwh=self.cfg.battery_wear_ct_per_kwh / 100.0,
                plant=moment.plant,
                active=last.device if last is not None and last.is_active else "",
                set_to_now=set_to_now,
                in_hand=self._in_owners_hand(EvccSetting.BATTERY_BOOST),
            ),
            now=moment.now,
        )

    def _in_owners_hand(self, setting: EvccSetting) -> frozenset[str]:
        holds = (one.lever for one in self.controller.holds)
        return frozenset(lever.device for lever in holds if lever.setting is setting)

    def _decide_battery(self, moment: Moment) -> BatteryWish:
        site, cfg = moment.site, self.cfg
        self._fuse = watch_fuse(
            self._fuse,
            site=site,
            limits=FuseLimits(
                phase_a=min(cfg.main_fuse_a, site.phase_limit_a or cfg.main_fuse_a),
                import_kw=cfg.grid_import_limit_kw,
            ),
            charge_kw=moment.plant.charge_max_kw,
            is_charging=self.controller.owned_value(BATTERY_MODE) == BatteryMode.CHARGE.value,
            now=moment.now,
        )
        fuse = self._fuse
        if not moment.meters_add_up:
            # A meter that stands still cannot tell how near the fuse is.
            fuse = FuseWatch(may_charge=False, reason=because(CommandCode.FUSE_RELIEF))
        return decide_battery(
            plan=moment.plan,
            site=site,
            choice=BatteryChoice(
                plant=moment.plant,
                may_feed_cars=cfg.battery_to_car,
                buffer_soc_pct=moment.buffer_soc_pct,
                fuse=fuse,
                before=BatteryWish() if self._wishes is None else self._wishes.battery,
            ),
            now=moment.now,
        )

    def _asked(self, moment: Moment) -> tuple[Wanted, ...]:
        """Return what the owner asked for on the page."""
        return tuple(
            Wanted(
                lever=Lever(setting=EvccSetting.CHARGE_MODE, device=override.device),
                value=ChargeMode.NOW.value,
                stage=Stage.CARS,
                reason=because(CommandCode.OWNER_ASKED, car=override.device, until=override.until),
            )
            for override in self.controller.overrides(moment.now)
            if override.kind is OverrideKind.CHARGE_NOW
        )

    def _in_force(self) -> Mapping[Lever, SettingValue]:
        """Return what evcc holds by our doing, or would where a stage observes."""
        ours = {owned.lever: owned.ours for owned in self.controller.owned}
        return self._simulated | ours

    # -- carrying out --------------------------------------------------------------------------

    def _carry_out(
        self,
        moment: Moment,
        wanted: Sequence[Wanted],
        settings: Iterable[EvccSetting],
        *,
        is_live: bool,
    ) -> None:
        """Put the settings of a group to what is wanted, and give back what no longer is."""
        group = frozenset(settings)
        if moment.site.automatic_mode:
            # evcc would refuse everything, also what is to be given back.
            is_live = False
        forced = [one for one in wanted if is_live or self._is_asked(one)]
        observed = [one for one in wanted if one not in forced]
        keep = {one.lever for one in forced}
        for lever in keep:
            # From now on it is done; what would have been is not taken back.
            self._simulated.pop(lever, None)
        for owned in reversed(self.controller.owned):
            is_wanted = owned.lever.setting not in group or owned.lever in keep
            may_give = self.controller.has_begun and not moment.site.automatic_mode
            if not is_wanted and may_give and self._may_retry(owned, moment.now):
                self.give_back(owned.lever)
        for one in forced:
            self._write(one, moment)
        self._record(moment, observed, group)

    def _may_retry(self, owned: Ownership, now: datetime) -> bool:
        """Whether giving back has not just failed."""
        return self.ledger.may_repeat(owned.lever, owned.owner, now)

    def _is_asked(self, wanted: Wanted) -> bool:
        """Whether the owner asked for it on the page: then it is done, whatever the stage."""
        return wanted.reason.code is CommandCode.OWNER_ASKED and self.controller.has_say

    def give_back(self, lever: Lever) -> bool:
        """Put the owner's value back; return whether nothing is owed any more."""
        code = CommandCode.HANDED_BACK
        if lever == BATTERY_MODE:
            self.keeper.let_go()
            if self.controller.mode_may_have_stuck:
                code = CommandCode.SAFE_NORMAL
        with self.ledger.because(stage_of(lever), CommandReason(code=code)):
            is_owed = bool(self.controller.hand_back(self.evcc, (lever,)))
        self.ledger.settle()
        if not is_owed:
            log.info("setting_handed_back", setting=lever.setting.value, device=lever.device)
        return not is_owed

    def _write(self, wanted: Wanted, moment: Moment) -> None:
        lever, value = wanted.lever, wanted.value
        present = value_in(moment.site, lever)
        ours = self.controller.owned_value(lever)
        has_it = not isinstance(present, Unknown) and is_same_value(present, value)
        if has_it and ours == value:
            if lever == BATTERY_MODE and self.controller.has_begun:
                self.keeper.impose(BatteryMode(str(value)))
                self.keeper.keep()
            return
        if self.ledger.may_repeat(lever, value, moment.now):
            self._send(wanted, None if isinstance(present, Unknown) else present, moment.now)

    def _send(self, wanted: Wanted, before: SettingValue, now: datetime) -> None:
        lever, value = wanted.lever, wanted.value
        try:
            with self.ledger.because(wanted.stage, wanted.reason):
                self.evcc.write(lever, value)
        except WriteRefusedError as exc:
            if self.controller.has_begun:
                self.ledger.refuse(
                    lever, before, value, wanted.stage, wanted.reason, detail=str(exc)
                )
        except EvccAutomaticModeError:
            self.controller.note_automatic(now)
            self.ledger.settle("evcc steuert selbst (automatischer Modus)")
        except SourceError as exc:
            if isinstance(exc, EvccUnavailableError):
                # It may be restarting: what it has lost when it is back is nobody's hand.
                self.controller.evcc_went_away()
            self.ledger.settle(str(exc))
            log.warning("write_failed", setting=lever.setting.value, device=lever.device,
                        value=value, error=str(exc))  # fmt: skip
        else:
            if lever == BATTERY_MODE:
                self.keeper.impose(BatteryMode(str(value)))
            log.info("written", setting=lever.setting.value, device=lever.device, value=value,
                     reason=wanted.reason.code.value)  # fmt: skip

    def _record(
        self, moment: Moment, observed: Sequence[Wanted], group: frozenset[EvccSetting]
    ) -> None:
        """Take down what would be written, in the form of what is."""
        wanted = {one.lever: one for one in observed}
        for lever in [one for one in self._simulated if one.setting in group]:
            if lever in wanted:
                continue
            present = value_in(moment.site, lever)
            self.ledger.simulate(
                lever,
                self._simulated.pop(lever),
                None if isinstance(present, Unknown) else present,
                stage_of(lever),
                CommandReason(code=CommandCode.HANDED_BACK),
            )
        for one in observed:
            present = value_in(moment.site, one.lever)
            before = self._simulated.get(
                one.lever, None if isinstance(present, Unknown) else present
            )
            if not is_same_value(before, one.value):
                self._simulated[one.lever] = one.value
                self.ledger.simulate(one.lever, before, one.value, one.stage, one.reason)

    # -- what is shown -------------------------------------------------------------------------

    def _holds(self, wanted: Wanted) -> bool:
        ours = self.controller.owned_value(wanted.lever)
        return not isinstance(ours, Unknown) and is_same_value(ours, wanted.value)

    def _done(self, site: SiteSnapshot, wanted: Iterable[Wanted]) -> tuple[DoneNow, ...]:
        titles = {one.name: one.vehicle_title or one.title for one in site.loadpoints}
        return tuple(
            DoneNow(
                setting=one.lever.setting.value,
                device=one.lever.device,
                title=titles.get(one.lever.device, ""),
                value=one.value,
                reason=one.reason,
                is_applied=self._holds(one),
            )
            for one in wanted
        )
