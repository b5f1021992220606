"""``authmint usage`` prints all pages, the most first."""

import json

import pytest
from authmint.cli.commands import usage
from authmint.cli.main import main
from authmint.cli.remote import Answer, Remote
from authmint.storage.events import Event, Party

from tests.management.admin import BASE_URL, Admin
from tests.support.fakes import NOW

KIND = "app.oauth2.as.token.grant.access_token"


class Direct(Remote):
    """A deployment in memory."""

    def __init__(self, admin: Admin) -> None:
        super().__init__(BASE_URL, "t")
        self._admin = admin

    def admin_answer(self, method: str, path: str, body: object = None) -> Answer:
        answer = self._admin.api(self._admin.request(method, path.replace("limit=1000", "limit=2")))
        links = [value for name, value in answer.headers if name == "link" and 'rel="next"' in value]
        following = links[0].partition("<")[2].partition(">")[0] if links else None
        return Answer(answer.status, dict(answer.headers), answer.body, following)


@pytest.fixture
def admin(monkeypatch: pytest.MonkeyPatch) -> Admin:
    admin = Admin()
    for number, client in enumerate(["0oaA", "0oaB", "0oaB", "0oaC", "0oaD", "0oaE"]):
        party = Party(client, "PublicClientApp", client)
        admin.storage.log.record([Event(f"e{number}", NOW * 1_000, KIND, party, debug={"grant_type": "password"})])
    monkeypatch.setattr(usage, "of_options", lambda _: Direct(admin))
    return admin


def test_json_has_the_groups_of_all_pages(admin: Admin, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["usage", "--by", "client", "--grant-type", "password", "--json"]) == 0

    found = json.loads(capsys.readouterr().out)

    assert [(group["client"], group["tokens"]) for group in found["groups"]] == [
        ("0oaA", 1), ("0oaB", 2), ("0oaC", 1), ("0oaD", 1), ("0oaE", 1),
    ]  # fmt: skip
    assert found["by"] == ["client"]


def test_csv_names_its_columns_once(admin: Admin, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["usage", "--by", "client", "--token-type", "access_token", "--csv"]) == 0

    lines = capsys.readouterr().out.splitlines()

    assert lines[0].startswith("client,tokens,accessTokens,")
    assert [line.partition(",")[0] for line in lines[1:]] == ["0oaA", "0oaB", "0oaC", "0oaD", "0oaE"]


def test_a_table_has_the_most_first_and_no_empty_columns(
    admin: Admin, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "for_people", lambda **_: True)
    monkeypatch.setenv("COLUMNS", "200")

    assert main(["usage", "--by", "client"]) == 0

    shown = capsys.readouterr().out
    assert shown.index("0oaB") < shown.index("0oaA")
    assert "refusals" in shown
    assert "factors" not in shown


def test_what_is_refused_is_said_in_words(admin: Admin, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["usage", "--by", "nothing", "--csv"]) == 2
    assert "by: at most 3 of server" in capsys.readouterr().err
