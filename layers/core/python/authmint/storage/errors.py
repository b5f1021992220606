"""What storage refuses. The caller that knows the meaning translates it for the wire."""

from ..outage import Outage


class StorageError(Exception):
    """Base of this tree: ``NotFound``, ``Conflict``, ``AlreadyExists``, ``AlreadyUsed``, ``Unavailable``, and below
    it ``Throttled``.
    """


class NotFound(StorageError):
    """There is no such record, or it was deleted."""


class Conflict(StorageError):
    """The record changed since it was read. Read it again and repeat the change."""


class AlreadyExists(StorageError):
    """A unique value is taken.

    Attributes:
        field: Which one: ``id``, ``label``, ...
    """

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} is taken")
        self.field = field


class AlreadyUsed(StorageError):
    """A single-use record was used before."""


class Unavailable(StorageError, Outage):
    """Storage could not answer now: throttled, down or too slow. Nothing is known to have changed."""


class Throttled(Unavailable):
    """Storage has more to do than it may. Nothing has changed: the same can be tried again after a pause."""
