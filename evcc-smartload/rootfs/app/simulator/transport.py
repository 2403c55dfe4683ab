"""The simulated evcc as a transport of httpx2: no socket, no waiting."""

import httpx2

from simulator.evcc_messages import ApiRequest, EvccOfflineError
from simulator.home import SimulatedHome


class SimulatorTransport(httpx2.BaseTransport):
    """Hands requests to a simulated home in the same process; faults appear as over a network."""

    def __init__(self, home: SimulatedHome) -> None:
        self._home = home

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        slow_s = self._home.faults.active.slow_s
        timeouts = request.extensions.get("timeout") or {}
        read_timeout_s = timeouts.get("read")
        try:
            response = self._home.handle(
                ApiRequest(
                    method=request.method,
                    path=request.url.path,
                    query=request.url.query.decode(),
                    body=request.read(),
                    headers=dict(request.headers),
                )
            )
        except EvccOfflineError:
            raise httpx2.ConnectError("Connection refused", request=request) from None
        if read_timeout_s is not None and slow_s >= read_timeout_s:
            # As over a network, the request was carried out all the same.
            raise httpx2.ReadTimeout("The read operation timed out", request=request)
        if response.is_cut:
            raise httpx2.RemoteProtocolError(
                "peer closed connection without sending complete message body", request=request
            )
        return httpx2.Response(
            response.status, headers=response.headers, content=response.body, request=request
        )
