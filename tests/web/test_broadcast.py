"""How states reach readers, inside one event loop."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress

import pytest

from state_store import StateStore
from tests.support.shown_state import bare_state
from tests.support.story import run_story
from web.broadcast import HEARTBEAT, READER_MAILBOX_SIZE, Broadcast

TIMEOUT_S = 60.0
LONG_S = 3600.0


def published() -> StateStore:
    """Return a store with a first state."""
    store = StateStore()
    store.update(bare_state())
    return store


def run(story: Coroutine[object, object, None]) -> None:
    run_story(story, TIMEOUT_S)


@asynccontextmanager
async def distributing(store: StateStore, heartbeat_s: float = LONG_S) -> AsyncIterator[Broadcast]:
    broadcast = Broadcast(store, heartbeat_s=heartbeat_s)
    pump = asyncio.create_task(broadcast.run())
    try:
        yield broadcast
    finally:
        pump.cancel()
        with suppress(asyncio.CancelledError):
            await pump


async def until(is_so: Callable[[], bool]) -> None:
    """Give the other tasks of this loop their turns."""
    while not is_so():  # noqa: ASYNC110  # what is waited for has no event of its own
        await asyncio.sleep(0)


def version_of(message: bytes) -> int:
    return int(message.split(b"\n")[0].removeprefix(b"id: "))


async def read_until(stream: AsyncIterator[bytes], version: int) -> list[int]:
    seen = []
    async for message in stream:
        seen.append(version_of(message))
        if seen[-1] == version:
            break
    return seen


def test_a_reader_gets_the_whole_state_at_once_and_then_each_change() -> None:
    async def story() -> None:
        store = published()
        async with distributing(store) as broadcast:
            stream = broadcast.stream()
            first = await anext(stream)
            assert version_of(first) == 1
            assert json.loads(first.split(b"data: ")[1])["evcc"]["reachable"] is False
            for version in (2, 3, 4):
                store.update(bare_state())
                assert version_of(await anext(stream)) == version

    run(story())


def test_before_the_first_state_there_are_heartbeats_only() -> None:
    async def story() -> None:
        store = StateStore()
        async with distributing(store, heartbeat_s=0.001) as broadcast:
            stream = broadcast.stream()
            assert [await anext(stream) for _ in range(3)] == [HEARTBEAT] * 3
            store.update(bare_state())
            while (message := await anext(stream)) == HEARTBEAT:
                pass
            assert version_of(message) == 1

    run(story())


def test_a_silent_stream_gets_heartbeats() -> None:
    async def story() -> None:
        store = published()
        async with distributing(store, heartbeat_s=0.001) as broadcast:
            stream = broadcast.stream()
            await anext(stream)
            messages = [await anext(stream) for _ in range(4)]
            assert HEARTBEAT in messages
            assert HEARTBEAT.startswith(b":")
            assert HEARTBEAT.endswith(b"\n\n")

    run(story())


def test_a_reader_that_lags_misses_states_and_gets_the_newest() -> None:
    async def story() -> None:
        store = published()
        async with distributing(store) as broadcast:
            lagging, reading = broadcast.stream(), broadcast.stream()
            await anext(lagging)
            await anext(reading)
            for version in range(2, 31):
                store.update(bare_state())
                await read_until(reading, version)
            store.update(bare_state())
            seen = await read_until(lagging, 31)
            assert len(seen) <= READER_MAILBOX_SIZE + 1
            assert seen == sorted(seen)

    run(story())


def test_versions_never_go_back_on_a_stream() -> None:
    async def story() -> None:
        store = published()
        async with distributing(store) as broadcast:
            streams = [broadcast.stream() for _ in range(5)]
            for _ in range(20):
                store.update(bare_state())
            for stream in streams:
                seen = await read_until(stream, 21)
                assert seen == sorted(set(seen))

    run(story())


def test_a_state_that_cannot_be_encoded_is_said_once_and_the_next_one_comes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story() -> None:
        store = published()
        async with distributing(store) as broadcast:
            stream = broadcast.stream()
            await anext(stream)
            for _ in range(3):
                store.update(bare_state(), {"number": float("inf")})
                await until(lambda: broadcast._is_unreadable)
            store.update(bare_state(), {"number": 1.0})
            assert await read_until(stream, 5) == [5]
            assert broadcast._is_unreadable is False

    with caplog.at_level(logging.ERROR):
        run(story())
    assert len(caplog.records) == 1


def test_closing_ends_open_and_later_streams() -> None:
    async def story() -> None:
        store = published()
        async with distributing(store) as broadcast:
            streams = [broadcast.stream() for _ in range(3)]
            for stream in streams:
                await anext(stream)
            assert broadcast.n_readers == 3
            broadcast.close()
            for stream in streams:
                assert [message async for message in stream] == []
            assert len([message async for message in broadcast.stream()]) == 1
            assert broadcast.n_readers == 0

    run(story())


def test_a_reader_that_leaves_is_forgotten() -> None:
    async def story() -> None:
        store = published()
        async with distributing(store) as broadcast:
            leaving = asyncio.create_task(read_until(broadcast.stream(), 1000))
            await until(lambda: broadcast.n_readers == 1)
            leaving.cancel()
            with suppress(asyncio.CancelledError):
                await leaving
            await until(lambda: broadcast.n_readers == 0)

    run(story())


def test_the_store_is_left_when_the_service_ends() -> None:
    store = published()

    async def story() -> None:
        async with distributing(store) as broadcast:
            await anext(broadcast.stream())

    run(story())

    assert store._mailboxes == set()
    store.update(bare_state())
