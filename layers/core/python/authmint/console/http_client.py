"""Calls to the deployment, over HTTP like anybody's."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Protocol

from .errors import ApiProblem

#: Seconds: API Gateway gives up after 30.
_CONNECT, _READ = 3.0, 20.0
_MOST: Final = 8 * 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """One answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Its body; ``None`` where there is none. Raises ApiProblem: it is no JSON."""
        if not self.body:
            return None
        try:
            return json.loads(self.body)
        except ValueError:
            raise ApiProblem(503, "", "The answer is no JSON.") from None


class Transport(Protocol):
    """Sends one request."""

    def __call__(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Its answer, whatever the status. Raises ApiProblem: there is none."""


@cache
def _pool() -> Any:
    import urllib3

    return urllib3.PoolManager(num_pools=2, maxsize=8, retries=False)


def send(method: str, url: str, *, headers: Mapping[str, str], body: bytes | None) -> Answer:
    """``Transport`` by urllib3, which botocore brings along. No redirect is followed."""
    import urllib3

    try:
        answer = _pool().request(
            method,
            url,
            headers=dict(headers),
            body=body,
            redirect=False,
            preload_content=True,
            timeout=urllib3.Timeout(connect=_CONNECT, read=_READ),
        )
    except urllib3.exceptions.HTTPError:
        raise ApiProblem(503, "", "The deployment did not answer.") from None
    if len(answer.data) > _MOST:
        raise ApiProblem(503, "", "The answer is too large.")
    return Answer(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.data)
