"""Calls of hooks: endpoints and functions of the operator's, guarded and bounded in time (docs/protocol.md §39.2)."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol
from urllib.parse import urlencode

import msgspec

from ..deadline import MARGIN, NEEDED
from ..keys.vault import SecretSeals
from ..oauth.outbound_fetch import MAX_BYTES, Answer, FetchFailed
from ..storage.hooks import Channel

#: Seconds that a hook has.
SECONDS: Final = 3.0
#: Seconds that whoever waits for the hook needs afterwards: a write, and the answer.
RESERVED: Final = NEEDED - MARGIN
#: With less than this, nothing is begun.
_LEAST: Final = 0.25
#: The id of the secret of a channel among those of its hook.
CHANNEL_SECRET: Final = "channel"
#: Seconds before its end at which an access token for an endpoint is not used any more.
_EARLY: Final = 60


class HookFailed(Exception):
    """The hook gave no answer that can be used. The message says why, and holds nothing of what was sent or answered.

    Attributes:
        slow: There was no answer in time.
        status: Of the answer; 0: there was none.
    """

    def __init__(self, message: str, *, slow: bool = False, status: int = 0) -> None:
        super().__init__(message)
        self.slow = slow
        self.status = status


class Exchange(Protocol):
    """Sends one request to a host on the public internet."""

    def __call__(
        self, method: str, uri: str, *, headers: Mapping[str, str], body: bytes | None, largest: int, timeout: float
    ) -> Answer:
        """Raises FetchFailed."""


class Functions(Protocol):
    """Functions of the operator's."""

    def invoke(self, arn: str, payload: bytes) -> bytes:
        """What the function answers to a payload, within ``SECONDS``. Raises HookFailed."""


class HookCalls:
    """Asks hooks. A warm instance keeps opened secrets and access tokens.

    Args:
        exchange: Reaches endpoints.
        seals: Opens their secrets; made when the first one is needed.
        functions: Reaches functions; made when the first one is needed.
        left: Seconds that the invocation has left.
        monotonic: A clock that only goes forward.
    """

    def __init__(
        self,
        exchange: Exchange,
        seals: Callable[[], SecretSeals],
        functions: Callable[[], Functions],
        *,
        left: Callable[[], float],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._exchange = exchange
        self._seals = seals
        self._functions = functions
        self._left = left
        self._monotonic = monotonic
        self._opened: dict[tuple[str, str], str] = {}
        self._tokens: dict[tuple[str, Channel], tuple[str, float]] = {}

    def ask(self, hook_id: str, channel: Channel, question: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What a hook answers to a question: a JSON object; ``None``: it has nothing to say.

        Raises:
            HookFailed: It did not answer in time, or not as a hook does.
            Outage: Its secret cannot be opened now.
        """
        answer = self.send(hook_id, channel, msgspec.json.encode(question))
        if answer.status == 204 or (channel.type == "LAMBDA" and answer.content == b"null"):
            return None
        if answer.status != 200:
            raise HookFailed(f"status {answer.status}", status=answer.status)
        try:
            said = msgspec.json.decode(answer.content)
        except (msgspec.DecodeError, RecursionError):
            said = None
        if not isinstance(said, dict):
            raise HookFailed("the answer is not a JSON object", status=200)
        return said

    def ask_persistently(self, hook_id: str, channel: Channel, question: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """As ``ask``, with one more try where the endpoint has trouble. Raises HookFailed, Outage."""
        try:
            return self.ask(hook_id, channel, question)
        except HookFailed as failed:
            if failed.status < 500:
                raise
        return self.ask(hook_id, channel, question)

    def send(
        self,
        hook_id: str,
        channel: Channel,
        body: bytes | None,
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "POST",
        reserved: float = RESERVED,
    ) -> Answer:
        """Send JSON, and read the answer, whatever it is.

        Args:
            hook_id: To which secrets are bound.
            channel: Of the hook.
            body: JSON.
            headers: Beside those of the channel.
            method: Of the request.
            reserved: Seconds that are to be left afterwards.

        Raises:
            HookFailed: There was no answer.
            Outage: Its secret cannot be opened now.
        """
        seconds = min(SECONDS, self._left() - reserved)
        if seconds < _LEAST or (channel.type == "LAMBDA" and seconds < SECONDS):
            raise HookFailed("no time was left", slow=True)
        if channel.type == "LAMBDA":
            return Answer(200, self._functions().invoke(channel.function_arn, body or b""))
        ends_at = self._monotonic() + seconds
        sent = dict(channel.headers)
        sent |= {"content-type": "application/json"} if body is not None else {}
        sent |= {"accept": "application/json", "user-agent": "authmint", **(headers or {})}
        sent |= self._authorization(hook_id, channel, ends_at)
        try:
            answer = self._request(method, channel.uri, sent, body, ends_at)
        except FetchFailed as failed:
            raise HookFailed(str(failed), slow=failed.slow) from None
        if answer.status == 401:
            self._tokens.pop((hook_id, channel), None)
        return answer

    def _request(self, method: str, uri: str, headers: Mapping[str, str], body: bytes | None, ends_at: float) -> Answer:
        left = ends_at - self._monotonic()
        if left <= 0:
            raise FetchFailed("too slow", slow=True)
        # What is exactly as large as an answer must not be counts as too large as well.
        return self._exchange(method, uri, headers=headers, body=body, largest=MAX_BYTES - 1, timeout=left)

    def _authorization(self, hook_id: str, channel: Channel, ends_at: float) -> dict[str, str]:
        if channel.type == "OAUTH":
            return {"authorization": f"Bearer {self._token(hook_id, channel, ends_at)}"}
        if channel.auth_header is None or channel.sealed is None:
            return {}
        return {channel.auth_header: self.opened(hook_id, CHANNEL_SECRET, channel.sealed)}

    def _token(self, hook_id: str, channel: Channel, ends_at: float) -> str:
        """An access token for the endpoint (RFC 6749 §4.4), kept until it ends."""
        token, good_until = self._tokens.get((hook_id, channel), ("", 0.0))
        if token and self._monotonic() < good_until:
            return token
        form = {
            "grant_type": "client_credentials",
            "client_id": channel.client_id,
            "client_secret": self.opened(hook_id, CHANNEL_SECRET, channel.sealed or ""),
            "scope": channel.scope,
        }
        body = urlencode({name: value for name, value in form.items() if value}).encode()
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        try:
            answer = self._request("POST", channel.token_url, headers, body, ends_at)
        except FetchFailed as failed:
            raise HookFailed(f"no access token for the hook: {failed}", slow=failed.slow) from None
        if answer.status != 200:
            raise HookFailed(f"no access token for the hook: status {answer.status}", status=answer.status)
        try:
            granted = msgspec.json.decode(answer.content, type=_Granted)
        except msgspec.DecodeError:
            raise HookFailed("no access token for the hook: not an answer of RFC 6749 §5.1") from None
        if not granted.access_token.isprintable() or not granted.access_token.isascii():
            raise HookFailed("no access token for the hook: it cannot stand in a header")
        self._tokens[hook_id, channel] = granted.access_token, self._monotonic() + granted.expires_in - _EARLY
        return granted.access_token

    def opened(self, hook_id: str, secret_id: str, sealed: str) -> str:
        """A secret of a hook. Raises Outage."""
        if (hook_id, sealed) not in self._opened:
            self._opened[hook_id, sealed] = self._seals().open(hook_id, secret_id, sealed)
        return self._opened[hook_id, sealed]


class _Granted(msgspec.Struct):
    """An access token (RFC 6749 §5.1)."""

    access_token: str
    expires_in: float = 0
