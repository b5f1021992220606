"""An AWS workload that gets an access token without a secret: its role is what it proves.

    python workload_aws.py ISSUER CLIENT_ID SCOPE

The role needs `sts:GetWebIdentityToken` (limited by the condition key `sts:IdentityTokenAudience` to ISSUER), and the
account outbound federation: `iam:EnableOutboundWebIdentityFederation`, once. The client has a workload binding with
the account's issuer and the role (docs/guide/workload-identity.md).
"""

import sys

import boto3
import requests


def access_token(issuer: str, client_id: str, scope: str) -> str:
    """A new access token. AWS makes a new identity token for each: one counts once."""
    identity = boto3.client("sts").get_web_identity_token(
        Audience=[issuer], SigningAlgorithm="ES384", DurationSeconds=300
    )["WebIdentityToken"]
    metadata = requests.get(f"{issuer}/.well-known/oauth-authorization-server", timeout=10).json()
    answer = requests.post(
        metadata["token_endpoint"],
        data={
            "grant_type": "client_credentials",
            "scope": scope,
            "client_id": client_id,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": identity,
        },
        timeout=10,
    )
    answer.raise_for_status()
    token: str = answer.json()["access_token"]
    return token


if __name__ == "__main__":
    print(access_token(*sys.argv[1:4]))
