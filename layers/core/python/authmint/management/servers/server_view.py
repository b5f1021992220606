"""A server as the management API shows it (docs/protocol.md §25.1)."""

from typing import Any

from ...clock import timestamp
from ...keys.rotation import period_end
from ...storage.servers import AuthorizationServer
from ..http.call import Call, lifecycle, link
from .server_changes import path_of


def server_json(server: AuthorizationServer, call: Call) -> dict[str, Any]:
    """The server with its links, as it is shown by itself."""
    return server_fields(server, call) | {"_links": _links(server, call)}


def server_fields(server: AuthorizationServer, call: Call) -> dict[str, Any]:
    """The object without its links, as lists of associated servers show it (docs/protocol.md §25.7)."""
    return {
        "id": server.id,
        "name": server.name,
        "description": server.description,
        "audiences": [server.audience],
        "issuer": call.url(f"/oauth2/{server.path_id}"),
        "issuerMode": server.issuer_mode,
        "status": server.status,
        "created": timestamp(server.created_at),
        "lastUpdated": timestamp(server.updated_at),
        "credentials": {"signing": _signing(server)},
        "default": server.is_default,
    }


def _signing(server: AuthorizationServer) -> dict[str, Any]:
    key = server.active_key
    signing: dict[str, Any] = {
        "kid": key.kid,
        "rotationMode": server.rotation_mode,
        "lastRotated": timestamp(key.activated_at or key.published_at),
    }
    if server.rotation_mode == "AUTO":
        signing["nextRotation"] = timestamp(period_end(server))
    if server.algorithm != "RS256":  # an extension of ours: clients that know of none never see it
        signing["alg"] = server.algorithm
    return signing


def _links(server: AuthorizationServer, call: Call) -> dict[str, Any]:
    base = call.url(path_of(server))
    well_known = call.url(f"/oauth2/{server.path_id}/.well-known")
    own = link(base, "GET", "DELETE", "PUT")
    links: dict[str, Any] = {
        "rotateKey": link(f"{base}/credentials/lifecycle/keyRotate", "POST"),
        "metadata": [
            {"name": name, **link(f"{well_known}/{name}", "GET")}
            for name in ("oauth-authorization-server", "openid-configuration")
        ],
        "keys": link(f"{base}/credentials/keys", "GET"),
        "claims": link(f"{base}/claims", "GET", "POST"),
        "policies": link(f"{base}/policies", "GET", "POST"),
    }
    if server.status == "INACTIVE":
        links |= lifecycle(base, server.status)
    links |= {"self": own, "scopes": link(f"{base}/scopes", "GET", "POST")}
    if server.status == "ACTIVE":
        links |= lifecycle(base, server.status)
    return links
