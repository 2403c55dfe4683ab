"""Does errands in a process of their own, so that what they take of memory and time is given back.

A plain child, not one of ``multiprocessing``: that would load the service's main module once more,
and keep a process of its own for as long as the service lives.
"""

import contextlib
import json
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from observation.errands import Errand, Listener

APP = Path(__file__).parents[1]
# One core is enough, and leaves the others to whoever is in a hurry.
_ONE_CORE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
_COMMAND = (sys.executable, "-m", "observation.child")


class Child:
    """A process that does an errand; ends with it, and when it is stopped."""

    def __init__(self, errand: Errand, listener: Listener, command: Sequence[str]) -> None:
        """Start it.

        Raises:
            OSError: No process can be started.
        """
        self._listener = listener
        self._process = subprocess.Popen(  # noqa: S603  # this very program
            command,
            cwd=APP,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **_ONE_CORE},
            # Ctrl-C is for the service, which then stops this one.
            start_new_session=True,
        )
        self._errand = pickle.dumps(errand)
        self._thread = threading.Thread(target=self._follow, name="observation", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._process.kill()

    def join(self, timeout_s: float) -> bool:
        """Wait until it has ended and everything was told; return whether it has."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _follow(self) -> None:
        process = self._process
        assert process.stdin is not None  # noqa: S101  # asked for above
        assert process.stdout is not None  # noqa: S101  # asked for above
        # It may have been stopped already.
        with contextlib.suppress(BrokenPipeError), process.stdin:
            process.stdin.write(self._errand)
        is_over = False
        with process.stdout:
            for line in process.stdout:
                is_over = self._tell(line) or is_over
        code = process.wait()
        if not is_over:
            self._listener.failed(f"its process ended with {code}")

    def _tell(self, line: bytes) -> bool:
        """Pass a line on; return whether it was the last one."""
        try:
            news = json.loads(line)
        except ValueError:
            # Killed in the middle of a line.
            return False
        if "progress" in news:
            self._listener.progress(news["progress"])
            return False
        if "done" in news:
            self._listener.done(news["done"])
        else:
            self._listener.failed(news["failed"])
        return True


class ChildRunner:
    """Starts a process for each errand."""

    def __init__(self, command: Sequence[str] = _COMMAND) -> None:
        self._command = command

    def start(self, errand: Errand, listener: Listener) -> Child:
        return Child(errand, listener, self._command)
