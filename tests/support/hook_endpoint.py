"""Endpoints of hooks that tests hold in their hands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from authmint.oauth.outbound_fetch import Answer, FetchFailed

Said = Answer | FetchFailed


@dataclass
class Endpoint:
    """Every endpoint: what it is sent, and what it answers: what is next in ``answers``, else nothing (204)."""

    answers: list[Said] = field(default_factory=list)
    sent: list[tuple[str, str, Mapping[str, str], bytes | None]] = field(default_factory=list)

    def __call__(
        self, method: str, uri: str, *, headers: Mapping[str, str], body: bytes | None, largest: int, timeout: float
    ) -> Answer:
        self.sent.append((method, uri, headers, body))
        answer = self.answers.pop(0) if self.answers else Answer(204, b"")
        if isinstance(answer, FetchFailed):
            raise answer
        return answer

    @property
    def asked(self) -> list[Any]:
        """What it was sent, read."""
        return [msgspec.json.decode(body) for _, _, _, body in self.sent if body]

    def says(self, answer: Any) -> None:
        """It answers this JSON next."""
        self.answers.append(Answer(200, msgspec.json.encode(answer)))
