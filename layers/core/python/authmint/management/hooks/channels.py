"""Channels of hooks: how a body says them, and how they are shown (docs/protocol.md §39.1)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

from ...storage.hooks import Channel, ChannelType
from ..http.fields import Fields

_LONGEST_URI: Final = 1_024
_LONGEST_SECRET: Final = 2_048
_MOST_HEADERS: Final = 20
#: A header's name (RFC 9110 §5.1; official clients also know such with a space in them), and what can be its value.
_TOKEN: Final = re.compile(
    r"[!#$%&'*+.^_`|~0-9A-Za-z-](?:[!#$%&'*+.^_`|~0-9A-Za-z -]{0,126}[!#$%&'*+.^_`|~0-9A-Za-z-])?"
)
_VALUE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?")
_ARN: Final = re.compile(
    r"arn:aws[a-z-]*:lambda:[a-z0-9-]{1,30}:\d{12}:function:[\w-]{1,64}(?::[\w$-]{1,128})?", re.ASCII
)
#: What HTTP itself, or the one who sends, says.
_OURS: Final = frozenset(
    {
        "accept",
        "connection",
        "content-length",
        "content-type",
        "expect",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "webhook-id",
        "webhook-signature",
        "webhook-timestamp",
        "x-okta-verification-challenge",
    }
)
_SECRET: Final = "must be given. It is kept only as long as it is sent to the same host."
_NO_KEY: Final = "private_key_jwt is not supported: hooks have no key of their own. Use client_secret_post."


@dataclass(frozen=True)
class ChannelReader:
    """Reads channels.

    Attributes:
        types: Those that the hook can have.
        allow_private: On a local stack only: endpoints may be plain http.
    """

    types: Sequence[ChannelType]
    allow_private: bool = False

    def read(self, fields: Fields, base: Channel | None, *, partial: bool = False) -> tuple[Channel, str | None]:
        """The channel that a body describes, and its new secret; ``None``: the one before stays, or there is none.

        Problems are noted. Without the secret of before where that was for another place: who may change a hook
        would else have it sent to themselves.

        Args:
            fields: Of the channel.
            base: The channel before; ``None``: the hook is new.
            partial: What is left out stays as it was.
        """
        config = fields.below("config")
        kept = base if partial and base is not None else Channel()
        kind: ChannelType = fields.choice("type", self.types, kept.type)
        if kind != kept.type:
            kept = Channel()
        channel = Channel(type=kind, version=fields.text("version", longest=20) or kept.version)
        if kind == "LAMBDA":
            return replace(channel, function_arn=_arn(config, kept)), None
        channel = replace(channel, uri=self._uri(config, "uri", kept.uri), headers=_headers(config, kept))
        if config.has("method") and config.raw("method") != "POST":
            config.problem("method", "must be POST.")
        if kind == "OAUTH":
            return self._with_client(config, channel, base, kept)
        return _with_header(config, channel, base, kept)

    def _uri(self, config: Fields, name: str, kept: str) -> str:
        uri = config.text(name, required=not kept, longest=_LONGEST_URI) or kept
        if uri and not self._is_endpoint(uri):
            config.problem(name, "must be an https URI without white space, user information and fragment.")
        return uri

    def _is_endpoint(self, uri: str) -> bool:
        if "#" in uri or not uri.isascii() or not uri.isprintable() or " " in uri:
            return False
        try:
            parts = urlsplit(uri)
            _ = parts.port
        except ValueError:
            return False
        schemes = {"https", "http"} if self.allow_private else {"https"}
        return parts.scheme in schemes and bool(parts.hostname) and "@" not in parts.netloc

    def _with_client(
        self, config: Fields, channel: Channel, base: Channel | None, kept: Channel
    ) -> tuple[Channel, str | None]:
        method = config.text("authType") or "client_secret_post"
        if method == "private_key_jwt" or config.has("hookKeyId"):
            config.problem("authType", _NO_KEY)
        elif method != "client_secret_post":
            config.problem("authType", "must be client_secret_post.")
        channel = replace(
            channel,
            client_id=config.text("clientId", required=not kept.client_id, longest=512) or kept.client_id,
            token_url=self._uri(config, "tokenUrl", kept.token_url),
            scope=(config.text("scope", longest=1_024) if config.has("scope") else kept.scope) or "",
        )
        same = base is not None and base.type == "OAUTH" and _same_place(base.token_url, channel.token_url)
        same = same and base is not None and _same_place(base.uri, channel.uri)  # tokens go there
        return _with_secret(config, "clientSecret", channel, base if same else None)


def _with_header(config: Fields, channel: Channel, base: Channel | None, kept: Channel) -> tuple[Channel, str | None]:
    scheme = config.below("authScheme")
    stays = "authScheme" not in config.names() and kept.auth_header is not None
    if not scheme.names() and not stays:
        return channel, None
    if (scheme.text("type") or "HEADER") != "HEADER":
        scheme.problem("type", "must be HEADER.")
    name = scheme.text("key", required=not stays, longest=128) or kept.auth_header or ""
    if name and not _is_free(name):
        scheme.problem("key", "must be the name of a header that is not HTTP's or ours.")
    same = base is not None and base.type == "HTTP" and _same_place(base.uri, channel.uri)
    return _with_secret(scheme, "value", replace(channel, auth_header=name), base if same else None)


def _with_secret(fields: Fields, name: str, channel: Channel, base: Channel | None) -> tuple[Channel, str | None]:
    """``base``: the channel before, where its secret may go where this one's goes."""
    secret = fields.text(name, longest=_LONGEST_SECRET)
    if secret:
        if not _VALUE.fullmatch(secret):
            fields.problem(name, "must be printable ASCII without white space around it.")
        return channel, secret
    if base is None or base.sealed is None:
        fields.problem(name, _SECRET)
        return channel, None
    return replace(channel, sealed=base.sealed), None


def _headers(config: Fields, kept: Channel) -> tuple[tuple[str, str], ...]:
    if "headers" not in config.names():
        return kept.headers
    found: dict[str, tuple[str, str]] = {}
    for one in config.objects("headers", most=_MOST_HEADERS):
        name, value = one.text("key", required=True) or "", one.text("value", longest=1_024) or ""
        if name and not _is_free(name):
            one.problem("key", "must be the name of a header that is not HTTP's or ours.")
        if value and not _VALUE.fullmatch(value):
            one.problem("value", "must be printable ASCII without white space around it.")
        found[name.lower()] = name, value
    return tuple(found.values())


def _is_free(name: str) -> bool:
    return bool(_TOKEN.fullmatch(name)) and name.lower() not in _OURS


def _arn(config: Fields, kept: Channel) -> str:
    arn = config.text("functionArn", required=not kept.function_arn) or kept.function_arn
    if arn and not _ARN.fullmatch(arn):
        config.problem("functionArn", "must be the ARN of a Lambda function.")
    return arn


def _same_place(one: str, other: str) -> bool:
    """Whether two URIs are of one host: what may be sent to one may be sent to the other."""
    try:
        return urlsplit(one)[:2] == urlsplit(other)[:2]
    except ValueError:
        return False


def channel_json(channel: Channel) -> dict[str, Any]:
    """A channel as it is shown, without its secret."""
    if channel.type == "LAMBDA":
        return {"type": "LAMBDA", "version": channel.version, "config": {"functionArn": channel.function_arn}}
    config: dict[str, Any] = {
        "uri": channel.uri,
        "headers": [{"key": name, "value": value} for name, value in channel.headers],
        "method": "POST",
        "authScheme": None if channel.auth_header is None else {"type": "HEADER", "key": channel.auth_header},
    }
    if channel.type == "OAUTH":
        config |= {"clientId": channel.client_id, "tokenUrl": channel.token_url, "authType": "client_secret_post"}
        config |= {"scope": channel.scope}
    return {"type": channel.type, "version": channel.version, "config": config}
