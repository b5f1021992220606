"""How a request ends: an answer to the client, or a page of ours while nothing else is trusted. Each is in the log."""

from collections.abc import Mapping

from ...http import Response
from ..errors import OAuthError
from ..token_events import TokenEvents
from .events import Record
from .interaction import Pages
from .responses import deliver, not_stored


class Outcomes:
    """Answers and logs."""

    def __init__(self, pages: Pages, events: TokenEvents) -> None:
        self._pages = pages
        self._events = events

    def granted(self, record: Record, fields: Mapping[str, str]) -> Response:
        """What the client asked for."""
        if record.return_to is None:
            raise ValueError("nothing is given before the way back is known")
        for event in record.grants():
            self._events.emit(event)
        return record.with_cookies(deliver(fields, record.return_to, self._pages))

    def refused(self, record: Record, error: OAuthError) -> Response:
        """The error, to the client once its redirect URI is trusted (RFC 6749 §4.1.2.1), else to the user."""
        for event in record.refusals(error):
            self._events.emit(event)
        if record.return_to is None:
            return record.with_cookies(not_stored(self._pages.error(error, record.request)))
        fields = {name: str(value) for name, value in error.body().items()}
        return record.with_cookies(deliver(fields, record.return_to, self._pages))
