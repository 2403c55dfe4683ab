"""Whatever happens to process, network and evcc, the owner gets back exactly their own value."""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain.control import InCharge
from tests.support.owned_evcc import KilledError, OwnedEvcc

BUFFERS = st.integers(4, 18).map(lambda fives: 5.0 * fives)
QUARTER = timedelta(minutes=15)


def timeout() -> BaseException:
    return httpx2.ReadTimeout("too slow")


class ControlledHome(RuleBasedStateMachine):
    """A live SmartLoad writes buffers; the owner moves the slider only where a rule says so."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.house = OwnedEvcc(Path(self.folder.name))
        self.owner_pct = self.house.evcc.buffer_soc
        self.owner_holds = False
        self.is_sure = True  # False between an unanswered write and the next reading
        self.house.read()

    def teardown(self) -> None:
        self.house.client.close()
        self.folder.cleanup()

    def read(self) -> None:
        self.house.heal()
        self.house.read()
        self.is_sure = True

    @rule(pct=BUFFERS)
    def write(self, pct: float) -> None:
        self.read()

        went_out = self.house.write(pct)

        assert went_out != self.owner_holds or pct == self.house.evcc.buffer_soc
        if not self.owner_holds:
            assert self.house.evcc.buffer_soc == pct

    @rule(pct=BUFFERS, arrives=st.booleans())
    def write_without_an_answer(self, pct: float, *, arrives: bool) -> None:
        self.read()
        self.house.lose_writes(timeout, arrives=arrives)

        self.house.write(pct)

        self.is_sure = False

    @rule(pct=BUFFERS, arrives=st.booleans())
    def die_during_a_write(self, pct: float, *, arrives: bool) -> None:
        self.read()
        self.house.lose_writes(KilledError, arrives=arrives)
        with suppress(KilledError):
            self.house.write(pct)
        self.house.restart()
        self.read()

    @rule()
    def die(self) -> None:
        self.house.restart()
        self.read()

    @rule(passed=st.integers(1, 8))
    def wait(self, passed: int) -> None:
        self.house.now += passed * QUARTER
        self.read()

    @precondition(lambda self: not self.owner_holds and self.is_sure)
    @rule(values=st.lists(BUFFERS, max_size=2))
    def evcc_loses_what_it_was_told(self, values: list[float]) -> None:
        if self.house.owed_pct() is None:
            return
        self.house.go_away()
        self.house.evcc.buffer_soc = values[0] if values else self.owner_pct
        self.read()

    @precondition(lambda self: self.is_sure)
    @rule(pct=BUFFERS)
    def owner_moves_the_slider(self, pct: float) -> None:
        if pct == self.house.evcc.buffer_soc:
            return
        self.house.evcc.buffer_soc = pct
        self.read()
        self.owner_pct = pct
        self.owner_holds = True

    @rule()
    def owner_activates(self) -> None:
        self.house.controller.resume()
        self.owner_holds = False

    @rule()
    def stop(self) -> None:
        self.house.heal()
        if not self.is_sure:
            # The stop comes before the cycle's next look; the client takes its own.
            self.house.client.read_site(self.house.now)

        assert self.house.hand_back() == ()

        assert self.house.evcc.buffer_soc == self.owner_pct
        assert self.house.controller.owned == ()
        self.house.restart()
        self.read()

    @invariant()
    def what_is_owed_is_the_owners_own_value(self) -> None:
        assert self.house.owed_pct() in {None, self.owner_pct}
        if self.is_sure and self.house.owed_pct() is None:
            assert self.house.evcc.buffer_soc == self.owner_pct

    @invariant()
    def only_the_owners_own_hand_is_a_hand(self) -> None:
        status = self.house.controller.status(
            is_live=True, observation_ends_at=None, is_degraded=False, evcc_is_automatic=False
        )
        if status.in_charge is InCharge.OWNER:
            assert self.owner_holds
        else:
            self.owner_holds = False  # midnight has passed
            assert status.in_charge is InCharge.LIVE


ControlledHome.TestCase.settings = settings(max_examples=60, stateful_step_count=15, deadline=None)
TestControlledHome = ControlledHome.TestCase
