"""Where the sun stands, and what it would give without clouds."""

import math
from dataclasses import dataclass

_J2000_S = 946_728_000  # 2000-01-01 12:00 UTC
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place on earth: degrees north, degrees east."""

    latitude_deg: float
    longitude_deg: float


@dataclass(frozen=True, slots=True)
class SunDirection:
    """Unit vector towards the sun; ``up`` is the sine of its elevation."""

    east: float
    north: float
    up: float


@dataclass(frozen=True, slots=True)
class ClearSky:
    """Irradiance under a cloudless sky [W/m2]: on the beam, from the sky, on level ground."""

    beam_w_per_m2: float
    sky_w_per_m2: float
    level_w_per_m2: float


NIGHT = ClearSky(0.0, 0.0, 0.0)


def sun_direction(epoch_s: float, place: Place) -> SunDirection:
    """Return the direction of the sun at ``epoch_s`` [s since 1970]; good to 0.01 degrees.

    Source:
        Michalsky, J. (1988), The Astronomical Almanac's algorithm for approximate solar position
        (1950-2050), Solar Energy 40(3).
    """
    days = (epoch_s - _J2000_S) / _DAY_S
    anomaly = math.radians((357.528 + 0.9856003 * days) % 360.0)
    longitude = math.radians(
        (280.460 + 0.9856474 * days) % 360.0
        + 1.915 * math.sin(anomaly)
        + 0.020 * math.sin(2.0 * anomaly)
    )
    obliquity = math.radians(23.439 - 4e-7 * days)
    declination = math.asin(math.sin(obliquity) * math.sin(longitude))
    ascension = math.atan2(math.cos(obliquity) * math.sin(longitude), math.cos(longitude))
    utc_h = (epoch_s % _DAY_S) / 3600.0
    sidereal_h = 6.697375 + 0.0657098242 * days + utc_h
    hour_angle = math.radians((sidereal_h * 15.0 + place.longitude_deg) % 360.0) - ascension

    latitude = math.radians(place.latitude_deg)
    level = math.cos(declination) * math.cos(hour_angle)
    return SunDirection(
        east=-math.cos(declination) * math.sin(hour_angle),
        north=math.cos(latitude) * math.sin(declination) - math.sin(latitude) * level,
        up=math.sin(latitude) * math.sin(declination) + math.cos(latitude) * level,
    )


def clear_sky(sun: SunDirection) -> ClearSky:
    """Return the irradiance of a cloudless sky; zero when the sun is below the horizon.

    Source:
        Meinel, A. and M. (1976), Applied Solar Energy (beam through the air mass); the light of
        the sky is a fit to about 110 W/m2 at noon in summer.
    """
    if sun.up <= 0.0:
        return NIGHT
    # Kasten's air mass at low sun would need the elevation in degrees; the cap does as well.
    air_mass = 1.0 / max(sun.up, 0.03)
    beam = 1353.0 * 0.7 ** (air_mass**0.678)
    sky = 120.0 * math.sqrt(sun.up)
    return ClearSky(beam, sky, beam * sun.up + sky)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roof:
    """A field of modules: peak power, tilt from level, azimuth from north over east."""

    peak_kw: float
    tilt_deg: float = 35.0
    azimuth_deg: float = 180.0

    def facing_frac(self, sun: SunDirection) -> float:
        """Return the share of the beam that falls on the modules, 0 to 1."""
        tilt = math.radians(self.tilt_deg)
        azimuth = math.radians(self.azimuth_deg)
        level = math.sin(azimuth) * sun.east + math.cos(azimuth) * sun.north
        return max(0.0, math.sin(tilt) * level + math.cos(tilt) * sun.up)

    @property
    def sky_view_frac(self) -> float:
        """Share of the sky the modules see."""
        return 0.5 * (1.0 + math.cos(math.radians(self.tilt_deg)))
