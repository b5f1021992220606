"""A Lambda authorizer of an API Gateway HTTP API (payload format 2.0, simple responses), over ``authmint.verifier``.

Environment: ISSUER, AUDIENCE, SCOPE, and WITHOUT_LIST: REFUSE where no token may be accepted whose status list cannot
be had. It needs no permission: only the issuer's public keys and lists.
"""

import os
from typing import Any, Literal

from authmint.verifier import Refused, Verifier

_WITHOUT: Literal["ACCEPT", "REFUSE"] = "REFUSE" if os.environ.get("WITHOUT_LIST") == "REFUSE" else "ACCEPT"
VERIFIER = Verifier(os.environ["ISSUER"], os.environ["AUDIENCE"], without_list=_WITHOUT)
SCOPE = os.environ["SCOPE"]


def lambda_handler(event: dict[str, Any], _: Any) -> dict[str, Any]:
    """Whether the request may reach the API, and what the API is told of its caller."""
    request, headers = event["requestContext"], event["headers"]
    try:
        claims = VERIFIER.verify(
            headers.get("authorization", ""),
            scopes=[SCOPE],
            proof=headers.get("dpop"),
            method=request["http"]["method"],
            uri=f"https://{request['domainName']}{event['rawPath']}",
            certificate=request.get("authentication", {}).get("clientCert", {}).get("clientCertPem", ""),
        )
    except Refused as refused:
        print(refused)  # never a token: the log says why
        return {"isAuthorized": False}
    told = {"client": claims["cid"], "subject": claims["sub"], "scopes": " ".join(claims["scp"])}
    return {"isAuthorized": True, "context": told}
