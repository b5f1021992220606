"""Calls that are repeated while a deployment is busy, or does not answer what may be asked twice."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ...clock import Clock, SystemClock
from ..remote import Answer, NoAnswer, Remote, RemoteFailed, words

#: Tries of one call, and the longest pause between two, in seconds: limits are counted by the minute.
TRIES: Final = 8
_LONGEST_PAUSE: Final = 60
#: Of one list: two million people at 200 a page, and more than any memory here would hold.
MOST_PAGES: Final = 10_000
_BUSY: Final = frozenset({429, 503})
_BROKEN: Final = frozenset({500, 502, 504})
#: Other refusals have the status 401, too: of what a deployment does not offer.
_BAD_TOKEN: Final = b"E0000011"
_AGAIN: Final = "the same again goes on where it stopped"


class Unsure(Exception):
    """Whether a change was made is not known: the deployment broke while it was asked."""


class Patient:
    """One deployment, asked patiently.

    Attributes:
        asked: How many requests were sent.
    """

    def __init__(self, remote: Remote, clock: Clock | None = None) -> None:
        self.remote = remote
        self.asked = 0
        self._clock = clock or SystemClock()

    @property
    def url(self) -> str:
        """Where it is."""
        return self.remote.url

    def read(self, path: str) -> Answer:
        """The answer to a GET, whatever it is. Raises RemoteFailed."""
        return self._patiently("GET", path, None, repeats=_BUSY | _BROKEN)

    def items(self, path: str) -> Iterator[Any]:
        """Every item of a list. Raises Unreadable, RemoteFailed."""
        following: str | None = path
        seen: set[str] = set()
        while following is not None:
            if following in seen or len(seen) == MOST_PAGES:
                raise Unreadable(200, "its pages have no end")
            seen.add(following)
            answer = self.read(following)
            listed = answer.json() if answer.status < 300 else None
            if not isinstance(listed, list):
                raise Unreadable(answer.status, words(answer) if answer.status >= 300 else "the answer is no list")
            yield from listed
            following = answer.following

    def change(self, method: str, path: str, body: Any = None) -> Answer:
        """The answer to a change that may be asked for twice. Raises RemoteFailed."""
        return self._patiently(method, path, body, repeats=_BUSY | _BROKEN)

    def make(self, path: str, body: Any, *, method: str = "POST") -> Answer:
        """The answer to something that must not be done twice: it is repeated where it was not done for certain.

        Raises:
            Unsure: It may have been done.
            RemoteFailed: The deployment is busy for too long, or does not answer.
        """
        answer = self._patiently(method, path, body, repeats=frozenset({429}))
        if answer.status in _BUSY | _BROKEN:
            raise Unsure
        return answer

    def pause(self, attempt: int, headers: Mapping[str, str] | None = None) -> None:
        """Wait as long as an answer says, else twice as long as before."""
        self.remote.pause(_pause_of(headers or {}, self._clock.now()) or min(_LONGEST_PAUSE, 2**attempt))

    def _patiently(self, method: str, path: str, body: Any, *, repeats: frozenset[int]) -> Answer:
        safe = bool(repeats & _BROKEN)
        for attempt in range(TRIES):
            self.asked += 1
            try:
                answer = self.remote.admin_answer(method, path, body)
            except NoAnswer:
                if not safe or attempt == TRIES - 1:
                    raise
                self.pause(attempt)
                continue
            if answer.status == 401 and _BAD_TOKEN in answer.body:
                raise RemoteFailed(f"{self.url} does not take the token: {words(answer)}")
            if answer.status not in repeats:
                return answer
            if attempt < TRIES - 1:
                self.pause(attempt, answer.headers)
        raise RemoteFailed(f"{self.url} is busy: {words(answer)}; {_AGAIN}")


class Unreadable(Exception):
    """A list that the deployment does not show."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def _pause_of(headers: Mapping[str, str], now: int) -> int | None:
    """Seconds, as ``Retry-After`` (RFC 9110 §10.2.3) or the time of the next window says it."""
    after, reset = headers.get("retry-after", ""), headers.get("x-rate-limit-reset", "")
    seconds = int(after) if after.isdigit() else int(reset) - now + 1 if reset.isdigit() else 0
    return min(seconds, _LONGEST_PAUSE) if seconds > 0 else None
