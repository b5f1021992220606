"""Forms are read as the standard library reads them."""

from urllib.parse import parse_qsl, quote_plus

import pytest
from authmint.oauth.form import MAX_FIELDS, decoded
from hypothesis import example, given
from hypothesis import strategies as st


@given(st.text(st.sampled_from("ab=&%+20C3A9;#? ~"), max_size=60))
@example("")
@example("a")
@example("=")
@example("a=b=c&&d&=e&+=%20")
@example("a=%C3%A9&%zz=%")
def test_as_the_standard_library_reads_it(text: str) -> None:
    try:
        expected = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        with pytest.raises(ValueError, match="utf-8"):
            decoded(text)
    else:
        assert decoded(text) == expected


@given(st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=20))
def test_what_was_encoded_comes_back(pairs: list[tuple[str, str]]) -> None:
    encodable = [(n, v) for n, v in pairs if not any("\ud800" <= c <= "\udfff" for c in n + v)]

    assert decoded("&".join(f"{quote_plus(n)}={quote_plus(v)}" for n, v in encodable)) == encodable


@pytest.mark.parametrize(("fields", "good"), [(MAX_FIELDS, True), (MAX_FIELDS + 1, False)])
def test_so_many_fields_and_no_more(fields: int, good: bool) -> None:
    text = "&".join(["a=b"] * fields)

    if good:
        assert len(decoded(text)) == fields
    else:
        with pytest.raises(ValueError, match="too many"):
            decoded(text)
