"""The figures of the running service: start-up, memory, a cycle, many readers, the demo's past.

    python bench/bench_service.py

Each figure is measured on this machine, now. Times with readers are given as a ratio to the same
run without readers.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
APP = ROOT / "evcc-smartload/rootfs/app"
sys.path[:0] = [str(APP), str(ROOT)]

import structlog  # noqa: E402  # the path comes first

from clock import SystemClock  # noqa: E402
from domain.state import CycleKind  # noqa: E402
from main import turn  # noqa: E402
from simulator.default_home import default_home  # noqa: E402
from simulator.server import EvccServer  # noqa: E402
from situation import conclude, describe  # noqa: E402
from tests.support.sim_service import SimService, build_service  # noqa: E402
from web.access import AccessRules  # noqa: E402
from web.app import WebParts, create_app  # noqa: E402
from web.server import WebServer  # noqa: E402

START = datetime(2026, 5, 1, 4, 0, tzinfo=UTC)
N_CYCLES = 400
N_READERS = 200
N_SILENT = 20
GIVE_UP_S = 120.0


def say(what: str, value: str, target: str = "") -> None:
    print(f"{what:<52} {value:>16}   {target}")


def status(port: int) -> dict[str, Any] | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=5) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except (urllib.error.URLError, OSError):
        return None


def wait_for(
    port: int, holds: Callable[[dict[str, Any]], bool], *, every_s: float = 0.02
) -> dict[str, Any]:
    began = time.monotonic()
    while time.monotonic() - began < GIVE_UP_S:
        state = status(port)
        if state is not None and holds(state):
            return state
        threading.Event().wait(every_s)
    raise TimeoutError("the service did not get there")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, str(APP / "main.py"), *arguments, "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process, port
    finally:
        process.terminate()
        process.wait(10)


def memory_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024.0
    raise RuntimeError("this system does not tell a process's memory in /proc")


def bench_start_memory_stop() -> None:
    home = default_home(seed=1, start=SystemClock().now(), clock=SystemClock())
    evcc = EvccServer(home)
    evcc.start()
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        with running("--evcc-url", evcc.url, "--data", folder) as (process, port):
            wait_for(port, lambda state: state.get("cycle") is not None)
            say("start-up to first decision", f"{time.monotonic() - began:.2f} s")
            readers = [urllib.request.urlopen(f"http://127.0.0.1:{port}/events") for _ in range(5)]
            for reader in readers:
                reader.readline()
            say("memory of the running service", f"{memory_mb(process.pid):.0f} MB", "under 120 MB")
            for reader in readers:
                reader.close()
            began = time.monotonic()
            process.terminate()
            code = process.wait(10)
            say("SIGTERM to exit", f"{time.monotonic() - began:.2f} s", f"under 2 s, code {code}")
    evcc.stop()


def run_cycles(service: SimService, n_cycles: int) -> list[float]:
    """Return the time of each cycle [ms], without the time evcc took to answer."""
    durations_ms = []
    for _ in range(n_cycles):
        service.clock.move_to(service.clock.now() + timedelta(minutes=15))
        turn(service.parts, service.clock.now(), CycleKind.SLOT)
        cycle = service.parts.last_cycle
        assert cycle is not None
        durations_ms.append(cycle.duration_ms)
    return durations_ms


class RealStopwatch:
    """Gives the stepped clock of a service the real stopwatch, so that durations mean something."""

    def __init__(self, service: SimService) -> None:
        service.clock.monotonic_s = time.perf_counter  # type: ignore[method-assign]


def bench_cycle_and_readers() -> None:
    with tempfile.TemporaryDirectory() as folder:
        service = build_service(Path(folder), start=START)
        RealStopwatch(service)
        run_cycles(service, 700)  # a full log, as after a week
        durations_ms = run_cycles(service, N_CYCLES)
        deciles = statistics.quantiles(durations_ms, n=20)
        say("one cycle without network, median", f"{statistics.median(durations_ms):.1f} ms",
            "under 50 ms")  # fmt: skip
        say("one cycle without network, 95 %", f"{deciles[-1]:.1f} ms")
        bench_readers(service)


def bench_readers(service: SimService) -> None:
    parts = service.parts
    app = create_app(
        WebParts(
            store=parts.store,
            inbox=parts.inbox,
            heartbeat=parts.heartbeat,
            clock=parts.clock,
            rules=AccessRules(is_app=False),
            buffer=lambda: parts.buffer_calc,
        )
    )
    web = WebServer(app, host="127.0.0.1", port=0)
    web.start()
    alone_ms = update_times_ms(service)
    reader = subprocess.Popen(
        [sys.executable, __file__, "--readers", str(web.port)],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
    )
    assert reader.stdout is not None
    reader.stdout.readline()
    crowded_ms = update_times_ms(service)
    assert reader.stdin is not None
    reader.stdin.close()
    received = json.loads(reader.stdout.readline())
    reader.wait(30)
    reader.stdout.close()
    web.stop(5)
    ratio = statistics.median(crowded_ms) / statistics.median(alone_ms)
    say("publishing a state, no reader, median", f"{statistics.median(alone_ms):.3f} ms")
    say(f"publishing a state, {N_READERS} readers ({N_SILENT} never read)",
        f"{statistics.median(crowded_ms):.3f} ms", f"ratio {ratio:.2f}")  # fmt: skip
    say("   longest", f"{max(crowded_ms):.2f} ms", f"without readers {max(alone_ms):.2f} ms")
    say("   readers that saw the newest state", f"{received['newest']}",
        f"of {N_READERS - N_SILENT}")  # fmt: skip


def update_times_ms(service: SimService, n_updates: int = 100) -> list[float]:
    """Return how long the cycle is held up by publishing one state [ms]."""
    times_ms = []
    parts, now = service.parts, service.clock.now()
    reading = parts.watch.read(now)
    state = conclude(parts, describe(parts, now, reading), reading)
    result = None if parts.buffer_calc is None else parts.buffer_calc.result(now)
    pause = threading.Event()
    for _ in range(n_updates):
        began = time.perf_counter()
        parts.store.update(state=state, plan_summary=None, buffer_result=result)
        times_ms.append((time.perf_counter() - began) * 1000.0)
        pause.wait(0.02)
    return times_ms


def read_as_many(port: int) -> None:
    """Be 200 readers, 20 of which never read, until standard input ends."""
    sockets = []
    for _ in range(N_READERS):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        sockets.append(connection)
    newest = [0] * N_READERS
    stop = threading.Event()

    def read(index: int) -> None:
        connection = sockets[index]
        connection.settimeout(0.5)
        tail = b""
        while not stop.is_set():
            try:
                part = connection.recv(1 << 16)
            except TimeoutError:
                continue
            if not part:
                return
            tail = (tail + part)[-(1 << 18) :]
            at = tail.rfind(b"\nid: ")
            if at >= 0 and b"\n" in tail[at + 5 :]:
                newest[index] = int(tail[at + 5 :].split(b"\n", 1)[0])

    threads = [threading.Thread(target=read, args=(index,)) for index in range(N_SILENT, N_READERS)]
    for thread in threads:
        thread.start()
    print("reading", flush=True)
    sys.stdin.read()
    threading.Event().wait(1.0)
    stop.set()
    for thread in threads:
        thread.join()
    best = max(newest)
    print(json.dumps({"newest": sum(value == best for value in newest)}), flush=True)


def bench_demo() -> None:
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        with running("--demo", "--data", folder) as (_, port):
            wait_for(port, lambda state: state.get("cycle") is not None)
            first = time.monotonic()
            # Asking costs the service time, so it is asked seldom.
            wait_for(
                port,
                lambda state: state["service"]["demo"]["progress_frac"] is None,
                every_s=0.5,
            )
            done = time.monotonic()
        say("demo: start to first decision", f"{first - began:.2f} s")
        say("demo: ten days lived through", f"{done - first:.1f} s",
            f"{10.0 / (done - first):.2f} days per second")  # fmt: skip
        began = time.monotonic()
        with running("--demo", "--data", folder) as (_, port):
            wait_for(port, lambda state: state.get("cycle") is not None)
            say("demo: second start to first decision", f"{time.monotonic() - began:.2f} s")


def main() -> None:
    if sys.argv[1:2] == ["--readers"]:
        read_as_many(int(sys.argv[2]))
        return
    structlog.configure(processors=[_drop])
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores")
    bench_start_memory_stop()
    bench_cycle_and_readers()
    bench_demo()


def _drop(*_: object) -> str:
    raise structlog.DropEvent


if __name__ == "__main__":
    main()
