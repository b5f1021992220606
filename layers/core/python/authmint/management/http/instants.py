"""Times in queries of lists (docs/protocol.md §23.1)."""

from datetime import UTC, datetime
from typing import Never

from ...http import Request
from .errors import ApiError


def instant_of(request: Request, name: str) -> int | None:
    """Milliseconds since the epoch of a query parameter. Raises ApiError where it is no date."""
    text = request.query_value(name)
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=UTC)
        return int(instant.timestamp() * 1000)
    except (ValueError, OverflowError):
        _bad_date(name)


def _bad_date(name: str) -> Never:
    error = ApiError("E0000001")
    error.summary = (
        f"'{name}': The date format in your query is not recognized. Please enter dates using ISO8601 string format.. "
        f"'{name}': must be a valid date-time or empty."
    )
    raise error
