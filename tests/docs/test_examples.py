"""The README's quick start and every example, against a running stack."""

import json
import re
import runpy
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jwt
import pytest
import requests

from tests.docs.terraform import applied
from tests.support.outside import Issuer
from tests.support.people import Browser
from tests.support.repository import CHECKOUT
from tests.support.stack import Running, running_stack

EXAMPLES = CHECKOUT / "examples"
needs_curl = pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="needs curl and bash")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _shell(section: str) -> str:
    """The commands of a section of the README."""
    text = (CHECKOUT / "README.md").read_text().partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL))


@contextmanager
def _example(name: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running example, and the first line that it printed."""
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            line = process.stdout.readline()
            assert line, process.stderr.read()
            yield process, line.strip()
        finally:
            process.kill()


def _run(command: list[str], directory: Path) -> str:
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_curl
def test_the_quick_start_gives_a_token_and_signs_somebody_in(stack: Running, tmp_path: Path) -> None:
    port = _free_port()
    commands = _shell("Quick start") + 'echo; echo "$ORG/oauth2/$SERVER"\n' + _shell("Sign people in")
    for old, new in (
        ("http://127.0.0.1:8080", stack.url),
        ("local-administrator-token-0123456789", stack.token),
        ("http://127.0.0.1:8000/", f"http://127.0.0.1:{port}/"),
    ):
        assert old in commands
        commands = commands.replace(old, new)
    printed = _run(["bash", "-eu", "-c", commands], tmp_path)
    issuer = re.findall(rf"^{re.escape(stack.url)}/oauth2/aus\w+$", printed, re.MULTILINE)[0]
    token = re.findall(r'"access_token":"([^"]+)"', printed)[0]

    assert jwt.decode(token, options={"verify_signature": False})["scp"] == ["orders:read"]
    with _example("web_app.py", issuer, str(tmp_path / "shop.json")) as (process, line):
        back = Browser(stack.url).sign_in(line.removeprefix("Open "), "ann@example.com", "Correct-Horse-7")
        assert requests.get(back, timeout=30).text.startswith("Signed in.")
        assert process.stdout is not None
        told = process.stdout.read()
    assert told.startswith("Hello Ann Bee\n")
    leave = requests.get(told.partition("Sign out at ")[2].strip(), allow_redirects=False, timeout=30)
    assert leave.headers["location"].startswith(f"http://127.0.0.1:{port}/")


@needs_curl
def test_a_machine_calls_an_api_that_verifies_its_token(stack: Running, tmp_path: Path) -> None:
    printed = _run(["sh", str(EXAMPLES / "quick_start.sh"), stack.url, stack.token], tmp_path)
    issuer = (tmp_path / "issuer").read_text().strip()
    token = json.loads(printed)["access_token"]
    client = ["client.json", "orders:read"]
    with _example("protected_api.py", issuer, "api://orders", "orders:read", "0") as (_, line):
        api = line.removeprefix("Serving on ")
        seen = _run([sys.executable, str(EXAMPLES / "machine_client.py"), issuer, *client, api], tmp_path)
        answers = [
            requests.get(api, headers=headers, timeout=30).status_code
            for headers in ({}, {"authorization": f"Bearer {token}"}, {"authorization": f"Bearer {token[:-4]}AAAA"})
        ]
    assert seen.startswith("200 ")
    assert answers == [401, 200, 401]


def test_the_lambda_authorizer_lets_in_who_has_a_good_token_that_is_not_in_the_list(
    stack: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    audience, scope = "api://authorized", "orders:read"
    server = stack.made("/api/v1/authorizationServers", {"name": "authorized", "audiences": [audience]})
    base = f"/api/v1/authorizationServers/{server['id']}"
    stack.made(f"{base}/scopes", {"name": scope})
    policy = stack.made(f"{base}/policies", {"name": "p", "conditions": {"clients": {"include": ["ALL_CLIENTS"]}}})
    conditions = {"grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["*"]}}
    stack.made(f"{base}/policies/{policy['id']}/rules", {"name": "r", "conditions": conditions})
    service = {"client_name": "authorized", "application_type": "service", "grant_types": ["client_credentials"]}
    client = stack.made("/oauth2/v1/clients", service)
    issuer = f"{stack.url}/oauth2/{server['id']}"
    asked = {"grant_type": "client_credentials", "scope": scope}
    credentials = (client["client_id"], client["client_secret"])
    assert stack.admin("PUT", f"{base}/security", {"statusList": True}).status_code == 200
    token, revoked = (
        requests.post(f"{issuer}/v1/token", data=asked, auth=credentials, timeout=30).json()["access_token"]
        for _ in range(2)
    )
    requests.post(f"{issuer}/v1/revoke", data={"token": revoked}, auth=credentials, timeout=30).raise_for_status()
    for name, value in {"ISSUER": issuer, "AUDIENCE": audience, "SCOPE": scope}.items():
        monkeypatch.setenv(name, value)
    handler = runpy.run_path(str(EXAMPLES / "lambda_authorizer.py"))["lambda_handler"]

    def answer(authorization: str) -> Any:
        request = {"http": {"method": "GET"}, "domainName": "orders.example.com"}
        return handler({"requestContext": request, "rawPath": "/", "headers": {"authorization": authorization}}, None)

    assert answer(f"Bearer {token}") == {
        "isAuthorized": True,
        "context": {"client": client["client_id"], "subject": client["client_id"], "scopes": scope},
    }
    assert answer("Bearer x") == answer("") == answer(f"Bearer {revoked}") == {"isAuthorized": False}
    assert token not in capsys.readouterr().out


def test_the_terraform_configuration_gives_a_token(stack: Running) -> None:
    configuration = json.loads((EXAMPLES / "terraform/main.tf.json").read_text())
    made = applied(configuration["resource"], stack.made)
    service: dict[str, Any] = made["okta_app_oauth.service"]

    answer = requests.post(
        f"{made['okta_auth_server.orders']['issuer']}/v1/token",
        data={"grant_type": "client_credentials", "scope": "orders:read"},
        auth=(service["client_id"], service["client_secret"]),
        timeout=30,
    ).json()

    assert answer["expires_in"] == 1_800
    assert jwt.decode(answer["access_token"], options={"verify_signature": False})["tier"] == "basic"


def server_for_machines(stack: Running, name: str) -> dict[str, Any]:
    """A server whose rule lets every service have every scope of its own."""
    server = stack.made("/api/v1/authorizationServers", {"name": name, "audiences": [f"api://{name}"]})
    base = f"/api/v1/authorizationServers/{server['id']}"
    stack.made(f"{base}/scopes", {"name": "orders:read"})
    clients = {"clients": {"include": ["ALL_CLIENTS"]}}
    policy = stack.made(f"{base}/policies", {"name": "p", "conditions": clients})["id"]
    conditions = {"grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["*"]}}
    stack.made(f"{base}/policies/{policy}/rules", {"name": "r", "conditions": conditions})
    return dict(server)


def test_the_terraform_configuration_of_a_pod_gives_a_token_and_changes_nothing_the_second_time(stack: Running) -> None:
    """What the provider for REST APIs would send: a POST for each object, and a PUT of the same at the next change."""
    cluster, server = Issuer("https://kubernetes.example"), server_for_machines(stack, "pods")
    subject = f"system:serviceaccount:shop:{server['id'].lower()}"
    values = {
        "server": server["id"],
        "issuer": cluster.url,
        "subject": subject,
        "jwks": json.dumps({"keys": [cluster.jwk]}),
    }
    configuration = json.loads((EXAMPLES / "terraform-workload/main.tf.json").read_text())
    assert values.keys() | {"url", "token"} == configuration["variable"].keys()
    ids: dict[str, str] = {}
    for name, one in configuration["resource"]["restapi_object"].items():
        path, data = (
            re.sub(r"\$\{var\.(\w+)\}", lambda found: values[found[1]], one[part]) for part in ("path", "data")
        )
        ids[name] = stack.made(path, json.loads(data))["id"]
        assert stack.admin("PUT", f"{path}/{ids[name]}", json.loads(data)).status_code == 200

    now = int(time.time())
    form = {
        "grant_type": "client_credentials",
        "scope": "orders:read",
        "client_id": ids["pod"],
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": cluster.token(None, aud=server["issuer"], sub=subject, iat=now, exp=now + 600),
    }
    answer = requests.post(f"{server['issuer']}/v1/token", data=form, timeout=30).json()

    assert jwt.decode(answer["access_token"], options={"verify_signature": False})["cid"] == ids["pod"]


def test_an_aws_role_gets_a_token(stack: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS is ours here: an issuer like one of its accounts, and what boto3 would bring from there."""
    aws = Issuer("https://11111111-2222-3333-4444-555555555555.tokens.sts.global.api.aws", "ES384")
    server = server_for_machines(stack, "aws")
    base = f"/api/v1/authorizationServers/{server['id']}"
    entry = {"issuer": aws.url, "use": "WORKLOAD", "algorithms": ["ES384"], "jwks": {"keys": [aws.jwk]}}
    stack.made(f"{base}/trustedIssuers", entry)
    role = "arn:aws:iam::123456789012:role/orders-worker"
    body: dict[str, Any] = {"client_name": f"role {server['id']}", "application_type": "service"}
    body |= {"grant_types": ["client_credentials"], "token_endpoint_auth_method": "private_key_jwt"}
    body |= {"workload_bindings": [{"issuer": aws.url, "roles": [role.replace("worker", "*")]}]}
    client = stack.made("/oauth2/v1/clients", body)["client_id"]

    def identity(service: str) -> Any:
        assert service == "sts"
        now = int(time.time())

        def token(Audience: list[str], SigningAlgorithm: str, DurationSeconds: int) -> dict[str, str]:  # noqa: N803
            assert SigningAlgorithm == "ES384"
            said = {"aud": Audience[0], "sub": role, "iat": now, "exp": now + DurationSeconds}
            return {"WebIdentityToken": aws.token(None, **said)}

        return SimpleNamespace(get_web_identity_token=token)

    monkeypatch.setattr("boto3.client", identity)
    program = runpy.run_path(str(EXAMPLES / "workload_aws.py"))

    got = program["access_token"](server["issuer"], client, "orders:read")

    assert jwt.decode(got, options={"verify_signature": False})["cid"] == client


def _guide() -> Iterator[str]:
    """Every command of the guide that calls the running stack and names something that is there."""
    for path in sorted((CHECKOUT / "docs/guide").glob("*.md")):
        for block in re.findall(r"^```sh\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL):
            for command in re.split(r"(?<!\\)\n(?=[A-Za-z.])", block):
                called = re.match(r"curl|[A-Z]+=\$\(|\.venv/bin/authmint (explain|preview|analyze|logs|keys)", command)
                if called and "…" not in command and "--follow" not in command:
                    yield command


@needs_curl
def test_every_call_of_the_guide_is_answered(tmp_path: Path) -> None:
    """At a stack of its own: the guide changes settings of the whole org."""
    commands = [command.rstrip() for command in _guide()]
    assert len(commands) > 10
    with running_stack(tmp_path / "data") as stack:
        start = (_shell("Quick start") + _shell("Sign people in")).replace("http://127.0.0.1:8080", stack.url)
        start = start.replace("local-administrator-token-0123456789", stack.token)
        start += '\ncurl() { command curl --fail-with-body "$@"; }\n'
        script = start + "\n".join(f"{command}\necho" for command in commands)
        script = script.replace(".venv/bin/authmint", f"'{sys.executable}' -m authmint.cli")
        environment = f"export AUTHMINT_URL={stack.url} AUTHMINT_API_TOKEN={stack.token}\n"
        _run(["bash", "-euo", "pipefail", "-c", environment + script], tmp_path)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_sdk_makes_the_server_of_the_guide(
    stack: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OKTA_TESTING_TESTINGDISABLEHTTPSCHECK", "true")
    guide = (CHECKOUT / "docs/guide/configuration-as-code.md").read_text()
    program = re.findall(r"^```python\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)[0]
    for old, new in (
        ("http://127.0.0.1:8080", stack.url),
        ("local-administrator-token-0123456789", stack.token),
    ):
        assert old in program
        program = program.replace(old, new)

    exec(compile(program, "configuration-as-code.md", "exec"), {})  # noqa: S102 - in this process: the SDK loads slowly

    assert capsys.readouterr().out.startswith(f"{stack.url}/oauth2/aus")
