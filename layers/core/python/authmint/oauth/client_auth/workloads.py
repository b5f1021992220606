"""Clients that authenticate with a token of their platform (RFC 7521 §4.2, docs/protocol.md §46).

Every refusal is the same to the client: who guesses must not learn which condition failed. The log knows.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from ...jose.jws import BadToken, Jws, kind_of
from ...storage.clients import Client
from ...storage.errors import AlreadyUsed
from ...storage.liveness import NotAlive, check_client
from ...storage.replay import UsedAssertions
from ...storage.servers import AuthorizationServer
from ...storage.trusted_issuers import TrustedIssuer, subject_id
from ...storage.workload_bindings import WorkloadBinding
from ..errors import OAuthError, WorkloadRefused
from ..issuer_keys import IssuerKeys, KeysUnavailable, trusted
from ..security_profile import Profile
from .assertions import Spend

#: What platforms call their tokens: nothing, or what they are.
TYPES: Final = (None, "jwt")
#: Seconds that a token of a platform may live: of AWS, and of others.
_LONGEST_OF_AWS: Final = 3_600
_LONGEST: Final = 86_400
_LONGEST_JTI: Final = 512
#: Where AWS says in a token what it is (``sts:GetWebIdentityToken``).
_AWS: Final = "https://sts.amazonaws.com/"
_AWS_ISSUER: Final = re.compile(r"https://[0-9a-f-]{36}\.tokens\.sts\.global\.api\.aws(\.cn)?", re.ASCII)
_GITHUB: Final = "https://token.actions.githubusercontent.com"
_ARN: Final = re.compile(r"(arn:aws[a-z-]*:iam::([0-9]{12}):role/)([\w+=,.@/*-]+)", re.ASCII)


def is_of_aws(issuer: str) -> bool:
    """Whether an issuer is one of an AWS account."""
    return _AWS_ISSUER.fullmatch(issuer) is not None


def counts_once(issuer: str) -> bool:
    """Whether a platform makes a token for each use, so that one which comes again was stolen."""
    return is_of_aws(issuer) or issuer == _GITHUB


def is_role_pattern(pattern: str) -> bool:
    """Whether a role can be written so: its account to the letter, wildcards within a segment of its path and name."""
    found = _ARN.fullmatch(pattern)
    return found is not None and "**" not in found[3] and not found[3].startswith("/")


def is_role(arn: str, pattern: str) -> bool:
    """Whether an ARN is a role that a pattern means: whole, in this case, ``*`` never beyond a slash."""
    if not is_role_pattern(pattern) or "*" in arn:
        return False
    parts = (re.escape(part) for part in pattern.split("*"))
    return re.fullmatch("[^/]*".join(parts), arn, re.ASCII) is not None


class Workloads:
    """Verifies tokens of platforms for the clients that are bound to them.

    Args:
        keys: Of issuers.
        used: What was used.
        clients: Reads those of these ids that there are.
        since: Unix seconds: of single-use tokens that were issued before, nobody knows whether they were used.
    """

    def __init__(
        self,
        keys: IssuerKeys,
        used: UsedAssertions,
        clients: Callable[[Sequence[str]], Sequence[Client]],
        *,
        since: int = 0,
    ) -> None:
        self._keys = keys
        self._clients = clients
        self._used = used
        self._since = since

    def verify(
        self, token: Jws, client: Client, server: AuthorizationServer, issuer: str, *, profile: Profile, now: int
    ) -> Spend | None:
        """Check the token by the client's bindings.

        Args:
            token: Read, not verified.
            client: That it is to be.
            server: That is asked.
            issuer: Of that server: the audience of bindings that name none.
            profile: What is asked of the client beyond what everybody is asked.
            now: Unix seconds.

        Returns:
            What uses it up, where it counts once.

        Raises:
            OAuthError: ``invalid_client``, whatever is wrong.
        """
        try:
            entry = _trusted(token, server, client)
            self._check_signature(token, entry, profile, now)
            expires_at = _check(token, entry, client, issuer, now)
            return self._spend_of(token, entry, expires_at, OAuthError, now)
        except _Wrong as wrong:
            raise OAuthError(wrong.reason, reason=wrong.detail) from None

    def found(
        self, token: Jws, server: AuthorizationServer, issuer: str, *, named: Client | None, profile: Profile, now: int
    ) -> tuple[Client, Spend | None]:
        """Which client the token itself is, where it is the whole request (RFC 7523 §2.1).

        Args:
            token: Read, not verified.
            server: That is asked.
            issuer: Of that server.
            named: The client that the request names; ``None``: it is one of those that the issuer's entry names.
            profile: What the server asks of everybody.
            now: Unix seconds.

        Returns:
            The client, and what uses the token up, where it counts once.

        Raises:
            OAuthError: ``invalid_grant``, whatever is wrong.
        """
        try:
            entry = _trusted(token, server, named)
            if named is None and not entry.client_ids:
                raise _Wrong("wl_condition", "neither the request nor the entry of the issuer names a client")
            self._check_signature(token, entry, profile, now)
            client, expires_at = self._one_of(token, entry, issuer, named, now)
            return client, self._spend_of(token, entry, expires_at, WorkloadRefused, now)
        except _Wrong as wrong:
            raise WorkloadRefused(wrong.reason, reason=wrong.detail) from None

    def _one_of(self, token: Jws, entry: TrustedIssuer, own: str, named: Client | None, now: int) -> tuple[Client, int]:
        """The one client that is bound to the token. Whom nothing binds is never read: the token is good by now."""
        clients = self._clients(entry.client_ids) if named is None else [named]
        fitting: list[tuple[Client, int]] = []
        wrong = _Wrong("wl_condition", "there is no such client")
        for client in clients:
            try:
                fitting.append((client, _check(token, entry, check_client(client), own, now, grant=True)))
            except NotAlive as dead:
                wrong = _Wrong("wl_condition", str(dead))
            except _Wrong as other:
                wrong = other
        if len(fitting) > 1:
            raise _Wrong("wl_condition", "several clients are bound to it: the request has to name one")
        if not fitting:
            raise wrong
        return fitting[0]

    def _check_signature(self, token: Jws, entry: TrustedIssuer, profile: Profile, now: int) -> None:
        if kind_of(token) not in TYPES:
            raise _Wrong("wl_type")
        if profile.strict and not profile.algorithms((token.algorithm,)):
            raise _Wrong("wl_signature", "the security profile does not take its algorithm")
        try:
            if not self._keys.verify(token, entry, now=now):
                raise _Wrong("wl_signature")
        except KeysUnavailable as unavailable:
            raise _Wrong("wl_keys", str(unavailable)) from None

    def _spend_of(
        self, token: Jws, entry: TrustedIssuer, expires_at: int, refusal: type[OAuthError], now: int
    ) -> Spend | None:
        if not counts_once(entry.issuer):
            return None
        jti = token.payload.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI:
            raise _Wrong("wl_condition", "no jti")
        issued_at = token.date("iat") or 0
        if issued_at < self._since:
            raise _Wrong("wl_replayed", "issued before the tables were restored")
        return partial(self._spend, entry.issuer, jti, expires_at, refusal, now)

    def _spend(self, issuer: str, jti: str, expires_at: int, refusal: type[OAuthError], now: int) -> None:
        try:
            self._used.spend(f"wl:{subject_id(issuer)}", jti, expires_at=expires_at, at=now)
        except AlreadyUsed:
            raise refusal("wl_replayed") from None


class _Wrong(Exception):
    """The token is not the client's. ``reason``: an internal id; ``detail``: for the log."""

    def __init__(self, reason: str, detail: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


def _bindings(client: Client, entry: TrustedIssuer) -> list[WorkloadBinding]:
    return [binding for binding in client.workload_bindings if binding.issuer == entry.issuer]


def _trusted(token: Jws, server: AuthorizationServer, client: Client | None) -> TrustedIssuer:
    """The entry of the token's issuer, which may speak of the client, and the client is bound to."""
    entry = trusted(server.trusted_issuers, token.payload.get("iss"), "WORKLOAD")
    if entry is None:
        raise _Wrong("wl_unknown_issuer")
    if client is not None and (
        not _bindings(client, entry) or (entry.client_ids and client.id not in entry.client_ids)
    ):
        raise _Wrong("wl_unknown_issuer")
    return entry


def _check(token: Jws, entry: TrustedIssuer, client: Client, own: str, now: int, *, grant: bool = False) -> int:
    """When a token ends that is the client's.

    It is for what a binding says, else for the server's issuer, ``own``; with a slash behind it, too, as some write
    issuers, where it is a ``grant``.
    """
    audience = _one(token.payload.get("aud"))
    ours = (own, f"{own}/") if grant else (own,)
    for_us = [one for one in _bindings(client, entry) if audience in ((one.audience,) if one.audience else ours)]
    if not for_us:
        raise _Wrong("wl_audience")
    expires_at = _check_times(token, entry, now)
    if not any(_holds(binding, token.payload) for binding in for_us):
        raise _Wrong("wl_condition")
    return expires_at


def _one(audience: Any) -> Any:
    """The one audience of a token: with several it could be replayed elsewhere."""
    return audience[0] if isinstance(audience, list) and len(audience) == 1 else audience


def _check_times(token: Jws, entry: TrustedIssuer, now: int) -> int:
    try:
        issued_at, expires_at, ahead = token.date("iat"), token.date("exp"), token.begins_after(now)
    except BadToken as bad:
        raise _Wrong("wl_expired", str(bad)) from None
    if issued_at is None or expires_at is None or expires_at <= now:
        raise _Wrong("wl_expired")
    if ahead:
        raise _Wrong("wl_expired", "of the future")
    if expires_at - issued_at > (_LONGEST_OF_AWS if is_of_aws(entry.issuer) else _LONGEST):
        raise _Wrong("wl_expired", "it lives too long")
    if entry.max_age is not None and now - issued_at > entry.max_age:
        raise _Wrong("wl_expired", "older than maxTokenAgeSeconds")
    return expires_at


def _holds(binding: WorkloadBinding, payload: Mapping[str, Any]) -> bool:
    """Whether everything of a binding holds. What a caller of AWS says of itself (``request_tags``) never counts."""
    if not (binding.claims or binding.roles):
        return False
    if any(payload.get(name) != value for name, value in binding.claims.items()):
        return False
    return _holds_at_aws(binding, payload)


def _holds_at_aws(binding: WorkloadBinding, payload: Mapping[str, Any]) -> bool:
    said, arn = payload.get(_AWS), payload.get("sub")
    aws: Mapping[str, Any] = said if isinstance(said, dict) else {}
    if binding.accounts and aws.get("aws_account") not in binding.accounts:
        return False
    if binding.organization is not None and aws.get("org_id") != binding.organization:
        return False
    if not binding.roles:
        return True
    found = _ARN.fullmatch(arn) if isinstance(arn, str) else None
    if found is None or aws.get("aws_account", found[2]) != found[2]:
        return False
    return any(is_role(found[0], pattern) for pattern in binding.roles)
