"""Commands against a running deployment: what they print, for people and for programs, and how they fail."""

import json
import socket
from email.message import Message
from typing import Any

import pytest
from authmint.cli import remote, tables
from authmint.cli.commands import logs
from authmint.cli.main import main
from authmint.cli.remote import RemoteFailed

from tests.support.stack import Running

SERVERS = "/api/v1/authorizationServers"


@pytest.fixture
def deployment(stack: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    monkeypatch.setenv("AUTHMINT_URL", stack.url)
    monkeypatch.setenv("AUTHMINT_API_TOKEN", stack.token)
    return stack


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main(list(arguments)) == 0
    return json.loads(capsys.readouterr().out)


def test_doctor_shows_every_key_and_revoke_withdraws_one(
    deployment: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    server = deployment.made(SERVERS, {"name": "keys", "audiences": ["a"]})
    kid = server["credentials"]["signing"]["kid"]

    before = printed(capsys, "keys", "doctor", "--server", server["id"])
    left = printed(capsys, "keys", "revoke", "--reason", "leaked", server["id"], "--", kid)
    after = printed(capsys, "keys", "doctor", "--server", server["id"])

    assert [key["next"]["step"] for key in before[0]["keys"]] == ["stop signing", "start signing"]
    assert before[0]["keys"][0]["kid"] == kid
    assert [key["status"] for key in left] == ["ACTIVE", "NEXT"]
    assert left[0]["kid"] == before[0]["keys"][1]["kid"]
    assert [key["kid"] for key in after[0]["keys"]] == [key["kid"] for key in left]
    assert [key["kid"] for key in after[0]["revoked"]] == [kid]


def test_without_a_server_every_server_is_seen(deployment: Running, capsys: pytest.CaptureFixture[str]) -> None:
    deployment.made(SERVERS, {"name": "one of all", "audiences": ["a"]})

    seen = printed(capsys, "keys", "doctor")

    assert {"default", "one of all"} <= {server["name"] for server in seen}


def test_people_get_a_table(
    deployment: Running, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("authmint.cli.commands.keys.for_people", lambda **_: True)
    monkeypatch.setenv("COLUMNS", "200")

    assert main(["keys", "doctor", "--server", "default"]) == 0

    out = capsys.readouterr().out
    assert "published since" in out
    assert "stop signing" in out


def test_a_value_is_never_markup(capsys: pytest.CaptureFixture[str]) -> None:
    tables.print_table("t", [{"a": "[bold]x[/bold]", "b": None, "c": True}])

    out = capsys.readouterr().out
    assert "[bold]x[/bold]" in out
    assert "yes" in out


NASTY = "\x1b]0;pwn\x07\x1b[2Jred\x9b31m\u202e\x7f\ud800\r\u2028\U000e0001"
FINE = "Zoë 田\u3000中 \N{PILE OF POO}\n"


def test_a_terminal_obeys_nobody_who_chose_a_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")

    tables.print_table(f"t{NASTY}", [{f"name{NASTY}": FINE + NASTY}])
    tables.print_table(f"t{NASTY}", [])
    tables.print_json({f"name{NASTY}": FINE + NASTY})
    _refused(f"{FINE}{NASTY}", monkeypatch)

    out, error = capsys.readouterr()
    assert not any(one in out + error for one in NASTY if one not in "]0;pwn[2Jred31m")
    assert "]0;pwn" in out
    assert "Zoë 田\u3000中 \N{PILE OF POO}" in out
    assert "Zoë" in error
    assert json.loads(out[out.index("{") :]) == {f"name{NASTY}": FINE + NASTY}


def _refused(why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise RemoteFailed(why)

    monkeypatch.setattr("authmint.cli.commands.keys.of_options", refuse)
    assert main(["keys", "doctor", "--server", "default"]) == 2


def test_an_event_is_one_line_whatever_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    event = {
        "published": "2026-01-01T00:00:00.000Z",
        "eventType": "user.session.start",
        "outcome": {"reason": None, "result": "SUCCESS"},
        "actor": {"displayName": f"Ann\nforged {NASTY}", "id": "x"},
        "target": [],
        "debugContext": {"debugData": {}},
        "uuid": "u",
    }

    line = logs._line(event)

    assert line.isprintable()
    assert "Ann forged" in line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--server", "ausNone"], "Not found: Resource not found: ausNone (AuthorizationServer) (404)"),
        (["--token", "wrong-token-wrong-token-wrong-token"], "Invalid token provided (401)"),
        (["--url", "ftp://x"], "is no URL"),
        (["--url", "http://id.example.com"], "travel in the clear"),
    ],
)
def test_refusals_are_said_in_words(
    deployment: Running, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["keys", "doctor", *arguments]) == 2

    error = capsys.readouterr().err
    assert words in error
    assert "wrong-token" not in error


def test_a_deployment_that_does_not_answer_is_said_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"

        assert main(["keys", "doctor", "--url", url, "--token", "t" * 32]) == 2

    assert f"{url} does not answer" in capsys.readouterr().err


def test_a_token_is_needed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUTHMINT_API_TOKEN", raising=False)

    assert main(["keys", "doctor"]) == 2

    assert "--token or AUTHMINT_API_TOKEN" in capsys.readouterr().err


class _Longer:
    """An answer of more than anybody wants to hold."""

    status = 200
    headers = Message()

    def __init__(self) -> None:
        self.given = 0

    def __enter__(self) -> "_Longer":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def read(self, size: int = -1) -> bytes:
        assert size > 0
        self.given += size
        return b"x" * size


def test_an_answer_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    longer = _Longer()
    monkeypatch.setattr(remote._OPENER, "open", lambda *_, **__: longer)
    monkeypatch.setattr(remote, "_LONGEST", 1024)

    with pytest.raises(RemoteFailed, match="an answer has more than"):
        remote.Remote("https://id.example.com", "t").admin("GET", "/api/v1/users")

    assert longer.given == 1025


@pytest.mark.parametrize(
    "url",
    [
        "http://id.example.com", "http://10.0.0.1:8080", "http://localhost.example.com", "http://127.0.0.1.example.com",
        "http://2130706433", "https://ann:s3cret@id.example.com", "http://127.0.0.1:1@id.example.com:80/s3cret",
        "https://id.example.com\\@evil.example", "https://id.example.com?x", "https://id.example.com#x",
        "https://id.example.com/ x", "https://", "https:id.example.com", "https://id.example.com:port", "https://[::1",
        "id.example.com", "file:///etc/passwd",
    ],
)  # fmt: skip
def test_a_token_goes_to_no_such_address(url: str) -> None:
    with pytest.raises(RemoteFailed) as refused:
        remote.checked_address(url)

    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://id.example.com", "https://id.example.com:8443/base", "http://127.0.0.1:8080", "http://localhost:1",
        "http://[::1]:8080", "http://127.0.0.2", "HTTPS://ID.example.com",
    ],
)  # fmt: skip
def test_a_token_goes_over_https_or_to_this_machine(url: str) -> None:
    assert remote.checked_address(f"{url}/") == url


def test_where_no_token_is_sent_http_leads_anywhere() -> None:
    assert remote.checked_address("http://id.example.com", in_clear=True) == "http://id.example.com"
    with pytest.raises(RemoteFailed, match="no user"):
        remote.checked_address("http://ann:b@id.example.com", in_clear=True)
