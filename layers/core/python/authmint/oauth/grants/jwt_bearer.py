"""JWT bearer grant (RFC 7523 §2.1, docs/protocol.md §45): what issuers that a server trusts say of people (ID-JAG).

The client is authenticated by its own means; the assertion says for which of the issuer's people it asks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from ...ids import Ids
from ...jose.jws import BadToken, Jws, kind_of
from ...jose.jws import read as read_jws
from ...storage.configuration import Configuration
from ...storage.directory import Directory, Person
from ...storage.errors import AlreadyUsed, NotFound
from ...storage.liveness import NotAlive, check_user
from ...storage.replay import UsedAssertions
from ...storage.servers import ORG_SERVER, Resource, issuer_of
from ...storage.token_families import TokenFamilies, new_family_id
from ...storage.trusted_issuers import IssuerSubjects, TrustedIssuer, subject_id
from ...storage.users import is_same_name
from ...tokens.id_jag import ID_JAG_TYPE, LONGEST
from .. import scopes
from ..delegation import ACT, JWT, Delegation, Given, checked_chain
from ..errors import OAuthError
from ..form import ID_JAG, JWT_BEARER
from ..issuance import Entitlement
from ..issuer_keys import IssuerKeys, KeysUnavailable, trusted
from ..sign_in import SignIn
from .base import Answer, GrantRequest, Tokens, Verified, answer_with, scopes_at, target_of
from .client_credentials import VerifiedClient
from .token_families import start

if TYPE_CHECKING:
    from ..issuance import Draft

#: Seconds that a token lives at most which was given for an assertion.
_LONGEST_TOKEN: Final = 3_600
#: Seconds for which a used one is remembered beyond its end.
_SKEW: Final = 15
_LONGEST_TEXT: Final = 512


@dataclass(frozen=True)
class VerifiedAssertion:
    """An assertion that counts once."""

    entitlement: Entitlement
    request: GrantRequest
    issuer: str
    jti: str
    expires_at: int
    grant: "JwtBearer"

    def settle(self, draft: "Draft", tokens: Tokens) -> Answer:
        """Use it up, and store the family that it begins. Never a refresh token: the issuer is asked again instead."""
        self.grant.spend(self)
        begun = start(self.request, self.entitlement, draft, self.grant.ids)
        self.grant.families.add(begun.family, None)
        return answer_with(draft, tokens)


class JwtBearer:
    """A client shows what an issuer asserted about one of its people."""

    name: ClassVar[str] = JWT_BEARER

    def __init__(
        self,
        keys: IssuerKeys,
        configuration: Configuration,
        directory: Directory,
        subjects: IssuerSubjects,
        used: UsedAssertions,
        families: TokenFamilies,
        ids: Ids,
        *,
        served: Sequence[str],
        since: int = 0,
    ) -> None:
        """``since``: what was issued before may have been used, and nobody knows (Unix seconds)."""
        self._keys = keys
        self._configuration = configuration
        self._directory = directory
        self._subjects = subjects
        self._used = used
        self._served = tuple(name for name in served if name != JWT_BEARER)
        self._since = since
        self.families = families
        self.ids = ids

    def verify(self, request: GrantRequest) -> Verified:
        """Everything about the assertion, in one order; nobody is asked for an issuer that is not known."""
        if request.workload is not None:
            return _of_workload(request, request.workload)
        if request.server.is_org:  # one domain does not vouch for itself
            raise OAuthError("unsupported_grant_type", ", ".join(self._served), reason="the org server redeems none")
        if request.client.auth_method == "none":
            raise OAuthError("confidential_client_required")
        try:
            jws = read_jws(request.parameter("assertion"), types=None)
        except BadToken as bad:
            raise OAuthError("invalid_grant", reason=str(bad)) from None
        if kind_of(jws) != ID_JAG_TYPE:
            raise OAuthError("jwt_bearer_grant_invalid_issuer", reason="no assertion of identity by its type")
        issuer = self._issuer(jws, request)
        self._check_signature(jws, issuer, request)
        expires_at = self._check_times(jws, issuer, request)
        return self._about(jws, issuer, request, expires_at)

    def _about(self, jws: Jws, issuer: TrustedIssuer, request: GrantRequest, expires_at: int) -> VerifiedAssertion:
        payload = jws.payload
        if payload.get("client_id") != request.client.id:
            raise OAuthError("id_jag_client_mismatch")
        if issuer.client_ids and request.client.id not in issuer.client_ids:
            raise OAuthError("id_jag_client_mismatch", reason="the issuer does not speak to this client")
        jti, sub = payload.get("jti"), payload.get("sub")
        if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_TEXT:
            raise OAuthError("invalid_grant", reason="jti")
        if not isinstance(sub, str) or not sub:
            raise OAuthError("id_jag_invalid_subject", reason="no sub")
        resource = _target(payload, request)
        asked = _scopes(payload, issuer, request)
        if "authorization_details" in payload:
            raise OAuthError("authorization_details_not_supported")
        person = self._person(payload, sub, issuer)
        _check_key(payload, request)
        entitlement = Entitlement(
            self.name,
            scopes_at(resource, asked),
            sign_in=_sign_in(jws, person, request.now),
            family_id=new_family_id(self.ids),
            resource=resource,
            jkt=request.jkt,
            delegation=Delegation(
                given=Given(jti, ID_JAG, issuer.issuer, request.client.id),
                act=checked_chain(payload.get(ACT)),
                ends_at=request.now + _LONGEST_TOKEN,
                more=_copied(payload),
            ),
        )
        return VerifiedAssertion(entitlement, request, issuer.issuer, jti, expires_at, self)

    def spend(self, verified: VerifiedAssertion) -> None:
        """Use an assertion up. Raises OAuthError: it was used before."""
        try:
            self._used.spend(
                f"jag:{subject_id(verified.issuer)}",
                verified.jti,
                expires_at=verified.expires_at + _SKEW,
                at=verified.request.now,
            )
        except AlreadyUsed:
            raise OAuthError("id_jag_replayed") from None

    def _issuer(self, jws: Jws, request: GrantRequest) -> TrustedIssuer:
        """The issuer, if this server trusts it: the org server unless an administrator says otherwise."""
        name, base_url = jws.payload.get("iss"), request.http.base_url
        known = [one for one in request.server.trusted_issuers if one.use == "ID_JAG"]
        if found := trusted(known, name, "ID_JAG"):
            return found
        if name != base_url or any(one.issuer == base_url for one in known):
            raise OAuthError("id_jag_untrusted_issuer")
        return TrustedIssuer(ORG_SERVER, base_url, "ID_JAG", 0, 0, match="USER_ID")

    def _check_signature(self, jws: Jws, issuer: TrustedIssuer, request: GrantRequest) -> None:
        if issuer.issuer == request.http.base_url:
            good = self._signed_here(jws)
        else:
            try:
                good = self._keys.verify(jws, issuer, now=request.now)
            except KeysUnavailable as unavailable:
                raise OAuthError("trusted_issuer_unavailable", reason=str(unavailable)) from None
        if not good:
            raise OAuthError("id_jag_invalid_signature")

    def _signed_here(self, jws: Jws) -> bool:
        """Whether the org server of this very deployment signed it: nobody outside is asked for its keys."""
        from ...jose.jws import verified_by_key

        server = self._configuration.read(ORG_SERVER).server
        key = next((key for key in (server.keys if server is not None else ()) if key.kid == jws.kid), None)
        return key is not None and verified_by_key(jws, {**key.jwk, "alg": key.algorithm}, algorithms=(key.algorithm,))

    def _check_times(self, jws: Jws, issuer: TrustedIssuer, request: GrantRequest) -> int:
        audience = jws.payload.get("aud")
        if isinstance(audience, list) and len(audience) == 1:
            audience = audience[0]
        if audience != issuer_of(request.server, request.http.base_url):
            raise OAuthError("jwt_bearer_grant_invalid_audience")
        try:
            issued_at, expires_at, ahead = jws.date("iat"), jws.date("exp"), jws.begins_after(request.now)
        except BadToken as bad:
            raise OAuthError("invalid_grant", reason=str(bad)) from None
        if issued_at is None:
            raise OAuthError("invalid_grant", reason="no iat")
        if expires_at is None or expires_at <= request.now:
            raise OAuthError("id_jag_expired")
        if ahead:
            raise OAuthError("id_jag_issued_in_future")
        if expires_at - issued_at > LONGEST:
            raise OAuthError("id_jag_lifetime_too_long")
        if issuer.max_age is not None and request.now - issued_at > issuer.max_age:
            raise OAuthError("id_jag_expired", reason="older than maxTokenAgeSeconds")
        if issued_at < self._since:
            raise OAuthError("id_jag_replayed", reason="issued before the tables were restored")
        return expires_at

    def _person(self, payload: Mapping[str, Any], sub: str, issuer: TrustedIssuer) -> Person:
        """Whom the issuer means: as its entry says, never by a guess."""
        try:
            person = self._meant(payload, sub, issuer)
            check_user(person.user)
        except NotFound:
            raise OAuthError("id_jag_invalid_subject", reason="nobody here is meant") from None
        except NotAlive as dead:
            raise OAuthError("id_jag_invalid_subject", reason=str(dead)) from None
        return person

    def _meant(self, payload: Mapping[str, Any], sub: str, issuer: TrustedIssuer) -> Person:
        ways: Mapping[str, Callable[[], Person]] = {
            "USER_ID": lambda: self._directory.person(sub),
            "LOGIN": lambda: self._called(sub),
            "EXTERNAL_ID": lambda: self._linked(sub, issuer),
            "CLAIM": lambda: self._called(_text(payload, issuer.claim or "")),
        }
        try:
            return ways[issuer.match]()
        except NotFound:
            if not issuer.match_verified_email or payload.get("email_verified") is not True:
                raise
        email = _text(payload, "email")
        person = self._directory.by_login(email)
        if not person.user.email_verified or not email.isascii() or not is_same_name(email, person.user.email):
            raise NotFound(issuer.id)
        return person

    def _called(self, login: str) -> Person:
        """Whose login it is: logins are found by folded names, and other people's fold to the same."""
        person = self._directory.by_login(login)
        if not is_same_name(login, person.user.login):
            raise NotFound(login)
        return person

    def _linked(self, sub: str, issuer: TrustedIssuer) -> Person:
        found = self._subjects.get(issuer.id, subject_id(sub))
        if found.sub != sub:
            raise NotFound(issuer.id)
        return self._directory.person(found.user_id)


def _of_workload(request: GrantRequest, token: Jws) -> VerifiedClient:
    """A client whose token of its platform is all that it sends, and was looked at: it asks in its own name.

    Rules with a condition about people are for assertions about people.
    """
    named = scopes.requested(request.form.get("scope", ""))
    resource = target_of(request)
    asked = scopes_at(resource, scopes.for_client_alone(request.server, named))
    given = Given(str(token.payload.get("jti", "")), JWT, str(token.payload["iss"]), request.client.id)
    return VerifiedClient(
        Entitlement(
            JWT_BEARER,
            asked,
            defaulted=not named,
            resource=resource,
            jkt=request.jkt,
            delegation=Delegation(given=given, act=None),
        )
    )


def _text(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name)
    if not isinstance(value, str) or not value:
        raise NotFound(name)
    return value


def _target(payload: Mapping[str, Any], request: GrantRequest) -> Resource | None:
    """What the token is for: as the assertion says, or one of those, as the request says."""
    server, said = request.server, payload.get("resource")
    named = [said] if isinstance(said, str) else said
    if named is None:
        return target_of(request)
    active = {one.uri: one for one in server.resources if one.status == "ACTIVE"} if server.resource_indicators else {}
    if not isinstance(named, list) or not named or not all(isinstance(uri, str) for uri in named):
        raise OAuthError("id_jag_resource_not_allowed_for_as", reason="malformed")
    if any(uri not in active and uri != server.audience for uri in named):
        raise OAuthError("id_jag_resource_not_allowed_for_as")
    if request.resources:
        asked = target_of(request)
        if asked is None or asked.uri not in named:
            raise OAuthError("id_jag_resource_mismatch")
        return asked
    if len(named) > 1:
        raise OAuthError("resource_required", ", ".join(named))
    return active.get(named[0])


def _scopes(payload: Mapping[str, Any], issuer: TrustedIssuer, request: GrantRequest) -> tuple[str, ...]:
    """The scopes that the assertion says; of these, those of the request, where the entry lets it narrow."""
    said = payload.get("scope", "")
    granted = scopes.requested(said if isinstance(said, str) else "")
    named = scopes.requested(request.form.get("scope", ""))
    if named and not issuer.narrows:
        raise OAuthError("id_jag_scopes_in_request")
    if not granted:
        raise OAuthError("id_jag_lacking_scopes")
    if any(name not in granted for name in named):
        raise OAuthError("invalid_scope", reason="wider than the assertion")
    asked = named or granted
    if not scopes.OPENID_SCOPES.isdisjoint(asked):
        raise OAuthError("illegal_scope", ", ".join(name for name in asked if name in scopes.OPENID_SCOPES))
    if any(name not in scopes.known_to(request.server) for name in asked):
        raise OAuthError("no_matching_scope")
    if consent := scopes.in_need_of_consent(request.server, request.client, asked):
        raise OAuthError("consent_required", ", ".join(consent))
    return asked


def _check_key(payload: Mapping[str, Any], request: GrantRequest) -> None:
    """An assertion that is bound to a key is for who proves it (RFC 7800)."""
    bound = payload.get("cnf")
    if bound is None:
        return
    if request.jkt is None or not isinstance(bound, dict) or bound.get("jkt") != request.jkt:
        raise OAuthError("invalid_grant", reason="bound to another key")


def _sign_in(jws: Jws, person: Person, now: int) -> SignIn:
    """How they signed in by the word of the issuer; when, nobody knows where it does not say so."""
    amr, acr = jws.payload.get("amr"), jws.payload.get("acr")
    try:
        at = jws.date("auth_time")
    except BadToken as bad:
        raise OAuthError("invalid_grant", reason=str(bad)) from None
    if at is not None and at > now + _SKEW:
        raise OAuthError("invalid_grant", reason="auth_time is in the future")
    methods = tuple(str(one)[:_LONGEST_TEXT] for one in amr) if isinstance(amr, list) else ()
    return SignIn(person, at, methods, acr=acr if isinstance(acr, str) else None)


def _copied(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in the token as it stood in the assertion."""
    profile, amr = payload.get("sub_profile"), payload.get("amr")
    found: dict[str, Any] = {}
    if isinstance(profile, str):
        found["sub_profile"] = profile[:_LONGEST_TEXT]
    if isinstance(amr, list) and all(isinstance(one, str) for one in amr):
        found["amr"] = amr
    return found
