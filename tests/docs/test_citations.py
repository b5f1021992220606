"""Sections and decisions that code, tests and documents name are there, each number once."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.support.repository import CHECKOUT, sources

_HEADING = re.compile(r"^#{2,3} (\d+(?:\.\d+)?)\.? ", re.MULTILINE)
_SECTIONS = re.compile(r"protocol\.md`*(?:\)|\]\([^)]*\))? §(\d[\d.]*\d|\d)((?:(?:, | and | to )§?\d[\d.]*)*)")
_DECISION = re.compile(r"(?<![\w/])(?:docs/)?decisions/(\d{4})(?!\d)")


def _numbers() -> list[str]:
    return _HEADING.findall((CHECKOUT / "docs/protocol.md").read_text())


def _cited(pattern: re.Pattern[str]) -> Iterator[tuple[Path, tuple[str, ...]]]:
    for path in sources():
        for match in pattern.finditer(path.read_text()):
            yield path.relative_to(CHECKOUT), match.groups()


def test_each_section_of_the_protocol_has_a_number_of_its_own() -> None:
    numbers = _numbers()
    assert len(numbers) > 100
    assert [number for number, times in Counter(numbers).items() if times > 1] == []
    chapters = [int(number) for number in numbers if "." not in number]
    assert chapters == list(range(1, len(chapters) + 1))
    assert all(number.split(".")[0] in numbers for number in numbers)


def test_every_section_that_is_cited_is_there() -> None:
    there = set(_numbers())
    wrong = []
    for path, (first, others) in _cited(_SECTIONS):
        for number in (first, *re.findall(r"\d+(?:\.\d+)?", others)):
            if number.rstrip(".") not in there:
                wrong.append(f"{path}: §{number}")
    assert wrong == []


def test_sections_name_each_other_rightly() -> None:
    """A paragraph sign that follows no name of another document is one of this document."""
    text = (CHECKOUT / "docs/protocol.md").read_text()
    named = re.compile(r"(\S+)\s+§(\d+(?:\.\d+)*)")
    foreign = re.compile(r"\d{4}|Core|Discovery|Registration|Practices")
    own = [number for before, number in named.findall(text) if not foreign.fullmatch(before)]
    own += re.findall(r"[(,]§(\d+(?:\.\d+)?)", text)
    assert len(own) > 10
    assert [number for number in own if number not in set(_numbers())] == []


def test_decisions_have_a_number_a_form_and_a_place_in_the_list() -> None:
    files = sorted((CHECKOUT / "docs/decisions").glob("[0-9]*.md"))
    listed = (CHECKOUT / "docs/decisions/README.md").read_text()
    assert [int(path.name[:4]) for path in files] == list(range(1, len(files) + 1))
    for path in files:
        text = path.read_text()
        assert text.startswith(f"# {path.name[:4]} ")
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Alternatives", "Consequence"]
        assert f"({path.name})" in listed


def test_every_decision_that_is_cited_is_there() -> None:
    there = {path.name[:4] for path in (CHECKOUT / "docs/decisions").glob("[0-9]*.md")}
    assert [f"{path}: {found[0]}" for path, found in _cited(_DECISION) if found[0] not in there] == []
