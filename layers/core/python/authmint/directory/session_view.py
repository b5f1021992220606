"""How sessions are shown, to the user whose they are and to administrators."""

from typing import Any, Final

from ..clock import timestamp
from ..storage.sessions import Session
from ..storage.sign_on_transactions import Method, voucher_of
from ..storage.users import User

#: One deployment is one org, and its users sign in at it.
ORG_IDP: Final = "00oAuthmintAuthmint0"
#: What is proved beside, or in the place of, a password.
_FACTORS: Final[tuple[Method, ...]] = ("totp", "email", "webauthn", "recovery_code")


def session_view(session: Session, user: User, at: str, of_user: str) -> dict[str, Any]:
    """A session as JSON.

    Args:
        session: Alive.
        user: Whose it is.
        at: URL of the session.
        of_user: URL of the user.
    """
    voucher = voucher_of(session.proved)
    return {
        "id": session.id,
        "userId": session.user_id,
        "login": user.login,
        "createdAt": timestamp(session.created_at),
        "expiresAt": timestamp(min(session.idle_expires_at, session.expires_at)),
        "status": "ACTIVE",
        "lastPasswordVerification": _last(session, "password"),
        "lastFactorVerification": _last(session, *_FACTORS),
        # What official clients know: a list of theirs, which has no federation in it.
        "amr": [name for name in session.amr if name != "fed"],
        "idp": {"id": ORG_IDP, "type": "OKTA"} if voucher is None else {"id": voucher.idp_id, "type": voucher.kind},
        "mfaActive": any(proof.method in _FACTORS for proof in session.proved),
        "_links": {
            "self": {"href": at, "hints": {"allow": ["GET", "DELETE"]}},
            "refresh": {"href": f"{at}/lifecycle/refresh", "hints": {"allow": ["POST"]}},
            "user": {
                "name": user.profile.get("displayName") or user.login,
                "href": of_user,
                "hints": {"allow": ["GET"]},
            },
        },
    }


def _last(session: Session, *methods: Method) -> str | None:
    """When one of these was proved last."""
    times = [proof.at for proof in session.proved if proof.method in methods]
    return timestamp(max(times)) if times else None
