"""What a client may ask to be protected by, beyond what everybody is: members of both views of it (RFC 9126 §6).

Each is shown where it is on: who reads a client and sends it back changes nothing.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from ...jose.keys import SIGNING_ALGORITHMS
from ...oauth.client_auth.methods import ALGORITHMS, REQUEST_ALGORITHMS
from ...oauth.form import CIBA
from ...oauth.security_profile import NAMES, STRONG, Profile, is_this_machine, profile_named
from ...storage.clients import Client
from ..http.fields import Fields
from .client_secrets import SECRET_METHODS

_BACKCHANNEL: Final = "backchannel_authentication_request_signing_alg"
#: Methods that bring keys along, or need none.
_WITHOUT_OWN: Final = ("private_key_jwt", "tls_client_auth")
_ASKS: Final = "The security profile of the client asks for"


def read_security(client: Client, default: Client, settings: Fields) -> Client:
    """The client with what a body says of its protection, or what holds where it says nothing."""
    return replace(
        client,
        security_profile=settings.choice("security_profile", NAMES, default.security_profile),
        pushes_only=settings.flag("require_pushed_authorization_requests", default=default.pushes_only),
        signs_only=settings.flag("require_signed_request_object", default=default.signs_only),
        request_algorithm=_algorithm(
            settings, "request_object_signing_alg", REQUEST_ALGORITHMS, default.request_algorithm
        ),
        backchannel_algorithm=_algorithm(settings, _BACKCHANNEL, REQUEST_ALGORITHMS, default.backchannel_algorithm),
        assertion_algorithm=_algorithm(
            settings, "token_endpoint_auth_signing_alg", REQUEST_ALGORITHMS, default.assertion_algorithm
        ),
        response_algorithm=_algorithm(
            settings, "authorization_signed_response_alg", SIGNING_ALGORITHMS, default.response_algorithm
        ),
        userinfo_algorithm=_algorithm(
            settings, "userinfo_signed_response_alg", SIGNING_ALGORITHMS, default.userinfo_algorithm
        ),
        introspection_algorithm=_algorithm(
            settings, "introspection_signed_response_alg", SIGNING_ALGORITHMS, default.introspection_algorithm
        ),
    )


def _algorithm(settings: Fields, name: str, known: Sequence[str], default: str | None) -> str | None:
    """An algorithm; ``null`` takes it away."""
    return (settings.choice(name, known, "") or None) if name in settings.names() else default


def shown_security(client: Client) -> dict[str, Any]:
    """The members that are on."""
    shown = {
        "security_profile": None if client.security_profile == "NONE" else client.security_profile,
        "require_pushed_authorization_requests": client.pushes_only or None,
        "require_signed_request_object": client.signs_only or None,
        "request_object_signing_alg": client.request_algorithm,
        _BACKCHANNEL: client.backchannel_algorithm,
        "backchannel_token_delivery_mode": "poll" if CIBA in client.grant_types else None,
        "token_endpoint_auth_signing_alg": client.assertion_algorithm,
        "authorization_signed_response_alg": client.response_algorithm,
        "userinfo_signed_response_alg": client.userinfo_algorithm,
        "introspection_signed_response_alg": client.introspection_algorithm,
    }
    return {name: value for name, value in shown.items() if value is not None}


def check_answers(client: Client, settings: Fields, *, signed: bool) -> None:
    """Note what a client asks to be signed where nothing is. ``signed``: this deployment signs answers."""
    asked = {
        "userinfo_signed_response_alg": client.userinfo_algorithm,
        "introspection_signed_response_alg": client.introspection_algorithm,
    }
    for name, algorithm in asked.items():
        if algorithm is not None and not signed:
            settings.problem(name, "needs a deployment whose parameter 'SignedAnswers' is 'true'.")
    if client.introspection_algorithm is not None and client.auth_method == "none":
        settings.problem("introspection_signed_response_alg", "needs a client that authenticates.")


def check_signing(client: Client, settings: Fields) -> None:
    """Note what a client shall sign by and has nothing for."""
    keyed = bool(client.keys) or client.jwks_uri is not None
    if client.signs_only and not keyed and client.auth_method not in SECRET_METHODS:
        settings.problem("require_signed_request_object", "needs a secret, or keys: 'jwks' or 'jwks_uri'.")
    if client.assertion_algorithm not in (None, *ALGORITHMS.get(client.auth_method, ())):
        settings.problem("token_endpoint_auth_signing_alg", "is not one of the client's 'token_endpoint_auth_method'.")
    requests = {"request_object_signing_alg": client.request_algorithm, _BACKCHANNEL: client.backchannel_algorithm}
    for name, algorithm in requests.items():
        if algorithm in ALGORITHMS["client_secret_jwt"]:
            if client.auth_method not in SECRET_METHODS:
                settings.problem(name, "needs a client with a secret.")
        elif algorithm is not None and not keyed:
            settings.problem(name, "needs keys: 'jwks' or 'jwks_uri'.")


def check_profile(client: Client, settings: Fields, credentials: Fields, base_url: str) -> None:
    """Note everything about a client that keeps it from doing what its profile asks.

    Nothing is changed behind the administrator's back: who switches a profile on is told all that is in its way.
    """
    profile = profile_named(client.security_profile)
    if not profile.strict:
        return
    if not profile.auth_methods((client.auth_method,)):
        credentials.problem("token_endpoint_auth_method", f"{_ASKS} 'private_key_jwt', or a certificate.")
    if not client.keys and client.jwks_uri is None and client.auth_method not in _WITHOUT_OWN:
        settings.problem("jwks", f"{_ASKS} keys of the client: 'jwks' or 'jwks_uri'.")
    _check_grants(client, profile, settings)
    for name, algorithm in (
        ("request_object_signing_alg", client.request_algorithm),
        (_BACKCHANNEL, client.backchannel_algorithm),
        ("token_endpoint_auth_signing_alg", client.assertion_algorithm),
        ("authorization_signed_response_alg", client.response_algorithm),
        ("userinfo_signed_response_alg", client.userinfo_algorithm),
        ("introspection_signed_response_alg", client.introspection_algorithm),
    ):
        if algorithm is not None and not profile.algorithms((algorithm,)):
            settings.problem(name, f"{_ASKS} one of [{', '.join(STRONG)}].")
    if not all(profile.may_redirect(uri, base_url) for uri in client.redirect_uris):
        local = ", or http on this machine" if is_this_machine(base_url) else ""
        settings.problem("redirect_uris", f"{_ASKS} https{local}.")
    if client.wildcard_redirect != "DISABLED":
        settings.problem("wildcard_redirect", f"{_ASKS} redirect URIs without wildcards.")
    if client.rotates_refresh_tokens:
        settings.below("refresh_token").problem("rotation_type", f"{_ASKS} refresh tokens of the type 'STATIC'.")


def _check_grants(client: Client, profile: Profile, settings: Fields) -> None:
    if unfit := set(client.grant_types) - set(profile.grant_types(client.grant_types)):
        settings.problem("grant_types", f"{_ASKS} other grant types than [{', '.join(sorted(unfit))}].")
    if unfit := set(client.response_types) - set(profile.response_types(client.response_types)):
        settings.problem("response_types", f"{_ASKS} other response types than [{', '.join(sorted(unfit))}].")
