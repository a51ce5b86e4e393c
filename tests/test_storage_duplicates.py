from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.duplicates import SHORTEST, Body, added_spans, copied, is_within, overlap, rate_of

AT_ONCE = timedelta(0)
NEWS = {
    "en": (
        "The shuttle envoy flew from Zenda to Ruritania's second city on Tuesday night. His aircraft was met by a "
        "deputy minister and two interpreters. Nobody at the airport would say how long he means to stay. A convoy "
        "of nine cars took the coast road instead of the motorway. Fishermen who were mending their nets counted "
        "them aloud. The talks are to begin once the guest has slept and read his cables. A spokeswoman promised a "
        "line or two for the evening papers, and no more than that."
    ),
    "ru": (
        "Посланник прилетел во вторую столицу Руритании поздно вечером во вторник. У трапа его ждали заместитель"
        " министра и два переводчика. Никто в аэропорту не сказал, надолго ли он приехал. Колонна из девяти машин"
        " свернула на приморскую дорогу. Рыбаки, чинившие сети, считали машины вслух. Переговоры начнутся, когда гость"
        " выспится и прочтёт депеши. Представительница ведомства пообещала вечерним газетам пару строк."
    ),
    "zh": (
        "特使星期二深夜乘专机抵达鲁里坦尼亚第二大城市。副部长和两名翻译在舷梯旁迎接。机场没有人愿意透露他打算停留多久。"
        "九辆汽车组成的车队没有上高速公路,而是沿着海边公路驶去。补网的渔民大声数着车辆。客人休息并读完电报之后会谈才会开始。"
        "女发言人答应晚报提供一两句话的消息,不会更多。"
    ),
    "ja": (
        "特使は火曜日の深夜に専用機でルリタニア第二の都市に到着した。タラップの下では副大臣と二人の通訳が出迎えた。"
        "滞在がどれほどの長さになるのか空港では誰も語ろうとしなかった。九台の車列は高速道路ではなく海沿いの道を選んだ。"
        "網を繕っていた漁師たちは声に出して車を数えた。会談は客が眠り電報を読み終えてから始まる。"
    ),
    "th": (
        "ทูตพิเศษเดินทางถึงเมืองใหญ่อันดับสองของรูริทาเนียเมื่อดึกวันอังคาร รัฐมนตรีช่วยและล่ามสองคนรอรับที่บันไดเครื่องบิน"
        " ไม่มีใครที่สนามบินยอมบอกว่าเขาจะพักอยู่นานเท่าใด ขบวนรถเก้าคันใช้ถนนเลียบทะเลแทนทางหลวง"
    ),
}
OTHER = {
    "en": "Grain prices fell again this week as ships waited off the southern ports for the third month in a row.",
    "ru": "Цены на зерно снова упали на этой неделе, пока суда третий месяц подряд стоят у южных портов.",
    "zh": "本周粮食价格再次下跌,船只连续第三个月在南部港口外等候。",
    "ja": "今週も穀物の価格は下がり船は三か月続けて南の港の沖で待っている。",
    "th": "ราคาธัญพืชลดลงอีกครั้งในสัปดาห์นี้ขณะที่เรือรออยู่นอกท่าเรือทางใต้เป็นเดือนที่สาม",
}


def every_nth_word_changed(text, step):
    return " ".join("elsewhere" if index % step == step - 1 else word for index, word in enumerate(text.split()))


@pytest.mark.parametrize("language", NEWS)
def test_a_part_a_shout_and_a_quotation_in_full_are_copies_in_every_script(language):
    text = Body(NEWS[language])
    for other in (NEWS[language][: len(NEWS[language]) // 2], NEWS[language].upper(), OTHER[language] + text.text):
        assert copied(text, Body(other), AT_ONCE) > 0.9
    assert copied(text, Body(OTHER[language] * 3), AT_ONCE) is None


def test_a_text_with_every_sixth_word_changed_is_a_copy_and_with_every_third_is_not():
    text = Body(NEWS["en"])
    assert copied(text, Body(every_nth_word_changed(NEWS["en"], 6)), AT_ONCE) > 0.3
    assert copied(text, Body(every_nth_word_changed(NEWS["en"], 3)), AT_ONCE) is None


def test_much_that_is_shared_in_one_place_only_is_a_quotation():
    theirs = Body(NEWS["en"])
    own = "Columnists had little else to write about. Some guessed at grain, some at gas, and one at a royal wedding."
    quoting = Body(f"{OTHER['en']} {own} {NEWS['en'][:150]}. The opera, in the meantime, plays to an empty house, and")
    assert 0.25 < overlap(theirs, quoting) < 0.42
    assert copied(theirs, quoting, AT_ONCE) is None


def test_formulas_return_after_weeks_and_are_no_copies_then():
    text, other = Body(NEWS["en"]), Body(every_nth_word_changed(NEWS["en"], 9))
    assert copied(text, other, timedelta(days=1)) is not None
    assert copied(text, other, timedelta(days=30)) is None
    assert copied(text, Body(NEWS["en"]), timedelta(days=300)) == 1


FORMS = (
    """Exchange rates of the central bank for today: the dollar costs {0} crowns, the euro {1} crowns, the pound {2}
    crowns and the franc {3} crowns. A barrel of crude oil stands at {4} dollars, an ounce of gold at {5} dollars.""",
    """Погода на завтра: утром {0} градусов тепла, днём {1} градуса, вечером {2} градусов. Ветер западный, {3} метров
    в секунду. Давление {4} миллиметров ртутного столба, влажность воздуха {5} процентов.""",
    "今日蔬菜批发价格:白菜每公斤{0}元,土豆每公斤{1}元,萝卜每公斤{2}元,黄瓜每公斤{3}元,西红柿每公斤{4}元,辣椒每公斤{5}元。",
)


@pytest.mark.parametrize("form", FORMS)
def test_a_form_with_other_figures_is_no_copy_and_with_the_same_it_is(form):
    monday = Body(form.format(812, 934, 1021, 877, 431, 1960))
    tuesday = Body(form.format(815, 929, 1019, 880, 436, 1953))
    assert overlap(monday, tuesday) > 0.1
    assert copied(monday, tuesday, AT_ONCE) is None
    assert copied(monday, Body(monday.text + " The bank gave no reason."), AT_ONCE) is not None


_BACKGROUND = (
    "The quarrel over the Zenda customs house began thirty years ago, when a flood moved the river and with it the"
    " border. Two commissions of surveyors have measured the bank since then, and neither could agree with the other."
    " Some forty thousand people still cross the old bridge on foot every day, and most of them carry no papers."
)
_SHOTS = (
    "Two surveyors were wounded on Tuesday when their boat came under fire below the mill, the commission said. The"
    " shots came from a wood on the far side. A barge brought the two men to the hospital in the evening. "
)
_CLASSES = (
    "Three hundred children went back to school in the largest village of the valley, after lightning had burned the"
    " old building in August. Parents raised the new walls themselves. The teacher rang the bell at eight. "
)


def test_one_background_makes_no_copies_of_reports_of_different_news():
    shots = Body(_SHOTS + _BACKGROUND, "Surveyors shot at below the mill", "Gazette")
    classes = Body(_CLASSES + _BACKGROUND, "Village school opens again after fire", "Herald")
    assert overlap(shots, classes) > 0.5
    assert copied(shots, classes, AT_ONCE) is None
    assert copied(classes, shots, AT_ONCE) is None
    retitled = Body(_CLASSES + _BACKGROUND, "Two surveyors wounded, shots came from wood", "Herald")
    assert copied(shots, retitled, AT_ONCE)


def test_the_second_half_under_a_new_lead_is_a_copy_where_the_title_says_so():
    lead = (
        "Who was in the boat is not known. Our man at the mill saw nothing but smoke. Nobody rang the bell that day. "
    )
    relayed = Body(lead + NEWS["en"][-250:], "Shuttle envoy's convoy took the coast road", "Herald")
    assert copied(Body(NEWS["en"], "Envoy lands", "Gazette"), relayed, AT_ONCE)


def test_a_source_fills_its_form_with_other_news_each_day_and_another_reprints_it():
    opening = (
        "Good morning and welcome to the briefing of the ministry. As always we begin with what is announced today. "
    )
    closing = (
        " That is all for today. Please leave your badges at the gate when you go. Thank you for coming to see us."
    )
    herring = Body(opening + "The minister signed the quota for herring." + closing, "Briefing 1", "Ministry")
    visas = Body(opening + "Students will pay half of the fee for visas." + closing, "Briefing 2", "Ministry")
    assert overlap(herring, visas) > 0.6
    assert copied(herring, visas, AT_ONCE) is None
    assert copied(herring, Body(herring.text[:-40], "Briefing", "Ministry"), AT_ONCE)
    assert copied(herring, Body(herring.text[60:-40] + " So far the ministry.", "Herring", "Herald"), AT_ONCE)


def test_short_texts_are_copies_of_nothing():
    short = Body("The envoy has arrived in Zenda.")
    assert len(short.shingles) < SHORTEST
    assert copied(short, Body(short.text), AT_ONCE) is None
    assert short.sketch.hashes == ()


def test_what_a_copy_adds_are_its_own_sentences():
    text = Body(f"{OTHER['en']} {NEWS['en']} The opposition called the visit a farce.")
    spans = added_spans(text, [Body(NEWS["en"])])
    assert [text.text[start:end] for start, end in spans] == [
        OTHER["en"],
        "The opposition called the visit a farce.",
    ]
    assert added_spans(text, [Body(NEWS["en"]), Body(text.text)]) == ()


def test_a_title_is_within_a_text_that_has_most_of_its_words():
    assert is_within("Envoy flew to Ruritania", Body(NEWS["en"]))
    assert not is_within("Oil crashes on weak demand", Body(NEWS["en"]))


def test_rates_divide_each_other_so_that_texts_of_any_lengths_can_share():
    rates = sorted({rate_of(size) for size in range(1, 5000, 7)})
    assert all(larger % smaller == 0 for smaller, larger in pairwise(rates))


def test_sketches_are_the_same_in_every_run():
    assert Body(NEWS["en"]).sketch.hashes[:2] == (13537362242755, 22998868274849)


@given(st.text(max_size=400), st.text(max_size=400), st.integers(-9, 9))
def test_copying_is_mutual_and_never_raises(first, second, days):
    apart = timedelta(days=days)
    one, other = Body(first + second), Body(second)
    assert copied(one, other, apart) == copied(other, one, -apart)
    assert all(first.text[start:end].strip() for first in (one,) for start, end in added_spans(one, [other]))
