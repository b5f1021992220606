"""``/api/v1/authorizationServers/{id}/security``: settings that only this service has (docs/protocol.md §25.8).

All are off at first: each widens what a server does.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, get_args

from ...http import Response
from ...oauth.security_profile import NAMES
from ...sign_on.context_classes import CLASSES
from ...storage.events import Event
from ...storage.servers import (
    DPOP_ALGORITHMS,
    DPOP_NONCE_LIFETIME,
    PUSHED_LIFETIME,
    AccessTokenProfile,
    AuthorizationServer,
)
from ..http.call import Call
from ..http.errors import invalid_field
from ..http.fields import Fields
from . import registration_settings
from .server_changes import ServerChanges, server_party
from .server_profile import check_profile

_KNOWN: Final = frozenset(
    {
        "profile",
        "accessTokenProfile",
        "largeAccessTokens",
        "resourceIndicators",
        "dpop",
        "par",
        "userinfo",
        "tokenExchange",
        "workloadIdentity",
        "clientRegistration",
        "statusList",
    }
)
#: Seconds.
_SHORTEST_NONCE: Final = 60
_LONGEST_NONCE: Final = 2_592_000
_SHORTEST_PUSHED: Final = 60
_LONGEST_AGE: Final = 2_147_483_647


class SecuritySettings:
    """The settings of one server, read and replaced."""

    def __init__(self, changes: ServerChanges) -> None:
        self._changes = changes

    def get(self, call: Call) -> Response:
        return Response.json(200, _json(self._changes.load(call)))

    def replace(self, call: Call) -> Response:
        """200. What is left out is off; what nobody knows is refused, so that nobody relies on it."""
        self._changes.load(call)
        body = call.body()
        profile = body.choice("profile", NAMES, "NONE")
        look = body.choice("accessTokenProfile", get_args(AccessTokenProfile), "OKTA")
        large = body.flag("largeAccessTokens", default=False)
        listed = body.flag("statusList", default=False)
        resources = body.choice("resourceIndicators", ("OFF", "ON"), "OFF") == "ON"
        proofs, pushed, sign_in = _proofs(body), _pushed_lifetime(body), _sign_in_for_userinfo(body)
        narrow, workloads = _flag(body, "tokenExchange", "narrowOnly"), _flag(body, "workloadIdentity", "grant")
        registration = registration_settings.read(body)
        for name in body.names():
            if name not in _KNOWN:
                body.problem(name[:100], "There is no such setting.")
        body.check()

        def change(before: AuthorizationServer) -> tuple[AuthorizationServer, None, Sequence[Event]]:
            if (scope := registration_settings.unknown_scope(registration, before)) is not None:
                raise invalid_field("clientRegistration.scopes", f"The server has no scope '{scope}'.")
            after = replace(before, large_access_tokens=large, resource_indicators=resources, **proofs, **sign_in)
            after = replace(
                after,
                access_token_profile=look,
                security_profile=profile,
                pushed_lifetime=pushed,
                registration=registration,
                narrow_exchange=narrow,
                workload_grant=workloads,
                status_list=listed,
            )
            check_profile(after, call.request.base_url)
            if after == before:
                return before, None, []
            after = replace(after, updated_at=call.now)
            return after, None, [call.recorder.event("oauth2.as.updated", server_party(after))]

        server, _ = self._changes.change(call, change)
        return Response.json(200, _json(server))


def _proofs(body: Fields) -> dict[str, Any]:
    """What ``dpop`` says of proofs of possession (RFC 9449)."""
    dpop = body.below("dpop")
    for name in dpop.names():
        if name not in {"required", "nonceSeconds", "algorithms"}:
            dpop.problem(name[:100], "There is no such setting.")
    seconds = dpop.number("nonceSeconds")
    if seconds is not None and not (seconds == 0 or _SHORTEST_NONCE <= seconds <= _LONGEST_NONCE):
        dpop.problem("nonceSeconds", f"must be 0, or from {_SHORTEST_NONCE} to {_LONGEST_NONCE}.")
    algorithms = dpop.texts("algorithms")
    if algorithms is not None and (not algorithms or not set(algorithms) <= set(DPOP_ALGORITHMS)):
        dpop.problem("algorithms", f"must be of [{', '.join(DPOP_ALGORITHMS)}], one at least.")
    return {
        "dpop_required": dpop.flag("required", default=False),
        "dpop_nonce_seconds": DPOP_NONCE_LIFETIME if seconds is None else seconds,
        "dpop_algorithms": DPOP_ALGORITHMS if algorithms is None else algorithms,
    }


def _pushed_lifetime(body: Fields) -> int:
    """What ``par`` says of pushed requests (RFC 9126)."""
    par = body.below("par")
    for name in par.names():
        if name != "lifetimeSeconds":
            par.problem(name[:100], "There is no such setting.")
    seconds = par.number("lifetimeSeconds")
    if seconds is None:
        return PUSHED_LIFETIME
    if not _SHORTEST_PUSHED <= seconds <= PUSHED_LIFETIME:
        par.problem("lifetimeSeconds", f"must be from {_SHORTEST_PUSHED} to {PUSHED_LIFETIME}.")
    return seconds


def _sign_in_for_userinfo(body: Fields) -> dict[str, Any]:
    """What ``userinfo`` says of the sign-in behind tokens that it answers (RFC 9470)."""
    userinfo = body.below("userinfo")
    for name in userinfo.names():
        if name not in {"acrValues", "maxAgeSeconds"}:
            userinfo.problem(name[:100], "There is no such setting.")
    values, seconds = userinfo.texts("acrValues") or (), userinfo.number("maxAgeSeconds")
    if not set(values) <= CLASSES.keys():
        userinfo.problem("acrValues", f"must be of [{', '.join(CLASSES)}].")
    if seconds is not None and not 0 < seconds <= _LONGEST_AGE:
        userinfo.problem("maxAgeSeconds", f"must be from 1 to {_LONGEST_AGE}.")
    return {"userinfo_acr_values": values, "userinfo_max_age": seconds}


def _flag(body: Fields, about: str, name: str) -> bool:
    """The one setting of a group of settings, which is off where it is left out."""
    group = body.below(about)
    for other in group.names():
        if other != name:
            group.problem(other[:100], "There is no such setting.")
    return group.flag(name, default=False)


def _json(server: AuthorizationServer) -> dict[str, Any]:
    return {
        "profile": server.security_profile,
        "accessTokenProfile": server.access_token_profile,
        "largeAccessTokens": server.large_access_tokens,
        "resourceIndicators": "ON" if server.resource_indicators else "OFF",
        "dpop": {
            "required": server.dpop_required,
            "nonceSeconds": server.dpop_nonce_seconds,
            "algorithms": list(server.dpop_algorithms),
        },
        "par": {"lifetimeSeconds": server.pushed_lifetime},
        "userinfo": {"acrValues": list(server.userinfo_acr_values), "maxAgeSeconds": server.userinfo_max_age},
        "tokenExchange": {"narrowOnly": server.narrow_exchange},
        "workloadIdentity": {"grant": server.workload_grant},
        "clientRegistration": registration_settings.shown(server.registration),
        "statusList": server.status_list,
    }
