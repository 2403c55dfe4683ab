"""What a reader accepts, as the headers ``Accept-Language`` and ``Accept-Encoding`` say it."""

import re
from collections.abc import Mapping

from planner.wording_figures import Lang

LANGUAGES: tuple[Lang, ...] = ("de", "en")

_QUALITY = re.compile(r"q=([01](?:\.\d{0,3})?)")


def preferred_language(header: str) -> Lang:
    """Return which of our languages a reader likes best; German when none of them is named."""
    weights = _weights(header)
    # Of equals the first one wins.
    return max(LANGUAGES, key=lambda lang: _weight_of_language(weights, lang))


def _weight_of_language(weights: Mapping[str, float], lang: str) -> float:
    """Return how much a language is liked in any of its variants, such as ``de-AT``."""
    return max(
        (weight for tag, weight in weights.items() if tag.partition("-")[0] == lang), default=0.0
    )


def accepts_gzip(header: str) -> bool:
    """Return whether a reader can unpack gzip; without a word it need not."""
    weights = _weights(header)
    return weights.get("gzip", weights.get("*", 0.0)) > 0.0


def _weights(header: str) -> dict[str, float]:
    """Return what is accepted and how much it is liked (0 to 1); an unreadable weight is 1."""
    weights: dict[str, float] = {}
    for part in header.lower().split(","):
        name, _, parameter = part.partition(";")
        quality = _QUALITY.fullmatch(parameter.strip())
        weights[name.strip()] = 1.0 if quality is None else min(1.0, float(quality[1]))
    return weights
