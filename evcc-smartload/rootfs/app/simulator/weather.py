"""The weather over the country and over the house.

The same fronts pass over both, so a sunny day at home tends to be a cheap one on the market.
``cover`` is the share of the sky in cloud, 0 to 1.
"""

import math

from simulator.noise import SmoothNoise, normal_share

_HOUR_S = 3600.0
_DAY_S = 86_400.0
_YEAR_S = 365.2425 * _DAY_S
_COLDEST_S = 18 * _DAY_S

# Slopes above 1 make clear and overcast skies more common than half-covered ones.
_COVER_SLOPE = 1.5


def winter_frac(epoch_s: float) -> float:
    """Return the season: 1 in the middle of January, 0 in the middle of July."""
    return 0.5 * (1.0 + math.cos(2.0 * math.pi * (epoch_s - _COLDEST_S) / _YEAR_S))


def cover_of(latent: float, epoch_s: float) -> float:
    """Return the cloud cover for a standard normal ``latent`` (high is cloudy)."""
    return normal_share(_COVER_SLOPE * latent + 0.1 + 0.85 * winter_frac(epoch_s))


class NationalWeather:
    """Clouds and wind over the country."""

    def __init__(self, seed: int) -> None:
        self._fronts = SmoothNoise(
            seed, "fronts", [(84 * _HOUR_S, 0.75), (23 * _HOUR_S, 0.55), (7 * _HOUR_S, 0.35)]
        )
        self._wind = SmoothNoise(seed, "wind", [(60 * _HOUR_S, 0.8), (13 * _HOUR_S, 0.5)])

    def front(self, epoch_s: float) -> float:
        """Return the state of the fronts, standard normal; high is cloudy."""
        return self._fronts.at(epoch_s)

    def cover_frac(self, epoch_s: float) -> float:
        """Return the cloud cover over the country; an average over many skies, so never extreme."""
        return cover_of(0.6 * self.front(epoch_s), epoch_s)

    def wind_share(self, epoch_s: float) -> float:
        """Return the output of all wind turbines per installed power, 0 to about 0.8."""
        strength = self._wind.at(epoch_s) + 0.35 * (2.0 * winter_frac(epoch_s) - 1.0)
        return 0.8 * normal_share(strength - 0.95)


class LocalWeather:
    """Clouds and temperature over one house."""

    def __init__(self, seed: int) -> None:
        self.national = NationalWeather(seed)
        self._local = SmoothNoise(seed, "local clouds", [(5 * _HOUR_S, 0.7), (1.5 * _HOUR_S, 0.7)])
        self._passing = SmoothNoise(seed, "passing clouds", [(420.0, 0.8), (110.0, 0.6)])
        self._thickness = SmoothNoise(
            seed, "cloud thickness", [(30 * _HOUR_S, 0.8), (3 * _HOUR_S, 0.6)]
        )
        self._warmth = SmoothNoise(seed, "warmth", [(120 * _HOUR_S, 0.9), (30 * _HOUR_S, 0.45)])

    def cloudiness(self, epoch_s: float) -> float:
        """Return the latent cloudiness, standard normal; ``cover_of`` turns it into cover."""
        return 0.88 * self.national.front(epoch_s) + 0.475 * self._local.at(epoch_s)

    def cover_frac(self, epoch_s: float) -> float:
        """Return the share of the sky in cloud."""
        return cover_of(self.cloudiness(epoch_s), epoch_s)

    def sky_through_cloud_frac(self, epoch_s: float) -> float:
        """Return which share of the clear-sky light an overcast sky lets through."""
        return 0.11 + 0.22 * normal_share(self._thickness.at(epoch_s))

    def sun_covered_frac(self, epoch_s: float, cover_frac: float) -> float:
        """Return how much of the sun is behind a cloud just now, on average ``cover_frac``.

        Clouds have soft edges: the value moves through the middle instead of jumping.
        """
        place_in_field = normal_share(self._passing.at(epoch_s))
        behind = (cover_frac * 1.16 - 0.08 - place_in_field) / 0.16 + 0.5
        return max(0.0, min(1.0, behind))

    def temperature_c(self, epoch_s: float) -> float:
        """Return the air temperature; warmest about 14:00 UTC, milder swings under cloud."""
        seasonal = 19.0 - 17.5 * winter_frac(epoch_s)
        daily = math.cos(2.0 * math.pi * (epoch_s / _DAY_S - 14.0 / 24.0))
        return seasonal + 3.5 * daily + 3.5 * self._warmth.at(epoch_s)
