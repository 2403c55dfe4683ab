"""What was recorded of a home, made complete: as a period, and what was paid in it."""

import hashlib
import math
from datetime import date, datetime

import numpy as np

from backtest.period import Period, RecordedCar
from domain.horizon import SLOT
from forecaster.series import FloatArray
from observation.measured import Measured
from proof.day_slots import DaySlots, is_enough
from proof.gaps import filled


class OwnSeries(Measured):
    """The same without gaps, as a home can live through it."""

    def complete(self, values: FloatArray) -> FloatArray:
        """Return ``values`` with gaps filled by the same time of the nearest day."""
        return filled(values, self.past.start, self.home.zone)

    def period(
        self,
        cut: slice,
        *,
        begin: datetime,
        live_start: datetime,
        said_kw: FloatArray,
        cars: tuple[RecordedCar, ...],
    ) -> Period:
        """Return the quarter hours from ``begin`` on."""
        load_kw, pv_kw = self.complete(self.load_kw)[cut], self.complete(self.pv_kw)[cut]
        buys, pays = self.complete(self.buys)[cut], self.complete(self.pays)[cut]
        live_from = (live_start - begin) // SLOT
        return Period(
            name=self.home.name or "home",
            prices="recorded",
            start=begin,
            zone=self.home.zone,
            load_kw=load_kw,
            pv_kw=pv_kw,
            import_price_eur_per_kwh=buys,
            export_price_eur_per_kwh=pays,
            pv_said_kw=said_kw if self.has_pv and np.isfinite(said_kw).any() else None,
            is_measured=np.concatenate(
                [self.is_known[cut][:live_from], self.is_measured[cut][live_from:]]
            ),
            live_from=live_from,
            cars=cars,
            inputs={"history": _sha256(load_kw, pv_kw, buys, pays)},
        )

    def paid_eur(self, days: tuple[DaySlots, ...], start: datetime) -> dict[date, float | None]:
        """Return what was paid less what was earned by the meters [EUR], on days from ``start``."""
        past, offset = self.past, (start - self.past.start) // SLOT
        # Without PV nothing is fed in, and many homes then have no meter for it.
        sold_kwh = past.grid_export_kwh if self.has_pv else np.zeros(past.n_slots)
        is_known = np.isfinite(past.grid_import_kwh) & np.isfinite(sold_kwh)
        is_known &= np.isfinite(self.buys)
        paid_eur = self.complete(past.grid_import_kwh) * self.complete(self.buys)
        paid_eur -= self.complete(sold_kwh) * self.complete(self.pays)
        return {
            day.day: math.fsum(paid_eur[offset:][day.slots].tolist())
            if is_enough(is_known[offset:], day)
            else None
            for day in days
        }


def _sha256(*arrays: FloatArray) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(array.tobytes())
    return digest.hexdigest()
