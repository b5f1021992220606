"""What a request asks of the sign-on of whoever is at the browser (OpenID Connect Core §3.1.2.1)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Requirement:
    """At first: that somebody is signed in.

    Attributes:
        user_id: Who it has to be (``id_token_hint``).
        again: They have to sign in for this very request (``prompt=login``).
        max_age: Seconds that their sign-in may be old.
        asked_at: Since when the request waits: a sign-in from then on is for it. ``None``: it does not wait, so nobody
            has signed in for it yet. Only the request's own record knows it: a parameter would be the browser's word.
    """

    user_id: str | None = None
    again: bool = False
    max_age: int | None = None
    asked_at: int | None = None
