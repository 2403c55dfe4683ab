"""The other process: reads an errand, tells how far it is, and ends.

Run as ``python -m observation.child`` in the app's folder. The errand comes pickled on the standard
input, from the service that started it; each line of the standard output is a JSON object with
``progress``, ``done`` or ``failed``.
"""

import json
import logging
import os
import pickle
import sys
import traceback
from typing import TextIO

import structlog

from observation.errands import Errand

NICE = 10
"""Whatever the service and evcc want to do on this computer comes first."""


def main() -> int:
    """Do one errand; return the exit code."""
    out = _take_stdout()
    os.nice(NICE)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    errand: Errand = pickle.load(sys.stdin.buffer)  # noqa: S301  # of the service that started us
    try:
        # Loaded here: the service needs the names of this module and none of all that.
        from observation.work import work_out  # noqa: PLC0415

        _tell(out, "done", work_out(errand, lambda frac: _tell(out, "progress", round(frac, 4))))
    except BrokenPipeError:
        # The service has ended, and nobody waits for an answer.
        return 1
    except Exception as exc:  # noqa: BLE001  # the owner learns of it, whatever it is
        traceback.print_exc()
        _tell(out, "failed", f"{type(exc).__name__}: {exc}")
        return 1
    return 0


def _take_stdout() -> TextIO:
    """Return the way to the service, and let everybody else's prints go to the log.

    A solver may write to the standard output by itself.
    """
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return out


def _tell(out: TextIO, what: str, value: object) -> None:
    out.write(json.dumps({what: value}, allow_nan=False) + "\n")
    out.flush()


if __name__ == "__main__":
    sys.exit(main())
