"""What a process of tests reads, checks and compiles once, although it starts hundreds of functions.

A cold start of a function is a tenth of a second, most of it botocore's: megabytes of JSON, and handlers of events that
are the same for every client. On Lambda it happens once; here it was a third of all time. Cold starts themselves are
measured in processes of their own, which know nothing of this module.
"""

from typing import Any

import jinja2
from botocore import hooks
from botocore.loaders import JSONFileLoader


def keep() -> None:
    """Keep, from now on, what depends on nothing but files and texts."""
    _keep_service_models()
    _keep_names_of_events()
    _keep_templates()


def _keep_service_models() -> None:
    files: dict[tuple[type, str], Any] = {}
    original = JSONFileLoader.load_file

    def load_file(self: JSONFileLoader, file_path: str) -> Any:
        key = type(self), file_path
        if key not in files:
            files[key] = original(self, file_path)
        return files[key]

    JSONFileLoader.load_file = load_file


def _keep_names_of_events() -> None:
    """The aliases are constants; handlers are checked for their signature where they run without this module."""
    names: dict[str, str] = {}
    original = hooks.EventAliaser.__init__

    def begin(self: hooks.EventAliaser, event_emitter: Any, event_aliases: Any = None) -> None:
        original(self, event_emitter, event_aliases)
        if self._event_aliases == hooks.EVENT_ALIASES:
            self._alias_name_cache = names

    hooks.EventAliaser.__init__ = begin
    hooks.accepts_kwargs = lambda _: True


def _keep_templates() -> None:
    """A template's code depends on its text, on where it is, and on these switches of its environment."""
    codes: dict[Any, Any] = {}
    original = jinja2.Environment.compile

    def compiled(self: jinja2.Environment, source: Any, name: Any = None, filename: Any = None, *more: Any) -> Any:
        switches = type(self), self.autoescape, self.undefined, self.trim_blocks, self.lstrip_blocks
        key = switches, source, name, filename, more
        if key not in codes:
            codes[key] = original(self, source, name, filename, *more)
        return codes[key]

    jinja2.Environment.compile = compiled  # type: ignore[method-assign,assignment]
