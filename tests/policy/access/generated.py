"""Policies and requests, made up by Hypothesis."""

from authmint.policy.access.evaluate import Subject, TokenRequest
from authmint.storage.servers import People
from hypothesis import strategies as st

from tests.support.builders import a_policy, a_rule

names = st.sampled_from("abc")
some = st.lists(names, max_size=3, unique=True).map(tuple)
status = st.sampled_from(["ACTIVE", "ACTIVE", "INACTIVE"])
rules = st.builds(
    a_rule,
    id=st.uuids().map(str),
    status=status,
    grant_types=some,
    scopes=st.one_of(some, st.just(("*",))),
    people=st.builds(
        People,
        users_include=some,
        users_exclude=some,
        groups_include=st.one_of(some, st.just(("EVERYONE",))),
        groups_exclude=some,
    ),
)
policies = st.lists(
    st.builds(
        lambda rules, **values: a_policy(*rules, **values),
        st.lists(rules, max_size=4),
        id=st.uuids().map(str),
        status=status,
        clients=st.one_of(some, st.just(("ALL_CLIENTS",))),
    ),
    max_size=4,
).map(tuple)
requests = st.builds(
    TokenRequest,
    client_id=names,
    grant_type=names,
    scopes=st.lists(names, min_size=1, max_size=3, unique=True).map(tuple),
    defaulted=st.booleans(),
    user=st.one_of(st.none(), st.builds(Subject, names, st.frozensets(names))),
)
