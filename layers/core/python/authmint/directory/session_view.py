"""How sessions are shown, to the user whose they are and to administrators."""

from typing import Any, Final

from ..clock import timestamp
from ..storage.sessions import Session
from ..storage.users import User

#: One deployment is one org, and its users sign in at it.
ORG_IDP: Final = "00oAuthmintAuthmint0"


def session_view(session: Session, user: User, at: str, of_user: str) -> dict[str, Any]:
    """A session as JSON.

    Args:
        session: Alive.
        user: Whose it is.
        at: URL of the session.
        of_user: URL of the user.
    """
    return {
        "id": session.id,
        "userId": session.user_id,
        "login": user.login,
        "createdAt": timestamp(session.created_at),
        "expiresAt": timestamp(min(session.idle_expires_at, session.expires_at)),
        "status": "ACTIVE",
        "lastPasswordVerification": timestamp(session.auth_time) if "pwd" in session.amr else None,
        "lastFactorVerification": None,
        "amr": list(session.amr),
        "idp": {"id": ORG_IDP, "type": "OKTA"},
        "mfaActive": False,
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
