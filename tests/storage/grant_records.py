"""Grant records with only what matters stated, over DynamoDB and in memory."""

from dataclasses import dataclass, replace
from typing import Any

from authmint.clock import SystemClock
from authmint.dynamo.authorization_requests import DynamoStoredRequests
from authmint.dynamo.backchannel_requests import DynamoBackchannelRequests
from authmint.dynamo.codes import DynamoAuthorizationCodes
from authmint.dynamo.consents import DynamoConsents
from authmint.dynamo.device_codes import DynamoDeviceCodes
from authmint.dynamo.logout_notices import DynamoLogoutNotices
from authmint.dynamo.sessions import DynamoSessions, DynamoSessionTokens
from authmint.dynamo.sign_on_transactions import DynamoSignOnTransactions
from authmint.dynamo.tables import Tables
from authmint.dynamo.token_families import DynamoTokenFamilies
from authmint.ids import RandomIds
from authmint.storage.authorization_requests import StoredRequest, StoredRequests
from authmint.storage.backchannel_requests import BackchannelRequest, BackchannelRequests
from authmint.storage.codes import AuthorizationCode, AuthorizationCodes
from authmint.storage.consents import Consent, Consents
from authmint.storage.device_codes import DeviceCode, DeviceCodes
from authmint.storage.generations import Generations
from authmint.storage.lifetimes import Lifetimes
from authmint.storage.logout_notices import InformedClient, LogoutNotices
from authmint.storage.sessions import Session, Sessions, SessionTokens
from authmint.storage.sign_on_transactions import Assessment, SignOnTransactions
from authmint.storage.token_families import RefreshToken, TokenFamilies, TokenFamily

from tests.support.fakes import NOW

RESOURCES = ("https://a.example/mcp", "urn:example:b")


@dataclass
class Storage:
    """One deployment's grant records, whatever they are made of."""

    families: TokenFamilies
    codes: AuthorizationCodes
    sessions: Sessions
    session_tokens: SessionTokens
    consents: Consents
    requests: StoredRequests
    device_codes: DeviceCodes
    sign_ons: SignOnTransactions
    logout_notices: LogoutNotices
    backchannel_requests: BackchannelRequests


def in_dynamo(tables: Tables) -> Storage:
    ids = RandomIds(SystemClock())
    return Storage(
        DynamoTokenFamilies(tables, ids),
        DynamoAuthorizationCodes(tables, ids),
        DynamoSessions(tables, ids),
        DynamoSessionTokens(tables, ids),
        DynamoConsents(tables, ids),
        DynamoStoredRequests(tables, ids),
        DynamoDeviceCodes(tables, ids),
        DynamoSignOnTransactions(tables, ids),
        DynamoLogoutNotices(tables, ids),
        DynamoBackchannelRequests(tables, ids),
    )


RP, OTHER_RP = (InformedClient("aus1", name, "https://a.example.com") for name in ("0oa1", "https://rp.example.com/c"))


def a_family(**changes: Any) -> TokenFamily:
    family = TokenFamily("oar1", "ausA", "0oaA", "00u1", ("openid", "a"), NOW, NOW, NOW - 5, ("pwd",))
    values: dict[str, Any] = {"holds_refresh_token": True, "current": "t1", "resources": RESOURCES}
    return replace(family, **values | changes)


def a_token(digest: str = "t1", **changes: Any) -> RefreshToken:
    return replace(RefreshToken(digest, "oar1", NOW, NOW + 600), **changes)


def a_code(digest: str = "c1", **changes: Any) -> AuthorizationCode:
    code = AuthorizationCode(
        digest=digest,
        server_id="ausA",
        client_id="0oaA",
        user_id="00u1",
        redirect_uri="https://rp/cb",
        scopes=("openid",),
        auth_time=NOW,
        created_at=NOW,
        expires_at=NOW + 300,
        family_id="oar1",
        policy_id="p1",
        rule_id="r1",
        lifetimes=Lifetimes(access_token=300),
        amr=("pwd",),
        generations=Generations(client=1, user=2),
        resources=RESOURCES,
    )
    return replace(code, **changes)


def a_session(number: int = 1, **changes: Any) -> Session:
    session = Session(f"s{number}", f"102{number}", "00u1", NOW, NOW, NOW + 60, NOW + 3_600, "csrf", ("pwd",))
    unusual = Assessment("MEDIUM", ("New IP",), {"bhv1": "POSITIVE"})
    return replace(session, **{"assessment": unusual, **changes})


def a_request(digest: str = "q1") -> StoredRequest:
    return StoredRequest(
        digest, "pushed", "ausA", "0oaA", {"scope": "openid", "state": "ü"}, NOW, NOW + 60, resources=RESOURCES
    )


_POLLED: dict[str, Any] = {
    "server_id": "ausA",
    "client_id": "0oaA",
    "scopes": ("openid",),
    "created_at": NOW,
    "expires_at": NOW + 600,
    "resources": RESOURCES,
}


def a_device_code(digest: str = "d1", **changes: Any) -> DeviceCode:
    return replace(DeviceCode(digest=digest, user_code="BCDFGHJK", **_POLLED), **changes)


def a_backchannel_request(digest: str = "b1", **changes: Any) -> BackchannelRequest:
    request = BackchannelRequest(digest=digest, handle=f"handle of {digest}", owner="00u1", user_id="00u1", **_POLLED)
    said = {"binding_message": "K7-ü", "context_classes": ("phr",), "address": "192.0.2.7"}
    return replace(request, **said | changes)


def redeem_code(storage: Storage, digest: str, *, at: int) -> None:
    family = a_family(id=f"oar-{digest}-{at}")
    storage.codes.redeem(digest, family, a_token("of the code", family_id=family.id), at=at)


def redeem_device(storage: Storage, code: DeviceCode, number: int = 0) -> None:
    family = a_family(id=f"oar-{code.digest}-{number}")
    storage.device_codes.redeem(code, family, a_token("of the device", family_id=family.id))


def redeem_backchannel(storage: Storage, request: BackchannelRequest, number: int = 0) -> None:
    family = a_family(id=f"oar-{request.digest}-{number}")
    storage.backchannel_requests.redeem(request, family, a_token("of the request", family_id=family.id))


def a_consent(number: int = 1, **changes: Any) -> Consent:
    return replace(Consent(f"oag{number}", "00u1", "0oaA", "ausA", f"scope{number}", NOW), **changes)


def rotated(token: RefreshToken, **changes: Any) -> RefreshToken:
    return replace(replace(token, rotated_at=NOW + 1, request="r", answer="sealed"), **changes)
