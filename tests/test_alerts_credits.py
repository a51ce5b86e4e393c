import pytest

from alerts.credits import credited, finds
from config.agencies import ANY, agency_of, load_agencies, outlet_of, parse_agencies

_ROWS = [
    pytest.param(language, one, id=f"{language}: {one.row}")
    for language, rows in load_agencies().credits.items()
    for one in rows
]
_FIRSTHAND = [
    pytest.param(language, one, id=f"{language}: {one.row}")
    for language, rows in load_agencies().firsthand.items()
    for one in rows
]


@pytest.mark.parametrize(("language", "one"), _ROWS)
def test_every_row_finds_its_example_and_not_its_wrong_one(language, one):
    key = None if language == ANY else language
    assert finds(one.row, language, one.example)
    assert credited("", one.example, key)
    assert credited("", one.wrong, key) is None


@pytest.mark.parametrize(("language", "one"), _FIRSTHAND)
def test_what_an_agencys_people_saw_is_its_report_and_what_befell_them_is_not(language, one):
    assert credited("", one.example, language)
    assert credited("", one.wrong, language) is None


@pytest.mark.parametrize(
    ("author", "agency"),
    [
        ("Reuters", "Reuters"),
        ("Reuters Staff", "Reuters"),
        ("Ann Grey, AFP", "AFP"),
        ("By Ann Grey (AP)", "AP"),
        ("Le Courrier avec AFP", "AFP"),
        ("ТАСС", "TASS"),
        ("新华社", "Xinhua"),
        ("dpa/Ann Grey", "dpa"),
        ("Efe Demir", None),
        ("Hina Grey", None),
        ("Ann Grey / Getty Images / AFP", None),
        ("Ann Grey", None),
    ],
)
def test_an_author_who_is_an_agency_or_works_for_one_credits_it(author, agency):
    assert credited("Talks", "The envoy left for home on Friday.", "en", author) == agency


@pytest.mark.parametrize(
    ("language", "text", "agency"),
    [
        ("zh", "據路透社報導，特使將於週二會見總理。", "Reuters"),
        ("zh", "【法新社斯特雷绍5月16日電】特使十六日抵達。", "AFP"),
        ("zh", "【路透社】特使16日抵达。", "Reuters"),
        ("zh", "来源：新华社\n特使16日抵达。", "Xinhua"),
        ("en", "The envoy left on Tuesday. [AFP]", "AFP"),
        ("en", "The envoy left on Tuesday, Iran's semi-official Tasnim news agency reported.", "Tasnim"),
        ("ru", "Стрельсау. 16 мая. INTERFAX.RU - Посланник прибыл во вторник.", "Interfax"),
        ("ru", "Посланник прибыл, передает корреспондент РИА Новости.", "RIA Novosti"),
        ("ru", "Посланник прибыл, говорится в материале Bloomberg.", "Bloomberg"),
        ("uk", "Посланник прибув, передає кореспондент Укрінформу.", "Ukrinform"),
        ("es", "El enviado se marchó el martes, confirmaron a EFE fuentes del ministerio.", "EFE"),
        ("fr", "L'envoyé est parti mardi, a appris l'AFP de source proche.", "AFP"),
        ("de", "Der Gesandte ist abgereist, wie die Deutsche Presse-Agentur erfuhr.", "dpa"),
        ("pl", "Wysłannik wyjechał - poinformowała w środę rosyjska agencja TASS.", "TASS"),
        ("pl", "Wysłannik wyjechał.\nPAP", "PAP"),
    ],
)
def test_a_credit_is_known_in_the_forms_that_each_language_gives_it(language, text, agency):
    assert credited("", text, language) == agency


@pytest.mark.parametrize(
    ("language", "text", "agency"),
    [
        ("en", "The envoy will meet the prime minister on Tuesday, TASS reported, citing the ministry.", "TASS"),
        ("ru", "Посланник встретится с премьером во вторник, сообщил ТАСС источник в министерстве.", "TASS"),
        ("zh", "据塔斯社报道，特使将于周二会见总理。", "TASS"),
        ("ru", "Об этом сообщает «Интерфакс-Украина».", "Interfax-Ukraine"),
        ("uk", "Про це повідомляє Інтерфакс-Україна.", "Interfax-Ukraine"),
        ("uk", "Про це повідомили Укрінформу в міністерстві.", "Ukrinform"),
        ("pl", "Wysłannik spotka się z premierem, podaje PAP.", "PAP"),
        ("es", "El enviado se reunirá con el primer ministro, según EFE.", "EFE"),
        ("fr", "L'envoyé doit rencontrer le premier ministre, selon l’AFP.", "AFP"),
        ("de", "Der Gesandte trifft den Ministerpräsidenten, berichtet die Nachrichtenagentur AFP.", "AFP"),
        ("en", "STRELSAU, May 16 (Reuters) - The envoy arrived on Tuesday.", "Reuters"),
        ("ru", "СТРЕЛЬСАУ, 16 мая. /ТАСС/. Посланник прибыл во вторник.", "TASS"),
        ("ru", "СТРЕЛЬСАУ, 16 мая — РИА Новости. Посланник прибыл во вторник.", "RIA Novosti"),
        ("zh", "新华社斯特雷绍5月16日电（记者 某某）特使16日抵达。", "Xinhua"),
        ("ja", "特使は火曜日に到着した。（ロイター）", "Reuters"),
        ("ko", "특사는 화요일에 도착했다. (서울=연합뉴스)", "Yonhap"),
        ("ar", "وصل المبعوث يوم الثلاثاء. (رويترز)", "Reuters"),
        ("tr", "STRELSAU (AA) - Elçi salı günü geldi.", "Anadolu"),
        ("sr", "Izaslanik je stigao u utorak. (AFP)", "AFP"),
        (None, "Izaslanik je stigao u utorak. Source: AFP", "AFP"),
    ],
)
def test_an_agency_is_known_in_every_script_by_whoever_credits_it(language, text, agency):
    assert credited("", text, language) == agency


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "A shell hit the TASS office in the capital on Tuesday."),
        ("en", "An AFP journalist was hurt on the way to the front."),
        ("en", "The envoy shakes hands on Tuesday. Photo: Reuters"),
        ("en", "He reported to the AP chief in the morning."),
        ("en", "The envoy shakes hands. (A. Grey/Sputnik/AFP via Getty Images)"),
        ("en", "The chaperone of AP level did not speak."),
        ("ru", "Корреспондент ТАСС пострадал при обстреле."),
        ("ru", "Фото: ТАСС"),
        ("uk", "Будівлю Укрінформу пошкоджено."),
        ("zh", "塔斯社记者站被关闭。"),
        ("pl", "Siedziba PAP została zamknięta."),
        ("fr", "Un journaliste de l'AFP a été blessé mardi."),
        ("es", "Un periodista de EFE resultó herido el martes."),
        ("de", "Ein dpa-Fotograf wurde verletzt."),
        ("en", "The envoy wore a mask at the MTIX conference, said the host."),
        ("en", ""),
    ],
)
def test_to_be_named_is_not_to_be_credited(language, text):
    assert credited("", text, language) is None


def test_who_signs_a_text_outranks_who_is_quoted_in_it():
    text = "STRELSAU, May 16 (AFP) - The envoy arrived, TASS reported."
    assert credited("", text, "en") == "AFP"
    assert credited("TASS: the envoy has arrived", "He came by train, Reuters reported.", "en") == "TASS"


def test_what_is_told_far_down_in_a_long_text_credits_nobody():
    far = "The talks go on in the old town. " * 40 + "Last year TASS reported otherwise. " + "It rained. " * 30
    assert credited("", far, "en") is None
    assert credited("", far + "(PAP)", "en") == "PAP"


def test_a_text_of_nothing_but_names_and_signs_is_looked_through_in_no_time():
    assert credited("", "(" * 5000 + "TASS said " * 400 + ")" * 5000, "en") is None
    assert credited("", "с " * 400 + "ТАСС", "ru") is None


@pytest.mark.parametrize(
    ("source", "house"),
    [
        ("TASS (ru)", "TASS"),
        ("ТАСС", "TASS"),
        ("塔斯社", "TASS"),
        ("Kremlin (en) transcripts", "Kremlin"),
        ("Reuters", "Reuters"),
        ("(en)", "(en)"),
        ("Strelsau Post (weekly)", "Strelsau Post (weekly)"),
    ],
)
def test_sources_of_one_house_are_one(source, house):
    assert outlet_of(source) == house


def test_an_agency_is_known_by_the_host_of_its_pages_too():
    assert agency_of("Wire of the East", "https://www.tass.com/politics/1") == "TASS"
    assert agency_of("Wire of the East", "https://nottass.com/politics/1") is None
    assert agency_of("TASS (en)", "envoywatch:entry/1") == "TASS"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("agencies: {A: {names: [X]}, B: {names: [X]}}\nnever: {}\ncredits: {}", "'X' is named by A and by B"),
        ("agencies: {}\nnever: {xx: []}\ncredits: {}", "unknown language 'xx'"),
        ("agencies: {}\nnever: {en: [photo]}\ncredits: {}", "must have one {}"),
        ("agencies: {}\nnever: {}\ncredits: {en: [{credit: 'by {}'}]}", "needs an example"),
    ],
)
def test_a_file_that_is_not_as_its_head_says_is_refused(text, wrong):
    with pytest.raises(ValueError, match=wrong):
        parse_agencies(text)
