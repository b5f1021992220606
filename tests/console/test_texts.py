"""Every text of the console is there in each of its languages."""

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import authmint.console
import pytest
from authmint.console.claim_trial import LEFT_OUT
from authmint.console.families import FAMILIES
from authmint.console.fields import Field
from authmint.console.servers.analysis import REASONS
from authmint.console.servers.decision_path import CONDITIONS
from authmint.console.servers.keys import STATUSES, STEPS
from authmint.console.servers.security import SETTINGS
from authmint.console.servers.wizard import FIRST
from authmint.console.texts import languages
from authmint.expressions.reference import FUNCTIONS, NAMES, OPERATORS

HOME = Path(authmint.console.__file__).parent
_CALL = re.compile(r'\bt\(\s*"((?:[^"\\]|\\.)*)"')
_MAP = re.compile(r"\bt\(\{(.*?)\}\[", re.DOTALL)
#: A sentence, some words, or one word with a capital letter: names of the API look otherwise.
_PROSE = re.compile(r"(?=.*[a-z])[A-Za-z(–].* .*|[A-Z][a-z]+[.]?", re.DOTALL)
#: Texts that nobody reads: of exceptions, queries, statuses, types.
_OTHERS = re.compile(
    r".* eq \".*|[A-Z_ ]+|.* \| None|.*\$ASSERTION.*|id_token token|a stronger sign-in is asked for|urn:.*", re.DOTALL
)


def in_templates() -> Iterator[str]:
    for path in (HOME / "templates").glob("*.html"):
        source = path.read_text(encoding="utf-8")
        yield from _CALL.findall(source)
        for chosen in _MAP.findall(source):
            yield from re.findall(r': "([^"]*)"', chosen)


def in_python() -> Iterator[str]:
    for path in HOME.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        unread = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        unread |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="t") | ast.Name(id="t"), args=[ast.Constant(value=str(text)), *_]
                ):
                    yield text
                case ast.Constant(value=str(text)) if id(node) not in unread and _PROSE.fullmatch(text):
                    yield text


def of_fields(fields: Sequence[Field] | None) -> Iterator[str]:
    for field in fields or ():
        yield from (field.label, field.hint)
        yield from (text for value, text in field.options if text != value)


def of_families() -> Iterator[str]:
    for family in FAMILIES:
        yield from (family.title, family.one, family.removal, family.empty, *family.steps)
        yield from (text for text, _ in family.views)
        for named in (family.tabs, family.columns, family.actions, family.kinds):
            yield from (one.label for one in named)
        yield from (kind.text for kind in family.kinds)
        for fields in (family.makes, family.fields, *(kind.makes for kind in family.kinds)):
            yield from of_fields(fields)
        if family.picks is not None:
            yield from (family.picks.label, *(column.label for column in family.picks.columns))


def of_servers() -> Iterator[str]:
    for heading, fields in SETTINGS:
        yield heading
        yield from of_fields(fields)
    yield from of_fields(FIRST)
    yield from (*CONDITIONS.values(), *STATUSES.values(), *STEPS.values(), *REASONS.values(), *LEFT_OUT.values())
    yield from (about for _, about in (*NAMES, *OPERATORS))
    yield from (function.about for function in FUNCTIONS)


def texts() -> set[str]:
    found = {*in_templates(), *in_python(), *of_families(), *of_servers()}
    return {text for text in found if re.search("[A-Za-z]", text) and not _OTHERS.fullmatch(text)}


@pytest.mark.parametrize("tag", sorted(set(languages()) - {"en"}))
def test_every_text_is_there_in_each_language(tag: str) -> None:
    known = languages()[tag].texts
    found = texts()

    assert len(found) > 500
    assert sorted(text for text in found if not known.get(text)) == []


@pytest.mark.parametrize("tag", sorted(set(languages()) - {"en"}))
def test_the_places_in_texts_are_those_of_english(tag: str) -> None:
    known = languages()[tag].texts
    places = re.compile(r"\{\w+\}")

    assert [text for text in known if sorted(places.findall(text)) != sorted(places.findall(known[text]))] == []
