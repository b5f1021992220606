"""GET ``/oauth2/{authServerId}/v1/status/{list}``: a server's status list, signed (docs/protocol.md §14.5).

Nothing is built ahead and nothing is stored: an instance keeps the bits of a list, adds what was revoked since it
looked last, and signs when something changed. Where nobody reads, nothing runs.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from ...clock import Clock
from ...http import Request, Response
from ...ids import Ids
from ...outage import Outage
from ...storage.configuration import Configuration
from ...storage.errors import NotFound
from ...storage.servers import AuthorizationServer, issuer_of, server_named
from ...storage.status_lists import DAY, SIZE, StatusLists
from ...tokens.signer import Signers
from ..discovery import etag, not_found, unavailable
from .document import LONGEST, MEDIA_TYPE, TYPE, mark, payload_of
from .entries import uri_of

_NAME: Final = re.compile(r"[0-9]{8}-[0-9]{1,12}", re.ASCII)
#: Seconds for which an instance does not look again, and for which others may keep what it gave.
_UNSEEN: Final = 5
MAX_AGE: Final = 60
#: A list where nothing changes is signed anew so often: what is fetched can be believed for most of its lifetime.
_SIGNED_FOR: Final = 3_600
#: What is revoked is stored under the time at which its writer began. Clocks differ, and writes are repeated.
_OVERLAP: Final = 300
#: Lists that an instance keeps, each of 128 KiB and what it signed.
_MOST: Final = 64


@dataclass
class _Warm:
    """A list as an instance knows it.

    Attributes:
        expires_at: None of its tokens lives longer.
        looked_at: When it looked last; 0: never.
        unsigned: ``bits`` say more than ``document``.
        signed_at: When ``document`` was signed, and by which key.
    """

    expires_at: int
    bits: bytearray = field(default_factory=lambda: bytearray(SIZE >> 3))
    unsigned: bool = False
    looked_at: int = 0
    signed_at: int = 0
    kid: str = ""
    uri: str = ""
    document: bytes = b""


class StatusListEndpoint:
    """Anybody may ask: what a list says is of use only to who holds a token of it."""

    def __init__(
        self, configuration: Configuration, lists: StatusLists, signers: Signers, clock: Clock, ids: Ids
    ) -> None:
        self._configuration = configuration
        self._lists = lists
        self._signers = signers
        self._clock = clock
        self._ids = ids
        self._kept: OrderedDict[tuple[str, str], _Warm] = OrderedDict()

    def __call__(self, request: Request) -> Response:
        """The list as it is now, give or take a few seconds; 404 for one that has no tokens, or none alive."""
        now = self._clock.now()
        path_id, list_id = request.path_parameters.get("authServerId"), request.path_parameters.get("list") or ""
        try:
            server = self._configuration.read(server_named(path_id)).server
            if server is None or server.status != "ACTIVE" or not _NAME.fullmatch(list_id):
                return not_found(path_id or "", self._ids)
            document = self._document(server, list_id, uri_of(issuer_of(server, request.base_url), list_id), now)
        except NotFound:
            return not_found(list_id, self._ids)
        except Outage as error:
            return unavailable(self._ids, error)
        caching = (("cache-control", f"public, max-age={MAX_AGE}"), ("etag", etag(document)))
        if request.header("if-none-match") == caching[1][1]:
            return Response(304, b"", caching)
        return Response(200, document, (("content-type", MEDIA_TYPE), *caching))

    def _document(self, server: AuthorizationServer, list_id: str, uri: str, now: int) -> bytes:
        """The signed list. Raises NotFound, Unavailable, VaultUnavailable."""
        warm = self._kept.get((server.id, list_id))
        if warm is None:
            warm = _Warm(self._lists.get(server.id, list_id).expires_at)
        if warm.expires_at + DAY <= now:
            raise NotFound(list_id)
        self._kept[server.id, list_id] = warm
        self._kept.move_to_end((server.id, list_id))
        while len(self._kept) > _MOST:
            self._kept.popitem(last=False)
        if now - warm.looked_at >= _UNSEEN:
            found = list(self._lists.revoked(server.id, list_id, since=max(0, warm.looked_at - _OVERLAP)))
            warm.unsigned |= mark(warm.bits, found)
            warm.looked_at = now
        current = (warm.kid, warm.uri) == (server.active_key.kid, uri) and now - warm.signed_at < _SIGNED_FOR
        if warm.unsigned or not current:
            token = self._signers.signer(server).sign(payload_of(uri, warm.bits, now=now), LONGEST, typ=TYPE)
            warm.document, warm.signed_at, warm.kid, warm.uri = token.encode(), now, server.active_key.kid, uri
            warm.unsigned = False
        return warm.document
