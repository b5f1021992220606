"""A machine that calls an API: client credentials with ``requests``.

Usage: python machine_client.py ISSUER CLIENT_JSON SCOPE URL
CLIENT_JSON is what registering the client answered (``client_id``, ``client_secret``).
"""

import json
import sys
import time
from pathlib import Path

import requests


class Tokens:
    """Gives an access token, and asks for another one shortly before the last one ends."""

    def __init__(self, issuer: str, client_id: str, client_secret: str, scope: str) -> None:
        metadata = requests.get(f"{issuer}/.well-known/oauth-authorization-server", timeout=10).json()
        self._endpoint = metadata["token_endpoint"]
        self._client = (client_id, client_secret)
        self._scope = scope
        self._token, self._good_until = "", 0.0

    def token(self) -> str:
        """A token that is good for half a minute at least."""
        if time.monotonic() > self._good_until - 30:
            form = {"grant_type": "client_credentials", "scope": self._scope}
            answer = requests.post(self._endpoint, data=form, auth=self._client, timeout=10)
            if not answer.ok:
                sys.exit(f"no token: {answer.text}")
            self._token = answer.json()["access_token"]
            self._good_until = time.monotonic() + answer.json()["expires_in"]
        return self._token


def main(issuer: str, client_file: str, scope: str, url: str) -> None:
    """Call the API once and print what it says."""
    client = json.loads(Path(client_file).read_text())
    tokens = Tokens(issuer, client["client_id"], client["client_secret"], scope)
    answer = requests.get(url, headers={"authorization": f"Bearer {tokens.token()}"}, timeout=10)
    print(answer.status_code, answer.text)


if __name__ == "__main__":
    main(*sys.argv[1:])
