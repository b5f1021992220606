"""``template.yaml`` against the code: routes, handlers, environment, roles, alarms (docs/decisions/0020)."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from authmint.local.deployment import deployment
from authmint.local.template import Template, load, read
from authmint.runtime.settings import Settings

from tests.functions.deployment import WIRES
from tests.support.iam import role

CHECKOUT = Path(__file__).parents[2]
DOCUMENT = load(CHECKOUT / "template.yaml")
RESOURCES: dict[str, Any] = DOCUMENT["Resources"]


@pytest.fixture(scope="module")
def template() -> Template:
    return read(deployment().template, parameters={"Stage": "prod"})


def of_type(kind: str) -> dict[str, Any]:
    return {name: resource for name, resource in RESOURCES.items() if resource["Type"] == kind}


def test_every_function_has_code_and_the_code_has_every_function(template: Template) -> None:
    directories = {path.parent.name for path in CHECKOUT.glob("functions/*/handler.py")}

    assert set(template.functions) == directories == set(WIRES)
    assert {spec.handler for spec in template.functions.values()} == {"handler.lambda_handler"}
    assert {spec.code for spec in template.functions.values()} == {f"functions/{name}" for name in directories}


def test_every_documented_route_is_there(template: Template) -> None:
    server, org = "/oauth2/{authServerId}/v1", "/oauth2/v1"
    of_servers = {
        ("keys", "jwks"),
        ("token", "token"),
        ("par", "token"),
        ("device/authorize", "token"),
        ("bc/authorize", "token"),
        ("authorize", "authorize"),
        ("logout", "authorize"),
        ("introspect", "token_status"),
        ("revoke", "token_status"),
        ("userinfo", "token_status"),
    }
    documents = (
        "/oauth2/{authServerId}/.well-known/openid-configuration",
        "/oauth2/{authServerId}/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/oauth2/{authServerId}",
        "/.well-known/openid-configuration/oauth2/{authServerId}",
        "/.well-known/{proxy+}",
        "/oauth2/{proxy+}",
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
    )

    assert {(route.path, route.function) for route in template.routes} == {
        *((f"{base}/{path}", function) for path, function in of_servers for base in (server, org)),
        (f"{server}/register", "registration"),
        (f"{server}/status/{{list}}", "status_list"),
        *((path, "discovery") for path in documents),
        *((f"/{page}", "authorize") for page in ("signin", "password", "consent", "activate", "signout")),
        ("/", "authorize"),
        *((path, "console") for path in ("/console", "/console/{proxy+}")),
        *((f"/{page}", "authorize") for page in ("forgot", "signup", "recovery", "tokens/{token}/verify")),
        *(
            (f"/{link}/{{token}}", "authorize")
            for link in ("signin/reset-password", "signin/unlock", "reset_password", "welcome")
        ),
        ("/api/v1/authn", "authorize"),
        ("/challenge", "authorize"),
        ("/signin/idp", "authorize"),
        ("/.well-known/webfinger", "authorize"),
        ("/oauth2/v1/authorize/callback", "authorize"),
        ("/signin/key", "authorize"),
        ("/enrol", "authorize"),
        ("/account", "authorize"),
        ("/oauth2/{authServerId}/v1/bc/approve", "authorize"),
        ("/oauth2/v1/bc/approve", "authorize"),
        ("/profile", "authorize"),
        ("/account/{section}", "authorize"),
        ("/idp/myaccount/{proxy+}", "authorize"),
        ("/api/v1/authn/{proxy+}", "authorize"),
        ("/api/v1/sessions", "authorize"),
        ("/api/v1/sessions/me", "authorize"),
        ("/api/v1/sessions/me/lifecycle/refresh", "authorize"),
        ("/api/v1/{proxy+}", "management"),
        ("/oauth2/v1/clients", "management"),
        ("/oauth2/v1/clients/{proxy+}", "management"),
        ("/oauth2/v1/global-token-revocation", "management"),
        ("/.well-known/okta-organization", "management"),
        ("/scim/v2/{proxy+}", "management"),
    }
    # Other methods are refused by the functions: with 405, what is allowed, and so that scripts can read it.
    assert {route.method for route in template.routes} == {"ANY"}


def test_two_headers_of_one_name_are_possible_where_lists_page(template: Template) -> None:
    assert {route.payload_format for route in template.routes if route.function == "management"} == {"1.0"}


def test_every_function_starts_with_the_environment_that_it_is_given(template: Template) -> None:
    for spec in template.functions.values():
        settings = Settings.from_env(spec.environment)
        uses_grants = any(str(s.resource).find("GrantsTable") >= 0 for s in role(spec.name))
        uses_events = any(str(s.resource).find("EventsTable") >= 0 for s in role(spec.name))
        uses_key = any("kms:" in action for s in role(spec.name) for action in s.actions)
        assert (settings.grants_table is not None) == uses_grants, spec.name
        assert (settings.events_table is not None) == uses_events, spec.name
        assert (settings.kms_key_id is not None) == uses_key, spec.name
        assert settings.service == spec.name


def test_no_role_has_a_wildcard() -> None:
    for function in WIRES:
        for statement in role(function):
            assert not any("*" in action for action in statement.actions)
            assert statement.resource != "*"


def test_every_function_has_a_role_and_a_log_of_its_own() -> None:
    for logical_id in of_type("AWS::Serverless::Function"):
        name = logical_id.removesuffix("Function")
        assert RESOURCES[f"{name}Role"]["Type"] == "AWS::IAM::Role"
        assert "RetentionInDays" in RESOURCES[f"{name}Logs"]["Properties"]


def test_tables_are_kept_encrypted_and_recoverable() -> None:
    tables = of_type("AWS::DynamoDB::Table")

    assert len(tables) == 3
    for table in tables.values():
        assert table["DeletionPolicy"] == "RetainExceptOnCreate"
        assert table["UpdateReplacePolicy"] == "Retain"
        assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert table["Properties"]["SSESpecification"] == {
            "SSEEnabled": {"Fn::If": ["EncryptsWithManagedKey", True, False]}
        }
        assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"


def test_the_layers_requirements_are_those_that_are_locked() -> None:
    assert (CHECKOUT / "layers/core/requirements.txt").read_text() == (
        CHECKOUT / "requirements/runtime.txt"
    ).read_text()


def test_the_layer_is_importable_as_built(tmp_path: Path) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    platforms = subprocess.run(
        [sys.executable, "-m", "pip", "debug", "--verbose"], capture_output=True, text=True, check=True
    ).stdout
    own = dict.fromkeys(re.findall(r"-((?:manylinux|linux|macosx)\w+)", platforms))
    subprocess.run(
        [
            "make", "--silent", "-C", str(CHECKOUT / "layers" / "core"), "build-CoreLayer", f"ARTIFACTS_DIR={tmp_path}",
            f"PYTHON={sys.executable}", f"PYTHON_VERSION={version}", f"PLATFORM={' '.join(list(own)[:60])}",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    modules = [
        str(path.relative_to(tmp_path / "python").with_suffix("")).replace("/", ".")
        for path in (tmp_path / "python" / "authmint").rglob("*.py")
        if path.name != "__init__.py"
    ]
    code = f"import sys; sys.path.insert(0, {str(tmp_path / 'python')!r})\n"
    code += "\n".join(f"import {module}" for module in sorted(modules))
    code += "\nfor service in ('dynamodb', 'kms', 'lambda', 'sesv2'):\n"
    code += "    authmint.runtime.aws_session.session().create_client(service, region_name='us-east-1')\n"
    # Templates and texts are data.
    code += "\nfrom authmint.pages.documents import TEMPLATES"
    code += "\nauthmint.web.render.Renderer(authmint.web.theme.Theme(), None, TEMPLATES)"

    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)

    size = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    assert size <= 48_000_000  # the limit in docs/measured.md
    assert not (tmp_path / "python" / "authmint" / "local").exists()
    assert list((tmp_path / "python" / "authmint").rglob("*.pyc"))
