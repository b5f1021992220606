"""Reads an identity provider from a body (docs/protocol.md §37.2). What is not built is refused, not dropped."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, get_args

from ...expressions.check import checked
from ...expressions.dialects import TO_USER
from ...expressions.errors import ExpressionError
from ...expressions.regexes import BadPattern, compiled
from ...federation.discovery import METHODS, NOT_PUBLIC, DiscoveryFailed, discover, is_reachable
from ...federation.presets import PRESETS, TENANT
from ...storage.identity_providers import IdpType, Linking, MatchType, Upstream, UpstreamAuthMethod
from ..http.errors import ApiError
from ..http.fields import Fields
from .records import FederationRecords

TYPES: Final[tuple[IdpType, ...]] = ("OIDC", "GOOGLE", "MICROSOFT")
NOT_OFFERED: Final = "The identity provider type is not enabled for this organization."
_MATCH_TYPES: Final[tuple[MatchType, ...]] = get_args(MatchType)
_METHODS: Final[tuple[UpstreamAuthMethod, ...]] = get_args(UpstreamAuthMethod)
_LONGEST_NAME: Final = 100
_LONGEST_SECRET: Final = 1_024
_LONGEST_EXPRESSION: Final = 1_024
_LONGEST_SCOPE: Final = 200
#: Milliseconds.
_LARGEST_SKEW: Final = 300_000
_ELSEWHERE: Final = "is known of a provider of this type; one at another place is of type OIDC."


@dataclass(frozen=True)
class IdpBody:
    """A provider as somebody wants it.

    Attributes:
        secret: ``None``: it was left out.
        upstream: Its ``signing_kid`` is the key that was named; ``None``: none was.
    """

    type: IdpType
    name: str
    upstream: Upstream
    linking: Linking
    shown: Mapping[str, Any]
    secret: str | None = field(default=None, repr=False)


def read_type(body: Fields) -> IdpType:
    """The type. Raises ApiError: there is none, or not such a one here."""
    found = body.text("type", required=True)
    body.check()
    if found not in TYPES:
        raise ApiError("E0000001", "type", [f"type: {NOT_OFFERED}"])
    return found


def read_idp(body: Fields, records: FederationRecords, *, has_secret: bool) -> IdpBody:
    """The whole of it.

    Args:
        body: What was sent.
        records: How to ask the provider for what was left out.
        has_secret: There is one already, that stays where none is sent.

    Raises:
        ApiError: Something is wrong with it.
    """
    kind = read_type(body)
    protocol = body.below("protocol")
    protocol.choice("type", ("OIDC",), "OIDC")
    name = body.text("name", required=True, longest=_LONGEST_NAME) or ""
    issuer_mode = body.choice("issuerMode", ("ORG_URL", "CUSTOM_URL", "DYNAMIC"), "ORG_URL")
    linking = _linking(body.below("policy"))
    client = protocol.below("credentials").below("client")
    client_id = client.text("client_id", required=True) or ""
    secret = client.text("client_secret", longest=_LONGEST_SECRET)
    method = _auth_method(client)
    if not secret and not has_secret and method != "private_key_jwt":
        client.problem("client_secret", "The field cannot be left blank")
    kid = protocol.below("credentials").below("signing").text("kid", longest=100) or None
    scopes = protocol.texts("scopes", longest=_LONGEST_SCOPE, most=50) or ()
    if "openid" not in scopes or any(not _is_scope(scope) for scope in scopes):
        protocol.problem("scopes", "must be scopes, 'openid' among them.")
    shown = {"issuerMode": issuer_mode} | _shown(protocol, client, kind)
    upstream = Upstream("", "", "", "", client_id, "", scopes=scopes)
    upstream = _preset(protocol, kind, upstream) if kind in PRESETS else _own(protocol, upstream, records)
    body.check()
    if kind not in PRESETS:
        upstream, method = _completed(upstream, method, records)
    upstream = replace(upstream, auth_method=method or METHODS[0], signing_kid=kid)
    return IdpBody(kind, name, upstream, linking, shown, secret or None)


def _is_scope(scope: str) -> bool:
    return bool(scope) and all("!" <= c <= "~" and c not in '"\\' for c in scope)


def _auth_method(client: Fields) -> UpstreamAuthMethod | None:
    """How we prove who we are; ``None``: nobody says."""
    sent = client.text("token_endpoint_auth_method") or None
    method = next((known for known in _METHODS if known == sent), None)
    if sent is not None and method is None:
        client.problem("token_endpoint_auth_method", f"must be one of [{', '.join(_METHODS)}].")
    return method


def _shown(protocol: Fields, client: Fields, kind: IdpType) -> dict[str, Any]:
    """Settings that are kept as they are shown, and that change nothing."""
    shown: dict[str, Any] = {}
    if protocol.has("algorithms"):
        shown["algorithms"] = protocol.free("algorithms", longest=1_000)
    settings = protocol.below("settings")
    if kind not in PRESETS or protocol.has("settings"):
        shown["settings"] = {"nameFormat": settings.text("nameFormat")}
        if settings.has("participateSlo"):
            shown["settings"]["participateSlo"] = settings.flag("participateSlo", default=False)
    told: dict[str, Any] = {}
    if client.has("pkce_required"):
        told["pkce_required"] = client.flag("pkce_required", default=True)
    if client.has("token_endpoint_auth_method"):
        told["token_endpoint_auth_method"] = client.text("token_endpoint_auth_method")
    return shown | ({"client": told} if told else {})


def _preset(protocol: Fields, kind: IdpType, upstream: Upstream) -> Upstream:
    """Where everybody knows it to be. Other endpoints than these would be another provider's."""
    known = PRESETS[kind]
    sent, issuer = protocol.below("endpoints"), protocol.below("issuer")
    for name, url in (("authorization", known.authorization), ("token", known.token)):
        if sent.below(name).text("url", longest=1_024) not in {None, url}:
            sent.below(name).problem("url", _ELSEWHERE)
    if issuer.text("url", longest=1_024) not in {None, known.issuer}:
        issuer.problem("url", _ELSEWHERE)
    return replace(
        upstream,
        issuer=known.issuer,
        authorization=known.authorization,
        token=known.token,
        jwks=known.jwks,
        user_info=known.user_info,
    )


def _own(protocol: Fields, upstream: Upstream, records: FederationRecords) -> Upstream:
    """Where its administrators say it is; what they do not say stays empty."""
    issuer = protocol.below("issuer").text("url", required=True) or ""
    if issuer and (TENANT in issuer or "{" in issuer or not is_reachable(issuer, allow_private=records.allow_private)):
        protocol.below("issuer").problem("url", f"{NOT_PUBLIC} It names one tenant where there are many.")
    endpoints = protocol.below("endpoints")

    def url(name: str) -> str:
        found: str = endpoints.below(name).text("url", longest=1_024) or ""
        if found and not is_reachable(found, allow_private=records.allow_private):
            endpoints.below(name).problem("url", NOT_PUBLIC)
        return found

    return replace(
        upstream,
        issuer=issuer,
        authorization=url("authorization"),
        token=url("token"),
        jwks=url("jwks"),
        user_info=url("userInfo") or None,
        end_session=url("slo") or None,
    )


def _completed(
    upstream: Upstream, method: UpstreamAuthMethod | None, records: FederationRecords
) -> tuple[Upstream, UpstreamAuthMethod | None]:
    """With what the provider says of itself in the place of what nobody said. Raises ApiError: it does not."""
    if upstream.authorization and upstream.token and upstream.jwks:
        return upstream, method
    try:
        found = discover(upstream.issuer, records.fetch, allow_private=records.allow_private)
    except DiscoveryFailed as error:
        raise ApiError("E0000001", "protocol.endpoints", [f"protocol.endpoints: {error}"]) from None
    if method is None and found.method is None:
        causes = ["protocol.endpoints: The provider takes none of " + ", ".join(METHODS) + "."]
        raise ApiError("E0000001", "protocol.endpoints", causes)
    completed = replace(
        upstream,
        authorization=upstream.authorization or found.authorization,
        token=upstream.token or found.token,
        jwks=upstream.jwks or found.jwks,
        user_info=upstream.user_info or found.user_info,
        end_session=upstream.end_session or found.end_session,
        names_issuer=found.names_issuer,
    )
    return completed, method or found.method


def _linking(policy: Fields) -> Linking:
    provisioning, link, subject = (policy.below(name) for name in ("provisioning", "accountLink", "subject"))
    conditions, groups = provisioning.below("conditions"), provisioning.below("groups")
    only = link.below("filter")
    skew = policy.number("maxClockSkew") or 0
    if not 0 <= skew <= _LARGEST_SKEW:
        policy.problem("maxClockSkew", f"must be milliseconds, from 0 to {_LARGEST_SKEW}.")
    if policy.flag("mapAMRClaims", default=False):
        policy.problem("mapAMRClaims", "is called trustClaims here.")
    action = groups.choice("action", ("NONE", "ASSIGN", "APPEND", "SYNC"), "NONE")
    source = groups.text("sourceAttributeName", longest=100) or None
    if action == "SYNC" and source is None:
        groups.problem("sourceAttributeName", "The field cannot be left blank")
    if source is not None and not groups.has("filter"):
        groups.problem("filter", "The field cannot be left blank")
    return Linking(
        provision=provisioning.choice("action", ("AUTO", "DISABLED"), "DISABLED") == "AUTO",
        profile_master=provisioning.flag("profileMaster", default=False),
        group_action=action,
        groups=groups.texts("assignments", longest=100, most=15) or (),
        group_filter=groups.texts("filter", longest=100, most=100) or (),
        source_attribute=source,
        reactivate=conditions.below("deprovisioned").choice("action", ("NONE", "REACTIVATE"), "NONE") == "REACTIVATE",
        unsuspend=conditions.below("suspended").choice("action", ("NONE", "UNSUSPEND"), "NONE") == "UNSUSPEND",
        link=link.choice("action", ("AUTO", "DISABLED"), "DISABLED") == "AUTO",
        link_groups=only.below("groups").texts("include", longest=100, most=100) or (),
        link_excluded=only.below("users").texts("exclude", longest=100, most=100) or (),
        template=_template(subject),
        filter=_pattern(subject),
        match_type=(match_type := subject.choice("matchType", _MATCH_TYPES, "USERNAME")),
        match_attribute=_match_attribute(subject, match_type),
        trust_claims=policy.flag("trustClaims", default=False),
        clock_skew=skew // 1_000,
    )


def _template(subject: Fields) -> str:
    template = subject.below("userNameTemplate")
    text: str = template.text("template", longest=_LONGEST_EXPRESSION) or "idpuser.email"
    try:
        checked(text, dialect=TO_USER)
    except ExpressionError as error:
        template.problem("template", str(error))
    return text


def _pattern(subject: Fields) -> str | None:
    pattern: str | None = subject.text("filter", longest=1_024) or None
    if pattern is not None:
        try:
            compiled(pattern)
        except BadPattern as error:
            subject.problem("filter", f"{error}.")
    return pattern


def _match_attribute(subject: Fields, match_type: MatchType) -> str | None:
    """The attribute that people are matched by; whether there is such a one is for others to say."""
    by_attribute = match_type == "CUSTOM_ATTRIBUTE"
    name: str | None = subject.text("matchAttribute", required=by_attribute, longest=100) or None
    if name is not None and not by_attribute:
        subject.problem("matchAttribute", "is for the matchType CUSTOM_ATTRIBUTE alone.")
    return name
