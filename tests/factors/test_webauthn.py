"""Keys of WebAuthn: what is asked, what is taken, and what is refused (WebAuthn §7.1, §7.2)."""

import base64
import json
from dataclasses import replace
from typing import Any, cast

import pytest
from authmint.factors.answers import AssertionAnswer, Passcode, RegistrationAnswer
from authmint.factors.ceremonies import registered
from authmint.factors.key_settings import KeySettings
from authmint.factors.kind import KeyOptions
from authmint.factors.refusals import Expired, NotActive, NotEnrollable, WrongAnswer
from authmint.factors.relying_party import relying_party
from authmint.factors.webauthn import Webauthn
from authmint.storage.factors import Factor
from authmint.storage.sign_on_transactions import Proof
from authmint.storage.trusted_origins import OriginList, TrustedOrigin
from cryptography.hazmat.primitives.asymmetric import rsa
from fido2 import cbor
from hypothesis import given
from hypothesis import strategies as st

from tests.factors.people import Factored, assertion, registration
from tests.support.authenticator import BE, BS, UP, UV, Algorithm, SoftwareKey, unpadded
from tests.support.builders import a_user

ICLOUD = bytes.fromhex("fbfc3007154e4ecc8c0b6e020557d7bd")


@pytest.fixture
def people() -> Factored:
    return Factored()


def with_settings(people: Factored, settings: KeySettings) -> None:
    key = replace(cast("Webauthn", people.factors.kinds("webauthn")), settings=lambda: settings)
    people.factors = replace(people.factors, kinds=lambda _: key)


def pending(people: Factored, binding: str = "") -> tuple[Factor, Any]:
    factor, asked = people.factors.enrol(people.ann, "webauthn", binding=binding, **people.asked)
    assert isinstance(asked, KeyOptions)
    return factor, asked.options


def activate(people: Factored, factor: Factor, answer: RegistrationAnswer, **changes: Any) -> Factor:
    return people.factors.activate(people.ann, factor, answer, **people.asked | changes)


def verify(people: Factored, *factors: Factor, answer: AssertionAnswer, binding: str = "t") -> Proof:
    return people.factors.verify(people.ann, factors, answer, binding=binding, **people.asked)


def reason_of(refused: pytest.ExceptionInfo[WrongAnswer]) -> str:
    return refused.value.reason


def test_options_of_a_registration_are_what_official_clients_read(people: Factored) -> None:
    people.key()
    _, options = pending(people)

    assert options["rp"] == {"name": "acme.example.com"}
    assert options["user"]["id"] == "00uA"
    assert options["attestation"] == "none"
    assert options["authenticatorSelection"] == {
        "userVerification": "preferred",
        "requireResidentKey": False,
        "residentKey": "preferred",
    }
    assert [one["alg"] for one in options["pubKeyCredParams"]] == [-7, -8, -257]
    assert [one["id"] for one in options["excludeCredentials"]] == [unpadded(b"credential")]
    assert len(base64.urlsafe_b64decode(options["challenge"] + "=")) == 32
    json.dumps(options)


@pytest.mark.parametrize("algorithm", [-7, -8, -257])
def test_a_key_of_every_algorithm_that_is_offered_is_taken_and_proves(people: Factored, algorithm: Algorithm) -> None:
    factor, key = people.key(SoftwareKey(algorithm=algorithm))

    proof = verify(people, factor, answer=assertion(key.get(people.challenge(factor))))

    assert proof == Proof("webauthn", people.clock.now(), factor.id, synced=False, verified=True)
    assert people.factors.of(people.ann)[0].last_used_at == people.clock.now()


def test_what_is_kept_of_a_key(people: Factored) -> None:
    factor, _ = people.key(SoftwareKey(flags=UP | BE | BS, model=ICLOUD))

    credential = factor.credential
    assert credential is not None
    assert factor.name == "iCloud Keychain"
    assert (credential.rp_id, credential.handle) == ("acme.example.com", "00uA")
    assert (credential.synced, credential.backed_up, credential.verified) == (True, True, False)
    assert (credential.discoverable, credential.transports) == (True, ("hybrid", "internal"))
    assert credential.aaguid == "fbfc3007-154e-4ecc-8c0b-6e020557d7bd"
    event = people.storage.events[-1]
    assert event.debug["backup_eligible"] == "true"


def test_a_key_of_an_unknown_model_is_called_what_it_is(people: Factored) -> None:
    factor, _ = people.key()
    other, _ = people.factors.enrol(people.ann, "webauthn", **people.asked)

    assert factor.name == "This device"
    assert other.name == ""


def test_an_attestation_says_nothing_and_harms_nothing(people: Factored) -> None:
    statement = {"alg": -7, "sig": b"anything", "x5c": [b"no certificate"]}

    factor, _ = people.key(fmt="packed", statement=statement)

    assert factor.status == "ACTIVE"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"type": "webauthn.get"}, "TYPE"),
        ({"origin": "https://evil.org"}, "ORIGIN"),
        ({"origin": "https://acme.example.com.evil.org"}, "ORIGIN"),
        ({"origin": "http://acme.example.com"}, "ORIGIN"),
        ({"crossOrigin": True}, "CROSS_ORIGIN"),
        ({"crossOrigin": "true"}, "CROSS_ORIGIN"),
        ({"topOrigin": "https://evil.org"}, "CROSS_ORIGIN"),
        ({"origin": None}, "ORIGIN"),
    ],
)
def test_a_registration_of_another_page_is_refused(people: Factored, changes: dict[str, Any], reason: str) -> None:
    factor, options = pending(people)

    with pytest.raises(WrongAnswer) as refused:
        activate(people, factor, registration(SoftwareKey().create(options, client_data=changes)))

    assert reason_of(refused) == reason
    assert people.factors.of(people.ann)[0].status == "PENDING_ACTIVATION"


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (SoftwareKey(rp_id="evil.org"), "RP_ID"),
        (SoftwareKey(rp_id="example.com"), "RP_ID"),
        (SoftwareKey(flags=0), "USER_PRESENCE"),
        (SoftwareKey(flags=UP | BS), "BACKUP_STATE"),
        (SoftwareKey(credential_id=b"x" * 1024), "CREDENTIAL_ID"),
        (SoftwareKey(credential_id=b""), "CREDENTIAL_ID"),
    ],
)
def test_a_registration_by_an_authenticator_that_is_not_right_is_refused(
    people: Factored, key: SoftwareKey, reason: str
) -> None:
    factor, options = pending(people)

    with pytest.raises(WrongAnswer) as refused:
        activate(people, factor, registration(key.create(options)))

    assert reason_of(refused) == reason


def test_the_longest_credential_id_is_taken(people: Factored) -> None:
    factor, _ = people.key(SoftwareKey(credential_id=b"x" * 1023))

    assert factor.status == "ACTIVE"


SMALL = rsa.generate_private_key(65537, 1024).public_key().public_numbers().n.to_bytes(128, "big")  # noqa: S505 - it is refused


@pytest.mark.parametrize(
    ("algorithm", "key", "reason"),
    [
        (-7, {-3: bytes(32)}, "KEY"),  # not on its curve
        (-7, {-2: b"\x00" * 31}, "KEY"),
        (-7, {-2: "text"}, "KEY"),
        (-7, {-1: 2}, "KEY"),
        (-7, {1: 3}, "KEY"),
        (-7, {3: -257}, "KEY"),
        (-7, {3: -35}, "ALGORITHM"),
        (-7, {3: -65535}, "ALGORITHM"),
        (-8, {-2: b"\x02" + bytes(31)}, "KEY"),  # not on its curve
        (-8, {-2: b"\x01" + bytes(31)}, "KEY"),  # of small order
        (-8, {-2: b"\xff" * 32}, "KEY"),
        (-8, {-1: 4}, "KEY"),
        (-8, {1: 2}, "KEY"),
        (-257, {-1: SMALL}, "KEY"),
        (-257, {-2: b"\x01"}, "KEY"),
        (-257, {-2: b"\x04"}, "KEY"),
        (-257, {1: 2}, "KEY"),
        (-7, {99: b"x" * 4000}, "KEY"),
    ],
)
def test_a_key_that_is_none_is_refused(
    people: Factored, algorithm: Algorithm, key: dict[int, Any], reason: str
) -> None:
    factor, options = pending(people)
    made = SoftwareKey(algorithm=algorithm).create(options, key=key)

    with pytest.raises(WrongAnswer) as refused:
        activate(people, factor, registration(made))

    assert reason_of(refused) == reason


def test_a_registration_without_a_credential_is_refused(people: Factored) -> None:
    factor, options = pending(people)

    with pytest.raises(WrongAnswer) as refused:
        activate(people, factor, registration(SoftwareKey().create(options, attested=False)))
    assert reason_of(refused) == "NO_CREDENTIAL"


def test_user_verification_is_required_where_administrators_say_so(people: Factored) -> None:
    factor, key = people.key(SoftwareKey(flags=UP))
    with_settings(people, KeySettings(verification="required"))
    other, options = pending(people)

    assert options["authenticatorSelection"]["userVerification"] == "required"
    with pytest.raises(WrongAnswer) as refused:
        activate(people, other, registration(SoftwareKey(flags=UP, credential_id=b"2").create(options)))
    assert reason_of(refused) == "USER_VERIFICATION"
    asked = people.challenge(factor)
    assert asked["userVerification"] == "required"
    with pytest.raises(WrongAnswer) as refused:
        verify(people, factor, answer=assertion(key.get(asked)))
    assert reason_of(refused) == "USER_VERIFICATION"


def test_synced_keys_are_refused_where_administrators_say_so(people: Factored) -> None:
    with_settings(people, KeySettings(synced=False, attachment="platform", resident_key="required"))
    factor, options = pending(people)

    assert options["authenticatorSelection"]["authenticatorAttachment"] == "platform"
    assert options["authenticatorSelection"]["requireResidentKey"] is True
    with pytest.raises(NotEnrollable):
        activate(people, factor, registration(SoftwareKey(flags=UP | BE).create(options)))


def test_a_challenge_is_good_once_even_when_the_answer_was_wrong(people: Factored) -> None:
    factor, options = pending(people)
    bad = SoftwareKey().create(options, client_data={"origin": "https://evil.org"})
    with pytest.raises(WrongAnswer):
        activate(people, factor, registration(bad))

    with pytest.raises(Expired):
        activate(people, factor, registration(SoftwareKey().create(options)))

    active, key = people.key()
    asked = people.challenge(active)
    signed = key.get(asked)
    verify(people, active, answer=assertion(signed))
    with pytest.raises(Expired):
        verify(people, active, answer=assertion(signed))
    with pytest.raises(Expired):
        verify(people, active, answer=assertion(key.get(asked)))


def test_a_challenge_expires(people: Factored) -> None:
    factor, key = people.key()
    asked = people.challenge(factor)
    people.clock.advance(seconds=300)

    with pytest.raises(Expired):
        verify(people, factor, answer=assertion(key.get(asked)))


def test_a_challenge_that_nobody_made_is_refused(people: Factored) -> None:
    factor, key = people.key()

    with pytest.raises(Expired):
        verify(people, factor, answer=assertion(key.get({"challenge": unpadded(bytes(32))})))


def test_an_answer_under_another_binding_or_for_another_purpose_is_refused(people: Factored) -> None:
    factor, key = people.key()
    other, options = pending(people, binding="mine")

    with pytest.raises(WrongAnswer) as refused:
        activate(people, other, registration(SoftwareKey(credential_id=b"2").create(options)), binding="theirs")
    assert reason_of(refused) == "CHALLENGE"
    with pytest.raises(WrongAnswer) as refused:
        verify(people, factor, answer=assertion(key.get(people.challenge(factor))), binding="another")
    assert reason_of(refused) == "CHALLENGE"
    invited = people.factors.invite(people.asked["request"], binding="t", now=people.clock.now())
    with pytest.raises(WrongAnswer) as refused:
        verify(people, factor, answer=assertion(key.get(invited.options)))
    assert reason_of(refused) == "CHALLENGE"
    _, options = pending(people)
    with pytest.raises(WrongAnswer) as refused:
        verify(people, factor, answer=assertion(key.get(options)), binding="")
    assert reason_of(refused) == "CHALLENGE"


def test_a_challenge_of_one_registration_does_not_finish_another(people: Factored) -> None:
    _, first = pending(people)
    factor, _ = pending(people)

    with pytest.raises(WrongAnswer) as refused:
        activate(people, factor, registration(SoftwareKey().create(first)))
    assert reason_of(refused) == "CHALLENGE"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"client_data": {"type": "webauthn.create"}}, "TYPE"),
        ({"client_data": {"origin": "https://evil.org"}}, "ORIGIN"),
        ({"client_data": {"crossOrigin": True}}, "CROSS_ORIGIN"),
        ({"rp_id": "evil.org"}, "RP_ID"),
        ({"flags": UV}, "USER_PRESENCE"),
        ({"flags": UP | UV | BE}, "BACKUP_ELIGIBILITY"),
        ({"flags": UP | UV | BS}, "BACKUP_STATE"),
    ],
)
def test_an_assertion_that_is_not_right_is_refused(people: Factored, changes: dict[str, Any], reason: str) -> None:
    factor, key = people.key()

    with pytest.raises(WrongAnswer) as refused:
        verify(people, factor, answer=assertion(key.get(people.challenge(factor), **changes)))

    assert reason_of(refused) == reason
    assert people.log.emitted[-1].reason == reason
    assert people.ann.failed_codes == 0


def test_a_key_that_could_be_copied_may_not_say_later_that_it_cannot(people: Factored) -> None:
    factor, key = people.key(SoftwareKey(flags=UP | UV | BE | BS))

    with pytest.raises(WrongAnswer) as refused:
        verify(people, factor, answer=assertion(key.get(people.challenge(factor), flags=UP | UV)))

    assert reason_of(refused) == "BACKUP_ELIGIBILITY"


def test_a_signature_of_another_key_is_refused(people: Factored) -> None:
    factor, key = people.key()
    other = SoftwareKey(handle=key.handle)

    with pytest.raises(WrongAnswer) as refused:
        verify(people, factor, answer=assertion(other.get(people.challenge(factor))))

    assert reason_of(refused) == "SIGNATURE"


def test_an_answer_for_another_user_is_refused(people: Factored) -> None:
    factor, key = people.key()

    with pytest.raises(WrongAnswer) as refused:
        verify(people, factor, answer=replace(assertion(key.get(people.challenge(factor))), user_handle="00uB"))
    assert reason_of(refused) == "USER_HANDLE"


def test_a_count_that_does_not_rise_is_refused_and_the_key_stays(people: Factored) -> None:
    factor, key = people.key()
    verify(people, factor, answer=assertion(key.get(people.challenge(factor))))
    verify(people, factor, answer=assertion(key.get(people.challenge(factor), counter=10)))

    for count in (10, 5, 0):
        with pytest.raises(WrongAnswer) as refused:
            verify(people, factor, answer=assertion(key.get(people.challenge(factor), counter=count)))
        assert reason_of(refused) == "COUNTER"

    assert verify(people, factor, answer=assertion(key.get(people.challenge(factor), counter=11))).verified


def test_a_key_that_does_not_count_is_taken_again_and_again(people: Factored) -> None:
    factor, key = people.key(SoftwareKey(counter=None, flags=UP | UV | BE))

    for _ in range(2):
        assert verify(people, factor, answer=assertion(key.get(people.challenge(factor)))).synced


def test_a_key_that_nobody_verified_is_no_proof_of_its_owner(people: Factored) -> None:
    factor, key = people.key()

    assert not verify(people, factor, answer=assertion(key.get(people.challenge(factor), flags=UP))).verified


def test_without_a_credential_id_each_key_is_tried(people: Factored) -> None:
    first, _ = people.key()
    second, key = people.key(SoftwareKey(credential_id=b"2"))
    options = people.challenge(first, second)

    assert [one["id"] for one in options["allowCredentials"]] == [unpadded(b"credential"), unpadded(b"2")]
    assert options["rpId"] == "acme.example.com"
    proof = verify(people, first, second, answer=assertion(key.get(options), named=False))

    assert proof.factor_id == second.id


def test_a_challenge_for_one_key_is_not_answered_by_another(people: Factored) -> None:
    first, _ = people.key()
    second, key = people.key(SoftwareKey(credential_id=b"2"))

    with pytest.raises(WrongAnswer):
        verify(people, second, answer=assertion(key.get(people.challenge(first))))


def test_an_answer_by_another_users_credential_is_refused(people: Factored) -> None:
    people.storage.users.add(a_user(id="00uB", login="b@example.com"), [])
    bob = people.storage.users.get("00uB")
    factor, _ = people.key()
    theirs, key = people.key(SoftwareKey(credential_id=b"2"), bob)

    with pytest.raises(WrongAnswer):
        verify(people, factor, answer=assertion(key.get(people.challenge(factor))))
    with pytest.raises(NotActive):
        verify(people, theirs, answer=assertion(key.get(people.challenge(factor))))


def test_a_credential_that_somebody_has_is_not_registered_again(people: Factored) -> None:
    people.storage.users.add(a_user(id="00uB", login="b@example.com"), [])
    people.key(SoftwareKey(), people.storage.users.get("00uB"))
    factor, options = pending(people)

    with pytest.raises(WrongAnswer) as refused:
        activate(people, factor, registration(SoftwareKey().create(options)))
    assert reason_of(refused) == "CREDENTIAL_TAKEN"


def test_a_code_is_no_answer_for_a_key_and_an_assertion_none_for_a_registration(people: Factored) -> None:
    factor, key = people.key()
    other, options = pending(people)

    with pytest.raises(WrongAnswer):
        people.factors.verify(people.ann, [factor], Passcode("123456"), binding="t", **people.asked)
    with pytest.raises(WrongAnswer):
        people.factors.activate(people.ann, other, assertion(key.get(options)), **people.asked)
    assert people.ann.failed_codes == 0


def test_a_trusted_site_has_keys_of_its_own(people: Factored) -> None:
    trusted = TrustedOrigin("tos1", "app", "https://app.other.org", ("CORS",), 1, "a", 1, "a")
    people.storage.trusted_origins.save(OriginList(), OriginList((trusted,)), [])
    key = SoftwareKey(origin="https://app.other.org", rp_id="app.other.org")
    factor, _ = people.key(key)

    options = people.challenge(factor)
    assert options["rpId"] == "app.other.org"
    assert verify(people, factor, answer=assertion(key.get(options))).factor_id == factor.id
    stolen = key.get(people.challenge(factor), client_data={"origin": "https://acme.example.com"})
    with pytest.raises(WrongAnswer) as refused:
        verify(people, factor, answer=assertion(stolen))
    assert reason_of(refused) == "ORIGIN"


def test_twenty_keys_are_enough(people: Factored) -> None:
    for number in range(20):
        people.key(SoftwareKey(credential_id=b"%d" % number))

    with pytest.raises(NotEnrollable) as refused:
        pending(people)
    assert refused.value.reason == "taken"


def invited(people: Factored, binding: str = "browser") -> Any:
    return people.factors.invite(people.asked["request"], binding=binding, now=people.clock.now()).options


def identify(people: Factored, answer: AssertionAnswer, binding: str = "browser") -> Any:
    return people.factors.identify(answer, binding=binding, **people.asked)


def test_a_key_says_who_it_is(people: Factored) -> None:
    factor, key = people.key(SoftwareKey(flags=UP | UV | BE | BS))
    options = invited(people)

    user, found, proof = identify(people, assertion(key.get(options)))

    assert (options["allowCredentials"], options["userVerification"]) == ([], "required")
    assert (user.id, found.id) == ("00uA", factor.id)
    assert proof == Proof("webauthn", people.clock.now(), factor.id, primary=True, synced=True, verified=True)
    assert people.log.emitted[-1].actor.id == "00uA"


def test_who_is_not_verified_is_not_known_by_a_key_alone(people: Factored) -> None:
    _, key = people.key()

    with pytest.raises(WrongAnswer) as refused:
        identify(people, assertion(key.get(invited(people), flags=UP)))
    assert reason_of(refused) == "USER_VERIFICATION"
    assert people.log.emitted[-1].actor.id == "unknown"


def test_a_key_that_names_another_user_or_none_identifies_nobody(people: Factored) -> None:
    _, key = people.key()
    signed = assertion(key.get(invited(people)))
    attempts = (
        (replace(signed, user_handle="00uB"), "USER_HANDLE"),
        (replace(assertion(key.get(invited(people))), user_handle=None), "NO_USER_HANDLE"),
        (replace(assertion(key.get(invited(people))), credential_id=None), "NO_USER_HANDLE"),
        (replace(assertion(key.get(invited(people))), credential_id="bm9uZQ"), "UNKNOWN_CREDENTIAL"),
    )

    for answer, reason in attempts:
        with pytest.raises(WrongAnswer) as refused:
            identify(people, answer)
        assert reason_of(refused) == reason


def test_an_invitation_is_of_one_browser_and_good_once(people: Factored) -> None:
    _, key = people.key()
    with pytest.raises(WrongAnswer) as refused:
        identify(people, assertion(key.get(invited(people))), binding="another")
    assert reason_of(refused) == "CHALLENGE"
    signed = assertion(key.get(invited(people)))
    identify(people, signed)

    with pytest.raises(Expired):
        identify(people, signed)
    factor = people.factors.of(people.ann)[0]
    with pytest.raises(WrongAnswer):
        identify(people, assertion(key.get(people.challenge(factor))), binding="t")


def test_the_key_of_who_was_deleted_identifies_nobody(people: Factored) -> None:
    _, key = people.key()
    options = invited(people)
    del people.storage.users.users["00uA"]

    with pytest.raises(WrongAnswer):
        identify(people, assertion(key.get(options)))


def test_a_handle_is_the_decoded_id() -> None:
    """Official clients decode ``user.id`` before authenticators get it."""
    user = a_user(id="00u1212qZXXap6Cts0g4")
    people = Factored()
    people.storage.users.add(replace(user, profile={**user.profile, "login": "v@example.com"}), [])
    factor, key = people.key(user=people.storage.users.get(user.id))

    assert key.handle is not None
    assert key.handle.hex() == "d34bb5db5daa6575daa7a0adb34838"
    assert factor.credential is not None
    assert factor.credential.handle == user.id


PARTY = relying_party("https://acme.example.com", OriginList())
GOOD = SoftwareKey().create({"user": {"id": "00uA"}, "challenge": unpadded(bytes(32))})


@given(st.binary(max_size=80), st.integers(0, len(GOOD.attestation)), st.booleans())
def test_bytes_of_anybody_are_refused_and_nothing_else_happens(noise: bytes, at: int, cut: bool) -> None:
    broken = GOOD.attestation[:at] + noise + (b"" if cut else GOOD.attestation[at + len(noise) :])
    for client_data, attestation in ((GOOD.client_data, broken), (noise, GOOD.attestation)):
        try:
            registered(RegistrationAnswer(client_data, attestation), PARTY, handle="00uA", verify_user=False)
        except WrongAnswer:
            continue


@pytest.mark.parametrize(
    "attestation",
    [
        b"",
        b"\x80",
        cbor.encode({}),
        cbor.encode({"fmt": "none", "attStmt": {}, "authData": "text"}),
        cbor.encode([1, 2]),
        b"\x81" * 5_000,
        b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff",
    ],
)
def test_what_cannot_be_read_is_refused(attestation: bytes) -> None:
    with pytest.raises(WrongAnswer):
        registered(RegistrationAnswer(GOOD.client_data, attestation), PARTY, handle="00uA", verify_user=False)
