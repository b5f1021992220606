"""Chunks of the system log: the events of one log stream that came together, compressed into one item."""

import hashlib
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from ..storage.events import Event, Recorded, place_of
from .records import encode

HOUR_MS: Final = 3_600_000
#: Where a trickle goes, so that who reads it asks one partition an hour; what is more goes to one of the others.
NARROW: Final = "00"
#: Partitions per hour of everything else, by the stream: one takes 1,000 write units a second.
WIDE: Final = 16
#: A chunk ends with so many events, bytes of JSON, or milliseconds between the first and the last. Events that cannot
#: be compressed at all still fit into an item, which may have 400 KB.
MOST_EVENTS: Final = 256
MOST_BYTES: Final = 200_000
SPAN: Final = 60_000
#: Milliseconds: what comes later than this after it happened is looked for before it is written.
ON_TIME: Final = 30_000
#: Milliseconds by which the clocks of who writes an event and who records it may differ.
SKEW: Final = 5_000
#: The first byte of a pack says how the rest is written.
_FORM: Final = b"\x01"
#: What nearly every event says; compression finds it although it was never written. Another text is another form.
_COMMON: Final = (
    b'"targets":[{"id":"00u","type":"User","alternate_id":"@example.com","display_name":null,"detail":null}],'
    b'"message":"","reason":"no_matching_policy","no_matching_scope","invalid_client","invalid_scope","outcome":"FAILURE"'
    b'"error":"access_denied","invalid_grant","error_description":"Policy evaluation failed for this request, please '
    b'check the policy configurations.","reason_detail":"The client secret supplied for a confidential client is '
    b'invalid.","steps":["00p/0pr: grant_type","00p/0pr: scope","client_secret_post","private_key_jwt","none",'
    b'"user.session.start","app.oauth2.as.authorize.code","app.oauth2.as.authorize","app.oauth2.as.token.revoke",'
    b'"app.oauth2.token.grant.access_token","type":"code","source_ip":"2001:db8:","user_agent":"okta-auth-js/7 '
    b"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 "
    b"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 "
    b'Mobile/15E148 Safari/604.1 python-requests/2.32 curl/8.5.0 axios/1.7 Go-http-client/2.0 Java/21 node",'
    b'"grant_type":"authorization_code","refresh_token","password","urn:ietf:params:oauth:grant-type:device_code",'
    b'"requested_scopes":"openid, profile, email, offline_access"'
    b'{"events":[{"id":"00000000-0000-4000-8000-000000000000","published_ms":17,"type":"app.oauth2.as.token.grant'
    b'.refresh_token","app.oauth2.as.token.grant.id_token","app.oauth2.as.token.grant.access_token","actor":{"id":"0oa",'
    b'"type":"PublicClientApp","alternate_id":"0oa","display_name":"","detail":null},"outcome":"SUCCESS","reason":null,'
    b'"message":"","targets":[{"id":"=","type":"refresh_token","id_token","access_token","alternate_id":null,'
    b'"display_name":null,"detail":{"expires":17,"hash":"=","subject":"00u","scope":"openid offline_access"}},'
    b'{"id":"00u",'
    b'"type":"User","alternate_id":"@example.com","display_name":null,"detail":null}],"debug":{"grant_type":'
    b'"client_credentials","client_auth_type":"client_secret_basic","authorization_server":"aus","authorization_server'
    b'_name":"","requested_scopes":"","policy":"00p","rule":"0pr","granted_scopes":""},"source_ip":"192.0.2.",'
    b'"user_agent":"","request_id":"="}],"recorded":[]}'
)


@dataclass(frozen=True)
class Pack:
    """What is compressed.

    Attributes:
        recorded: When each was recorded, in milliseconds; empty: all of them when the chunk was.
    """

    events: Sequence[Event]
    recorded: Sequence[int] = ()


@dataclass(frozen=True)
class _Stored:
    """A pack as it is read."""

    events: list[Event]
    recorded: list[int] = field(default_factory=list)


def packed(pack: Pack) -> bytes:
    """The pack in as few bytes as there are."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9, zdict=_COMMON)
    return _FORM + deflate.compress(encode(pack).encode()) + deflate.flush()


_DECODER: Final = msgspec.json.Decoder(_Stored)


def unpacked(data: bytes) -> Pack:
    """Raises ValueError where a later release wrote it."""
    if data[:1] != _FORM:
        raise ValueError(f"a chunk of the log in a form that this release does not know: {data[:1].hex()}")
    stored = _DECODER.decode(zlib.decompressobj(-zlib.MAX_WBITS, zdict=_COMMON).decompress(data[1:]))
    return Pack(stored.events, stored.recorded)


def places(sk: str, pack: Pack) -> Iterator[Recorded]:
    """The events of a chunk with their places."""
    for number, event in enumerate(pack.events):
        place = place_of(pack.recorded[number], event.id) if pack.recorded else f"{sk}#{number:03d}"
        yield Recorded(place, event)


def parts(events: Collection[Event]) -> Iterator[list[Event]]:
    """What goes into a chunk each: the same parts of the same events always."""
    part: list[Event] = []
    size = 0
    for event in sorted({event.id: event for event in events}.values(), key=lambda event: event.published_ms):
        length = len(encode(event))
        full = len(part) == MOST_EVENTS or size + length > MOST_BYTES
        if part and (full or event.published_ms - part[0].published_ms > SPAN):
            yield part
            part, size = [], 0
        part.append(event)
        size += length
    if part:
        yield part


def stream_mark(stream: str) -> str:
    """How a stream is named in keys."""
    return hashlib.sha256(stream.encode()).hexdigest()[:8]


def events_mark(events: Collection[Event]) -> str:
    """Tells chunks of one stream and one millisecond apart: the same for the same events."""
    return hashlib.sha256("\n".join(sorted(event.id for event in events)).encode()).hexdigest()[:12]


def chunk_key(recorded_ms: int, mark: str, events: Collection[Event]) -> str:
    """The sort key of a chunk: when, of which stream (``stream_mark``), and which events."""
    return f"{recorded_ms:014d}#{mark}#{events_mark(events)}"


def wide_shard(mark: str) -> str:
    """Where what is more than a trickle of a stream goes."""
    return f"{1 + int(mark, 16) % WIDE:02d}"


def hour_partition(hour: int, shard: str) -> str:
    """A partition of the chunks of an hour: hours since the Unix epoch."""
    return f"HOUR#{hour:08d}#{shard}"


def hours_partition(day: int) -> str:
    """Where it stands in which partitions of a day's hours there is anything."""
    return f"HOURS#{day:06d}"
