"""The API of the OpenID Foundation's conformance suite, as far as it is called here."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

_FINISHED = frozenset({"FINISHED", "INTERRUPTED"})
_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Module:
    """One module of a plan, as the suite lists it."""

    name: str
    variant: Mapping[str, str]


@dataclass(frozen=True)
class Outcome:
    """What became of a module."""

    module: Module
    test: str
    result: str
    complaints: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """A plan that the suite has made from a configuration."""

    id: str
    name: str
    modules: tuple[Module, ...]


class Suite:
    """One deployment of the suite. It certifies itself, hence no verification of TLS."""

    def __init__(self, url: str, token: str = "") -> None:
        self.url = url.rstrip("/")
        self._http = requests.Session()
        if token:
            self._http.headers["Authorization"] = f"Bearer {token}"

    def plan(self, name: str, variant: Mapping[str, str], configuration: Mapping[str, Any]) -> Plan:
        """Make a plan."""
        asked = {"planName": name} | ({"variant": json.dumps(variant)} if variant else {})
        made = self._call("POST", "/api/plan", asked, configuration)
        modules = (Module(each["testModule"], each.get("variant") or {}) for each in made["modules"])
        return Plan(made["id"], name, tuple(modules))

    def run(self, plan: Plan, module: Module, patience: float, meanwhile: Callable[[], None] | None = None) -> Outcome:
        """Run a module until it has finished; after ``patience`` seconds it is given up.

        Args:
            plan: Its plan.
            module: Which.
            patience: Seconds.
            meanwhile: What the module wants to be done between its looks at the deployment.
        """
        asked = {"test": module.name, "plan": plan.id}
        if module.variant:
            asked["variant"] = json.dumps(module.variant)
        test = self._call("POST", "/api/runner", asked)["id"]
        until = time.monotonic() + patience
        started = False
        while True:
            info = self._call("GET", f"/api/info/{test}")
            if info["status"] in _FINISHED:
                break
            if info["status"] == "CONFIGURED" and not started:
                started = True
                if meanwhile is not None:
                    meanwhile()
                self._call("POST", f"/api/runner/{test}")
            if time.monotonic() > until:
                self._http.delete(f"{self.url}/api/runner/{test}", timeout=60, verify=False)
                break
            time.sleep(_POLL_SECONDS)
        result = str(info.get("result") or info["status"])
        if info["status"] not in _FINISHED:
            result = "GAVE UP"
        return Outcome(module, test, result, self._complaints(test, result))

    def _complaints(self, test: str, result: str) -> tuple[str, ...]:
        entries = self._call("GET", f"/api/log/{test}")
        # A page that nobody got to see is of no interest where the module came to its end without it.
        kinds = {"FAILURE", "WARNING"} | ({"REVIEW"} & {result})
        return tuple(
            f"{each['result']} {each.get('src', '')}: {each.get('msg', '')}"
            for each in entries
            if each.get("result") in kinds
        )

    def _call(self, method: str, path: str, asked: Mapping[str, str] | None = None, body: Any = None) -> Any:
        answer = self._http.request(method, self.url + path, params=asked, json=body, timeout=60, verify=False)
        if not answer.ok:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json()
