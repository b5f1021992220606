"""A web application that signs somebody in: authorization code with PKCE, by Authlib.

Usage: python web_app.py ISSUER CLIENT_JSON
CLIENT_JSON is what registering the client answered; its first redirect URI is where this application listens.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import jwt
import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # http, because all of it is on this machine


def main(issuer: str, client_file: str) -> None:
    """Wait for one person to come back from signing in, greet them, refresh, and say where to sign out."""
    client = json.loads(Path(client_file).read_text())
    provider = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10).json()
    keys = jwt.PyJWKClient(provider["jwks_uri"])
    callback = client["redirect_uris"][0]
    session = OAuth2Session(
        client["client_id"],
        client["client_secret"],
        scope="openid profile offline_access",
        redirect_uri=callback,
        code_challenge_method="S256",
    )
    verifier, nonce = generate_token(48), generate_token(20)
    url, state = session.create_authorization_url(
        provider["authorization_endpoint"], code_verifier=verifier, nonce=nonce
    )

    class Callback(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here = f"http://{self.headers['host']}{self.path}"
            tokens = session.fetch_token(
                provider["token_endpoint"], authorization_response=here, code_verifier=verifier, state=state
            )
            id_token = tokens["id_token"]
            key = keys.get_signing_key_from_jwt(id_token)
            claims = jwt.decode(
                id_token,
                key.key,
                algorithms=provider["id_token_signing_alg_values_supported"],
                issuer=issuer,
                audience=client["client_id"],
            )
            if claims["nonce"] != nonce:
                raise SystemExit("this ID token answers another request")
            print("Hello", session.get(provider["userinfo_endpoint"]).json()["name"], flush=True)
            session.refresh_token(provider["token_endpoint"])
            leave = {"id_token_hint": id_token, "post_logout_redirect_uri": client["post_logout_redirect_uris"][0]}
            print("Sign out at", f"{provider['end_session_endpoint']}?{urlencode(leave)}", flush=True)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"Signed in. See the terminal.")

    server = HTTPServer(("127.0.0.1", urlsplit(callback).port or 80), Callback)
    print("Open", url, flush=True)
    server.handle_request()


if __name__ == "__main__":
    main(*sys.argv[1:])
