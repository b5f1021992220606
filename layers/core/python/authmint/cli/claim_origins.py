"""Where the value of a claim comes from, as a table: claim, app's profile, user, identity provider."""

from collections.abc import Iterator
from typing import Any

from .remote import RemoteFailed
from .tables import for_people, print_json, print_table

_TOKENS = ("access_token", "id_token")


def explain_claim(preview: Any, name: str, *, as_json: bool) -> int:
    """Print it. 1: no token has the claim. Raises RemoteFailed: there is no such claim."""
    found = [
        {"token": token, **claim}
        for token in _TOKENS
        if preview[token] is not None
        for claim in preview[token]["claims"]
        if claim["name"] == name
    ]
    if not found:
        error = preview["error"]
        raise RemoteFailed(f"there is no claim {name}" if error is None else f"refused: {error['error_description']}")
    if not for_people(as_json=as_json):
        print_json(found)
    else:
        for claim in found:
            print_table(f"{name} of the {claim['token'].replace('_', ' ')}", list(_rows(claim)))
    return int(not any(claim["included"] for claim in found))


def _rows(claim: Any) -> Iterator[dict[str, Any]]:
    yield {
        "what": claim["name"],
        "value": _text(claim["value"]),
        "from": claim["failure"] or claim["leftOut"] or "claim",
        "expression": claim["definition"],
    }
    yield from _inputs(claim, "  ")


def _inputs(read: Any, indent: str) -> Iterator[dict[str, Any]]:
    origins = read.get("origins") or {}
    for name, value in read["inputs"].items():
        # What an origin's own inputs show further down is not told twice.
        if any(name in (other.get("inputs") or {}) for other in origins.values()):
            continue
        origin = origins.get(name) or {}
        yield {
            "what": f"{indent}{name}",
            "value": _text(value),
            "from": " of ".join(filter(None, (origin.get("from"), (origin.get("of") or {}).get("name")))),
            "expression": origin.get("problem") or origin.get("expression"),
        }
        if origin.get("inputs"):
            yield from _inputs(origin, indent + "  ")


def _text(value: Any) -> str:
    return "–" if value is None else " ".join(map(str, value)) if isinstance(value, list) else str(value)
