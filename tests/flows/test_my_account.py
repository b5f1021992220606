"""``/idp/myaccount`` by a client that nobody here wrote: okta-auth-js."""

import json
import shutil
import subprocess
import time
import uuid
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests
from authmint.storage.admin_scopes import OWN_ACCOUNT_SCOPES

from tests.support.people import CALLBACK, PASSWORD, deployment_with_a_person, query_of
from tests.support.stack import Running

CLIENTS = Path(__file__).parents[1] / "clients"
NODE = shutil.which("node")
#: RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
needs_packages = pytest.mark.skipif(
    NODE is None or not (CLIENTS / "node_modules").exists(), reason="needs Node.js, and `npm ci` in tests/clients"
)


def access_token(stack: Running, login: str) -> str:
    """Of the org server, for somebody who has just signed in."""
    people = deployment_with_a_person(stack, login)
    client = people.client()
    for scope in sorted(OWN_ACCOUNT_SCOPES):
        stack.made(f"/api/v1/apps/{client['client_id']}/grants", {"scopeId": scope, "issuer": stack.url})
    query = {
        "client_id": client["client_id"],
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": " ".join(("openid", *sorted(OWN_ACCOUNT_SCOPES))),
        "state": "s",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    back = people.browser().sign_in(f"{stack.url}/oauth2/v1/authorize?{urlencode(query)}", login=login)
    form = {"grant_type": "authorization_code", "code": query_of(back)["code"], "redirect_uri": CALLBACK}
    given = requests.post(
        f"{stack.url}/oauth2/v1/token",
        data=form | {"code_verifier": VERIFIER},
        auth=(client["client_id"], client["client_secret"]),
        timeout=30,
    )
    given.raise_for_status()
    return str(given.json()["access_token"])


def mailed_code(stack: Running, address: str) -> str:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        mails = requests.get(f"{stack.url}/outbox", timeout=30).json()
        found = [mail for mail in mails if (mail["to"], mail["template"]) == (address, "ChangeEmailConfirmation")]
        if found:
            return str(found[-1]["codes"][0])
    raise AssertionError("no mail came")


@needs_packages
def test_okta_auth_js_looks_after_an_account(stack: Running) -> None:
    login, address = f"{uuid.uuid4().hex}@example.org", f"{uuid.uuid4().hex}@new.example"
    told = {"url": stack.url, "accessToken": access_token(stack, login), "address": address, "password": f"{PASSWORD}x"}

    with subprocess.Popen(
        [NODE or "", "okta_auth_js_my_account.cjs", json.dumps(told)],
        cwd=CLIENTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as client:
        assert client.stderr is not None
        asked = client.stderr.readline()
        assert asked == "code?\n", asked + client.stderr.read()
        out, error = client.communicate(f"{mailed_code(stack, address)}\n", timeout=60)

    assert client.returncode == 0, error
    assert json.loads(out) == {
        "writable": ["firstName", "lastName", "mobilePhone"],
        "firstName": "Mia",
        "added": ["UNVERIFIED", ["PRIMARY"]],
        "polled": "UNVERIFIED",
        "wrong": "E0000068",
        "emails": [[address, "VERIFIED"]],
        "password": ["ACTIVE", "ACTIVE"],
        "weak": "E0000001",
        "last": "E0000035",
        "phones": "E0000015",
    }
