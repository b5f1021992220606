"""What somebody does with an application that was just made: the calls, ready to be copied."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from .errors import ApiProblem
from .visit import Visit

#: Servers whose scopes are looked at: each takes a call of its own.
_MOST_SERVERS: Final = 5


def made(visit: Visit, app: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the page about a new application shows."""
    issuer, scope = _server(visit)
    settings, credentials = app["settings"]["oauthClient"], app["credentials"]["oauthClient"]
    client_id, secret = credentials["client_id"], credentials.get("client_secret")
    return {
        "client_id": client_id,
        "secret": secret,
        "issuer": issuer,
        "samples": samples(issuer, scope, client_id, secret, credentials["token_endpoint_auth_method"], settings),
    }


def _server(visit: Visit) -> tuple[str, str]:
    """The issuer of a server that is on and has a scope, with that; else of ``default``, and no scope."""
    try:
        servers = [
            one for one in visit.api.every("/api/v1/authorizationServers?limit=200") if one["status"] == "ACTIVE"
        ]
        servers.sort(key=lambda one: (not one["default"], one["name"]))
        for server in servers[:_MOST_SERVERS]:
            path = f"/api/v1/authorizationServers/{quote(server['id'], safe='')}/scopes?limit=200"
            own = [one["name"] for one in visit.api.every(path) if not one.get("system")]
            if own:
                return server["issuer"], own[0]
    except ApiProblem:
        pass  # they may not be seen: the calls can be filled in by hand
    return f"{visit.request.base_url}/oauth2/default", ""


def samples(
    issuer: str, scope: str, client_id: str, secret: str | None, method: str, settings: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """Calls with their English headings."""
    token = f"curl {issuer}/v1/token"
    who = f"  -d client_id={client_id}"
    if secret is not None:
        by_form = f"  -d client_id={client_id} \\\n  -d client_secret='{secret}'"
        who = by_form if method == "client_secret_post" else f"  -u '{client_id}:{secret}'"
    if method in {"private_key_jwt", "client_secret_jwt"}:
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        who = f'  -d client_assertion_type={kind} \\\n  -d client_assertion="$ASSERTION"'
    if "authorization_code" not in settings["grant_types"]:
        asked = (token, "  -d grant_type=client_credentials", f"  -d scope={quote(scope) or 'SCOPE'}", who)
        heading = "A token, now" if scope else "A token, once a server has a scope: put its name in the place of SCOPE"
        return [(heading, " \\\n".join(asked))]
    redirect = (settings.get("redirect_uris") or ["REDIRECT"])[0]
    query = urlencode({"client_id": client_id, "response_type": "code", "redirect_uri": redirect, "scope": "openid"})
    pkce = "&state=STATE&code_challenge=CHALLENGE&code_challenge_method=S256"
    lines = (
        token,
        "  -d grant_type=authorization_code",
        "  -d code=CODE",
        "  -d code_verifier=VERIFIER",
        f"  --data-urlencode redirect_uri='{redirect}'",
        who,
    )
    return [
        ("What libraries ask for", f"{issuer}/.well-known/openid-configuration"),
        ("People sign in here", f"{issuer}/v1/authorize?{query}{pkce}"),
        ("Afterwards, for the code", " \\\n".join(lines)),
    ]
