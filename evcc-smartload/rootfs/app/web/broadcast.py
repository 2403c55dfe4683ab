"""Server-sent events: each state is encoded once and handed to every reader's own mailbox.

The cycle only ever touches one mailbox, however many readers there are; a reader that does not
read misses states, never holds anybody up, and gets a complete one when it reads again.
"""

import asyncio
import json
from collections.abc import AsyncIterator

from state_store import StateStore, _snapshot_to_json_dict

HEARTBEAT_S = 15.0
READER_MAILBOX_SIZE = 4
HEARTBEAT = b": heartbeat\n\n"


def encode_state(snapshot: dict[str, object]) -> bytes:
    """Return a store's snapshot as one SSE message; its version is the id."""
    data = json.dumps(
        _snapshot_to_json_dict(snapshot), ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    return f"id: {snapshot['version']}\nevent: state\ndata: {data}\n\n".encode()


class Broadcast:
    """Distributes the store's states to readers; lives in one event loop."""

    def __init__(self, store: StateStore) -> None:
        self._store = store
        self._readers: set[asyncio.Queue[bytes | None]] = set()
        self._latest: bytes | None = None
        self._closed = False

    @property
    def n_readers(self) -> int:
        """How many streams are open."""
        return len(self._readers)

    async def run(self) -> None:
        """Encode and distribute until cancelled; then end every stream."""
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()
        mailbox = self._store.subscribe(lambda: _wake(loop, woken))
        try:
            while True:
                await woken.wait()
                woken.clear()
                newest = None
                while (snapshot := mailbox.take()) is not None:
                    newest = snapshot
                if newest is not None:
                    self._latest = encode_state(newest)
                    for reader in self._readers:
                        _put(reader, self._latest)
        finally:
            self._closed = True
            self._store.unsubscribe(mailbox)
            for reader in self._readers:
                _put(reader, None)

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield the whole state at once, then one message a change, and heartbeats between."""
        reader: asyncio.Queue[bytes | None] = asyncio.Queue(READER_MAILBOX_SIZE)
        self._readers.add(reader)
        try:
            yield self._latest or encode_state(self._store.snapshot())
            while not self._closed:
                try:
                    message = await asyncio.wait_for(reader.get(), HEARTBEAT_S)
                except TimeoutError:
                    yield HEARTBEAT
                    continue
                if message is None:
                    return
                yield message
        finally:
            self._readers.discard(reader)


def _wake(loop: asyncio.AbstractEventLoop, woken: asyncio.Event) -> None:
    try:
        loop.call_soon_threadsafe(woken.set)
    except RuntimeError:
        # The loop is closing; nobody is left to be woken.
        return


def _put(reader: asyncio.Queue[bytes | None], message: bytes | None) -> None:
    if reader.full():
        reader.get_nowait()
    reader.put_nowait(message)
