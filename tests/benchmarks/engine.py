"""The engine alone: storage in memory, no events, no wiring."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from authmint.http import Request
from authmint.jose.keys import SigningAlgorithm

from tests.benchmarks.measure import bar, cpu, cpu_of, line
from tests.oauth.code_flow import REDIRECT, VERIFIER, Flow, a_code_server, a_web_client
from tests.oauth.engine import Engine
from tests.oauth.exchanges import Chain, an_orders_server
from tests.support.builders import a_form, a_policy, a_rule, a_server, basic
from tests.support.dpop import Key

_LAST = {"grant_type": "client_credentials", "scope": "orders:read"}


def forget(_: Any) -> None:
    """Events go nowhere."""


def engine(algorithm: SigningAlgorithm, *, servers: int = 1, **changes: Any) -> Callable[[], object]:
    """A warm token request among so many servers."""
    server = a_server(algorithm=algorithm, **changes)
    made = Engine(server)
    for number in range(servers - 1):
        other = replace(server, id=f"aus{number}")
        made.storage.servers._servers[other.id] = other
    made.events.emit = forget  # type: ignore[method-assign, assignment]
    request = a_form(_LAST, headers=basic())
    assert made.token(request).status == 200
    return partial(made.token, request)


def bound(algorithm: SigningAlgorithm) -> tuple[Callable[[Request], object], Callable[[], Request]]:
    """A token bound to its client's key (ES256), and what makes requests for it: a new proof each time."""
    made, key = Engine(a_server(algorithm=algorithm)), Key()
    made.events.emit = forget  # type: ignore[method-assign, assignment]

    def request(nonce: str | None) -> Request:
        plain = a_form(_LAST, headers=basic())
        proof = key.proof(plain.base_url + plain.path, nonce=nonce)
        return replace(plain, headers={**plain.headers, "dpop": proof})

    nonce = dict(made.token(request(None)).headers)["dpop-nonce"]
    assert b'"token_type":"DPoP"' in made.token(request(nonce)).body
    return made.token, lambda: request(nonce)


def introspection(algorithm: SigningAlgorithm) -> Callable[[], object]:
    """Introspection of a live token."""
    made = Engine(a_server(algorithm=algorithm))
    request = a_form({"token": made.access_token()}, headers=basic(), path="introspect")
    assert b'"active":true' in made.introspect(request).body
    return partial(made.introspect, request)


def redemption(algorithm: SigningAlgorithm) -> Callable[[], object]:
    """An access token, an ID token and a refresh token for a code, which is as good as new every time."""
    made = _flow(algorithm, rotates=True)
    storage, text = made.storage, made.code()
    unspent = dict(storage.codes.records)
    proof = {"code": text, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    request = a_form({"grant_type": "authorization_code"} | proof, headers=basic())

    def work() -> None:
        answer = made.token(request)
        assert answer.status == 200
        storage.codes.records.update(unspent)
        storage.families.families.clear()
        storage.families.tokens.clear()

    return work


def refresh(algorithm: SigningAlgorithm, *, rotates: bool) -> Callable[[], object]:
    """A refresh with an ID token. A rotated token is as good as new every time."""
    made = _flow(algorithm, rotates=rotates)
    fields = {"grant_type": "refresh_token", "refresh_token": made.signed_in()["refresh_token"]}
    request, tokens = a_form(fields, headers=basic()), made.storage.families.tokens
    kept = dict(tokens)

    def work() -> None:
        answer = made.token(request)
        assert answer.status == 200
        tokens.clear()
        tokens.update(kept)

    return work


def _flow(algorithm: SigningAlgorithm, *, rotates: bool) -> Flow:
    """A browser's client, with scopes that give it tokens of every kind."""
    server = replace(a_code_server(), algorithm=algorithm, keys=a_server(algorithm=algorithm).keys)
    made = Flow(server, a_web_client(rotates_refresh_tokens=rotates))
    made.events.emit = forget  # type: ignore[method-assign, assignment]
    return made


def exchange(algorithm: SigningAlgorithm) -> Callable[[], object]:
    """A service's token for a user's: one verification and one signature."""
    made = Chain(replace(an_orders_server(), algorithm=algorithm, keys=a_server(algorithm=algorithm).keys))
    made.events.emit = forget  # type: ignore[method-assign, assignment]
    user, families = made.users(), made.storage.families.families
    kept = dict(families)

    def work() -> None:
        assert made.exchange(user).status == 200
        families.clear()
        families.update(kept)

    return work


def measure(rsa: float) -> None:
    """Every figure of the engine; ``rsa`` is one raw RSA-2048 signature."""
    bar("engine, storage in memory, RS256 (of a signature)", cpu(engine("RS256")), base=rsa, most=1.3)
    bar("engine, storage in memory, ES256 (of an RSA signature)", cpu(engine("ES256")), base=rsa, most=0.35)
    bar("engine, bound to a key (DPoP, ES256), RS256", cpu_of(*bound("RS256"), rounds=5), base=rsa, most=2.0)
    for algorithm in ("EdDSA", "PS256"):
        spent = cpu(engine(algorithm))
        line(f"engine, storage in memory, {algorithm}", spent, ratio=spent / rsa)
    for algorithm in ("RS256", "ES256"):
        spent = cpu(introspection(algorithm))  # type: ignore[arg-type]
        line(f"introspection, storage in memory, {algorithm}", spent, ratio=spent / rsa)
    people: tuple[tuple[str, Callable[[SigningAlgorithm], Callable[[], object]]], ...] = (
        ("code redemption", redemption),
        ("refresh, ROTATE", partial(refresh, rotates=True)),
        ("refresh, STATIC", partial(refresh, rotates=False)),
        ("token exchange", exchange),
    )
    for name, work in people:
        for algorithm in ("RS256", "ES256"):
            spent = cpu(work(algorithm))  # type: ignore[arg-type]
            line(f"{name}, storage in memory, {algorithm}", spent, ratio=spent / rsa)
    _growth()


def _growth() -> None:
    """What a token costs must not depend on what there is besides."""
    base = cpu(engine("ES256"))
    for policies, rules in ((1, 1), (1, 500), (100, 10), (1_000, 2)):
        last = a_policy(*(a_rule(id=f"r{i}", scopes=("other",)) for i in range(rules - 1)), a_rule(), id="last")
        others = [
            a_policy(*(a_rule(id=f"p{p}r{r}", scopes=("other",)) for r in range(rules)), id=f"p{p}")
            for p in range(policies - 1)
        ]
        spent = cpu(engine("ES256", policies=(*others, last)))
        bar(f"engine, ES256, {policies} policies x {rules} rules, the last one matches", spent, base=base, most=1.15)
    for servers in (1, 100, 10_000):
        spent = cpu(engine("ES256", servers=servers))
        bar(f"engine, ES256, {servers} servers", spent, base=base, most=1.15)
