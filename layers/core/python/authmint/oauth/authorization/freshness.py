"""Whether the session at the browser is enough for a request, or the user has to sign in (first)."""

from ...storage.sessions import Session
from ..errors import OAuthError
from .rules import Wish


def missing_sign_in(wish: Wish, session: Session | None, *, now: int) -> str | None:
    """Internal id of the error that a silent request gets because the user would have to sign in; ``None``: enough.

    Raises:
        OAuthError: The user has just signed in for this request, as somebody else than it is about.
    """
    if session is None:
        return "login_required"
    waiting = wish.arrival.waiting
    # Only the request's own record knows since when it waits: a parameter would be the browser's word.
    fresh = waiting is not None and session.auth_time >= waiting.created_at
    if wish.hinted not in {None, session.user_id}:
        if fresh:
            raise OAuthError("id_token_does_not_match_session")
        return "login_required"
    too_old = wish.max_age is not None and now - session.auth_time > wish.max_age
    return "app_sign_on_required" if not fresh and (too_old or "login" in wish.prompt) else None
