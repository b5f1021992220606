"""Whom issuers outside mean, in memory and in DynamoDB: said once, forgotten together."""

import pytest
from authmint.dynamo.issuer_subjects import DynamoIssuerSubjects
from authmint.storage.errors import AlreadyExists, NotFound
from authmint.storage.trusted_issuers import IssuerSubject, IssuerSubjects, subject_id

from tests.memory.storage import MemoryStorage
from tests.support.backend import Deployed
from tests.support.fakes import NOW


@pytest.fixture(params=["memory", "dynamo"])
def subjects(request: pytest.FixtureRequest) -> IssuerSubjects:
    if request.param == "memory":
        return MemoryStorage().issuer_subjects
    deployed: Deployed = request.getfixturevalue("deployed")
    return DynamoIssuerSubjects(deployed.tables())


def a_subject(sub: str, issuer_id: str = "tis1", user_id: str = "00u1") -> IssuerSubject:
    return IssuerSubject(subject_id(sub), issuer_id, sub, user_id, NOW)


def test_a_subject_is_said_once_and_found_at_its_own_issuer(subjects: IssuerSubjects) -> None:
    one = a_subject("ü" * 300)
    subjects.add(one, [])

    assert subjects.get("tis1", one.id) == one
    with pytest.raises(AlreadyExists):
        subjects.add(a_subject(one.sub, user_id="00u2"), [])
    for issuer_id, identifier in (("tis2", one.id), ("tis1", "x"), ("", one.id), ("tis1", "ü"), ("t" * 90, one.id)):
        with pytest.raises(NotFound):
            subjects.get(issuer_id, identifier)


def test_subjects_are_listed_removed_and_forgotten_together(subjects: IssuerSubjects) -> None:
    known = sorted((a_subject(f"s{number}") for number in range(30)), key=lambda one: one.id)
    for one in known:
        subjects.add(one, [])
    other = a_subject("s1", "tis2")
    subjects.add(other, [])

    assert list(subjects.list("tis1")) == known
    assert list(subjects.list("tis1", after=known[9].id, limit=5)) == known[10:15]
    subjects.remove(known[0], [])
    with pytest.raises(NotFound):
        subjects.remove(known[0], [])
    subjects.remove_all("tis1")
    assert list(subjects.list("tis1")) == []
    assert list(subjects.list("tis2")) == [other]
