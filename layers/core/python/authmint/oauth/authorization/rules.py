"""What an authorization request may ask for, whoever is at the browser."""

import re
from dataclasses import dataclass
from typing import Final

from ...expressions.facts import THIS_ORG
from ...storage.clients import Client
from ...storage.factors import FactorKind
from ...storage.servers import AuthorizationServer, Resource
from .. import scopes
from ..access_tokens import recognize_id_token
from ..errors import OAuthError
from ..security_profile import Profile, has_bound_tokens, needs_push, needs_signature, profile_of
from .parameters import Parameters, check_state, default_mode, nonce_of
from .request import Arrival
from .vocabulary import (
    ALL_MODES,
    AUTHORIZATION_DETAILS,
    CHALLENGE_METHODS,
    DPOP_JKT,
    ENROLLING,
    FRONT_CHANNEL,
    NOTHING_ISSUED,
    PROMPTS,
    RESPONSE_TYPES,
    SIGNED_MODES,
)

_RESPONSE_TYPES: Final = frozenset(frozenset(words.split()) for words in RESPONSE_TYPES)
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_THUMBPRINT: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_AGE: Final = re.compile(r"[0-9]{1,10}")
_MAX_AGE: Final = 2**31 - 1
_MAX_LOGIN: Final = 320


@dataclass(frozen=True)
class Wish:
    """An authorization request in which everything is allowed to stand.

    Attributes:
        response_types: Of ``code``, ``token``, ``id_token``.
        scopes: Asked for, or the server's default ones: then ``defaulted``.
        prompt: Of ``login`` and ``consent``, or ``none`` alone. ``max_age=0`` counts as ``login``.
        dpop_jkt: Thumbprint of the key that the code is bound to.
        acr: What the tokens say, once it is known who asks: where ``acr_values`` came.
        resources: What the tokens can be for, where the request says it (RFC 8707).
        hinted: The user that ``id_token_hint`` is about.
        enrolling: Kinds of factors that the user is to set up: then nothing is issued.
        idp: The identity provider that has to say who the user is.
    """

    arrival: Arrival
    response_types: frozenset[str]
    scopes: tuple[str, ...]
    defaulted: bool
    prompt: frozenset[str] = frozenset()
    max_age: int | None = None
    nonce: str | None = None
    code_challenge: str | None = None
    dpop_jkt: str | None = None
    acr: str | None = None
    hinted: str | None = None
    login_hint: str | None = None
    resources: tuple[Resource, ...] = ()
    enrolling: tuple[FactorKind, ...] = ()
    idp: str | None = None

    @property
    def silent(self) -> bool:
        """Whether the user must not see anything of it."""
        return "none" in self.prompt


def check(arrival: Arrival, *, pushing: bool = False) -> Wish:
    """Every rule that does not depend on who is at the browser.

    Args:
        arrival: Its redirect URI stands.
        pushing: The client is pushing it just now, by itself.

    Raises:
        OAuthError: For the client, through its redirect URI.
    """
    parameters, client = arrival.parameters, arrival.client
    parameters.refuse_repeated()
    profile = profile_of(arrival.server, client)
    if arrival.refusal is not None:
        raise arrival.refusal
    if needs_push(arrival.server, client) and not pushing and arrival.pushed is None:
        raise OAuthError("pushed_request_required")
    if needs_signature(arrival.server, client) and not arrival.signed:
        raise OAuthError("signed_request_required")
    if parameters.get(AUTHORIZATION_DETAILS) is not None:  # a limit that is dropped is worse than an error
        raise OAuthError("authorization_details_not_supported")
    if parameters.get("request_uri") is not None:
        raise OAuthError("request_uri_not_supported", reason="not one of ours")
    if parameters.get("response_type") == NOTHING_ISSUED:
        return _enrolling(arrival, profile, pushing=pushing)
    response_types = _response_types(parameters, client, profile)
    _check_response_mode(arrival, response_types, profile)
    nonce = nonce_of(parameters, response_types)
    challenge = _code_challenge(parameters, client, profile) if "code" in response_types else None
    check_state(parameters, protected=pushing or arrival.pushed is not None or challenge is not None)
    prompt = _prompt(parameters)
    max_age = _max_age(parameters, prompt)
    resources = _resources(arrival, response_types)
    _check_grants(client, response_types, bound=has_bound_tokens(arrival.server, client))
    named = scopes.requested(parameters.get("scope") or "")
    asked = scopes.for_browser(arrival.server, client, named, response_types)
    login_hint = parameters.get("login_hint")
    return Wish(
        arrival,
        response_types,
        _scopes_at(arrival.server, resources, asked),
        defaulted=not named,
        prompt=prompt | {"login"} if max_age == 0 else prompt,
        max_age=max_age,
        nonce=nonce,
        code_challenge=challenge,
        dpop_jkt=_key(parameters),
        hinted=_hinted(arrival),
        login_hint=login_hint if login_hint is not None and len(login_hint) <= _MAX_LOGIN else None,
        resources=resources,
        idp=_provider(parameters),
    )


def _provider(parameters: Parameters) -> str | None:
    """Who has to say who the user is; ``None``: nobody is named, or this org itself."""
    named = parameters.get("idp")
    return None if named == THIS_ORG.id else named


def _enrolling(arrival: Arrival, profile: Profile, *, pushing: bool) -> Wish:
    from .enrolment import kinds_asked  # few requests are for that

    kinds = kinds_asked(arrival, profile)
    _check_response_mode(arrival, frozenset(), profile)
    check_state(arrival.parameters, protected=pushing or arrival.pushed is not None)
    again = frozenset({ENROLLING, "login"})
    hinted = _hinted(arrival)
    return Wish(arrival, frozenset(), (), False, prompt=again, max_age=0, hinted=hinted, enrolling=kinds)


def _resources(arrival: Arrival, response_types: frozenset[str]) -> tuple[Resource, ...]:
    """What the request names: of an access token that goes to the browser at once, one resource at most."""
    asked = arrival.parameters.resources
    if not asked:
        return ()
    from ..resources import MOST, named  # few requests say what their tokens are for

    return named(arrival.server, asked, most=1 if "token" in response_types else MOST)


def _scopes_at(server: AuthorizationServer, resources: tuple[Resource, ...], asked: tuple[str, ...]) -> tuple[str, ...]:
    default = server.default_resource
    if not resources and default is None:
        return asked
    from ..resources import narrowed

    return narrowed(asked, resources or ((default,) if default is not None else ()))


def _response_types(parameters: Parameters, client: Client, profile: Profile) -> frozenset[str]:
    words = (parameters.get("response_type") or "").split(" ")
    asked, allowed = frozenset(words), profile.response_types(client.response_types)
    if len(asked) != len(words) or asked not in _RESPONSE_TYPES or not asked <= frozenset(allowed):
        raise OAuthError("unsupported_response_type", ", ".join(allowed))
    return asked


def _check_response_mode(arrival: Arrival, response_types: frozenset[str], profile: Profile) -> None:
    mode = arrival.parameters.get("response_mode")
    _check_signing(arrival, profile)
    if mode is None:
        return
    if mode not in (modes := profile.response_modes(ALL_MODES)):
        raise OAuthError("unsupported_response_mode", ", ".join(modes))
    if mode in {"query", "query.jwt"} and default_mode(response_types) != "query":
        raise OAuthError("unsupported_response_mode_query_with_tokens")
    if mode == "okta_post_message":
        if arrival.return_to.origin is None:
            raise OAuthError("unsupported_response_mode", ", ".join(modes), reason="no origin to send a message to")
        if "code" in response_types and arrival.parameters.get("code_challenge") is None:  # docs/protocol.md §4.3
            raise OAuthError("unsupported_response_mode_okta_post_message_with_code")


def _check_signing(arrival: Arrival, profile: Profile) -> None:
    """Whether the answer is signed where it has to be, and by what the client reads."""
    wanted, used = arrival.client.response_algorithm, arrival.server.active_key.algorithm
    if not arrival.return_to.signed:
        if profile.signed and wanted is not None:
            raise OAuthError("signed_response_required", ", ".join(profile.response_modes(SIGNED_MODES)))
    elif wanted not in {None, used}:
        raise OAuthError("response_algorithm_not_used", str(wanted), used)


def _code_challenge(parameters: Parameters, client: Client, profile: Profile) -> str | None:
    challenge, method = parameters.get("code_challenge"), parameters.get("code_challenge_method")
    if challenge is None:
        # A method without a challenge: somebody took the challenge out (RFC 9700 §4.8.2).
        if client.pkce_required or profile.strict or client.auth_method == "none" or method is not None:
            raise OAuthError("pkce_missing_challenge")
        return None
    if method not in CHALLENGE_METHODS:  # none at all means plain (docs/protocol.md §4.6)
        raise OAuthError("pkce_unsupported_code_challenge_method", ", ".join(CHALLENGE_METHODS))
    if not _CHALLENGE.fullmatch(challenge):
        raise OAuthError("pkce_invalid_challenge")
    return challenge


def _prompt(parameters: Parameters) -> frozenset[str]:
    words = frozenset((parameters.get("prompt") or "").split())
    if ENROLLING in words:
        raise OAuthError("invalid_response_type_for_authenticator_enrollment")
    if not words <= frozenset(PROMPTS) or ("none" in words and len(words) > 1):
        raise OAuthError("invalid_prompt", ", ".join(PROMPTS))
    return words


def _max_age(parameters: Parameters, prompt: frozenset[str]) -> int | None:
    text = parameters.get("max_age")
    if text is None:
        return None
    if not _AGE.fullmatch(text) or int(text) > _MAX_AGE:
        raise OAuthError("invalid_max_age")
    if int(text) == 0 and "none" in prompt:
        raise OAuthError("invalid_prompt_for_zero_max_age")
    return int(text)


def _key(parameters: Parameters) -> str | None:
    jkt = parameters.get(DPOP_JKT)
    if jkt is not None and not _THUMBPRINT.fullmatch(jkt):
        raise OAuthError("invalid_request", reason="dpop_jkt is no thumbprint")
    return jkt


def _check_grants(client: Client, response_types: frozenset[str], *, bound: bool) -> None:
    """``bound``: to a key or a certificate, and a browser that gets a token from here can prove neither."""
    if not grants_of(response_types) <= frozenset(client.grant_types):
        raise OAuthError("unauthorized_client", ", ".join(client.grant_types))
    if bound and "token" in response_types:
        raise OAuthError("unauthorized_client", ", ".join(client.grant_types))


def grants_of(response_types: frozenset[str]) -> frozenset[str]:
    """What rules and clients call what is asked for (docs/protocol.md §9.3)."""
    code = ("authorization_code",) if "code" in response_types else ()
    return frozenset(code if response_types.isdisjoint(FRONT_CHANNEL) else (*code, "implicit"))


def _hinted(arrival: Arrival) -> str | None:
    token = arrival.parameters.get("id_token_hint")
    if token is None:
        return None
    hint = recognize_id_token(token, arrival.server, issuer=arrival.issuer)
    if hint is None or hint.client_id != arrival.client.id:
        raise OAuthError("id_token_invalid")
    return hint.user_id
