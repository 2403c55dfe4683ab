"""Days of faults, hands, buttons and kills with SmartLoad in charge; `make soak` lives many."""

from pathlib import Path

import pytest

from tests.support.control_soak import Soak

SEED = 3
DAYS = 1.5


@pytest.mark.long
def test_days_of_faults_and_hands_leave_evcc_as_its_owner_wants_it(tmp_path: Path) -> None:
    found = Soak(tmp_path, days=DAYS, seed=SEED).run()

    assert found.wrong == []
    assert found.commands > 0
    assert sum(found.events.values()) > DAYS
