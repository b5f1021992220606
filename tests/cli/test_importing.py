"""``authmint import users --csv``: a plan, and so much of it as can be done."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from authmint.cli.commands import importing
from authmint.cli.main import main
from authmint.cli.remote import Answer, Remote

from tests.management.admin import BASE_URL, TOKEN, Admin

BCRYPT = "$2b$04$abcdefghijklmnopqrstuuPBzj8TIgoFrl1cFLBQ2zvFYy9tBaBuW"
Run = Callable[..., Any]


class Deployment(Remote):
    """One in memory that may be busy, and counts the pauses that it is given."""

    def __init__(self) -> None:
        super().__init__(BASE_URL, TOKEN)
        self.backend = Admin()
        self.busy: list[int] = []
        self.pauses: list[float] = []
        self.posts: list[Any] = []

    def admin_answer(self, method: str, path: str, body: Any = None) -> Answer:
        if method == "POST" and path.startswith("/api/v1/users"):
            self.posts.append(body)
            if self.busy:
                return Answer(self.busy.pop(), {}, b"")
        answer = self.backend.call(method, path, body)
        links = [link for link in answer.header("link") if 'rel="next"' in link]
        return Answer(answer.status, {}, answer.response.body, links[0][1:].partition(">")[0] if links else None)

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> Deployment:
    deployment = Deployment()
    attributes = {
        "level": {"title": "Level", "type": "integer"},
        "vip": {"title": "VIP", "type": "boolean"},
        "tags": {"title": "Tags", "type": "array", "items": {"type": "string"}},
        "share": {"title": "Share", "type": "number"},
    }
    deployment.admin(
        "POST", "/api/v1/meta/schemas/user/default", {"definitions": {"custom": {"properties": attributes}}}
    )
    for name in ("Sales", "Staff"):
        deployment.admin("POST", "/api/v1/groups", {"profile": {"name": name}})
    monkeypatch.setattr(importing, "of_options", lambda _: deployment)
    return deployment


@pytest.fixture
def run(deployment: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def imported(text: str, *arguments: str, status: int = 0) -> Any:
        path = tmp_path / "people.csv"
        path.write_text(text, encoding="utf-8")
        assert main(["import", "users", "--csv", str(path), "--json", *arguments]) == status
        told = capsys.readouterr()
        assert BCRYPT not in told.out + told.err
        return json.loads(told.out) if status != 2 else told.err

    return imported


def users(remote: Remote) -> dict[str, Any]:
    return {user["profile"]["login"]: user for user in remote.pages("/api/v1/users")}


HEADER = "login,email,firstName,lastName,city,level,vip,tags,share,hash,groups,active\n"


def test_a_plan_changes_nothing_and_the_same_is_done_once(deployment: Deployment, run: Run) -> None:
    text = HEADER + (
        f"ann@example.com,,Ann,Lee,Bern,3,yes,a; b;,1.5,{BCRYPT},Sales;Staff,\n"
        "bob@example.com,bob@home.example,Bob,Low,,,,,,,,false\n"
    )

    assert run(text) == {"applied": False, "made": 2, "there": 0, "refused": []}
    assert "ann@example.com" not in users(deployment)
    assert run(text, "--apply") == {"applied": True, "made": 2, "there": 0, "refused": []}
    assert run(text, "--apply") == {"applied": True, "made": 0, "there": 2, "refused": []}
    ann, bob = (users(deployment)[f"{name}@example.com"] for name in ("ann", "bob"))
    assert ann["status"] == "ACTIVE"
    assert ann["credentials"]["provider"]["type"] == "IMPORT"
    profile = {name: ann["profile"][name] for name in ("email", "city", "level", "vip", "tags", "share")}
    assert profile == {
        "email": "ann@example.com", "city": "Bern", "level": 3, "vip": True, "tags": ["a", "b"], "share": 1.5,
    }  # fmt: skip
    groups = deployment.admin("GET", f"/api/v1/users/{ann['id']}/groups")
    assert {group["profile"]["name"] for group in groups} == {"Everyone", "Sales", "Staff"}
    assert (bob["status"], bob["profile"]["email"]) == ("STAGED", "bob@home.example")


def test_rows_that_cannot_be_users_are_named_and_the_others_are_made(deployment: Deployment, run: Run) -> None:
    text = HEADER + "".join(
        f"{line}\n"
        for line in (
            "ann@example.com,,Ann,Lee,,,,,,,,",
            "ANN@example.com,,Ann,Lee,,,,,,,,",
            ",,Nobody,Lee,,,,,,,,",
            "b@example.com,,Bo,,,,,,,,,",
            "c@example.com,,C,D,,many,,,,,,",
            "d@example.com,,C,D,,,maybe,,,,,",
            "e@example.com,,C,D,,,,,,secret,,",
            "f@example.com,,C,D,,,,,,,Nobodies,",
            "g@example.com,,C,D",
            "h@example.com,,C,D,,,,,,,,perhaps",
            "no-address,a@example.com,C,D,,,,,,,,",
        )
    )

    plan = run(text, status=1)
    done = run(text, "--apply", status=1)

    problems = {one["row"]: one["problem"] for one in done["refused"]}
    assert done["made"] == 1
    assert len(plan["refused"]) == 9
    assert {number: text for number, text in problems.items() if number != 12} == {
        3: "the login is that of row 2",
        4: "there is no login",
        5: "there is no lastName",
        6: "level is no integer",
        7: "vip is neither true nor false",
        8: "the hash is neither $2b$… nor $argon2id$…: give its parts in columns hash.algorithm, hash.value, …",
        9: "there is no group Nobodies",
        10: "the row has another number of cells than the first line",
        11: "active is neither true nor false",
    }
    assert "email address" in problems[12]


def test_columns_of_other_names_and_parts_of_hashes(deployment: Deployment, run: Run) -> None:
    text = (
        "\ufeffE-Mail,First Name,Last Name,Notes,hash.algorithm,hash.value,hash.salt,hash.workFactor,password\n"
        "ann@example.com,Ann,Lee,x,SHA-256,47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=,,,\n"
        "bob@example.com,Bob,Low,x,,,,,Correct-horse-9\n"
        "c@example.com,C,D,x,BCRYPT,x,y,4,Correct-horse-9\n"
    )
    names = ("--map", "E-Mail=email", "--map", "First Name=firstName", "--map", "Last Name=lastName")

    assert "no attribute for the columns E-Mail, First Name, Last Name, Notes" in run(text, status=2)
    done = run(text, *names, "--ignore", "Notes", "--apply", status=1)

    assert (done["made"], done["refused"][0]["problem"]) == (2, "there is more than one password, or hash of one")
    assert deployment.posts[0]["credentials"]["password"]["hash"]["algorithm"] == "SHA-256"
    assert users(deployment)["bob@example.com"]["credentials"]["provider"]["type"] == "OKTA"
    assert "--map x" in run(text, "--map", "x", status=2)


def test_a_hash_of_argon2_is_taken_as_it_is(deployment: Deployment, run: Run) -> None:
    phc = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43
    run(f'email,firstName,lastName,hash\na@example.com,A,B,"{phc}"\n', "--apply")

    assert deployment.posts[0]["credentials"]["password"]["hash"] == {"algorithm": "ARGON2ID", "value": phc}


def test_a_busy_deployment_is_given_time(deployment: Deployment, run: Run) -> None:
    text = "email,firstName,lastName\na@example.com,A,B\n"
    deployment.busy = [503, 429]

    assert run(text, "--apply")["made"] == 1
    assert deployment.pauses == [1, 2]
    deployment.busy = [429] * 8
    assert "goes on where it stopped" in run(text.replace("a@", "b@"), "--apply", status=2)


def test_who_is_made_meanwhile_or_deactivated_is_there(deployment: Deployment, run: Run) -> None:
    text = "email,firstName,lastName\na@example.com,A,B\n"
    run(text, "--apply")
    user = users(deployment)["a@example.com"]
    deployment.admin("DELETE", f"/api/v1/users/{user['id']}")

    assert run(text, "--apply") == {"applied": True, "made": 0, "there": 1, "refused": []}


@pytest.mark.parametrize("text", ["", "email,email\n"])
def test_files_that_are_none_are_said(run: Run, text: str) -> None:
    assert "the first line names the columns" in run(text, status=2)


def test_people_see_tables(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importing, "for_people", lambda **_: True)
    path = tmp_path / "people.csv"
    path.write_bytes(b"email,firstName,lastName\na@example.com,A,B\nb@example.com,,\n")

    assert main(["import", "users", "--csv", str(path)]) == 1
    told = capsys.readouterr().out
    assert "to make" in told
    assert "there is no firstName, lastName" in told
    path.write_bytes(b"\xff\xfe\x00")
    assert main(["import", "users", "--csv", str(path)]) == 2
    assert main(["import", "users", "--csv", str(tmp_path / "none.csv")]) == 2
