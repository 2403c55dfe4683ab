"""The same tasks on one core, on several, and on a cluster."""

import warnings
from collections.abc import Iterator

import pytest

from backtest.run import Task, tasks_of
from backtest.settings import BacktestSettings
from backtest.sweep import sweep, sweep_on_dask
from domain.proof import Policy, PolicyResult
from tests.support.measured_period import measured_period

POLICIES = [Policy.NO_BATTERY, Policy.EVCC]


def tasks() -> tuple[Task, ...]:
    return tasks_of([measured_period(n_days=0.5)], POLICIES, BacktestSettings())


def days_of(results: list[PolicyResult]) -> list[object]:
    return [(result.policy, result.days) for result in results]


@pytest.fixture
def cluster() -> Iterator[str]:
    """A real scheduler with one worker, both on this machine."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from distributed import LocalCluster  # noqa: PLC0415  # takes a second

        with LocalCluster(  # type: ignore[no-untyped-call]  # as distributed has it
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None,
            host="127.0.0.1", protocol="tcp",
        ) as local:  # fmt: skip
            yield local.scheduler_address


def test_two_cores_do_what_one_does() -> None:
    told: list[float] = []

    of_two = sweep(tasks(), jobs=2, told=told.append)

    assert days_of(of_two) == days_of(sweep(tasks(), jobs=1, told=lambda _: None))
    assert all(0.0 <= frac <= 1.0 for frac in told)


@pytest.mark.filterwarnings("ignore")
def test_a_dask_cluster_does_what_one_core_does(cluster: str) -> None:
    told: list[float] = []

    of_cluster = sweep_on_dask(tasks(), cluster, told=told.append)

    assert days_of(of_cluster) == days_of(sweep(tasks(), jobs=1, told=lambda _: None))
    assert told[-1] == pytest.approx(1.0)
