"""``…/trustedIssuers`` of a server, and whom each means by a ``sub`` (docs/protocol.md §45). An extension."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

from ...clock import timestamp
from ...http import Response
from ...ids import Ids
from ...oauth.client_auth.methods import ALGORITHMS
from ...oauth.issuer_keys import discovered
from ...oauth.outbound_fetch import FetchFailed
from ...outage import Outage
from ...storage.errors import AlreadyExists, NotFound
from ...storage.events import Event, Party
from ...storage.servers import AuthorizationServer
from ...storage.trusted_issuers import IssuerSubject, IssuerSubjects, TrustedIssuer, subject_id
from ...storage.users import Users
from ..clients.key_reading import read_jwk
from ..http.call import NO_CONTENT, Call, link
from ..http.crud import add_crud
from ..http.errors import invalid_field, not_found
from ..http.fields import Fields
from ..http.paging import id_after, limit_of, page
from ..http.routes import Routes
from .server_changes import ServerChanges, find, path_of, replaced, server_party, without

MOST: Final = 100
_MOST_KEYS: Final = 50
_LONGEST: Final = 512
_LONGEST_AGE: Final = 86_400
SIGNING: Final = ALGORITHMS["private_key_jwt"]
_KNOWN: Final = frozenset(
    {
        "id", "issuer", "use", "jwks", "jwksUri", "discovery", "algorithms", "subject", "scopeParameter",
        "maxTokenAgeSeconds", "clientIds", "status", "created", "lastUpdated", "_links",
    }
)  # fmt: skip
Changed = tuple[AuthorizationServer, TrustedIssuer, Sequence[Event]]


@dataclass(frozen=True)
class TrustRecords:
    """What there is beside the servers themselves.

    Attributes:
        fetch: What an issuer says of itself.
    """

    subjects: IssuerSubjects
    users: Users
    fetch: Callable[[str], bytes]


def add_trusted_issuers(routes: Routes[Any], changes: ServerChanges, records: TrustRecords, ids: Ids) -> None:
    """Their routes."""
    path = "/api/v1/authorizationServers/{authServerId}/trustedIssuers"
    issuers = TrustedIssuers(changes, records, ids)
    add_crud(routes, path, "{trustedIssuerId}", issuers)
    below = f"{path}/{{trustedIssuerId}}/subjects"
    routes.add("GET", below, issuers.subjects)
    routes.add("POST", below, issuers.add_subject)
    routes.add("GET", f"{below}/{{subjectId}}", issuers.subject)
    routes.add("DELETE", f"{below}/{{subjectId}}", issuers.remove_subject)


class TrustedIssuers:
    """Issuers that one server trusts. Changes of a server come one after the other, by its version."""

    def __init__(self, changes: ServerChanges, records: TrustRecords, ids: Ids) -> None:
        self._changes = changes
        self._records = records
        self._ids = ids

    def list(self, call: Call) -> Response:
        """In ascending id."""
        server = self._changes.load(call)
        limit, after = limit_of(call.request, default=200, most=200), id_after(call.request)
        found = sorted((one for one in server.trusted_issuers if after is None or one.id > after), key=lambda i: i.id)
        items = [_json(issuer, server, call) for issuer in found[:limit]]
        following = found[limit - 1].id if len(found) > limit else None
        path = f"{path_of(server)}/trustedIssuers"
        return page(call.request, path, items, limit=limit, following=following, extra={})

    def create(self, call: Call) -> Response:
        """201. Where its metadata says where its keys are, that is tried at once."""
        self._changes.load(call)
        issuer = self._read(call, TrustedIssuer(self._ids.object_id("tis"), "", "ID_JAG", call.now, call.now), new=True)

        def change(server: AuthorizationServer) -> Changed:
            _check_unique(issuer, server)
            if len(server.trusted_issuers) >= MOST:
                raise invalid_field("issuer", f"A server can trust at most {MOST} issuers.")
            changed = replace(server, trusted_issuers=(*server.trusted_issuers, issuer))
            return changed, issuer, [_event("add", issuer, server, call)]

        server, _ = self._changes.change(call, change)
        return Response.json(201, _json(issuer, server, call))

    def get(self, call: Call) -> Response:
        server = self._changes.load(call)
        return Response.json(200, _json(_found(server, call), server, call))

    def replace(self, call: Call) -> Response:
        """200. Issuer and use stay: what was linked to it is about that issuer."""
        before = _found(self._changes.load(call), call)
        base = TrustedIssuer(before.id, before.issuer, before.use, before.created_at, before.updated_at)
        wanted = self._read(call, base, new=False)

        def change(server: AuthorizationServer) -> Changed:
            known = _found(server, call)
            after = replace(wanted, updated_at=known.updated_at)
            if after == known:
                return server, known, []
            after = replace(after, updated_at=call.now)
            changed = replace(server, trusted_issuers=replaced(server.trusted_issuers, after))
            return changed, after, [_event("delete", known, server, call), _event("add", after, server, call)]

        server, issuer = self._changes.change(call, change)
        return Response.json(200, _json(issuer, server, call))

    def delete(self, call: Call) -> Response:
        """204. The issuer goes first, and nobody can be meant by it any more; then whom it meant is forgotten."""

        def change(server: AuthorizationServer) -> Changed:
            issuer = _found(server, call)
            changed = replace(server, trusted_issuers=without(server.trusted_issuers, issuer.id))
            return changed, issuer, [_event("delete", issuer, server, call)]

        _, gone = self._changes.change(call, change)
        with suppress(Outage):  # what stays is under an id that nothing is called by again
            self._records.subjects.remove_all(gone.id)
        return NO_CONTENT

    def subjects(self, call: Call) -> Response:
        """Whom it means, in ascending id."""
        server = self._changes.load(call)
        issuer = _found(server, call)
        limit, after = limit_of(call.request, default=200, most=200), id_after(call.request)
        found = self._records.subjects.list(issuer.id, after=after, limit=limit + 1)
        items = [_subject_json(subject, server, call) for subject in found[:limit]]
        following = found[limit - 1].id if len(found) > limit else None
        path = f"{path_of(server)}/trustedIssuers/{issuer.id}/subjects"
        return page(call.request, path, items, limit=limit, following=following, extra={})

    def add_subject(self, call: Call) -> Response:
        """201. Only administrators say whom an issuer means."""
        server = self._changes.load(call)
        issuer = _found(server, call)
        body = call.body()
        sub, user_id = body.text("sub", required=True, longest=_LONGEST) or "", body.text("userId", required=True) or ""
        body.check()
        try:
            user = self._records.users.get(user_id)
        except NotFound:
            raise not_found(user_id, "User") from None
        subject = IssuerSubject(subject_id(sub), issuer.id, sub, user.id, call.now)
        try:
            self._records.subjects.add(subject, [_subject_event("add", subject, issuer, server, call)])
        except AlreadyExists:
            raise invalid_field("sub", "The issuer means somebody by it already.") from None
        return Response.json(201, _subject_json(subject, server, call))

    def subject(self, call: Call) -> Response:
        server = self._changes.load(call)
        return Response.json(200, _subject_json(self._subject(_found(server, call), call), server, call))

    def remove_subject(self, call: Call) -> Response:
        server = self._changes.load(call)
        issuer = _found(server, call)
        subject = self._subject(issuer, call)
        try:
            self._records.subjects.remove(subject, [_subject_event("delete", subject, issuer, server, call)])
        except NotFound:
            raise not_found(subject.id, "TrustedIssuerSubject") from None
        return NO_CONTENT

    def _subject(self, issuer: TrustedIssuer, call: Call) -> IssuerSubject:
        try:
            return self._records.subjects.get(issuer.id, call.params["subjectId"])
        except NotFound:
            raise not_found(call.params["subjectId"], "TrustedIssuerSubject") from None

    def _read(self, call: Call, base: TrustedIssuer, *, new: bool) -> TrustedIssuer:
        body = call.body()
        issuer = body.text("issuer", required=new, longest=_LONGEST) or base.issuer
        use = body.choice("use", ("ID_JAG", "WORKLOAD"), base.use, required=new)
        if not new and (issuer, use) != (base.issuer, base.use):
            body.problem("issuer", "cannot be changed, and neither can 'use'. Make another entry.")
        own = issuer == call.request.base_url
        if not own and not _is_url(issuer):
            body.problem("issuer", "must be an https URL without query and fragment.")
        entry = _with_subject(_with_keys(replace(base, issuer=issuer, use=use), body, own=own), body)
        age = body.number("maxTokenAgeSeconds")
        if age is not None and not 0 < age <= _LONGEST_AGE:
            body.problem("maxTokenAgeSeconds", f"must be from 1 to {_LONGEST_AGE}.")
        entry = replace(
            entry,
            narrows=body.choice("scopeParameter", ("REFUSE", "NARROW"), "REFUSE") == "NARROW",
            max_age=age,
            client_ids=body.texts("clientIds", most=100) or (),
            status=body.choice("status", ("ACTIVE", "INACTIVE"), "ACTIVE"),
        )
        for name in body.names():
            if name not in _KNOWN:
                body.problem(name[:100], "There is no such member.")
        body.check()
        if entry.discovery:
            self._check_discovery(entry)
        return entry

    def _check_discovery(self, entry: TrustedIssuer) -> None:
        try:
            uri = discovered(entry.issuer, self._records.fetch)
        except (FetchFailed, ValueError) as error:
            raise invalid_field("discovery", f"The metadata of the issuer cannot be used: {error}.") from None
        if not _is_url(uri, query=True):
            raise invalid_field("discovery", "The metadata of the issuer names no https URL of keys.")


def _with_keys(entry: TrustedIssuer, body: Fields, *, own: bool) -> TrustedIssuer:
    """The entry with what its issuer signs by: one of three ways. The org server's own keys are known."""
    jwks, uri, discovery = body.raw("jwks"), body.text("jwksUri", longest=1_024), body.flag("discovery", default=False)
    ways = sum((jwks is not None, uri is not None, discovery))
    if ways != (0 if own else 1):
        body.problem("jwks", "Exactly one of 'jwks', 'jwksUri' and 'discovery' is needed; for this org itself none.")
    if uri is not None and not _is_url(uri, query=True):
        body.problem("jwksUri", "must be an https URL.")
    keys: tuple[Mapping[str, Any], ...] = ()
    if jwks is not None:
        sent = jwks.get("keys") if isinstance(jwks, dict) else None
        if not isinstance(sent, list) or not 0 < len(sent) <= _MOST_KEYS:
            body.problem("jwks", f"must be an object with an array 'keys' of 1 to {_MOST_KEYS} keys.")
        else:
            keys = tuple(read_jwk(key)[0] for key in sent)
    algorithms = body.texts("algorithms") or entry.algorithms
    if not set(algorithms) <= set(SIGNING):
        body.problem("algorithms", f"must be of [{', '.join(SIGNING)}].")
    return replace(entry, jwks=keys, jwks_uri=uri, discovery=discovery, algorithms=algorithms)


def _with_subject(entry: TrustedIssuer, body: Fields) -> TrustedIssuer:
    subject = body.below("subject")
    for name in subject.names():
        if name not in {"match", "claim", "matchVerifiedEmail"}:
            subject.problem(name[:100], "There is no such member.")
    match = subject.choice("match", ("USER_ID", "LOGIN", "EXTERNAL_ID", "CLAIM"), "EXTERNAL_ID")
    claim = subject.text("claim")
    if (match == "CLAIM") != bool(claim):
        subject.problem("claim", "is needed with the match 'CLAIM', and means nothing with another.")
    email = subject.flag("matchVerifiedEmail", default=False)
    return replace(entry, match=match, claim=claim, match_verified_email=email)


def _is_url(uri: str, *, query: bool = False) -> bool:
    """An https URL, with a query perhaps; or plain http to this machine itself, where only the local stack goes."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    if (
        not parts.hostname
        or parts.username is not None
        or (parts.query and not query)
        or parts.fragment
        or parts.hostname.endswith(".")
    ):
        return False
    return parts.scheme == "https" or (parts.scheme, parts.hostname) == ("http", "127.0.0.1")


def _check_unique(issuer: TrustedIssuer, server: AuthorizationServer) -> None:
    if any((one.issuer, one.use) == (issuer.issuer, issuer.use) for one in server.trusted_issuers):
        raise invalid_field("issuer", "The server has an entry for this issuer and use.")


def _found(server: AuthorizationServer, call: Call) -> TrustedIssuer:
    issuer: TrustedIssuer | None = find(server.trusted_issuers, call.params["trustedIssuerId"])
    if issuer is None:
        raise not_found(call.params["trustedIssuerId"], "TrustedIssuer")
    return issuer


def _json(issuer: TrustedIssuer, server: AuthorizationServer, call: Call) -> dict[str, Any]:
    href = call.url(f"{path_of(server)}/trustedIssuers/{issuer.id}")
    keys: dict[str, Any] = {}
    if issuer.jwks:
        keys["jwks"] = {"keys": [dict(jwk) for jwk in issuer.jwks]}
    if issuer.jwks_uri is not None:
        keys["jwksUri"] = issuer.jwks_uri
    if issuer.discovery:
        keys["discovery"] = True
    claim = {} if issuer.claim is None else {"claim": issuer.claim}
    return {
        "id": issuer.id,
        "issuer": issuer.issuer,
        "use": issuer.use,
        **keys,
        "algorithms": list(issuer.algorithms),
        "subject": {"match": issuer.match, **claim, "matchVerifiedEmail": issuer.match_verified_email},
        "scopeParameter": "NARROW" if issuer.narrows else "REFUSE",
        "maxTokenAgeSeconds": issuer.max_age,
        "clientIds": list(issuer.client_ids),
        "status": issuer.status,
        "created": timestamp(issuer.created_at),
        "lastUpdated": timestamp(issuer.updated_at),
        "_links": {"self": link(href, "GET", "PUT", "DELETE"), "subjects": link(f"{href}/subjects", "GET", "POST")},
    }


def _subject_json(subject: IssuerSubject, server: AuthorizationServer, call: Call) -> dict[str, Any]:
    href = call.url(f"{path_of(server)}/trustedIssuers/{subject.issuer_id}/subjects/{subject.id}")
    return {
        "id": subject.id,
        "sub": subject.sub,
        "userId": subject.user_id,
        "created": timestamp(subject.created_at),
        "_links": {"self": link(href, "GET", "DELETE")},
    }


def _party(issuer: TrustedIssuer) -> Party:
    return Party(issuer.id, "TrustedIssuer", issuer.use, issuer.issuer)


def _event(verb: str, issuer: TrustedIssuer, server: AuthorizationServer, call: Call) -> Event:
    return call.recorder.event(f"app.oauth2.trusted_server.{verb}", server_party(server), _party(issuer))


def _subject_event(
    verb: str, subject: IssuerSubject, issuer: TrustedIssuer, server: AuthorizationServer, call: Call
) -> Event:
    user = Party(subject.user_id, "User")
    return call.recorder.event(f"app.oauth2.trusted_server.subject.{verb}", server_party(server), _party(issuer), user)
