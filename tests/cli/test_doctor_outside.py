"""``authmint doctor`` from outside: a stack that is well, and what stands in front of it spoiling one thing each."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from authmint.cli.main import main
from authmint.cli.operation.findings import Finding
from authmint.cli.operation.outside import outside
from authmint.cli.remote import Answer, Remote, RemoteFailed

from tests.support.stack import Running

Spoil = Callable[[str, Answer], Answer]


class InFront(Remote):
    """A gateway that spoils answers."""

    def __init__(self, url: str, spoil: Spoil, path: Callable[[str], str] = str) -> None:
        super().__init__(url, token="")
        self._spoil = spoil
        self._path = path

    def send(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        return self._spoil(path, super().send(method, self._path(path), headers=headers, body=body))


def bad(remote: Remote, *, now: datetime | None = None) -> dict[str, Finding]:
    found = list(outside(remote, "default", now=now or datetime.now(UTC)))
    assert all(bool(one.advice) == (one.state != "good") for one in found)
    return {one.what: one for one in found if one.state != "good"}


def without(*names: str) -> Spoil:
    return lambda _, answer: replace(
        answer, headers={name: value for name, value in answer.headers.items() if name not in names}
    )


def unspoilt(_: str, answer: Answer) -> Answer:
    return answer


def test_a_deployment_that_is_well_has_nothing_bad(stack: Running, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--url", stack.url, "--json"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert {one["state"] for one in found} == {"good"}
    assert {one["what"] for one in found} >= {
        "reachable", "issuer", "key set", "key set, caching", "key set, scripts", "request headers", "WWW-Authenticate",
        "paths", "transport", "clock",
    }  # fmt: skip


def test_people_get_a_table(
    stack: Running, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("authmint.cli.commands.doctor.for_people", lambda **_: True)
    monkeypatch.setenv("COLUMNS", "200")

    assert main(["doctor", "--url", stack.url, "--server", "nobody"]) == 1

    assert "✗" in capsys.readouterr().out


def test_one_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--url", "http://127.0.0.1:1", "--json"]) == 1

    (found,) = json.loads(capsys.readouterr().out)
    assert (found["what"], found["state"]) == ("reachable", "bad")


@pytest.mark.parametrize(("status", "words"), [(403, "EdgeSecret"), (404, "bootstrap"), (503, "alarm")])
def test_one_that_refuses(stack: Running, status: int, words: str) -> None:
    found = bad(InFront(stack.url, lambda _, answer: replace(answer, status=status)))

    assert set(found) == {"reachable"}
    assert words in found["reachable"].advice


def test_a_renamed_challenge(stack: Running) -> None:
    def rename(_: str, answer: Answer) -> Answer:
        headers = dict(answer.headers)
        if "www-authenticate" in headers:
            headers["x-amzn-remapped-www-authenticate"] = headers.pop("www-authenticate")
        return replace(answer, headers=headers)

    assert set(bad(InFront(stack.url, rename))) == {"WWW-Authenticate"}


@pytest.mark.parametrize(
    ("names", "what"),
    [
        (("cache-control",), {"key set, caching"}),
        (("etag",), {"key set, caching", "request headers"}),
        (("access-control-allow-origin",), {"key set, scripts"}),
        (("www-authenticate",), {"WWW-Authenticate"}),
    ],
)
def test_headers_that_do_not_arrive(stack: Running, names: tuple[str, ...], what: set[str]) -> None:
    assert set(bad(InFront(stack.url, without(*names)))) == what


def test_another_issuer(stack: Running) -> None:
    def elsewhere(path: str, answer: Answer) -> Answer:
        if "well-known" not in path:
            return answer
        document = json.loads(answer.body) | {"issuer": "https://api-id.execute-api.example.com/oauth2/default"}
        return replace(answer, body=json.dumps(document).encode())

    found = bad(InFront(stack.url, elsewhere))

    assert set(found) == {"issuer"}
    assert "DomainName" in found["issuer"].advice


def test_keys_elsewhere(stack: Running) -> None:
    def elsewhere(path: str, answer: Answer) -> Answer:
        if "well-known" not in path:
            return answer
        document = json.loads(answer.body) | {"jwks_uri": "https://elsewhere.example.com/keys"}
        return replace(answer, body=json.dumps(document).encode())

    assert set(bad(InFront(stack.url, elsewhere))) == {"key set"}


def test_a_key_set_that_holds_a_private_key(stack: Running) -> None:
    def leak(path: str, answer: Answer) -> Answer:
        if not path.endswith("/v1/keys") or answer.status != 200:
            return answer
        keys: dict[str, Any] = json.loads(answer.body)
        keys["keys"][0]["d"] = "private"
        return replace(answer, body=json.dumps(keys).encode())

    assert set(bad(InFront(stack.url, leak))) == {"key set"}


@pytest.mark.parametrize("spoiled", [lambda path: path.replace("%25", "%"), lambda path: path.replace("%25", "%2525")])
def test_a_path_that_is_decoded_otherwise(stack: Running, spoiled: Callable[[str], str]) -> None:
    assert set(bad(InFront(stack.url, unspoilt, spoiled))) == {"paths"}


def test_a_clock_that_is_wrong(stack: Running) -> None:
    assert set(bad(Remote(stack.url, token=""), now=datetime.now(UTC) + timedelta(minutes=5))) == {"clock"}


def test_http_in_the_open() -> None:
    class Far(Remote):
        def send(self, method: str, path: str, **_: Any) -> Answer:
            if "well-known" in path:
                return Answer(200, {}, json.dumps({"issuer": "http://id.example.com/oauth2/default"}).encode())
            raise RemoteFailed("no")

    found: list[Finding] = []
    with pytest.raises(RemoteFailed):  # the command says so
        found.extend(outside(Far("http://id.example.com", token=""), "default", now=datetime.now(UTC)))
    assert [one.what for one in found if one.state == "bad"] == ["transport", "key set"]
