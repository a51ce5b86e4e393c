"""A small hand-written stand-in for the finder of names: enough people to test how meetings are read."""

import re
from dataclasses import dataclass

from config.vocabulary import Level


@dataclass(frozen=True, slots=True)
class FakeMention:
    start: int
    end: int
    label: str | None
    level: Level | None = None
    country: str | None = None
    kind: str = "person"
    office: str = ""
    former: bool = False
    spokesman: bool = False
    deputy: bool = False
    envoy: bool = False


L, M, D, O = Level.LEADER, Level.MINISTER, Level.DEPUTY, Level.OTHER  # noqa: E741
_TITLES = (
    r"(?:(?:the |US |U\.S\. |British |German |French |Russian |Chinese |Ukrainian |Indian |Slovak |Finnish |Belarusian |special |deputy )*"
    r"(?:president|prime minister|foreign minister|chancellor|special envoy|envoy|premier|secretary of state|leader)\s+)?"
)
_RU_TITLES = (
    r"(?:(?:президент|канцлер|премьер|глав|министр|председател|спецпредставител|спецпосланник|посл|секретар)\w*(?:[- ]министр\w*)?\s+"
    r"(?:(?:иностранных дел|МИД|РФ|КНР|США|ФРГ|России|Украины|Китая|Франции|Германии|Ирана|Индии|Совбеза|Белоруссии)\s+)*)?"
)
_ZH_TITLES = r"(?:(?:中国|俄罗斯|美国|法国|德国|乌克兰|印度|国家|俄|美|法|德|乌)*(?:主席|总统|总理|外长|国务卿|特使|财长|新闻秘书))?"

PEOPLE = [
    ("Vladimir Putin", L, "RU", r"(?:Vladimir )?Putin", r"(?:Владимир\w* )?Путин\w*", r"(?:弗拉基米尔·)?普京(?:总统)?"),
    (
        "Volodymyr Zelenskyy",
        L,
        "UA",
        r"(?:Volodymyr )?Zelensk\w+",
        r"(?:Владимир\w* )?Зеленск\w+",
        r"泽连斯基(?:总统)?",
    ),
    ("Xi Jinping", L, "CN", r"Xi(?: Jinping)?\b", r"Си(?: Цзиньпин\w*)?\b", r"习近平(?:主席)?"),
    ("Emmanuel Macron", L, "FR", r"(?:Emmanuel )?Macron", r"(?:Эмманюэл\w* )?Макрон\w*", r"马克龙(?:总统)?"),
    ("Olaf Scholz", L, "DE", r"(?:Olaf )?Scholz", r"(?:Олаф\w* )?Шольц\w*", r"朔尔茨"),
    ("Narendra Modi", L, "IN", r"(?:Narendra )?Modi", r"(?:Нарендр\w+ )?Моди", r"莫迪"),
    ("Keir Starmer", L, "GB", r"(?:Keir )?Starmer", r"(?:Кир\w* )?Стармер\w*", r"斯塔默"),
    ("Li Qiang", L, "CN", r"Li Qiang", r"Ли Цян\w*", r"李强"),
    ("Robert Fico", L, "SK", r"(?:Robert )?Fico", r"(?:Роберт\w* )?Фицо", r"菲佐"),
    ("Alexander Lukashenko", L, "BY", r"(?:Alexander )?Lukashenko", r"(?:Александр\w* )?Лукашенко", r"卢卡申科"),
    ("Li Hui", D, "CN", r"Li Hui", r"Ли Хуэ\w+", r"李辉"),
    ("Steve Witkoff", D, "US", r"(?:Steve )?Witkoff", r"(?:Стив\w* )?Уиткофф\w*", r"威特科夫"),
    ("Sergey Lavrov", M, "RU", r"(?:Sergei |Sergey )?Lavrov", r"(?:Серге\w+ )?Лавров\w*", r"拉夫罗夫"),
    ("Dmytro Kuleba", M, "UA", r"(?:Dmytro )?Kuleba", r"(?:Дмитри\w+ )?Кулеб\w+", r"库列巴"),
    ("Wang Yi", M, "CN", r"Wang Yi", r"Ван И\b", r"王毅"),
    ("Antony Blinken", M, "US", r"(?:Antony )?Blinken", r"(?:Энтони )?Блинкен\w*", r"布林肯"),
    ("Angela Merkel", O, "DE", r"(?:Angela )?Merkel", r"(?:Ангел\w+ )?Меркель", r"默克尔"),
    ("Dmitry Peskov", O, "RU", r"(?:Dmitry )?Peskov", r"(?:Дмитри\w+ )?Песков\w*", r"佩斯科夫"),
    ("Mikhail Mishustin", L, "RU", r"(?:Mikhail )?Mishustin", r"(?:Михаил\w* )?Мишустин\w*", r"米舒斯京"),
]


class FakeFinder:
    """Finds the people above, with a title before their names."""

    def __init__(self):
        self._patterns = {
            language: re.compile(
                "|".join(f"(?P<p{number}>{titles}{person[3 + column]})" for number, person in enumerate(PEOPLE)),
                re.IGNORECASE if language == "en" else 0,
            )
            for column, (language, titles) in enumerate((("en", _TITLES), ("ru", _RU_TITLES), ("zh", _ZH_TITLES)))
        }

    def find(self, text, language, at):
        pattern = self._patterns.get(language)
        return [self._mention(match) for match in pattern.finditer(text)] if pattern else []

    @staticmethod
    def _mention(match):
        label, level, country, *_ = PEOPLE[int(match.lastgroup[1:])]
        return FakeMention(
            match.start(),
            match.end(),
            label,
            level,
            country,
            former=label == "Angela Merkel",
            spokesman=label == "Dmitry Peskov",
            envoy=level is D,
        )
