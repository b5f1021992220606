"""docs/protocol.md §39.6: signatures, as Standard Webhooks has them."""

import base64

from authmint.hooks.signatures import PREFIX, secret_of, signed
from authmint.ids import RandomIds

from tests.support.fakes import FrozenClock

#: Of the reference libraries of Standard Webhooks.
SECRET = "whsec_plJ3nmyCDGBKInavdOK15jsl"
BODY = b'{"event_type":"ping","data":{"success":true}}'
SIGNATURE = "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="


def test_the_vector_of_the_reference_libraries() -> None:
    headers = signed("msg_loFOjxBNrRLzqYUf", 1_731_705_121, BODY, [SECRET])

    assert headers == {
        "webhook-id": "msg_loFOjxBNrRLzqYUf",
        "webhook-timestamp": "1731705121",
        "webhook-signature": SIGNATURE,
    }


def test_two_secrets_are_two_signatures_and_none_is_none() -> None:
    other = secret_of(RandomIds(FrozenClock()).opaque(32))

    assert signed("m", 1, BODY, [SECRET, other])["webhook-signature"].count("v1,") == 2
    assert "webhook-signature" not in signed("m", 1, BODY, [])


def test_a_secret_is_of_thirty_two_random_bytes() -> None:
    secret = secret_of(RandomIds(FrozenClock()).opaque(32))

    assert secret.startswith(PREFIX)
    assert len(base64.b64decode(secret.removeprefix(PREFIX))) == 32
