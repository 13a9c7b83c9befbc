"""What storage refuses, and what it cannot do just now."""

from __future__ import annotations

from peewee import OperationalError, PeeweeException

from collector.domain.errors import CIHealthError


class DatabaseError(CIHealthError):
    """The database cannot be used as it is: a wrong URL, an engine with a known fault, a foreign schema."""


class Unavailable(OperationalError):
    """The database cannot be used just now (locked, full, read-only, gone); nothing was stored. Trying again may help.

    It is one of peewee's errors, so that whoever handles those handles it too.
    """


class BadCursor(CIHealthError):
    """A page's cursor that we did not hand out, or that belongs to another order."""

    field = "cursor"


class BadSort(CIHealthError):
    """A sort column that builds cannot be ordered by."""

    field = "sort"


class BadSilence(CIHealthError):
    """A silence that cannot be. ``field`` is what is wrong with it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field} {message}")
        self.field = field


class NoSuchAlert(CIHealthError):
    """There is no alert of that id."""


def is_of_database(error: Exception) -> bool:
    """Whether the engine said it: the transaction is in doubt, and nothing of it may be kept."""
    return isinstance(error, PeeweeException)
