"""Finding evcc when the owner has given no address."""

import httpx2

from evcc_discovery import find_evcc

STATE = {"loadpoints": [], "version": "0.314.0"}


def house(**answers: httpx2.Response) -> httpx2.MockTransport:
    """Return a network in which the named hosts answer and all others are not there."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.host not in answers:
            raise httpx2.ConnectError("no such host")
        assert request.url.path == "/api/state"
        return answers[request.url.host]

    return httpx2.MockTransport(answer)


CANDIDATES = ("http://first:7070", "http://second:7070", "http://third:7070")


def test_the_first_evcc_is_found() -> None:
    transport = house(
        first=httpx2.Response(200, json={"status": "some other service"}),
        second=httpx2.Response(200, json=STATE),
        third=httpx2.Response(200, json=STATE),
    )

    assert find_evcc(CANDIDATES, transport=transport) == "http://second:7070"


def test_an_evcc_with_envelope_or_still_starting_is_found() -> None:
    envelope = house(third=httpx2.Response(200, json={"result": STATE}))
    starting = house(third=httpx2.Response(200, json={"apiReady": False}))

    assert find_evcc(CANDIDATES, transport=envelope) == "http://third:7070"
    assert find_evcc(CANDIDATES, transport=starting) == "http://third:7070"


def test_an_evcc_without_paths_yet_is_the_second_choice() -> None:
    early = httpx2.Response(404, text="404 page not found\n")

    only = house(second=early, first=httpx2.Response(500))
    both = house(first=early, third=httpx2.Response(200, json=STATE))

    assert find_evcc(CANDIDATES, transport=only) == "http://second:7070"
    assert find_evcc(CANDIDATES, transport=both) == "http://third:7070"


def test_where_no_evcc_is_none_is_found() -> None:
    transport = house(first=httpx2.Response(401), second=httpx2.Response(200, text="<html>"))

    assert find_evcc(CANDIDATES, transport=transport) is None
    assert find_evcc((), transport=transport) is None


def test_the_addresses_of_home_assistant_are_tried_by_themselves() -> None:
    transport = house(**{"49686a9f-evcc-nightly": httpx2.Response(200, json=STATE)})

    assert find_evcc(transport=transport) == "http://49686a9f-evcc-nightly:7070"
