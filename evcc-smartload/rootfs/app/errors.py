"""Every error SmartLoad raises on purpose; the branches are what a caller treats alike.

SmartLoadError
├── SourceError                    something outside did not answer usefully
│   ├── EvccUnavailableError        away, timeout, 5xx, starting up: keep the last snapshot
│   │   └── EvccUnreadableError    an answer that cannot be understood (empty 200, wrong types)
│   ├── EvccRejectedError          4xx: our request was wrong for evcc; repeating it will not help
│   │   └── EvccAutomaticModeError 409: evcc's own automatic mode is in charge
│   └── PastSourceError            the home's past could not be read; the text says what to do
│       ├── PastSourceUnavailableError  away, slow, restarting: trying again later may help
│       └── PastSourceRefusedError  wrong password, no such database: the owner must do something
├── MeasuredDataError              measured data cannot be used; the text says what to do
├── WriteRefusedError              SmartLoad itself decided not to write; the text says why
├── ExtensionTooShortError         an observation would end earlier than it does already
└── ClockNotSetError               the clock cannot be right, so "from now" means nothing
"""

from datetime import datetime


class SmartLoadError(Exception):
    """Base of all errors that SmartLoad raises on purpose."""


class SourceError(SmartLoadError):
    """Something outside SmartLoad did not answer usefully."""


class EvccUnavailableError(SourceError):
    """evcc cannot be reached, is starting, or failed to answer in time."""


class EvccUnreadableError(EvccUnavailableError):
    """evcc answered, but not with something that can be understood."""


class EvccRejectedError(SourceError):
    """evcc refused a request; repeating the same request will not help."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class EvccAutomaticModeError(EvccRejectedError):
    """evcc's own optimizer controls this setting and refuses others (409)."""


class PastSourceError(SourceError):
    """Something that recorded the home's past gave none; the text says what to do."""


class PastSourceUnavailableError(PastSourceError):
    """It is away, too slow, restarting or overloaded; trying again later may help."""


class PastSourceRefusedError(PastSourceError):
    """It will answer the same until the owner changes something."""


class MeasuredDataError(SmartLoadError):
    """Measured data, or a choice among them, cannot be used; the text says what to do."""


class WriteRefusedError(SmartLoadError):
    """SmartLoad must not write now; the text says why in the owner's words (German)."""


class ExtensionTooShortError(SmartLoadError):
    """An extension of the observation would end earlier than the running period."""

    def __init__(self, *, ends_at: datetime, extra_days: int) -> None:
        super().__init__(f"the observation runs until {ends_at.isoformat()} already")
        self.ends_at = ends_at
        self.extra_days = extra_days


class ClockNotSetError(SmartLoadError):
    """The computer's clock cannot be right yet."""
