"""Calls of administrators about factors, one by one: for what is counted or allowed call by call."""

import base64
from typing import Any
from urllib.parse import urlsplit

import pyotp
from authmint.clock import SystemClock

from tests.functions.deployment import Functions, load_event
from tests.support.authenticator import SoftwareKey


def every_call_of_factors(functions: Functions) -> str:
    """Everything that administrators do with factors. The id of a user who has some in the end."""
    profile = {"login": "f@b.example", "email": "f@b.example", "firstName": "F", "lastName": "B"}
    credentials = {"password": {"value": "Correct-Horse-7"}}
    user = functions.admin("POST", "/api/v1/users", {"profile": profile, "credentials": credentials})["id"]
    base = f"/api/v1/users/{user}"
    an_app(functions, base)
    a_key(functions, base)
    functions.admin("DELETE", f"{base}/factors/{a_key(functions, base, b'second')}")
    pending = functions.admin("POST", f"{base}/factors", {"factorType": "email"})["id"]
    functions.admin("DELETE", f"{base}/factors/{pending}")
    vouched = functions.admin("POST", f"{base}/factors?activate=true", {"factorType": "email"})["id"]
    question = {"factorType": "question", "profile": {"question": "first_award", "answer": "swimming"}}
    asked = functions.admin("POST", f"{base}/factors", question)["id"]
    functions.admin("PUT", f"{base}/factors/{asked}", {"profile": {"question": "first_award", "answer": "judo"}})
    functions.admin("POST", f"{base}/factors/{asked}/verify", {"answer": "judo"})
    functions.admin("GET", f"{base}/factors/catalog")
    functions.admin("GET", f"{base}/factors/{vouched}")
    functions.admin("GET", f"{base}/authenticator-enrollments")
    for method in ("POST", "GET", "DELETE", "POST"):
        functions.admin(method, f"{base}/recoveryCodes")
    _authenticators(functions)
    functions.admin("POST", f"{base}/lifecycle/reset_factors")
    a_key(functions, base)
    return str(user)


def an_app(functions: Functions, base: str) -> str:
    """An app, activated and verified, and its picture seen."""
    enrolled = functions.admin("POST", f"{base}/factors", {"factorType": "token:software:totp"})
    activation, factor = enrolled["_embedded"]["activation"], f"{base}/factors/{enrolled['id']}"
    picture = load_event("management") | {"path": urlsplit(activation["_links"]["qrcode"]["href"]).path}
    assert functions.http("management", picture)["statusCode"] == 200
    app = pyotp.TOTP(activation["sharedSecret"])
    now = SystemClock().now()
    functions.admin("POST", f"{factor}/lifecycle/activate", {"passCode": app.at(now - 30)})
    functions.admin("POST", f"{factor}/verify", {"passCode": app.at(now)})
    return str(enrolled["id"])


def a_key(functions: Functions, base: str, credential_id: bytes = b"first") -> str:
    """A key, activated and verified."""
    enrolled = functions.admin("POST", f"{base}/factors", {"factorType": "webauthn"})
    factor, key = f"{base}/factors/{enrolled['id']}", SoftwareKey(credential_id=credential_id)
    made = key.create(enrolled["_embedded"]["activation"])
    answer = {"attestation": _text(made.attestation), "clientData": _text(made.client_data)}
    functions.admin("POST", f"{factor}/lifecycle/activate", answer)
    challenge = functions.admin("POST", f"{factor}/verify", {})["_embedded"]["challenge"]
    signed = key.get(challenge)
    body = {
        "clientData": _text(signed.client_data),
        "authenticatorData": _text(signed.authenticator_data),
        "signatureData": _text(signed.signature),
    }
    functions.admin("POST", f"{factor}/verify", body)
    return str(enrolled["id"])


def _authenticators(functions: Functions) -> None:
    listed: list[dict[str, Any]] = functions.admin("GET", "/api/v1/authenticators")
    one = next(one["id"] for one in listed if one["key"] == "google_otp")
    for verb in ("deactivate", "activate"):
        functions.admin("POST", f"/api/v1/authenticators/{one}/lifecycle/{verb}")


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
