"""How administrators sign in: the authorization code flow at the org server (RFC 6749, RFC 7636, RFC 9207).

The browser keeps a refresh token, sealed; access tokens live in this process, for minutes.
"""

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from ..clock import Clock
from ..http import Request
from ..ids import Ids
from ..jose.encoding import b64encode
from ..oauth.console_client import CALLBACK_PATH, HOME_PATH, SCOPES
from .errors import ApiProblem, SignedOut
from .http_client import Transport
from .sealed import SealedCookie

#: Seconds before its end at which an access token counts as over.
_EARLY: Final = 30
_MOST: Final = 1_000
_GONE: Final = frozenset({"invalid_grant", "invalid_client", "unauthorized_client"})


@dataclass(frozen=True)
class Session:
    """Who is signed in at a browser.

    Attributes:
        secret: Of the browser, which its forms are bound to.
    """

    refresh_token: str = field(repr=False)
    secret: str = field(repr=False)
    login: str = ""
    name: str = ""


@dataclass(frozen=True)
class Deployment:
    """Whom a console administers.

    Attributes:
        url: Where its browsers find it, and its issuer.
        api_url: Where the console calls it.
        client_secret: ``None``: a public client.
    """

    url: str
    api_url: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class _Tokens:
    """What a sign-in has now. ``until``: Unix seconds for the access token."""

    access_token: str = field(repr=False)
    until: int
    id_token: str = field(repr=False)


class SignIns:
    """Begins sign-ins, ends them, and gives access tokens for them."""

    def __init__(
        self,
        deployment: Deployment,
        way: SealedCookie,
        session: SealedCookie,
        send: Transport,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """``way``, ``session``: what browsers keep while they sign in, and afterwards."""
        self._deployment = deployment
        self._way = way
        self._session = session
        self._send = send
        self._clock = clock
        self._ids = ids
        self._tokens: dict[str, _Tokens] = {}
        self._lock = threading.Lock()

    def of(self, request: Request) -> Session | None:
        """Who is signed in at a browser, as far as the browser says."""
        members = self._session.read(request)
        if members is None:
            return None
        return Session(members["r"], members["b"], members["u"], members["n"])

    def begin(self, request: Request, to: str, wanted: Mapping[str, str] | None = None) -> tuple[str, tuple[str, str]]:
        """Where the browser signs in, and a cookie for the way. ``to``: the page that it wanted."""
        state, verifier = self._ids.opaque(32), self._ids.opaque(32)
        challenge = b64encode(hashlib.sha256(verifier.encode()).digest())
        query = {
            "client_id": self._deployment.client_id,
            "redirect_uri": request.base_url + CALLBACK_PATH,
            "response_type": "code",
            "scope": " ".join(("openid", "profile", "offline_access", *SCOPES)),
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **(wanted or {}),
        }
        cookie = self._way.set(request, {"s": state, "v": verifier, "to": to})
        return f"{self._deployment.url}/oauth2/v1/authorize?{urlencode(query)}", cookie

    def finish(self, request: Request) -> tuple[str, tuple[tuple[str, str], ...]]:
        """The page that the browser wanted, and the cookies of who is signed in now.

        Raises:
            SignedOut: It did not begin here, or not lately, or was refused.
            ApiProblem: The deployment could not answer.
        """
        way, answer = self._way.read(request), request.query_value
        if way is None or answer("state") != way["s"] or answer("iss") != self._deployment.url:
            raise SignedOut
        code = answer("code")
        if code is None:
            raise ApiProblem(403, answer("error") or "access_denied", answer("error_description") or "")
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": way["v"]}
        tokens = self._ask("token", form | {"redirect_uri": request.base_url + CALLBACK_PATH})
        refresh_token = tokens["refresh_token"]
        self._keep(refresh_token, tokens)
        login, name = self._person(tokens["access_token"])
        # The forms of who signs in again stay good: what was typed meanwhile can be sent.
        before = self._session.read(request) or {}
        secret = before["b"] if before.get("u") == login else self._ids.opaque(32)
        members = {"r": refresh_token, "b": secret, "u": login, "n": name}
        return way["to"], (self._session.set(request, members), self._way.forget(request))

    def access_token(self, session: Session, *, anew: bool = False) -> str:
        """A token that is good now. ``anew``: the last one was refused.

        Raises:
            SignedOut: The sign-in is over.
            ApiProblem: The deployment could not answer.
        """
        known = None if anew else self._tokens.get(_digest(session.refresh_token))
        if known is not None and known.until > self._clock.now():
            return known.access_token
        tokens = self._ask("token", {"grant_type": "refresh_token", "refresh_token": session.refresh_token})
        self._keep(session.refresh_token, tokens)
        return str(tokens["access_token"])

    def end(self, request: Request) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Where the browser signs out at the deployment, too, and cookies that forget."""
        session, query = self.of(request), {"client_id": self._deployment.client_id}
        if self._deployment.client_secret is not None:  # else it is a port that was free, and no registered address
            query["post_logout_redirect_uri"] = request.base_url + HOME_PATH
        if session is not None:
            with self._lock:
                known = self._tokens.pop(_digest(session.refresh_token), None)
            if known is not None and known.id_token:
                query["id_token_hint"] = known.id_token  # whose it is, so nobody has to be asked
            self._ask("revoke", {"token": session.refresh_token, "token_type_hint": "refresh_token"})
        forgotten = (self._session.forget(request), self._way.forget(request))
        return f"{self._deployment.url}/oauth2/v1/logout?{urlencode(query)}", forgotten

    def _person(self, access_token: str) -> tuple[str, str]:
        """Login and name, for the page's head."""
        headers = {"authorization": f"Bearer {access_token}", "accept": "application/json"}
        answer = self._send("GET", f"{self._deployment.api_url}/oauth2/v1/userinfo", headers=headers, body=None)
        said = answer.json() if answer.status == 200 else {}
        login = str(said.get("preferred_username") or said.get("email") or said.get("sub") or "")
        return login[:200], str(said.get("name") or login)[:200]

    def _ask(self, endpoint: str, form: Mapping[str, str]) -> dict[str, Any]:
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        client = {"client_id": self._deployment.client_id}
        if self._deployment.client_secret is not None:
            client["client_secret"] = self._deployment.client_secret
        url = f"{self._deployment.api_url}/oauth2/v1/{endpoint}"
        answer = self._send("POST", url, headers=headers, body=urlencode({**form, **client}).encode())
        said = answer.json() or {}
        if answer.status == 200:
            tokens: dict[str, Any] = said
            return tokens
        error, text = str(said.get("error", "")), str(said.get("error_description", ""))
        if error in _GONE:
            raise SignedOut
        raise ApiProblem(answer.status, error, text, retry_after=answer.headers.get("retry-after"))

    def _keep(self, refresh_token: str, tokens: Mapping[str, Any]) -> None:
        until = self._clock.now() + int(tokens["expires_in"]) - _EARLY
        with self._lock:
            if len(self._tokens) >= _MOST:
                self._tokens.clear()  # they are asked for again
            kept = _Tokens(str(tokens["access_token"]), until, str(tokens.get("id_token", "")))
            self._tokens[_digest(refresh_token)] = kept


def _digest(refresh_token: str) -> str:
    return hashlib.sha256(refresh_token.encode()).hexdigest()
