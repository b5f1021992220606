"""Tokens against cross-site request forgery: what a form of ours sends back, and no other site can know.

A token is a digest of the browser's cookie, which no script can read, and of the session's own secret. So nothing needs
to be stored, and it cannot be carried to another form, another waiting request, another browser, or the session of
another user in the same browser.
"""

import hashlib
import hmac

from ..jose.encoding import b64encode


def token(browser: str, session: str, purpose: str, subject: str = "") -> str:
    """The token of one form.

    Args:
        browser: The value of the browser's cookie.
        session: The session's secret; empty: nobody needs to be signed in.
        purpose: Which form.
        subject: What the form is about: the handle of a request, a user code.
    """
    # A JSON-like frame would say the same: none of the parts before the subject can hold a line feed.
    text = "\n".join(("csrf", browser, session, purpose, subject))
    return b64encode(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())


def equal(expected: str, sent: str) -> bool:
    """Whether the right token was sent. Takes the same time however much of it is right."""
    return hmac.compare_digest(expected.encode(), sent.encode("utf-8", "surrogatepass"))
