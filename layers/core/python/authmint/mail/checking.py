"""Whether an administrator's words for a mail will do: variables and plain HTML, and what the mail is for in them."""

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Final

from .rendering import LONGEST_SUBJECT

LARGEST: Final = 65_536
#: Any one of these has to be in the words: without it the mail is good for nothing.
REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "ChangeEmailConfirmation": ("verificationToken",),
    "EmailChallenge": ("verificationToken", "emailAuthenticationLink"),
    "EmailFactorVerification": ("verificationToken",),
    "ForgotPassword": ("resetPasswordLink", "oneTimePassword"),
    "PasswordResetByAdmin": ("resetPasswordLink", "recoveryToken"),
    "RegistrationActivation": ("activationLink", "activationToken"),
    "RegistrationEmailVerification": ("verificationLink", "verificationToken"),
    "SelfServiceUnlock": ("unlockAccountLink", "oneTimePassword"),
    "UserActivation": ("activationLink", "activationToken"),
}
_ELEMENTS: Final = frozenset(
    {"a", "abbr", "address", "b", "big", "blockquote", "body", "br", "caption", "center", "cite", "code", "col"}
    | {"colgroup", "dd", "div", "dl", "dt", "em", "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "head"}
    | {"header", "hr", "html", "i", "img", "li", "main", "meta", "ol", "p", "pre", "s", "section", "small", "span"}
    | {"strike", "strong", "style", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "title", "tr", "tt"}
    | {"u", "ul"}
)
#: A variable that is no link could be anything, as a name can be.
_LINKS: Final = re.compile(r"https?://|mailto:|tel:|#|\$!?\{?(?:[a-z]+Link|baseURL)\b", re.IGNORECASE)
_DIRECTIVE: Final = re.compile(r"#(?:\{)?(if|elseif|else|end|set|foreach|macro|parse|include|evaluate|define|stop)\b")
_CALL: Final = re.compile(r"\$!?\{?[A-Za-z][\w.]*\(")


def problems(template: str, subject: str, body: str) -> Iterator[tuple[str, str]]:
    """Field and text of everything that is wrong."""
    if len(subject) > LONGEST_SUBJECT or not subject.isprintable():
        yield "subject", f"The subject must be one line of at most {LONGEST_SUBJECT} characters."
    if len(body.encode("utf-8", "surrogatepass")) > LARGEST:
        yield "body", f"The body must be at most {LARGEST} bytes."
        return
    for name, text in (("subject", subject), ("body", body)):
        if match := _DIRECTIVE.search(text) or _CALL.search(text):
            yield name, f"Variables are filled in and nothing else: '{match[0]}' cannot be used."
    needed = REQUIRED.get(template, ())
    if needed and not any(name in body for name in needed):
        yield "body", f"The body must hold one of the variables {', '.join(f'${{{name}}}' for name in needed)}."
    reader = _Reader()
    reader.feed(body)
    reader.close()
    yield from ((("body", text)) for text in reader.found[:20])


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _ELEMENTS:
            self.found.append(f"The element '{tag[:30]}' cannot be used.")
        for name, value in attrs:
            if name.startswith("on") or name in {"srcdoc", "formaction", "background"}:
                self.found.append(f"The attribute '{name[:30]}' cannot be used.")
            if name in {"href", "src"} and not _LINKS.match((value or "").strip()):
                self.found.append(f"'{name}' must be https:, http:, mailto:, tel: or the variable of a link.")
        if tag == "meta" and any(name == "http-equiv" and (value or "").lower() == "refresh" for name, value in attrs):
            self.found.append("The element 'meta' cannot lead elsewhere.")
