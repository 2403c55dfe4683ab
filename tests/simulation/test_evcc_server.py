"""The simulated evcc on a real port, spoken to by real clients."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from simulator.server import EvccServer
from tests.support.simulated_evcc import Evcc, two_chargers

PATIENCE_S = 60.0


@pytest.fixture
def evcc() -> Evcc:
    plant = two_chargers()
    plant.pv_kw = 3.0
    return Evcc(plant)


@pytest.fixture
def server(evcc: Evcc) -> Iterator[EvccServer]:
    server = EvccServer(evcc.home)
    server.start()
    yield server
    server.stop()


def socket_of(server: EvccServer) -> ClientConnection:
    # Without a limit, because a client that has stopped reading cannot see the end either.
    return connect(server.url.replace("http", "ws") + "/ws", max_queue=None)


def receive(socket: ClientConnection) -> Any:
    return json.loads(socket.recv(timeout=PATIENCE_S))


def read_to_the_end(socket: ClientConnection) -> None:
    while True:
        socket.recv(timeout=PATIENCE_S)


def receive_until(socket: ClientConnection, key: str) -> Any:
    while key not in (message := receive(socket)):
        pass
    return message[key]


def switch(server: EvccServer, **wishes: object) -> httpx2.Response:
    return httpx2.post(f"{server.url}/sim/faults", json=wishes)


def test_it_answers_over_http(server: EvccServer) -> None:
    with httpx2.Client(base_url=server.url) as client:
        assert client.get("/api/state").json()["siteTitle"] == "Test"
        assert client.post("/api/buffersoc/50").text == "50\n"
        assert client.post("/api/buffersoc/-1").status_code == 404
        assert client.get("/api/state?jq=.bufferSoc").text == "50\n"
        assert client.post("/api/buffersoc/50/").status_code == 301


def test_faults_are_switched_from_outside_even_while_offline(server: EvccServer) -> None:
    assert switch(server, set={"offline": True}).json()["offline"] is True

    with pytest.raises(httpx2.TransportError):
        httpx2.get(f"{server.url}/api/state")

    switch(server, clear=True)
    assert httpx2.get(f"{server.url}/api/state").status_code == 200


def test_a_kept_connection_is_dropped_when_evcc_goes_offline(
    evcc: Evcc, server: EvccServer
) -> None:
    with httpx2.Client(base_url=server.url) as client:
        client.get("/api/state")
        evcc.home.faults.set(offline=True)

        with pytest.raises(httpx2.TransportError):
            client.get("/api/state")


def test_half_an_answer_breaks_off(evcc: Evcc, server: EvccServer) -> None:
    evcc.home.faults.set(half_answers=True)

    with pytest.raises(httpx2.RemoteProtocolError):
        httpx2.get(f"{server.url}/api/state")


def test_a_slow_answer_exceeds_the_clients_patience(evcc: Evcc, server: EvccServer) -> None:
    evcc.home.faults.set(slow_s=1.0)

    with pytest.raises(httpx2.ReadTimeout):
        httpx2.get(f"{server.url}/api/state", timeout=httpx2.Timeout(PATIENCE_S, read=0.1))


def test_a_stop_does_not_wait_for_a_slow_answer(
    evcc: Evcc, server: EvccServer, caplog: pytest.LogCaptureFixture
) -> None:
    evcc.home.faults.set(slow_s=600.0)
    with socket.create_connection(("127.0.0.1", httpx2.URL(server.url).port or 0)) as waiting:
        waiting.sendall(b"POST /api/buffersoc/77 HTTP/1.1\r\nHost: evcc\r\n\r\n")

        server.stop()

    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
    assert evcc.state["bufferSoc"] != 77


def test_actions_are_carried_out_and_wrong_ones_refused(evcc: Evcc, server: EvccServer) -> None:
    switch(server, move_slider={"setting": "bufferSoc", "value": 45})
    assert evcc.state["bufferSoc"] == 45

    switch(server, restart={"lose_settings": True})
    evcc.run(minutes=1)
    assert evcc.state["bufferSoc"] == 0

    assert switch(server, set={"gremlins": True}).status_code == 400


def test_the_socket_tells_everything_once_and_then_each_change(
    evcc: Evcc, server: EvccServer
) -> None:
    with socket_of(server) as socket:
        first = receive(socket)
        forecast = [receive(socket) for _ in range(6)]
        evcc.post("buffersoc/50")
        changed = receive_until(socket, "bufferSoc")
        evcc.post("loadpoints/2/mode/now")
        mode = receive_until(socket, "loadpoints.1.mode")

    assert first["siteTitle"] == "Test"
    assert first["loadpoints.0.mode"] == "off"
    assert "loadpoints" not in first
    assert {key for message in forecast for key in message} == {
        "forecast.grid", "forecast.feedin", "forecast.planner", "forecast.co2",
        "forecast.solar", "forecast.temperature",
    }  # fmt: skip
    assert {"forecast.co2": None} in forecast
    assert (changed, mode) == (50, "now")


def test_a_cycle_without_new_forecast_sends_an_empty_object_and_the_log_its_lines(
    evcc: Evcc, server: EvccServer
) -> None:
    with socket_of(server) as socket:
        receive(socket)
        evcc.home.faults.set(stale=True)
        evcc.clock.move(evcc.home._interval)
        messages = [receive(socket)]
        while "log" not in messages[-1]:
            messages.append(receive(socket))

    assert {} in messages
    assert messages[-1]["log"]["level"] == "warn"


def test_a_client_that_speaks_is_closed_with_1008(server: EvccServer) -> None:
    with socket_of(server) as socket:
        receive(socket)
        socket.send("{}")

        with pytest.raises(ConnectionClosed) as closed:
            read_to_the_end(socket)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


def test_sockets_end_when_evcc_goes_offline(evcc: Evcc, server: EvccServer) -> None:
    with socket_of(server) as socket:
        receive(socket)
        evcc.home.faults.set(offline=True)

        with pytest.raises(ConnectionClosed):
            read_to_the_end(socket)


def test_while_evcc_starts_its_socket_says_so(evcc: Evcc, server: EvccServer) -> None:
    evcc.home.restart()

    with socket_of(server) as socket:
        assert receive(socket) == {"startupCompleted": False, "version": "0.314.0"}
        evcc.run(seconds=30)
        assert receive_until(socket, "apiReady") is True


def test_a_stopped_server_frees_its_port(evcc: Evcc) -> None:
    server = EvccServer(evcc.home)
    server.start()
    port = int(server.url.rpartition(":")[2])
    server.stop()

    again = EvccServer(evcc.home, port=port)
    again.start()
    answer = httpx2.get(f"{again.url}/api/state")
    again.stop()

    assert answer.status_code == 200
