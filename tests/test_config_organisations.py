"""Organisations: known in every language, and led by somebody of their own, whatever the words for it."""

from datetime import date

import pytest

from alerts.names import NameFinder
from config.countries import load_countries
from config.people import load_people
from config.vocabulary import LANGUAGES, Level

DAY = date(2025, 10, 1)


@pytest.fixture(scope="module")
def finder():
    return NameFinder(load_people())


def test_every_organisation_but_the_islands_forum_is_named_in_every_language():
    countries = load_countries()
    assert len(countries.organisations) > 30
    for code in countries.organisations - {"PIF"}:
        assert set(countries.words[code]) == set(LANGUAGES), code


def test_every_organisation_has_one_known_head():
    people = load_people()
    assert {
        code for code in load_countries().organisations if not people.holder("organisation-head", code, DAY)
    } == set()


@pytest.mark.parametrize(
    ("language", "text", "label"),
    [
        ("en", "the head of the EBRD arrived", "Odile Renaud-Basso"),
        ("en", "the president of the European Investment Bank arrived", "Nadia Calviño"),
        ("en", "the IMF chief arrived", "Kristalina Georgieva"),
        ("en", "the secretary general of the Council of Europe arrived", "Alain Berset"),
        ("en", "the Arab League chief arrived", "Ahmed Aboul Gheit"),
        ("zh", "国际原子能机构总干事说", "Rafael Grossi"),
        ("zh", "欧洲复兴开发银行行长说", "Odile Renaud-Basso"),
        ("zh", "上合组织秘书长说", "Nurlan Yermekbayev"),
        ("ru", "с председателем ПАСЕ", "Theodoros Rousopoulos"),
        ("ru", "главу ВОЗ", "Tedros Adhanom Ghebreyesus"),
        ("ru", "генсека ОДКБ", "Imangali Tasmagambetov"),
        ("uk", "з головою МВФ", "Kristalina Georgieva"),
        ("uk", "генсека ОБСЄ", "Feridun Sinirlioğlu"),
        ("de", "die Präsidentin der EBRD kam", "Odile Renaud-Basso"),
        ("de", "der Generalsekretär des Europarats kam", "Alain Berset"),
        ("fr", "le président de la Banque européenne d'investissement", "Nadia Calviño"),
        ("fr", "le secrétaire général de l'OSCE", "Feridun Sinirlioğlu"),
        ("pl", "z szefem MAEA", "Rafael Grossi"),
        ("pl", "prezesa EBOR", "Odile Renaud-Basso"),
        ("es", "el secretario general de la OEA", "Albert Ramdin"),
        ("es", "el director general de la OMS", "Tedros Adhanom Ghebreyesus"),
    ],
)
def test_the_head_of_an_organisation_is_known_by_the_office_and_is_no_head_of_state(finder, language, text, label):
    (mention,) = finder.find(text, language, DAY)
    assert (mention.label, mention.level) == (label, Level.MINISTER)
    assert mention.country in load_countries().organisations


def test_a_head_acts_for_the_organisation_and_not_for_his_country(finder):
    (mention,) = finder.find("IAEA Director General Rafael Grossi arrived", "en", DAY)
    assert mention.country == "IAEA"


def test_one_of_many_envoys_is_nobody_in_particular(finder):
    (mention,) = finder.find("The UN envoy arrived", "en", DAY)
    assert (mention.label, mention.country, mention.envoy) == (None, "UN", True)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Bavaria's premier Markus Söder", Level.DEPUTY),
        ("Ramzan Kadyrov, the head of Chechnya", Level.DEPUTY),
        ("Hong Kong's chief executive John Lee", Level.DEPUTY),
    ],
)
def test_who_leads_a_region_is_no_leader(finder, text, level):
    mention = finder.find(text, "en", DAY)[0]
    assert mention.level is level
