"""Attempts with the credentials of people: at the other server, by the other client, and as what they are not."""

from collections.abc import Iterator
from dataclasses import replace

from .attempts import Attempts, Crossing
from .endpoints import active
from .sides import OTHER_CALLBACK
from .uses import TOKENS, USES, Given, Place, asked, give, returned, session_token


def attempts(crossing: Crossing) -> Attempts:
    """Every attempt. Raises CannotCheck, RemoteFailed."""
    own, target = crossing.own, crossing.target
    home = Place(crossing.remote, own, own.app, askers={own.app.id: own.centre, target.app.id: target.centre})
    given = give(home)
    home = replace(home, session_token=session_token(crossing.remote, own), cookie=given.cookie)
    yield from _elsewhere(crossing, home, given)
    yield from _tokens_elsewhere(crossing, home, given)
    yield from _hints(crossing, home, given)
    yield from _as_another_kind(crossing, home, given)
    yield from _unproved(crossing, home, given)
    yield from _afterwards(crossing, home, given)


def _places(crossing: Crossing, home: Place) -> Iterator[tuple[str, Place]]:
    own, target = crossing.own, crossing.target
    yield "there, by its client", replace(home, at=target)
    yield "at home, by the other's client", replace(home, client=target.app)
    yield "there, by the other's client", replace(home, at=target, client=target.app)
    yield "there, by its client for machines", replace(home, at=target, client=own.client)


def _elsewhere(crossing: Crossing, home: Place, given: Given) -> Attempts:
    for kind, use in USES.items():
        for where, place in _places(crossing, home):
            if place.at is home.at and not use.by_client:
                continue
            answer = use.send(place, given.texts[kind])
            yield crossing.attempt(f"a person's {kind} {where}", answer, refused=use.refused(answer))
    stranger = replace(home, cookie="")
    answer = stranger.waiting(given.texts["waiting request"])
    yield crossing.attempt("a person's waiting request in another browser", answer, refused=400 <= answer.status < 500)


def _tokens_elsewhere(crossing: Crossing, home: Place, given: Given) -> Attempts:
    """Everybody may ask for the state of a JWT at its own server; nobody else revokes it."""
    for kind in TOKENS:
        token = given.texts[kind]
        for where, place in _places(crossing, home):
            if place.at is not home.at or kind == "refresh token":
                answer = place.introspect(token)
                refused = not active(answer) and answer.status < 500
                yield crossing.attempt(f"introspect a person's {kind} {where}", answer, refused=refused)
            answer = place.revoke(token)
            refused = answer.status < 500 and active(home.introspect(token))
            yield crossing.attempt(f"revoke a person's {kind} {where}", answer, refused=refused)
    answer = home.revoke(given.texts["ID token"])
    alive = all(active(home.introspect(given.texts[kind])) for kind in TOKENS)
    yield crossing.attempt("revoke a person's ID token at home", answer, refused=alive)


def _hints(crossing: Crossing, home: Place, given: Given) -> Attempts:
    """Tokens as ``id_token_hint`` of a silent request, by the person that they are about."""
    for where, place in _places(crossing, home):
        answer = place.authorize(**asked(), prompt="none", id_token_hint=given.texts["ID token"])
        refused = returned(answer, "error") is not None or 400 <= answer.status < 500
        yield crossing.attempt(f"ask with a person's ID token {where}", answer, refused=refused)
    answer = home.authorize(**asked(), prompt="none", id_token_hint=given.texts["access token"])
    refused = returned(answer, "error") is not None
    yield crossing.attempt("ask with a person's access token as a hint", answer, refused=refused)


def _as_another_kind(crossing: Crossing, home: Place, given: Given) -> Attempts:
    for kind, text in given.texts.items():
        for other, use in USES.items():
            if other != kind:
                answer = use.send(home, text)
                yield crossing.attempt(f"a person's {kind} as {other}", answer, refused=use.refused(answer))
        if kind not in TOKENS:
            answer = home.introspect(text)
            yield crossing.attempt(f"introspect a person's {kind}", answer, refused=not active(answer))
        headers = {"authorization": f"Bearer {text}"}
        answer = crossing.remote.send("GET", crossing.own.path, headers=headers)
        yield crossing.attempt(f"a person's {kind} at the management API", answer, refused=answer.status in {401, 403})


def _unproved(crossing: Crossing, home: Place, given: Given) -> Attempts:
    """A code by its own client, which does not prove that it asked for it."""
    code, use = given.texts["code"], USES["code"]
    changes: dict[str, dict[str, str | None]] = {
        "with another redirect_uri": {"redirect_uri": OTHER_CALLBACK},
        "without a verifier": {"code_verifier": None},
        "with another verifier": {"code_verifier": "v" * 43},
    }
    for what, change in changes.items():
        answer = home.redeem(code, **change)
        yield crossing.attempt(f"a person's code {what}", answer, refused=use.refused(answer))


def _afterwards(crossing: Crossing, home: Place, given: Given) -> Attempts:
    """After all that everything works where it belongs; and what is spent there harms nothing elsewhere."""
    for kind in TOKENS:
        answer = home.introspect(given.texts[kind])
        yield crossing.attempt(f"introspect a person's {kind} afterwards, at home", answer, refused=active(answer))
    answers = {kind: use.send(home, given.texts[kind]) for kind, use in USES.items()}
    for kind, answer in answers.items():
        yield crossing.attempt(f"a person's {kind} afterwards, at home", answer, refused=USES[kind].works(answer))
    for kind in ("code", "refresh token"):
        if answers[kind].status != 200:
            continue
        token = answers[kind].json()["access_token"]
        for where, place in _places(crossing, home):
            answer = USES[kind].send(place, given.texts[kind])
            refused = USES[kind].refused(answer) and active(home.introspect(token))
            yield crossing.attempt(f"a person's spent {kind} {where}", answer, refused=refused)
