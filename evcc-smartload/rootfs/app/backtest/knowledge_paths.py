"""How outcomes lay within what was said, as a past is lived again."""

from datetime import datetime, timedelta

from forecaster.scenarios import RankArchive, rank_path
from forecaster.series import Bands, SlotSeries

# Issues of one day share their outcomes, and count as about one: more of them add next to nothing.
EVERY = timedelta(hours=3)
ONE_DAY = timedelta(days=1)
_Issue = tuple[Bands, Bands | None]


class PathKnowledge:
    """Keeps an issue every three hours and its path once a day of it came, and all of it."""

    def __init__(self, load_kw: SlotSeries, pv_kw: SlotSeries | None) -> None:
        """Hold what is said against what was measured."""
        self._load = load_kw
        self._pv = pv_kw
        self._waiting: list[_Issue] = []
        self._noted_at: datetime | None = None
        self.ranks = RankArchive()
        """How past outcomes lay within what was said."""

    def note(self, load: Bands, pv: Bands | None) -> None:
        """Take in what is said now, and learn from what came until now."""
        now = load.start
        if self._noted_at is not None and now < self._noted_at + EVERY:
            return
        self._noted_at = now
        self._waiting.append((load, pv))
        over = [one for one in self._waiting if one[0].end <= now]
        a_day_old = [
            one for one in self._waiting if ONE_DAY <= now - one[0].start < ONE_DAY + EVERY
        ]
        self._waiting = [one for one in self._waiting if one[0].end > now]
        if over or a_day_old:
            self.ranks = self.ranks.with_paths(
                rank_path(load, pv, *self._came(load, now)) for load, pv in (*over, *a_day_old)
            )

    def _came(self, said: Bands, now: datetime) -> tuple[SlotSeries, SlotSeries | None]:
        until = min(said.end, now)
        sun = None if self._pv is None else self._pv.between(said.start, until)
        return self._load.between(said.start, until), sun
