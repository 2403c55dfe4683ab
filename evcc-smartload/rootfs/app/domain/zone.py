"""Time zones by name, on systems that may know none."""

from datetime import tzinfo
from zoneinfo import ZoneInfo


def known_zone(name: str) -> tzinfo | None:
    """Return the zone of an IANA name; None when there is none of that name here.

    A name that is a folder of the zone data, or leads out of it, is none either.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None
