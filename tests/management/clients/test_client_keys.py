"""Public keys of clients: normalised when they are registered, refused where they can verify nothing."""

from typing import Any

import pytest
from authmint.jose.encoding import b64decode, b64encode
from authmint.jose.keys import public_key

from tests.management.admin import Admin
from tests.management.apps import APPS, CLIENTS, an_app, app_body
from tests.support.fakes import pregenerated

RSA, EC = pregenerated("RS256")[0], pregenerated("ES256")[0]


def _with_keys(*keys: Any) -> dict[str, Any]:
    return app_body(token_endpoint_auth_method="private_key_jwt", jwks={"keys": list(keys)})


def _loose(text: str) -> str:
    """The same bytes with the last, unused bits of the text set."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    changed = text[:-1] + alphabet[alphabet.index(text[-1]) + 1]
    assert changed != text
    return changed


def _shown(app: Any) -> Any:
    (key,) = app["settings"]["oauthClient"]["jwks"]["keys"]
    return key


@pytest.mark.parametrize(
    ("jwk", "sent"),
    [
        (RSA, {"n": _loose(RSA["n"])}),
        (RSA, {"n": RSA["n"] + "=="}),
        (RSA, {"n": b64encode(b"\0" + b64decode(RSA["n"]))}),
        (EC, {"crv": None}),
        (EC, {"x": _loose(EC["x"]), "y": EC["y"] + "="}),
    ],
)
def test_what_is_written_loosely_is_shown_as_sent_and_verifies(
    admin: Admin, jwk: dict[str, Any], sent: dict[str, Any]
) -> None:
    app = admin.made(APPS, _with_keys({**jwk, "kid": "k1", **sent}))

    shown = _shown(app)
    assert {name: shown[name] for name, value in sent.items() if value} == {k: v for k, v in sent.items() if v}
    (key,) = admin.storage.clients.get(app["id"]).keys
    assert {name: key.jwk[name] for name in jwk} == jwk
    assert public_key(key.jwk) == public_key(jwk)
    assert admin.put(f"{APPS}/{app['id']}", app).json == app
    registered = admin.get(f"{CLIENTS}/{app['id']}").json["jwks"]["keys"][0]
    assert {name: registered[name] for name in sent if sent[name]} == {k: v for k, v in sent.items() if v}


def _even(jwk: dict[str, Any]) -> str:
    modulus = b64decode(jwk["n"])
    return b64encode(modulus[:-1] + bytes([modulus[-1] & 0xFE]))


@pytest.mark.parametrize(
    ("jwk", "text"),
    [
        ({**RSA, "n": _even(RSA)}, "the RSA modulus is even, so the key verifies nothing"),
        ({**RSA, "key_ops": ["sign"]}, "'key_ops' does not contain 'verify', so the key verifies nothing"),
        ({**RSA, "key_ops": []}, "'key_ops' does not contain 'verify', so the key verifies nothing"),
        ({**EC, "key_ops": ["encrypt", "wrapKey"]}, "'key_ops' does not contain 'verify', so the key verifies nothing"),
        ({**RSA, "key_ops": "verify"}, "'key_ops' is not an array of different strings"),
        ({**RSA, "n": RSA["n"] + "!"}, "''n'' must be base64url."),
        ({"kty": "RSA", "kid": "k", "use": "sig"}, "RSA key length in the 'jwks' is less than '2,048' bits"),
        ({**EC, "crv": None, "x": EC["x"][:20], "y": EC["y"][:20]}, "''crv'' is missing"),
        ({**EC, "crv": None, "y": EC["x"]}, "The key is not valid"),
        ({**EC, "crv": "secp256k1"}, "The key is not valid"),
        ({"kty": "OKP", "crv": "X25519", "x": EC["x"]}, "The key is not valid"),
    ],
)
def test_a_key_that_can_verify_nothing_is_refused_and_told_why(admin: Admin, jwk: dict[str, Any], text: str) -> None:
    app = an_app(admin, client_id="another")

    in_app = admin.post(APPS, _with_keys(jwk) | {"label": "two"})
    alone = admin.post(f"{APPS}/{app['id']}/credentials/jwks", jwk)
    registered = admin.post(
        CLIENTS,
        {
            "client_name": "three",
            "application_type": "service",
            "grant_types": ["client_credentials"],
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": {"keys": [jwk]},
        },
    )

    for answer in (in_app, alone):
        assert (answer.status, answer.json["errorSummary"]) == (400, "Api validation failed: JsonWebKey")
        assert text in answer.causes[0]
    assert (registered.status, registered.json["error"]) == (400, "invalid_client_metadata")
    assert text in registered.json["error_description"]


@pytest.mark.parametrize("operations", [["verify"], ["sign", "verify"], None])
def test_a_key_that_may_verify_is_taken(admin: Admin, operations: Any) -> None:
    assert _shown(admin.made(APPS, _with_keys({**RSA, "key_ops": operations})))["kty"] == "RSA"


def test_the_only_key_that_a_client_signs_with_stays(admin: Admin) -> None:
    app = admin.made(APPS, _with_keys({**RSA, "kid": "k1"}))
    path = f"{APPS}/{app['id']}/credentials/jwks"

    refused = admin.post(f"{path}/{_shown(app)['id']}/lifecycle/deactivate")
    admin.made(path, {**EC, "kid": "k2"})

    assert refused.causes[0].startswith("Can't deactivate the only active JSON Web Key")
    assert admin.post(f"{path}/{_shown(app)['id']}/lifecycle/deactivate").json["status"] == "INACTIVE"


def test_a_second_key_needs_a_kid_as_the_first_does(admin: Admin) -> None:
    app = admin.made(APPS, _with_keys({**RSA, "kid": None}))

    answer = admin.post(f"{APPS}/{app['id']}/credentials/jwks", {**EC, "kid": "k2"})

    assert answer.causes[0].startswith("Each key should have a unique kid when adding multiple keys.")
