"""What an org says in its mail."""

from collections.abc import Iterator
from typing import Any, Final

from ...remote import Answer
from ..patience import Patient
from .kinds import Item, Kind, Making, Raw, segment

_BRANDS: Final = "/api/v1/brands"


class MailTexts(Kind):
    """Texts of mail, by template and language, of the first brand."""

    word = "mail-text"
    title = "texts of mail"
    optional = True

    def path(self, parent: Item | None) -> str:
        return _BRANDS

    def read(self, org: Patient, parent: Item | None) -> Iterator[Raw]:
        brand = _brand(org)
        if brand is None:
            return
        for template in org.items(f"{_BRANDS}/{brand}/templates/email?expand=customizationCount&limit=200"):
            if (template.get("_embedded") or {}).get("customizationCount"):
                path = _texts(brand, template["name"])
                for one in org.items(path):
                    yield {**one, "name": f"{template['name']} {one['language']}", "of": template["name"], "at": path}

    def body(self, raw: Raw) -> dict[str, Any]:
        return {name: raw[name] for name in ("language", "isDefault", "subject", "body")}

    def make(self, org: Patient, body: Any, making: Making) -> Answer:
        raw = making.source.raw
        return org.make(_texts(str(_brand(org)), raw["of"]), body)

    def made(self, answer: Answer, making: Making) -> Raw:
        return {**making.source.raw, **answer.json()}

    def at(self, item: Item) -> str:
        return f"{item.raw['at']}/{item.segment}"


def _texts(brand: str, template: str) -> str:
    return f"{_BRANDS}/{segment(brand)}/templates/email/{segment(template)}/customizations"


def _brand(org: Patient) -> str | None:
    return next((str(one["id"]) for one in org.items(_BRANDS)), None)
