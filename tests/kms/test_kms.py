"""KMS: keys that are born wrapped and open in their own context only (docs/decisions/0002)."""

import jwt
import pytest
from authmint.jose.keys import SigningAlgorithm
from authmint.keys.vault import VaultUnavailable
from authmint.kms.client import client as kms_client
from authmint.kms.key_pairs import KmsKeyPairs, KmsKeyUnwrapper
from authmint.kms.seals import KmsSeals
from authmint.tokens.signer import KeySigner

from tests.support.backend import Deployed


@pytest.fixture
def kms(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> tuple[object, str]:
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", deployed.aws.endpoint)
    return kms_client(deployed.aws.session()), deployed.key


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_a_key_signs_what_its_public_half_verifies(kms: tuple[object, str], algorithm: SigningAlgorithm) -> None:
    pair = KmsKeyPairs(*kms).generate("ausA", "kid-1", algorithm)

    pkcs8 = KmsKeyUnwrapper(*kms).unwrap("ausA", "kid-1", pair.wrapped)
    token = KeySigner("kid-1", algorithm, pkcs8).sign({"a": 1})

    assert jwt.decode(token, jwt.PyJWK({**pair.jwk, "alg": algorithm}), algorithms=[algorithm]) == {"a": 1}
    assert not {"d", "p", "q"} & pair.jwk.keys()


@pytest.mark.parametrize(("server", "kid"), [("ausB", "kid-1"), ("ausA", "kid-2")])
def test_a_key_of_one_server_does_not_open_for_another(kms: tuple[object, str], server: str, kid: str) -> None:
    pair = KmsKeyPairs(*kms).generate("ausA", "kid-1", "ES256")

    with pytest.raises(VaultUnavailable, match="InvalidCiphertextException"):
        KmsKeyUnwrapper(*kms).unwrap(server, kid, pair.wrapped)


def test_a_secret_opens_for_its_client_and_not_as_a_signing_key(kms: tuple[object, str]) -> None:
    sealed = KmsSeals(*kms).seal("0oaA", "ocs1", "secret")

    assert KmsSeals(*kms).open("0oaA", "ocs1", sealed) == "secret"
    with pytest.raises(VaultUnavailable):
        KmsSeals(*kms).open("0oaB", "ocs1", sealed)
    with pytest.raises(VaultUnavailable):
        KmsKeyUnwrapper(*kms).unwrap("0oaA", "ocs1", sealed)
