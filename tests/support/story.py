"""Stories told with asyncio, wherever a test runs them."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor


def run_story(story: Coroutine[object, object, None], timeout_s: float) -> None:
    """Run a story in an event loop of its own; fail when it takes longer than ``timeout_s``.

    In a thread of its own too: once a test has opened a browser, its thread has a loop that runs,
    and tests come in any order.
    """

    async def in_time() -> None:
        await asyncio.wait_for(story, timeout_s)

    with ThreadPoolExecutor(1) as executor:
        executor.submit(asyncio.run, in_time()).result()
