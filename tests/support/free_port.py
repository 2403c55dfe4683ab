"""Ports of this machine for programs that cannot take one themselves."""

import os
import socket
from itertools import count

# Below those that systems give to whoever asks for any: nobody else gets one between our look and
# the program's start, and processes that test at the same time begin far apart.
_FIRST, _LAST = 11_000, 32_000
_APART = 97
_offers = count(_FIRST + os.getpid() * _APART % (_LAST - _FIRST))


def free_port() -> int:
    """Return a port of loopback that nobody has, another one at each call.

    Raises:
        OSError: All of them are taken.
    """
    for _ in range(_LAST - _FIRST):
        port = _FIRST + (next(_offers) - _FIRST) % (_LAST - _FIRST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise OSError("no port is free")
