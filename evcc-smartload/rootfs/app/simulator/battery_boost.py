"""How a boost finds out what the battery can give."""

BOOST_STEP_W = 100.0
"""A boost asks for this much more than the battery gives, so that it gives what it can."""


class BoostStep:
    """Whether a boost takes its first step, which is to ask for everything."""

    __slots__ = ("_is_fresh", "_is_unread")

    def __init__(self) -> None:
        self._is_fresh = False
        self._is_unread = False

    def begin(self, *, is_fresh: bool) -> None:
        """Begin a boost; one that was on already is not fresh."""
        self._is_fresh = is_fresh

    def note_reading(self) -> None:
        """Let the meters have been read: from now on they show the first step."""
        self._is_unread = False

    def take_first(self, *, is_again: bool) -> bool:
        """Return whether this is the first step; it is taken once, or again before a reading."""
        is_first = self._is_fresh or (is_again and self._is_unread)
        self._is_fresh, self._is_unread = False, self._is_unread or is_first
        return is_first
