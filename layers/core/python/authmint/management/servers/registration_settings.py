"""``clientRegistration`` of a server's settings: which clients it takes that no administrator registered.

Words for such clients in policies are checked here too: what no switch lets in is not written into a policy.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from ...oauth.client_documents import is_document_url, is_origin
from ...oauth.redirect_uris import NEVER
from ...storage.client_registration import (
    ALL_CLIENTS,
    CLOSED,
    DYNAMIC_CLIENTS,
    DYNAMIC_ID,
    METADATA_CLIENTS,
    ORIGIN,
    ClientRegistration,
    class_of,
)
from ...storage.servers import AuthorizationServer, Policy
from ..http.fields import Fields

_MEMBERS: Final = (
    "metadataDocuments",
    "origins",
    "dynamic",
    "scopes",
    "privateSchemes",
    "httpsRedirectHosts",
    "maxDynamicClients",
    "unusedDays",
    "maxAccessTokenMinutes",
    "maxRefreshDays",
)
_MOST: Final = 100
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]{0,62}")
_HOST: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_DYNAMIC: Final = re.compile(re.escape(DYNAMIC_ID) + r"[A-Za-z0-9_-]{27}")
#: Name: the least, the most.
_BOUNDS: Final = {
    "maxDynamicClients": (1, 100_000),
    "unusedDays": (1, 365),
    "maxAccessTokenMinutes": (5, 1_440),
    "maxRefreshDays": (1, 365),
}


def read(settings: Fields) -> ClientRegistration:
    """The setting as it was sent; what is left out is as at first. Problems are noted in ``settings``."""
    body = settings.below("clientRegistration")
    for name in body.names():
        if name not in _MEMBERS:
            body.problem(name[:100], "There is no such setting.")
    documents = body.choice("metadataDocuments", ("OFF", "LISTED", "ORIGINS", "OPEN"), "OFF")
    origins = body.texts("origins", most=_MOST) or ()
    if wrong := [origin for origin in origins if not is_origin(origin)]:
        body.problem("origins", f"'{wrong[0]}' must be an https origin in lower case, as 'https://app.example'.")
    if documents == "ORIGINS" and not origins:
        body.problem("origins", "must name one at least, where 'metadataDocuments' is 'ORIGINS'.")
    schemes = body.texts("privateSchemes", most=_MOST)
    if wrong := [scheme for scheme in schemes or () if not _SCHEME.fullmatch(scheme) or scheme in NEVER]:
        body.problem("privateSchemes", f"'{wrong[0]}' is no scheme of an application's own.")
    hosts = body.texts("httpsRedirectHosts", most=_MOST) or ()
    if wrong := [host for host in hosts if not _HOST.fullmatch(host)]:
        body.problem("httpsRedirectHosts", f"'{wrong[0]}' must be a host name in lower case.")
    return ClientRegistration(
        metadata_documents=documents,
        origins=origins,
        dynamic=body.choice("dynamic", ("OFF", "TOKEN", "OPEN"), "OFF"),
        scopes=body.texts("scopes", longest=255) or (),
        private_schemes=CLOSED.private_schemes if schemes is None else schemes,
        https_redirect_hosts=hosts,
        max_dynamic_clients=_number(body, "maxDynamicClients", CLOSED.max_dynamic_clients),
        unused_days=_number(body, "unusedDays", CLOSED.unused_days),
        max_access_token_minutes=_number(body, "maxAccessTokenMinutes", CLOSED.max_access_token_minutes),
        max_refresh_days=_number(body, "maxRefreshDays", CLOSED.max_refresh_days),
    )


def _number(body: Fields, name: str, default: int) -> int:
    least, most = _BOUNDS[name]
    value = body.number(name)
    if value is not None and not least <= value <= most:
        body.problem(name, f"must be from {least} to {most}.")
    return default if value is None else value


def unknown_scope(registration: ClientRegistration, server: AuthorizationServer) -> str | None:
    """A scope of the setting that the server does not have."""
    known = {scope.name for scope in server.scopes}
    return next((name for name in registration.scopes if name not in known), None)


def shown(registration: ClientRegistration) -> dict[str, Any]:
    """The setting as answers show it."""
    return {
        "metadataDocuments": registration.metadata_documents,
        "origins": list(registration.origins),
        "dynamic": registration.dynamic,
        "scopes": list(registration.scopes),
        "privateSchemes": list(registration.private_schemes),
        "httpsRedirectHosts": list(registration.https_redirect_hosts),
        "maxDynamicClients": registration.max_dynamic_clients,
        "unusedDays": registration.unused_days,
        "maxAccessTokenMinutes": registration.max_access_token_minutes,
        "maxRefreshDays": registration.max_refresh_days,
    }


def check_words(body: Fields, policy: Policy, before: Policy, server: AuthorizationServer) -> None:
    """Note what a policy says anew of clients that nobody registered, and that the server does not take.

    What it said before stays: a switch that was turned off must not keep an administrator from changing the rest.
    """
    for word in policy.clients:
        class_ = class_of(word)
        if class_ == "REGISTERED" or word in before.clients:
            continue
        where = "conditions.clients.include"
        if not _is_word(word):
            body.problem(where, f"'{word[:200]}' is neither a client nor a word for some. {_words(class_)}")
        elif not server.registration.takes(class_):
            switch = "metadataDocuments" if class_ == "METADATA" else "dynamic"
            body.problem(
                where, f"'{word[:200]}': the server takes no such clients; 'clientRegistration.{switch}' is OFF."
            )


def _is_word(word: str) -> bool:
    if word in {METADATA_CLIENTS, DYNAMIC_CLIENTS}:
        return True
    if word.startswith(ORIGIN):
        return is_origin(word.removeprefix(ORIGIN))
    return is_document_url(word) or _DYNAMIC.fullmatch(word) is not None


def _words(class_: str) -> str:
    words: Sequence[str] = (DYNAMIC_CLIENTS, f"{DYNAMIC_ID}…")
    if class_ == "METADATA":
        words = (METADATA_CLIENTS, f"{ORIGIN}https://…", "https://…")
    return f"Words are {ALL_CLIENTS}, {', '.join(words)}."
