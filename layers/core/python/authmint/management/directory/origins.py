"""Where a value of a token comes from: from the claim to the app's profile, the user, the provider (§38.7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ...expressions.dialects import TO_APP, TO_USER
from ...expressions.facts import AppFacts, Facts
from ...provisioning.mapping import Step, apply_mapping
from ...storage.clients import MappedAttribute
from ...storage.identity_providers import IdpLinks
from .mapping_ids import Direction, mapping_id
from .mappings import MappingRecords
from .profile_owners import Owner

_APP_USER: Final = "appuser."
_USER: Final = "user."
Reads = Mapping[str, Any]


@dataclass(frozen=True)
class Origins:
    """Follows what claims read back to where it was said. For who explains: it reads as it goes."""

    records: MappingRecords
    links: IdpLinks

    def of(self, reads: Reads, facts: Facts) -> dict[str, Any]:
        """By name of what was read: ``from`` and, where a mapping made it, which one, of what."""
        if facts.user is None:
            return {}
        found: dict[str, Any] = {}
        for name, value in reads.items():
            if name.startswith(_APP_USER) and name != "appuser.userName":
                found[name] = self._of_app_user(name.removeprefix(_APP_USER), facts)
            elif name.startswith(_USER) and name.count(".") == 1:
                found[name] = self._of_user(name.removeprefix(_USER), value, facts)
        return found

    def _of_app_user(self, attribute: str, facts: Facts) -> dict[str, Any]:
        if facts.app_user is not None and attribute in facts.app_user.profile:
            return {"from": "assignment"}
        owner = self.records.owners.find(facts.app.id)
        if owner is None:  # nobody registered it: it has no mapping, and knows what every app does
            return {"from": "standard"}
        pair = self.records.pair(owner, Direction(owner.id, to_user=False))
        mapped = pair.properties.get(attribute)
        if mapped is None:
            return {"from": "nothing"}
        step = self._step(attribute, mapped, facts, self.records.target(pair), TO_APP)
        return self._made(owner, pair.direction, step, pushed=mapped.pushed) | {"origins": self.of(step.reads, facts)}

    def _of_user(self, attribute: str, value: Any, facts: Facts) -> dict[str, Any]:
        """A provider, where its mapping makes exactly this value of what it said last; else the profile itself."""
        for link in self.links.of_user(facts.user.id if facts.user else ""):
            owner = self.records.owners.find(link.idp_id)
            if owner is None:
                continue
            pair = self.records.pair(owner, Direction(owner.id, to_user=True))
            mapped = pair.properties.get(attribute)
            if mapped is None:
                continue
            said = Facts(AppFacts(owner.id, owner.id, owner.label), (), facts.now, source=link.profile)
            step = self._step(attribute, mapped, said, self.records.target(pair), TO_USER)
            if step.problem is None and step.value is not None and step.value == value:
                return self._made(owner, pair.direction, step, pushed=mapped.pushed)
        return {"from": "profile"}

    def _step(self, attribute: str, mapped: MappedAttribute, facts: Facts, target: Any, dialect: Any) -> Step:
        return apply_mapping({attribute: mapped}, facts, target, dialect).steps[0]

    def _made(self, owner: Owner, direction: Direction, step: Step, *, pushed: bool) -> dict[str, Any]:
        return {
            "from": "mapping",
            "of": {"id": owner.id, "name": owner.label},
            "mapping": mapping_id(direction),
            "expression": step.expression,
            "pushStatus": "PUSH" if pushed else "DONT_PUSH",
            "inputs": dict(step.reads),
            "problem": step.problem,
        }
