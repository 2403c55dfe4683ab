"""What is wrong with an option, in the words the owner is shown."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigProblem:
    """One mistake in the configuration; SmartLoad runs on, but only observes.

    ``option`` is named as the owner wrote it: an option, a variable such as
    ``SMARTLOAD_PORT``, or the file that could not be read. ``given`` is printable, at most
    80 characters long and never a secret. ``allowed`` reads like "20 to 90 %". ``nearest`` is
    the known name or value that the owner probably meant, None when nothing comes close.
    """

    option: str
    given: str
    allowed: str
    nearest: str | None = None
