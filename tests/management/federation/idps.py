"""Identity providers, as configuration as code sends them."""

from typing import Any

from tests.management.admin import Admin

PATH = "/api/v1/idps"
HOST = "https://idp.example.com"


def an_idp(**changes: Any) -> dict[str, Any]:
    """A body of type OIDC. ``changes`` of ``protocol`` and ``policy`` are merged."""
    protocol: dict[str, Any] = {
        "type": "OIDC",
        "endpoints": {
            "authorization": {"url": f"{HOST}/authorize", "binding": "HTTP-REDIRECT"},
            "token": {"url": f"{HOST}/token", "binding": "HTTP-POST"},
            "userInfo": {"url": f"{HOST}/userinfo", "binding": "HTTP-REDIRECT"},
            "jwks": {"url": f"{HOST}/keys", "binding": "HTTP-REDIRECT"},
        },
        "scopes": ["openid", "email"],
        "issuer": {"url": HOST},
        "credentials": {"client": {"client_id": "abc", "client_secret": "a-secret", "pkce_required": None}},
    }
    policy: dict[str, Any] = {
        "accountLink": {"action": "AUTO"},
        "provisioning": {"action": "AUTO", "groups": {"action": "NONE"}},
        "subject": {"userNameTemplate": {"template": "idpuser.email"}, "matchType": "USERNAME"},
        "maxClockSkew": 0,
    }
    body = {"type": "OIDC", "name": "partner", "issuerMode": "ORG_URL"}
    body |= {"protocol": protocol | changes.pop("protocol", {}), "policy": policy | changes.pop("policy", {})}
    return body | changes


def made(admin: Admin, **changes: Any) -> Any:
    """A new one."""
    answer = admin.post(PATH, an_idp(**changes))
    assert answer.status == 200, answer.json
    return answer.json
