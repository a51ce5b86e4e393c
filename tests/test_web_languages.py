import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from envoywatch.web.languages import CATALOGUES, ENGLISH, Languages
from envoywatch.web.templating import templates

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "strings"
LANGUAGES = Languages()


@pytest.mark.skipif(not SCRIPT.is_file(), reason="outside the checkout")
def test_the_catalogue_is_what_the_code_and_the_templates_say():
    done = subprocess.run([sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# ---------------------------------------------------------------- the translations

FILES = sorted(CATALOGUES.glob("*/LC_MESSAGES/messages.po"))
MARKS = re.compile(r"%\(\w+\)s|%%|\{\w+\}|</?[a-z][^>]*>|`[^`]*`")


def messages(path):
    with path.open("rb") as file:
        return [message for message in read_po(file, locale=path.parents[1].name) if message.id]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parents[1].name)
def test_a_translation_is_whole_and_has_the_placeholders_mark_up_and_commands_of_the_english(path):
    with path.open("rb") as file:
        forms = read_po(file, locale=path.parents[1].name).num_plurals
    for message in messages(path):
        assert not message.fuzzy, message.id
        said = message.string if message.pluralizable else (message.string,)
        assert len(said) == (forms if message.pluralizable else 1), message.id
        assert all(said), message.id
        english = message.id if message.pluralizable else (message.id,)
        for text in said:
            assert sorted(MARKS.findall(text)) == sorted(MARKS.findall(english[-1])), text
            assert "%" not in MARKS.sub("", text), text


# ---------------------------------------------------------------- which one


@pytest.mark.parametrize(
    "header",
    ["", "en", "en-US,en;q=0.9", "tlh", "*", "de;q=0", ",;=,q", "en;q=0.2,tlh;q=0.9", "x" * 10_000],
)
def test_english_is_spoken_to_whoever_wants_it_or_nothing_that_there_is(header):
    assert LANGUAGES.wanted(header) is ENGLISH


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en;q=0.3, DE-ch;q=0.7", "de"),
        ("tlh,de;q=0.1", "de"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("de;q=0.5,en;q=0.5", "de"),
    ],
)
def test_a_language_that_there_is_is_spoken_to_who_likes_it_best(header, tag):
    assert LANGUAGES.wanted(header).tag == tag


def test_every_catalogue_has_its_language_and_english_needs_none():
    folders = {path.parents[1].name for path in CATALOGUES.glob("*/LC_MESSAGES/messages.po")}
    assert LANGUAGES.tags == ("en", *sorted(folders))


# ---------------------------------------------------------------- what is put into texts


def test_what_is_filled_in_is_escaped_and_cleaned():
    text = ENGLISH.gettext("credits <bdi>%(name)s</bdi>", name="<script>\u202e & \x1b[31mSons")
    assert text == "credits <bdi>&lt;script&gt; &amp; Sons</bdi>"
    template = templates(ENGLISH).from_string("{% trans name=who %}by <b>{{ name }}</b>{% endtrans %}")
    assert template.render(who="<i>\u202e") == "by <b>&lt;i&gt;</b>"
    assert ENGLISH.listed(["<a>", "b\u202e"]) == "&lt;a&gt;, b"


def test_texts_without_placeholders_are_translated_when_a_template_is_compiled():
    code = templates(ENGLISH).compile('<p title="{{ _("Today") }}">{% trans %}100 %{% endtrans %}</p>', raw=True)
    assert "gettext" not in code
    assert "100 %" in code


def test_numbers_have_their_thousands_set_apart_and_choose_the_form():
    assert ENGLISH.ngettext("%(num)s article", "%(num)s articles", 1) == "1 article"
    assert ENGLISH.ngettext("%(num)s article", "%(num)s articles", 12345) == "12,345 articles"
    assert ENGLISH.decimal(12.34) == "12.3"


def test_lists_and_days_are_written_as_the_language_does():
    assert ENGLISH.listed([]) == ""
    assert ENGLISH.listed("ABC") == "A, B, C"
    assert [ENGLISH.both("ABC"[:n]) for n in (1, 2, 3)] == ["A", "A and B", "A, B and C"]
    assert ENGLISH.day(date(2023, 5, 7)) == "7 May"
    assert ENGLISH.day_of_year(date(2023, 1, 25)) == "25 Jan 2023"
    assert ENGLISH.weekday(date(2023, 5, 26)) == "Friday"


# ---------------------------------------------------------------- installed, checkout or wheel


@pytest.mark.wheel
def test_the_installed_program_has_the_catalogue_of_every_language():
    for tag in LANGUAGES.tags:
        language = LANGUAGES.get(tag)
        assert tag == "en" or language.gettext("Today") != "Today"
