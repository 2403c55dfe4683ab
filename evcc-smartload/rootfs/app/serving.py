"""The service as a process: the page and the cycle side by side, until somebody stops it."""

import signal
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from config import LoadedConfig
from parts import Parts
from web.access import AccessRules
from web.app import WebParts, create_app
from web.server import WebServer

if TYPE_CHECKING:
    # Only a demo needs the simulator.
    from demo import Demo

# A stop asked for by SIGTERM is over within two seconds, whatever evcc does.
LOOK_UP_S = 0.1
HAND_BACK_S = 1.2
WEB_STOP_S = 0.3
HISTORY_STOP_S = 0.2

log = structlog.get_logger("smartload")


def web_for(parts: Parts, loaded: LoadedConfig, *, demo: "Demo | None") -> WebServer:
    """Build the page's server.

    Raises:
        OSError: The address or the port cannot be used.
    """
    cfg = loaded.config
    password = None if cfg.password is None else cfg.password.get_secret_value()
    app = create_app(
        WebParts(
            store=parts.store,
            inbox=parts.inbox,
            heartbeat=parts.heartbeat,
            clock=parts.clock,
            rules=AccessRules(is_app=loaded.is_app, password=password),
            buffer=lambda: parts.buffer_calc,
            risk_buffer=lambda: None if parts.risk is None else parts.risk.calc,
            writes=parts.memory.history.read_commands,
            demo=None if demo is None else demo.clock,
            proof=parts.proof,
        )
    )
    return WebServer(app, host=cfg.bind_address, port=cfg.port)


def serve(parts: Parts, web: WebServer, *, cycle: Callable[[], None]) -> int:
    """Run the cycle and the page until SIGTERM or Ctrl-C; then end within 2 s.

    ``cycle`` turns until the inbox says that the service stops, and hands back before it returns;
    it has a thread of its own.

    Returns:
        The exit code: 0 when asked to stop, 1 when the cycle or the page ended by itself.
    """
    ended = threading.Event()
    asked_to_stop = False

    def turn_until_stopped() -> None:
        try:
            cycle()
        finally:
            ended.set()

    def stop(*_: object) -> None:
        # A handler interrupts this very thread, so it must not touch a lock this thread may hold.
        nonlocal asked_to_stop
        asked_to_stop = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    thread = threading.Thread(target=turn_until_stopped, name="cycle", daemon=True)
    web.start()
    thread.start()
    while not (asked_to_stop or ended.wait(LOOK_UP_S)) and web.is_serving:
        pass
    parts.inbox.stop()
    if parts.proof is not None:
        parts.proof.close()
    parts.memory.importing.ask_to_stop()
    thread.join(HAND_BACK_S)
    web.stop(WEB_STOP_S)
    parts.memory.close(HISTORY_STOP_S)
    log.info("stopped", owed=[owned.lever.setting.value for owned in parts.controller.owned])
    return 0 if asked_to_stop else 1
