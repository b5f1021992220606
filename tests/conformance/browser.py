"""What the suite's browser does in the place of a person."""

from typing import Any

from tests.conformance.deployment import LOGIN, PASSWORD

#: What the browser sees now is what the module wants somebody to look at, if it does.
_SHOWN = "update-image-placeholder-optional"


def browser(pages: str, suite: str, decision: str = "allow", *, shown: bool = False) -> list[dict[str, Any]]:
    """How the suite's browser gets through the pages: by the ids of fields and buttons (docs/protocol.md §3.6).

    Args:
        pages: Where the deployment answers.
        suite: Where the suite answers.
        decision: Of the person who is asked for consent.
        shown: Whether the sign-in page is what somebody has to look at.
    """
    sign_in = {
        "task": "Sign in",
        "optional": True,
        "match": f"{pages}/signin*",
        "commands": [
            *([["wait", "id", "signin-submit", 10, ".*", _SHOWN]] if shown else []),
            ["text", "id", "username", LOGIN],
            ["text", "id", "password", PASSWORD],
            ["click", "id", "signin-submit"],
        ],
    }
    consent = {
        "task": "Consent",
        "optional": True,
        "match": f"{pages}/consent*",
        "commands": [["click", "id", f"consent-{decision}"]],
    }
    refused = {
        "task": "Refused",
        "optional": True,
        "match": f"{pages}/oauth2/*",
        "commands": [["wait", "id", "error", 10, ".*", _SHOWN]],
    }
    answered = {
        "task": "Answered",
        "optional": True,
        "match": f"{suite}/test/*/callback*",
        "commands": [["wait", "id", "submission_complete", 10]],
    }
    sign_out = {
        "task": "Sign out",
        "optional": True,
        "match": f"{pages}/signout*",
        "commands": [["click", "id", "signout-submit"]],
    }
    ended = {
        "task": "Ended",
        "optional": True,
        "match": f"{pages}/*",
        "commands": [["wait", "css", "#done, #error", 10, ".*", _SHOWN]],
    }
    return [
        {"match": f"{pages}/oauth2/*/v1/authorize*", "tasks": [sign_in, consent, refused, answered]},
        {"match": f"{pages}/oauth2/*/v1/logout*", "tasks": [sign_out, ended]},
    ]
