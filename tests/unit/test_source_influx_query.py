import json
from collections.abc import Callable
from itertools import count
from pathlib import Path

import httpx2
import pytest

from errors import PastSourceError, PastSourceRefusedError, PastSourceUnavailableError
from sources.influx_query import InfluxAccess, InfluxConnection, Table
from tests.support.influx_server import InfluxServer

ACCESS = InfluxAccess(url="http://influx:8086/", user="me", password="s3cret")  # noqa: S106 made up
ROWS = [[1_780_000_000, 1.5], [1_780_000_060, None]]


def connection(
    answer: Callable[[httpx2.Request], httpx2.Response], *, seconds_a_look: float = 0.0
) -> InfluxConnection:
    looks = count()
    return InfluxConnection(
        ACCESS,
        timeout_s=60.0,
        transport=httpx2.MockTransport(answer),
        monotonic_s=lambda: seconds_a_look * next(looks),
    )


def ask(answer: httpx2.Response) -> list[list[Table]]:
    return connection(lambda _: answer).ask(["SELECT 1", "SELECT 2"])


def test_tables_belong_to_their_statement_whatever_the_order() -> None:
    second = {"name": "b", "tags": {"loadpoint": "Garage"}, "values": ROWS}
    answer = {"results": [{"statement_id": 1, "series": [second]}, {"statement_id": 0}]}

    tables = ask(httpx2.Response(200, json=answer))

    assert tables == [
        [],
        [
            Table(
                tags={"loadpoint": "Garage"},
                rows=[(1_780_000_000, (1.5,)), (1_780_000_060, (None,))],
            )
        ],
    ]


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (httpx2.Response(503, text="<html>"), PastSourceUnavailableError, "status 503"),
        (httpx2.Response(200, text="<html>login"), PastSourceRefusedError, "not answer like"),
        (httpx2.Response(200, json=[]), PastSourceRefusedError, "not answer like"),
        (httpx2.Response(302, headers={"location": "/login"}), PastSourceRefusedError, "302"),
        (httpx2.Response(404, text="page not found"), PastSourceRefusedError, "influx_url"),
        (httpx2.Response(401, text=""), PastSourceRefusedError, "refuses the user me"),
        (
            httpx2.Response(404, json={"error": "database not found: evcc"}),
            PastSourceRefusedError,
            "influx_database",
        ),
        (
            httpx2.Response(
                200, json={"results": [{"series": [{"values": ROWS, "partial": True}]}]}
            ),
            PastSourceUnavailableError,
            "max-row-limit",
        ),
        (
            httpx2.Response(200, json={"results": [{"error": "query timeout reached"}]}),
            PastSourceUnavailableError,
            "query timeout reached",
        ),
        (
            httpx2.Response(200, json={"results": [{"series": [{"values": [[0, "much"]]}]}]}),
            PastSourceRefusedError,
            "not answer like",
        ),
    ],
)
def test_an_answer_that_is_none_says_what_to_do(
    answer: httpx2.Response, error: type[PastSourceError], text: str
) -> None:
    with pytest.raises(error, match=text) as raised:
        ask(answer)

    assert "s3cret" not in str(raised.value)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (httpx2.ReadTimeout("slow"), "longer than 60 s"),
        (httpx2.ConnectError("refused"), "check that it runs"),
        (httpx2.RemoteProtocolError("gone"), "broke off"),
    ],
)
def test_a_broken_connection_may_be_tried_again(failure: Exception, text: str) -> None:
    def fail(_: httpx2.Request) -> httpx2.Response:
        raise failure

    with pytest.raises(PastSourceUnavailableError, match=text):
        connection(fail).ask(["SELECT 1"])


def test_an_answer_in_drops_is_given_up_in_time() -> None:
    body = json.dumps({"results": []}).encode()
    dripping = connection(lambda _: httpx2.Response(200, content=body), seconds_a_look=61.0)

    with pytest.raises(PastSourceUnavailableError, match="longer than 60 s"):
        dripping.ask(["SELECT 1"])


def test_without_the_program_the_tests_fail_and_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)

    with pytest.raises(pytest.fail.Exception, match="ensure_influxd"):
        InfluxServer(tmp_path)
