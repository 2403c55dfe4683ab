"""What holds for all tests."""

import weakref
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from storage.history_store import HistoryStore

# The same examples on every machine and at every run; how long one takes says nothing about us.
settings.register_profile(
    "reproducible",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("reproducible")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that take minutes: the others fill the time beside them."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(autouse=True)
def histories_are_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """End the writer of every history that a test began: it would keep the whole service alive."""
    begun: weakref.WeakSet[HistoryStore] = weakref.WeakSet()
    begin = HistoryStore.__init__

    def begin_and_note(self: HistoryStore, *args: object, **kwargs: object) -> None:
        begin(self, *args, **kwargs)  # type: ignore[arg-type]  # passed on as they came
        begun.add(self)

    monkeypatch.setattr(HistoryStore, "__init__", begin_and_note)
    yield
    for store in tuple(begun):
        # A busy machine takes its time; a disk that cannot be written to is not waited for.
        store.close(timeout_s=60.0 if store.problem is None else 1.0)
