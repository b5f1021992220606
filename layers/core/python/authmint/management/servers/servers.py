"""``/api/v1/authorizationServers`` (docs/protocol.md §25.1)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from ...clock import Clock
from ...http import Response
from ...ids import Ids
from ...jose.keys import SIGNING_ALGORITHMS, SigningAlgorithm
from ...keys.birth import first_keys, fresh_keys
from ...keys.rotation import rotate, scheduled
from ...keys.schedule import rollover
from ...keys.vault import KeyPairs
from ...storage.errors import Conflict, NotFound
from ...storage.events import Event
from ...storage.servers import AuthorizationServer, Status
from ..clients.fixed_settings import SERVER, refuse_unbuilt
from ..http.call import NO_CONTENT, Call
from ..http.errors import read_only
from ..http.fields import Fields
from ..http.paging import after_of, limit_of, page, scan
from .server_changes import ServerChanges, server_party
from .server_profile import check_algorithm
from .server_view import server_json
from .system_objects import system_claims, system_scopes

PATH: Final = "/api/v1/authorizationServers"
ISSUER_MODES: Final = ("ORG_URL", "CUSTOM_URL", "DYNAMIC")


class Servers:
    """Authorization servers and their lifecycle."""

    def __init__(self, changes: ServerChanges, pairs: KeyPairs, clock: Clock, ids: Ids, *, retention: int) -> None:
        self.changes = changes
        self._pairs = pairs
        self._clock = clock
        self._ids = ids
        self._retention = retention

    def list(self, call: Call) -> Response:
        """A page in ascending id; ``q`` finds name or audience, case-insensitive (docs/protocol.md §23.4)."""
        limit, after = limit_of(call.request, default=200, most=200), after_of(call.request)
        q = call.request.query_value("q") or ""
        servers, following = scan(
            lambda after, size: self.changes.servers.list(after=after, limit=size),
            lambda server: server.id,
            lambda server: q.casefold() in server.name.casefold() or q.casefold() in server.audience.casefold(),
            after=after,
            limit=limit,
            in_time=call.retrying.in_time,
        )
        items = [server_json(server, call) for server in servers]
        return page(call.request, PATH, items, limit=limit, following=following, extra={"q": q} if q else {})

    def create(self, call: Call) -> Response:
        """201. Starts ACTIVE, with AUTO rotation whatever was asked, and without a policy (docs/protocol.md §25.1)."""
        body = call.body()
        name, audience = _audience_first(body)
        refuse_unbuilt(body, SERVER)
        issuer_mode = body.choice("issuerMode", ISSUER_MODES, "DYNAMIC")
        description = body.text("description", longest=1_000)
        algorithm = body.below("credentials").below("signing").choice("alg", SIGNING_ALGORITHMS, "RS256")
        body.check()
        server = self.newborn(name, audience, algorithm, call.now)
        server = replace(server, issuer_mode=issuer_mode, description=description)
        events = [call.recorder.event("oauth2.as.created", server_party(server))]
        call.retrying(lambda: self.changes.servers.add(server, events))
        return Response.json(201, server_json(server, call))

    def newborn(
        self, name: str, audience: str, algorithm: SigningAlgorithm, now: int, *, server_id: str | None = None
    ) -> AuthorizationServer:
        """A server with what every server is born with (docs/protocol.md §25.1). Raises VaultUnavailable."""
        server_id = server_id or self._ids.object_id("aus")
        return scheduled(
            AuthorizationServer(
                id=server_id,
                name=name,
                audience=audience,
                created_at=now,
                updated_at=now,
                algorithm=algorithm,
                scopes=system_scopes(self._ids),
                claims=system_claims(self._ids),
                keys=first_keys(server_id, algorithm, self._pairs, self._ids, now),
            )
        )

    def get(self, call: Call) -> Response:
        return Response.json(200, server_json(self.changes.load(call), call))

    def replace(self, call: Call) -> Response:
        """200. Another algorithm takes effect at once, by a rotation."""
        self.changes.load(call)
        body = call.body()
        name, audience = _audience_first(body, replacing=True)
        refuse_unbuilt(body, SERVER)
        issuer_mode = body.choice("issuerMode", ISSUER_MODES, "ORG_URL")
        description = body.text("description", longest=1_000)
        signing = body.below("credentials").below("signing")
        mode = signing.choice("rotationMode", ("AUTO", "MANUAL"), "") or None
        algorithm = signing.choice("alg", SIGNING_ALGORITHMS, "") or None
        body.check()

        def change(before: AuthorizationServer) -> tuple[AuthorizationServer, None, Sequence[Event]]:
            after = replace(
                before,
                name=name,
                audience=audience,
                issuer_mode=issuer_mode,
                description=description,
                rotation_mode=mode or before.rotation_mode,
                algorithm=algorithm or before.algorithm,
                updated_at=call.now,
            )
            events = [call.recorder.event("oauth2.as.updated", server_party(after))]
            if after.algorithm != before.algorithm:
                check_algorithm(before, after.algorithm)
                after = self._resigned(after, call.now)
                events.append(rollover(call.recorder, after))
            after = scheduled(after)
            return after, None, events

        after, _ = self.changes.change(call, change)
        return Response.json(200, server_json(after, call))

    def _resigned(self, server: AuthorizationServer, now: int) -> AuthorizationServer:
        """The server signing with a fresh key of its algorithm; a NEXT key of another one is replaced."""
        fresh = fresh_keys(server.id, server.algorithm, self._pairs, self._ids, now, needed=1)
        kept = tuple(key for key in server.keys if key.status != "NEXT")
        return rotate(replace(server, keys=kept), now, fresh, retention=self._retention)

    def delete(self, call: Call) -> Response:
        """204. Takes everything below it along; the default server stays (docs/protocol.md §1.2)."""

        def attempt() -> None:
            server = self.changes.load(call)
            if server.is_default:
                raise read_only("AuthorizationServer")
            self.changes.servers.delete(server, [call.recorder.event("oauth2.as.deleted", server_party(server))])

        call.retrying(attempt, on=(Conflict, NotFound))
        return NO_CONTENT

    def activate(self, call: Call) -> Response:
        return self._status(call, "ACTIVE", "oauth2.as.activated")

    def deactivate(self, call: Call) -> Response:
        return self._status(call, "INACTIVE", "oauth2.as.deactivated")

    def _status(self, call: Call, status: Status, event_type: str) -> Response:
        def change(before: AuthorizationServer) -> tuple[AuthorizationServer, None, Sequence[Event]]:
            if before.status == status:
                return before, None, []
            after = replace(before, status=status, updated_at=call.now)
            return after, None, [call.recorder.event(event_type, server_party(after))]

        self.changes.change(call, change)
        return NO_CONTENT


def _audience_first(body: Fields, *, replacing: bool = False) -> tuple[str, str]:
    """Name and audience; refusals come in the recorded order: audiences, issuerMode, name (docs/protocol.md §23.3)."""
    audiences = body.texts("audiences") or ()
    audience = audiences[0] if len(audiences) == 1 else ""
    if not audience.strip():
        body.problem("audiences", "''audiences'' must be an array with exactly one value.")
    elif ":" in audience and not _is_uri(audience):
        body.problem("audiences", "''audiences'' must hold a URI where it contains ':'.")
    if replacing and not body.has("issuerMode"):
        body.problem("issuerMode", "''issuerMode'' is required.")
    name = body.text("name", required=True) or ""
    return name, audience


def _is_uri(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme) and bool(parts.netloc or parts.path) and not any(c.isspace() for c in text)
