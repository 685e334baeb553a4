"""What an expert's template makes of a message, and what a stranger's template may not."""

from __future__ import annotations

import pytest

from expertd.errors import ContextOverflow, ExpertRefused, InvalidRequest
from expertd.experts.sandbox import MAX_MESSAGE, message_template, render_message

SCHEMA = '{"type": "object"}'


@pytest.mark.parametrize(
    ("template", "with_schema", "without"),
    [
        ("{{ text }}", " a\nb ", " a\nb "),
        ("{% if schema %}{{ schema }}\n\n{% endif %}{{ text }}", f"{SCHEMA}\n\n a\nb ", " a\nb "),
        ("{{ schema or 'none' }}: {{ text | trim | upper }}\n", f"{SCHEMA}: A\nB", "none: A\nB"),
        ("{{ 'x' if schema is none else text[:2] }}{{ text[-2:] }}", " ab ", "xb "),
    ],
)
def test_a_message_is_made_of_text_and_schema(template: str, with_schema: str, without: str) -> None:
    assert render_message(template, " a\nb ", SCHEMA) == with_schema
    assert render_message(template, " a\nb ") == without


def test_what_the_message_says_is_never_a_template() -> None:
    assert render_message("{{ text }}", "{{ schema }}{% if x %}", SCHEMA) == "{{ schema }}{% if x %}"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{% if %}", "no Jinja template"),
        ("{{ text", "no Jinja template"),
        ("{{ question }}", "'question'"),
        ("{{ " + "(" * 4000 + "text" + ")" * 4000 + " }}", "no Jinja template"),
        ("x" * 20_000, "20,000 characters"),
        ("{{ 9" + "9" * 9000 + " }}", "it"),
        # What could run for ever, or make gigabytes of a few bytes.
        ("{{ text * 1000000000 }}", "mul"),
        ("{{ 10 ** 10 ** 10 }}", "pow"),
        ("{% for c in text %}{{ text }}{% endfor %}", "for"),
        ("{% set x = text ~ text %}{{ x }}", "assign"),
        ("{{ text ~ text }}", "concat"),
        ("{{ '%0999999999d' % 1 }}", "mod"),
        ("{{ text.ljust(1000000000) }}", "raise_exception"),
        ("{{ text['ljust'](1000000000) }}", "raise_exception"),
        ("{{ text | center(1000000000) }}", "center"),
        ("{{ text | replace('', text) }}", "replace"),
        ("{{ text is divisibleby 3 }}", "divisibleby"),
        ("{{ [text] }}", "list"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "macro"),
        # What could get at something else.
        ("{% include '/etc/passwd' %}", "include"),
        ("{{ text.__class__.__mro__ }}", "getattr"),
        ("{{ strftime_now('%Y') }}", "raise_exception"),
        ("{{ self }}", "'self'"),
    ],
)
def test_what_has_no_place_in_a_template_is_told(template: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        message_template(template)


def test_a_template_that_refuses_a_message_says_why_to_the_client() -> None:
    template = "{% if not schema %}{{ raise_exception('give a schema') }}{% endif %}{{ text }}"
    assert render_message(template, "x", SCHEMA) == "x"
    with pytest.raises(InvalidRequest, match="give a schema"):
        render_message(template, "x")


@pytest.mark.parametrize("template", ["{{ text[:schema] }}", "{{ schema[99].x }}", "{{ text < 3 }}"])
def test_a_template_that_fails_is_no_fault_of_the_client(template: str) -> None:
    source = template.replace(".x", "['x']")
    with pytest.raises(ExpertRefused, match="template fails"):
        render_message(source, "x", SCHEMA)


def test_a_template_cannot_make_gigabytes() -> None:
    with pytest.raises(ContextOverflow):
        render_message("{{ text }}" * 1000, "x" * (MAX_MESSAGE // 100))
