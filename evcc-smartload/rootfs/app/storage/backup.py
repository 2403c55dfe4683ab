"""A copy of the whole history in one file, while it is being written to."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from storage.database import reading


def back_up(source: Path, target: Path) -> None:
    """Copy the history at ``source`` to ``target``: one moment, one file, all or nothing.

    Safe while another process writes to ``source``. The copy is written beside ``target`` and
    renamed, so that ``target`` is what it was or the new copy.

    Raises:
        OSError: ``source`` cannot be read or ``target`` not be written; the text says why.
    """
    beside = target.with_name(target.name + ".tmp")
    beside.unlink(missing_ok=True)
    try:
        _copy(source, beside)
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        beside.replace(target)
    except sqlite3.Error as exc:
        beside.unlink(missing_ok=True)
        raise OSError(f"{source.name} could not be copied to {target} ({exc})") from exc
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def _copy(source: Path, target: Path) -> None:
    with reading(source) as original, closing(sqlite3.connect(target)) as copy:
        # In one step: a writer goes on beside it and is not in the copy.
        original.backup(copy)
        # Without this the copy would want its own log beside it wherever it is read.
        copy.execute("PRAGMA journal_mode = DELETE").fetchall()
