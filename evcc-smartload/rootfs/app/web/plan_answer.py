"""Answers of ``GET /plan``: told once per plan and language, packed when the reader can unpack.

A plan with its reasons is some hundred kilobytes, and several readers ask for it at once.
"""

import gzip
import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime

from domain.horizon import slot_start
from domain.plan import Plan, Rung, SkipCause, Skipped
from domain.site import UNTOLD_CURRENCY
from domain.state import SystemState
from planner.wording import Wording
from planner.wording_figures import Lang
from state_store import zone_of_home
from web.plan_json import plan_to_json
from web.plan_words import plan_words

# 6 is zlib's own choice: 9 takes twice the time for two percent less.
_GZIP_LEVEL = 6
NOT_STARTED = Skipped(
    rung=Rung.EXACT, cause=SkipCause.NO_READING, detail="the first cycle has not ended yet"
)
NONE_MADE = Skipped(
    rung=Rung.SHIFTED, cause=SkipCause.NO_LAST_PLAN, detail="no plan has been made yet"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """A plan as it was told."""

    plan: Plan | None
    skipped: tuple[Skipped, ...]
    words: Wording
    text: bytes
    packed: bytes

    def fits(self, plan: Plan | None, skipped: tuple[Skipped, ...], words: Wording) -> bool:
        """Return whether it is what would be told; a plan is known by its identity."""
        return self.plan is plan and self.skipped == skipped and self.words == words


class PlanAnswers:
    """Holds the latest answer in each language; any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: dict[str, _Answer] = {}

    def answer(self, state: SystemState | None, lang: Lang, *, packed: bool) -> bytes:
        """Return the plan of ``state`` as JSON, ``packed`` with gzip or not."""
        plan, skipped = _plan_of(state)
        words = _words(plan, state, lang)
        # Within the lock, so that readers who ask at once do not all tell the same plan.
        with self._lock:
            latest = self._latest.get(lang)
            if latest is None or not latest.fits(plan, skipped, words):
                latest = self._latest[lang] = _tell(plan, skipped, words)
        return latest.packed if packed else latest.text


def _plan_of(state: SystemState | None) -> tuple[Plan | None, tuple[Skipped, ...]]:
    if state is None:
        return None, (NOT_STARTED,)
    if state.plan is not None:
        return state.plan, ()
    return None, state.plan_skipped or (NONE_MADE,)


def _words(plan: Plan | None, state: SystemState | None, lang: Lang) -> Wording:
    if state is None:
        return plan_words(
            None, lang, zone=UTC, currency=UNTOLD_CURRENCY, now=datetime.min.replace(tzinfo=UTC)
        )
    return plan_words(
        plan,
        lang,
        zone=zone_of_home(state.service),
        currency=UNTOLD_CURRENCY if state.site is None else state.site.currency,
        # Sentences may change with the slot, not with every look at evcc.
        now=slot_start(state.now),
    )


def _tell(plan: Plan | None, skipped: tuple[Skipped, ...], words: Wording) -> _Answer:
    shown = plan_to_json(plan, skipped, words)
    text = json.dumps(shown, allow_nan=False, separators=(",", ":")).encode("ascii")
    return _Answer(
        plan=plan,
        skipped=skipped,
        words=words,
        text=text,
        packed=gzip.compress(text, _GZIP_LEVEL, mtime=0),
    )
