"""Server-sent events: each state is encoded once and handed to every reader's own mailbox.

The cycle only ever touches one mailbox, however many readers there are; a reader that does not
read misses states, never holds anybody up, and gets a complete one when it reads again.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator

from state_store import StateStore, _snapshot_to_json_dict

HEARTBEAT_S = 15.0
READER_MAILBOX_SIZE = 4
HEARTBEAT = b": heartbeat\n\n"

_log = logging.getLogger("smartload.web")


def encode_state(snapshot: dict[str, object]) -> bytes:
    """Return a store's snapshot as one SSE message; its version is the id.

    Raises:
        ValueError: A number in it is not finite.
    """
    head = f"id: {snapshot['version']}\nevent: state\ndata: ".encode("ascii")
    return head + encode_json(snapshot) + b"\n\n"


def encode_json(snapshot: dict[str, object]) -> bytes:
    """Return a store's snapshot as one line of JSON in ASCII.

    Escapes instead of UTF-8: a proxy that cuts the charset cannot hurt it, and half a character
    in a name from outside cannot stop it.

    Raises:
        ValueError: A number in it is not finite.
    """
    text = json.dumps(_snapshot_to_json_dict(snapshot), allow_nan=False, separators=(",", ":"))
    return text.encode("ascii")


class Broadcast:
    """Distributes the store's states to readers; lives in one event loop."""

    def __init__(self, store: StateStore, *, heartbeat_s: float = HEARTBEAT_S) -> None:
        """Distribute what ``store`` holds; a silent stream gets a heartbeat every so often."""
        self._store = store
        self._heartbeat_s = heartbeat_s
        self._readers: set[asyncio.Queue[bytes | None]] = set()
        self._latest: bytes | None = None
        self._closed = False
        self._is_unreadable = False

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
                # Before the first cycle there is nothing that a page could show.
                if newest is None or newest["version"] == 0:
                    continue
                message = self._encode(newest)
                if message is not None:
                    self._latest = message
                    for reader in self._readers:
                        _put(reader, message)
        finally:
            self._store.unsubscribe(mailbox)
            self.close()

    def close(self) -> None:
        """End every stream, also those to come; belongs to the event loop's thread."""
        self._closed = True
        for reader in self._readers:
            _put(reader, None)

    def _encode(self, snapshot: dict[str, object]) -> bytes | None:
        """Encode a state; one that cannot be is said once, and the next one comes."""
        try:
            message = encode_state(snapshot)
        except ValueError as exc:
            if not self._is_unreadable:
                _log.error("a state cannot be sent to the page: %s", exc)
            self._is_unreadable = True
            return None
        self._is_unreadable = False
        return message

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield the whole state at once, then one message a change, and heartbeats between.

        Before the first state there are heartbeats only.
        """
        reader: asyncio.Queue[bytes | None] = asyncio.Queue(READER_MAILBOX_SIZE)
        self._readers.add(reader)
        try:
            if self._latest is not None:
                yield self._latest
            while not self._closed:
                try:
                    message = await asyncio.wait_for(reader.get(), self._heartbeat_s)
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
