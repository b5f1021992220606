"""A deployment over HTTP, for commands: its address and an administrator's token from options or the environment."""

import argparse
import http.client
import ipaddress
import json
import os
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_SECONDS: Final = 35
#: Bytes of one answer: a page of 200 people with large profiles is far below it.
_LONGEST: Final = 32 * 1024 * 1024
_BEGINS: Final = "it begins with https:// (or http:// for the local stack)"
#: What no address of a deployment has.
_FOREIGN: Final = re.compile(r"[\s\\?#\x00-\x1f\x7f]")
#: Levels of an answer.
_DEEPEST: Final = 100
_NEXT: Final = re.compile(r'<([^>]+)>; rel="next"')


class RemoteFailed(Exception):
    """The deployment refused or did not answer. The message says it in words and holds no secret."""


class NoAnswer(RemoteFailed):
    """There was no answer: whether anything was done is not known."""


@dataclass(frozen=True)
class Answer:
    """Any answer, also a refusal."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    following: str | None = None

    def json(self) -> Any:
        """The body, read. Raises RemoteFailed where it is not JSON, or is too deep for what walks it."""
        try:
            value = json.loads(self.body)
        except ValueError:
            raise RemoteFailed(f"the answer (status {self.status}) is not JSON") from None
        except RecursionError:
            is_deep = True
        else:
            is_deep = _is_deep(value)
        if is_deep:
            raise RemoteFailed(f"the answer (status {self.status}) is nested too deeply")
        return value


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--url``, ``--token`` and ``--json``."""
    parser.add_argument("--url", help="of the deployment; default: AUTHMINT_URL, else the local stack on PORT or 8080")
    parser.add_argument("--token", help="administrator's API token; default: AUTHMINT_API_TOKEN")
    parser.add_argument("--json", action="store_true", help="print JSON, as without a terminal")


def address_of(options: argparse.Namespace, *, in_clear: bool = False) -> str:
    """The address of the deployment that options or the environment name. Raises RemoteFailed."""
    url: str = options.url or os.environ.get("AUTHMINT_URL") or f"http://127.0.0.1:{os.environ.get('PORT') or '8080'}"
    return checked_address(url, in_clear=in_clear)


def checked_address(url: str, *, in_clear: bool = False) -> str:
    """The address without a slash at its end.

    Args:
        url: As somebody typed it.
        in_clear: No token is sent, so that http may lead anywhere.

    Raises:
        RemoteFailed: It is none, or one to which no token may go.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise RemoteFailed(f"the address is no URL; {_BEGINS}") from None
    if "@" in parts.netloc:  # not repeated: it may hold a password
        raise RemoteFailed("an address of a deployment has no user and no password: the token is given by itself")
    if parts.scheme not in {"http", "https"} or not host or _FOREIGN.search(url):
        raise RemoteFailed(f"{url!r} is no URL; {_BEGINS}")
    if parts.scheme == "http" and not (in_clear or _is_loopback(host)):
        raise RemoteFailed(f"{url!r} would have tokens of administrators travel in the clear; {_BEGINS}")
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def of_options(options: argparse.Namespace) -> "Remote":
    """The deployment that options or the environment name. Raises RemoteFailed."""
    url = address_of(options)
    token = options.token or os.environ.get("AUTHMINT_API_TOKEN")
    if not token:
        raise RemoteFailed("an administrator's API token is needed: --token or AUTHMINT_API_TOKEN")
    return Remote(url, token)


class Remote:
    """One deployment and one administrator."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._token = token

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """A call of the management API that succeeds: its JSON, ``None`` without a body.

        Raises:
            RemoteFailed: With the API's own words.
        """
        answer = self.admin_answer(method, path, body)
        if answer.status >= 300:
            raise RemoteFailed(f"{method} {path}: {words(answer)}")
        return answer.json() if answer.body else None

    def admin_answer(self, method: str, path: str, body: Any = None) -> Answer:
        """The answer of the management API, whatever it is. Raises RemoteFailed where there is none."""
        headers = {"authorization": f"SSWS {self._token}", "accept": "application/json"}
        sent = None
        if body is not None:
            headers["content-type"] = "application/json"
            sent = json.dumps(body).encode()
        return self.send(method, path, headers=headers, body=sent)

    def pause(self, seconds: float) -> None:
        """Let the deployment take a breath."""
        time.sleep(seconds)

    def pages(self, path: str) -> Iterator[Any]:
        """Every item of a list. Raises RemoteFailed."""
        following: str | None = path
        while following is not None:
            answer = self.admin_answer("GET", following)
            if answer.status >= 300:
                raise RemoteFailed(f"GET {path}: {words(answer)}")
            yield from answer.json()
            following = answer.following

    def form(self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Answer:
        """A form POST to a protocol endpoint."""
        sent = urllib.parse.urlencode(fields).encode()
        content = {"content-type": "application/x-www-form-urlencoded"}
        return self.send("POST", path, headers=content | dict(headers or {}), body=sent)

    def send(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """One request. ``path`` may be an absolute URL of this deployment, as ``Link`` headers hold.

        Raises:
            RemoteFailed: No answer, or an address that is not of this deployment: the token stays with it.
        """
        url = path if path.startswith(("http://", "https://")) else self.url + path
        if not url.startswith(self.url + "/"):
            raise RemoteFailed(f"{url} is not below {self.url}; give the deployment's own base URL with --url")
        request = urllib.request.Request(url, body, dict(headers or {}), method=method)  # noqa: S310 - checked above
        try:
            with _OPENER.open(request, timeout=_SECONDS) as answer:
                return _answer(answer)
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error)
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error or type(error).__name__
            raise NoAnswer(f"{self.url} does not answer: {reason}") from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the token elsewhere; nothing here redirects."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER: Final = urllib.request.build_opener(_NoRedirect)


def _answer(answer: Any) -> Answer:
    links = answer.headers.get_all("link") or []
    following = next((match[1] for link in links if (match := _NEXT.search(link))), None)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    body = answer.read(_LONGEST + 1)
    if len(body) > _LONGEST:
        raise RemoteFailed(f"an answer has more than {_LONGEST // 1024**2} MiB")
    return Answer(answer.status, headers, body, following)


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        nested = [one for one in level if isinstance(one, dict | list)]
        if not nested:
            return False
        level = [one for above in nested for one in (above.values() if isinstance(above, dict) else above)]
    return True


def words(answer: Answer) -> str:
    """What an error answer says: the summary of the management API, or the status alone."""
    if answer.status in {401, 403} and b"errorCode" not in answer.body:
        return f"status {answer.status}"
    try:
        body = json.loads(answer.body)
        causes = "; ".join(cause["errorSummary"] for cause in body.get("errorCauses") or [])
        return f"{body['errorSummary']} ({answer.status}){': ' + causes if causes else ''}"
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return f"status {answer.status}"
