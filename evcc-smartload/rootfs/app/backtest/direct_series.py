"""Slots of the simulated evcc as its client would read them: prices, forecasts, charging plans."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from math import isfinite
from operator import attrgetter, le, lt, sub
from typing import Generic, TypeVar

from backtest.direct_values import EARLIEST, LATEST, MOST_W, require
from domain.site import SolarSlot
from domain.tariff import Rate

_LONGEST_RATE = timedelta(days=7)

_START, _END = attrgetter("start"), attrgetter("end")
_PRICE, _FRACTION = attrgetter("price_eur_per_kwh"), attrgetter("microsecond")

_SlotT = TypeVar("_SlotT")


class KeptSeries(Generic[_SlotT]):
    """A series as it was last read; the same tuple again as long as evcc holds the same slots."""

    def __init__(self, read: Callable[[tuple[_SlotT, ...]], tuple[_SlotT, ...]]) -> None:
        """Read slots with ``read``, which answers with one slot for each."""
        self._read = read
        self._held: tuple[_SlotT, ...] = ()
        self._as_read: tuple[_SlotT, ...] = ()

    def read(self, slots: Sequence[_SlotT]) -> tuple[_SlotT, ...]:
        """Return what the client makes of ``slots``.

        Raises:
            UnusualStateError: The client would not take all of them as they are.
        """
        held = tuple(slots)
        # evcc fetches anew every quarter hour, but mostly the very same objects, at times without
        # those that are over: both are quick to recognise.
        if held != self._held:
            n_over = len(self._held) - len(held)
            if n_over > 0 and held == self._held[n_over:]:
                self._as_read = self._as_read[n_over:]
            else:
                self._as_read = self._read(held)
            self._held = held
        return self._as_read


def rates_as_read(rates: tuple[Rate, ...]) -> tuple[Rate, ...]:
    """Return ``rates``, of which the client takes every one as it is."""
    if rates:
        starts, ends = list(map(_START, rates)), list(map(_END, rates))
        require(_are_whole_utc_seconds(starts) and _are_whole_utc_seconds(ends))
        require(all(map(le, ends, starts[1:])) and starts[0] >= EARLIEST and ends[-1] < LATEST)
        require(max(map(sub, ends, starts)) <= _LONGEST_RATE)
        require(all(map(isfinite, map(_PRICE, rates))))
    return rates


def solar_as_read(slots: tuple[SolarSlot, ...]) -> tuple[SolarSlot, ...]:
    """Return ``slots`` with powers that went through watts, as evcc tells them."""
    if not slots:
        return slots
    starts = list(map(_START, slots))
    powers_w = [slot.power_kw * 1000.0 for slot in slots]
    require(_are_whole_utc_seconds(starts) and all(map(lt, starts, starts[1:])))
    require(starts[0] >= EARLIEST and starts[-1] < LATEST)
    require(all(map(isfinite, powers_w)) and min(powers_w) >= 0.0 and max(powers_w) <= MOST_W)
    return tuple(
        slot
        if slot.power_kw == power_w / 1000.0
        else SolarSlot(start=slot.start, power_kw=power_w / 1000.0)
        for slot, power_w in zip(slots, powers_w, strict=True)
    )


def stretches_as_read(
    stretches: Iterable[tuple[datetime, datetime]],
) -> tuple[tuple[datetime, datetime], ...]:
    """Return the stretches of a charging plan, which are in order and do not overlap."""
    read = tuple((start.astimezone(UTC), end.astimezone(UTC)) for start, end in stretches)
    end_before = EARLIEST
    for start, end in read:
        require(end_before <= start < end <= start + _LONGEST_RATE and end < LATEST)
        end_before = end
    return read


def _are_whole_utc_seconds(instants: Sequence[datetime]) -> bool:
    return {instant.tzinfo for instant in instants} == {UTC} and not any(map(_FRACTION, instants))
