"""Answers of a server that shows lists in pages of one."""

import json
from typing import Any
from urllib.parse import SplitResult, parse_qs

from authmint.cli.remote import Answer


def answered(found: Any, url: str, parts: SplitResult) -> Answer:
    """The answer with what was found; ``None``: there is none."""
    if found is None:
        return Answer(404, {}, json.dumps({"errorCode": "E0000007", "errorSummary": "Not found"}).encode())
    if not isinstance(found, list) or len(found) < 2:
        return Answer(200, {}, json.dumps(found).encode())
    place = int(parse_qs(parts.query).get("after", ["0"])[0])
    following = f"{url}{parts.path}?{_without_after(parts.query)}after={place + 1}" if place + 1 < len(found) else None
    return Answer(200, {}, json.dumps(found[place : place + 1]).encode(), following)


def _without_after(query: str) -> str:
    kept = [one for one in query.split("&") if one and not one.startswith("after=")]
    return "".join(f"{one}&" for one in kept)
