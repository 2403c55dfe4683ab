"""Finds evcc when the owner has given no address.

Part of the evcc edge (``evcc_client`` and the modules named ``evcc_*``).
"""

from collections.abc import Sequence

import httpx2

from errors import EvccRejectedError, EvccUnavailableError
from evcc_http import EvccHttp
from evcc_wire import is_evcc_state

# Where evcc is when both run as apps of Home Assistant: the official app, its nightly, and the
# host itself, whose network evcc uses. ``localhost`` would be our own container.
APP_CANDIDATES = (
    "http://49686a9f-evcc:7070",
    "http://49686a9f-evcc-nightly:7070",
    "http://172.30.32.1:7070",
)


def find_evcc(
    candidates: Sequence[str] = APP_CANDIDATES,
    *,
    transport: httpx2.BaseTransport | None = None,
    timeout_s: float = 3.0,
) -> str | None:
    """Return the first address under which an evcc answers.

    An evcc that is up goes before one that is still starting, which knows no path yet (404).

    Args:
        candidates: Addresses to try, in order.
        transport: Stands in for the network in tests.
        timeout_s: Longest wait for each of them.

    Returns:
        None when evcc answers under none of them.
    """
    starting: str | None = None
    for url in candidates:
        http = EvccHttp(url, transport=transport, timeout_s=timeout_s)
        try:
            if is_evcc_state(http.get("/api/state")):
                return url
        except EvccRejectedError as err:
            if err.status == httpx2.codes.NOT_FOUND and starting is None:
                starting = url
        except EvccUnavailableError:
            continue
        finally:
            http.close()
    return starting
