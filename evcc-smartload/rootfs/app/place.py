"""Where the home is, as far as forecasts care: its time zone and its holidays."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

from domain.horizon import slot_start
from domain.ports import HolidayCalendar


@dataclass(slots=True, kw_only=True)
class Place:
    """Shared by those who forecast; changes when evcc tells another zone."""

    zone: tzinfo
    holidays: HolidayCalendar

    def day_of(self, now: datetime) -> date:
        """Return the local day."""
        return now.astimezone(self.zone).date()

    def midnight(self, day: date) -> datetime:
        """Return when a local day begins, aware UTC, on a quarter hour."""
        local = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        return slot_start(local.astimezone(UTC))
