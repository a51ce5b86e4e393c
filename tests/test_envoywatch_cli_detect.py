import json
import unicodedata

import pytest

from envoywatch.cli.main import run

TEXT = "Macron meets Scholz\n\nEmmanuel Macron met Olaf Scholz in Berlin on Friday. They did not call anybody."


@pytest.fixture(autouse=True)
def no_configuration(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ENVOYWATCH_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))


@pytest.fixture
def article(tmp_path):
    path = tmp_path / "article.txt"
    path.write_text(TEXT, encoding="utf-8")
    return str(path)


def test_a_text_is_told_with_its_evidence_and_the_words_that_decided(article, capsys):
    assert run(["detect", article, "--date", "2024-05-15", "--lang", "en"]) == 0
    told = capsys.readouterr().out
    assert "held  Emmanuel Macron and Olaf Scholz  (leader, 2024-05-10, Berlin; finite past, 0.8" in told
    assert "Emmanuel Macron [met|meets] Olaf Scholz in Berlin on Friday." in told


def test_decomposed_letters_are_read_as_composed_ones(tmp_path, capsys):
    text = unicodedata.normalize("NFD", "Президент Владимир Зеленский принял в Киеве посланника Ли Хуэя.")
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    item = json.dumps({"id": 1, "lang": "ru", "published": "2023-05-17", "text": text})
    (tmp_path / "a.jsonl").write_text(item, encoding="utf-8")
    for arguments in (["a.txt", "--lang", "ru"], ["--jsonl", "a.jsonl"]):
        assert run(["detect", *arguments, "--date", "2023-05-17"]) == 0
        assert "Volodymyr Zelenskyy" in capsys.readouterr().out


def test_the_language_is_guessed_when_it_is_not_given(article, capsys):
    assert run(["detect", article, "--date", "2024-05-15", "--json"]) == 0
    (document,) = json.loads(capsys.readouterr().out)
    assert document["language"] == "en"
    assert [claim["status"] for claim in document["claims"]] == ["held"]


def test_json_lines_give_one_line_an_item_in_the_contracts_form(tmp_path, capsys):
    path = tmp_path / "items.jsonl"
    items = [
        {"id": "a", "lang": "en", "published": "2024-05-15", "title": "", "text": "Emmanuel Macron met Olaf Scholz."},
        {"id": 2, "lang": "en", "published": "2024-05-15", "title": "Rain", "text": "It rained."},
    ]
    path.write_text("\n".join(map(json.dumps, items)) + "\n\n", encoding="utf-8")
    assert run(["detect", "--jsonl", str(path)]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert second == {"id": 2, "events": []}
    assert first == {
        "id": "a",
        "events": [
            {
                "participants": ["Emmanuel Macron", "Olaf Scholz"],
                "level": "leader",
                "status": "held",
                "date": None,
                "place": None,
                "evidence": "Emmanuel Macron met Olaf Scholz.",
            }
        ],
    }


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "property name"),
        ("[]", "not a JSON object"),
        ('{"text": "x"}', "no id"),
        ('{"id": 1, "text": 5}', "text is not a string"),
        ('{"id": 1, "published": "soon"}', "'soon' is not a date"),
    ],
)
def test_a_bad_line_ends_with_its_file_and_number(tmp_path, capsys, line, what):
    path = tmp_path / "items.jsonl"
    path.write_text(f'{{"id": 0, "lang": "en"}}\n{line}\n', encoding="utf-8")
    assert run(["detect", "--jsonl", str(path)]) == 2
    error = capsys.readouterr().err
    assert f"{path}:2: " in error
    assert what in error


def test_a_language_that_is_not_read_is_said(article, capsys):
    assert run(["detect", article, "--lang", "xx"]) == 0
    assert "language not read: xx" in capsys.readouterr().out


def test_a_missing_file_and_a_wrong_day_are_the_users_mistakes(article, tmp_path, capsys):
    assert run(["detect", str(tmp_path / "none.txt")]) == 2
    assert run(["detect", article, "--date", "yesterday"]) == 2
    assert "2023-05-26" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "language", "note"),
    [
        ("Macron met Scholz.", "en", "read as English"),
        ("习近平会见朔尔茨。", "zh", "read as Chinese"),
        ("Зустріч.", None, "cannot be told: name it with --lang"),
        ("1945", None, "cannot be told: name it with --lang"),
    ],
)
def test_a_text_too_short_to_tell_its_language_is_read_by_its_script(tmp_path, capsys, text, language, note):
    path = tmp_path / "short.txt"
    path.write_text(text, encoding="utf-8")
    assert run(["detect", str(path)]) == 0
    assert note in capsys.readouterr().out
    assert run(["detect", str(path), "--json"]) == 0
    (document,) = json.loads(capsys.readouterr().out)
    assert document["language"] == language
    assert note in document["notes"][0]


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"", "is empty"), (b" \n", "is empty"), (b"\x7fELF\0\1", "is not text"), (b"\xff\xfe\xd8" * 9, "is not text")],
)
def test_a_file_without_text_is_the_users_mistake(tmp_path, capsys, content, told):
    path = tmp_path / "odd.bin"
    path.write_bytes(content)
    assert run(["detect", str(path)]) == 2
    assert f"{path} {told}" in capsys.readouterr().err
