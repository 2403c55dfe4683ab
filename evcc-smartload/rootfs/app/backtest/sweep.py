"""Carries out many tasks: here, on all cores, or on a Dask cluster; they are the same tasks."""

import logging
import multiprocessing
import os
import queue
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

import structlog

from backtest.run import Task, carry_out, weight_of
from domain.proof import PolicyResult

APP = Path(__file__).parents[1]
# How long to wait for news before looking again whether everything is done.
_LOOK_EVERY_S = 0.2

Told = Callable[[float], None]
"""Is told how much of everything is done, 0..1."""

_news: "multiprocessing.Queue[tuple[int, float]] | None" = None


def sweep(tasks: Sequence[Task], *, jobs: int, told: Told) -> list[PolicyResult]:
    """Carry out every task on ``jobs`` cores; return the results in the order of the tasks."""
    progress = _Progress(tasks, told)
    if jobs <= 1 or len(tasks) <= 1:
        return [
            carry_out(task, lambda frac, index=index: progress.note(index, frac))  # type: ignore[misc]
            for index, task in enumerate(tasks)
        ]
    context = multiprocessing.get_context("spawn")
    news: multiprocessing.Queue[tuple[int, float]] = context.Queue()
    with ProcessPoolExecutor(
        min(jobs, len(tasks)), mp_context=context, initializer=_take_news, initargs=(news,)
    ) as pool:
        futures = _submit(pool, tasks)
        while wait(futures, timeout=0.0).not_done:
            with _nothing_new():
                progress.note(*news.get(timeout=_LOOK_EVERY_S))
        return [future.result() for future in futures]


def sweep_on_dask(tasks: Sequence[Task], address: str, *, told: Told) -> list[PolicyResult]:
    """Carry out every task on a Dask cluster; workers get the code of this very version.

    Args:
        tasks: As for ``sweep``.
        address: Of the scheduler, such as ``tcp://192.0.2.1:8786``.
        told: Is told when a task is done.

    Raises:
        ModuleNotFoundError: The package ``distributed`` is not installed.
        OSError: There is no scheduler.
    """
    from distributed import Client, as_completed  # noqa: PLC0415  # only a cluster needs it

    progress = _Progress(tasks, told)
    with Client(address, timeout="10s", set_as_default=False) as client:  # type: ignore[no-untyped-call]  # as distributed has it
        client.run(_use_app, str(APP))
        futures = client.map(carry_out, tasks, pure=False)
        position = {future.key: index for index, future in enumerate(futures)}
        with client.as_current():
            for done in as_completed(futures):  # type: ignore[no-untyped-call]  # as above
                done.result()
                progress.note(position[done.key], 1.0)
        results: list[PolicyResult] = client.gather(futures)
        return results


def _use_app(folder: str) -> None:
    """Let a worker find the modules of the app."""
    if folder not in sys.path:
        sys.path.insert(0, folder)
    be_quiet()
    # One task fills one core.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def _submit(pool: Executor, tasks: Sequence[Task]) -> "list[Future[PolicyResult]]":
    # What takes longest first, so that no core waits long at the end.
    order = sorted(range(len(tasks)), key=lambda index: -weight_of(tasks[index]))
    futures = {index: pool.submit(_carry_out, index, tasks[index]) for index in order}
    return [futures[index] for index in range(len(tasks))]


def _carry_out(index: int, task: Task) -> PolicyResult:
    def tell(frac: float) -> None:
        if _news is not None:
            _news.put((index, frac))

    return carry_out(task, tell)


def _take_news(news: "multiprocessing.Queue[tuple[int, float]]") -> None:
    global _news  # noqa: PLW0603  # a process of a pool is told once where its news go
    _news = news
    be_quiet()


def be_quiet() -> None:
    """Log errors only: a past has thousands of writes, and nobody is told of each."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


@contextmanager
def _nothing_new() -> Iterator[None]:
    try:
        yield
    except queue.Empty:
        return


class _Progress:
    """How much of everything is done, by what each task weighs."""

    def __init__(self, tasks: Sequence[Task], told: Told) -> None:
        self._weights = [weight_of(task) for task in tasks]
        self._fracs = [0.0] * len(tasks)
        self._told = told

    def note(self, index: int, frac: float) -> None:
        """Take down how far a task is, and say how far everything is."""
        self._fracs[index] = frac
        done = sum(f * w for f, w in zip(self._fracs, self._weights, strict=True))
        self._told(done / sum(self._weights))
