from pathlib import Path

import pytest
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

import config
from config.data_yaml import parse_data

FILES = sorted(Path(config.__file__).parent.rglob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_quick_parser_reads_what_the_whole_one_reads(file):
    text = file.read_text(encoding="utf-8")
    assert parse_data(text) == YAML(typ="safe", pure=True).load(text)


def test_country_codes_stay_text():
    assert parse_data("[NO, yes, on]") == ["NO", "yes", "on"]


def test_a_colon_in_plain_text_is_read_all_the_same():
    assert parse_data("{at: 12:30}") == {"at": "12:30"}


def test_what_is_no_yaml_is_refused_with_its_place():
    with pytest.raises(MarkedYAMLError) as refused:
        parse_data("a: [1, 2\nb: }")
    assert refused.value.problem_mark.line == 1
