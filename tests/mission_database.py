"""A database of a made-up mission, with hostile guests, for tests of the views and of the page and for screenshots."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from config.model import Channel, Config, Digest, Expectation, MeetingSpec, Office, PersonEntry, Watch
from storage.database import open_writer
from storage.model import to_text
from storage.search import Indexed, index_article

NOW = datetime(2023, 5, 26, 20, 15, tzinfo=UTC)
AUDIENCE = "Audience with a leader"
ENVOY = "The envoy by name"
TALKS = "Talks about the war"
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'>\u202egnp.exe\x1b[31m"
HOSTILE_SOURCE = '"><svg onload=alert(3)> & Sons'
HOSTILE_URL = "javascript:alert(document.domain)//"

SOURCES = (
    # name, language, country, role, interval in minutes, articles a day
    ("Harbour Wire", "en", "GB", "media", 5, 14),
    ("The Meridian Post", "en", "US", "media", 5, 9),
    ("Вестник набережной", "ru", "RU", "official", 2, 6),
    ("Северный телеграф", "ru", "RU", "state-media", 5, 21),
    ("江城晚报", "zh", "CN", "state-media", 5, 17),
    ("Lutetia Review", "en", "FR", "media", 10, 5),
    ("Dnipro Bulletin", "en", "UA", "official", 2, 4),
    ("صحيفة الميناء", "ar", "EG", "media", 15, 3),
    (HOSTILE_SOURCE, "en", None, "aggregator", 15, 2),
    ("Vistula Daily", "en", "PL", "media", 10, 6),
    ("Cedar Institute", "en", "US", "think-tank", 60, 1),
)


@dataclass(slots=True)
class Mission:
    """What was written, by short names."""

    articles: dict[str, int] = field(default_factory=dict)
    meetings: dict[str, int] = field(default_factory=dict)
    alerts: dict[str, int] = field(default_factory=dict)
    stories: dict[str, int] = field(default_factory=dict)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def seed(path):
    """Write the mission into a new database and say what is where. Made once a process, then copied."""
    content, mission = _template()
    path.write_bytes(content)
    return mission


@cache
def _template():
    with TemporaryDirectory() as folder:
        path = Path(folder) / "mission.db"
        mission = _write(path, NOW)
        return path.read_bytes(), mission


def _write(path, now):
    db = open_writer(path)
    with closing(db.conn):
        writer = _Writer(db.conn, now)
        db.conn.execute("BEGIN IMMEDIATE")
        writer.sources()
        writer.mission()
        writer.hostile()
        writer.stories()
        writer.deliveries()
        writer.run()
        db.conn.execute("COMMIT")
    return writer.done


class _Writer:
    def __init__(self, connection, now):
        self.c = connection
        self.now = now
        self.done = Mission()
        self.ids = {}

    def insert(self, table, **values):
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        sql = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 (our own names)
        return self.c.execute(sql, tuple(values.values())).lastrowid

    # ---------------------------------------------------------------- sources

    def sources(self):
        now = self.now
        for name, language, country, role, minutes, rate in SOURCES:
            paused = name == "Cedar Institute"
            url = f"https://news.example/{len(self.ids) + 1}/feed.xml?key=s3cr3t-t0ken"
            spec = {"name": name, "endpoints": [["feed", url, None]], "paused": paused}
            source = self.insert(
                "sources",
                name=name,
                spec=json.dumps(spec),
                language=language,
                country=country,
                role=role,
                interval_s=minutes * 60.0,
                next_poll_at=to_text(now + timedelta(minutes=minutes) / 2),
                added_at=to_text(now - timedelta(days=20)),
                first_ok_at=to_text(now - timedelta(days=20)),
                last_poll_at=to_text(now - timedelta(minutes=minutes) / 2),
                last_ok_at=to_text(now - timedelta(minutes=minutes) / 2),
                last_new_at=to_text(now - timedelta(hours=1)),
                entries_seen=rate * 20,
            )
            self.ids[name] = source
            self.insert("endpoints", source_id=source, position=0, kind="feed", url=url)
            if not paused:
                self.polls(source, minutes, rate, url)
                self.days(source, rate)
                self.background(source, name, language, country, role, rate)
        self.fault("Dnipro Bulletin", "blocked", "HTTP 403 from https://news.example/7/feed.xml?key=s3cr3t-t0ken", 31)
        self.fault("Vistula Daily", "certificate", "certificate has expired", 3)
        self.pause("Cedar Institute")
        self.c.execute(
            "UPDATE sources SET last_new_at = ? WHERE name = ?", (to_text(now - timedelta(days=3)), "Lutetia Review")
        )

    def polls(self, source, minutes, rate, url):
        for back in range(40):
            started = self.now - timedelta(minutes=minutes) * (back + 0.5)
            new = (back * 7 + source) % 5 if (back + source) % 4 == 0 and rate > 2 else 0
            self.insert(
                "polls",
                source_id=source,
                started_at=to_text(started),
                took_ms=180.0 + 13 * (back % 7),
                url=url,
                outcome="entries" if new else "unchanged",
                status=200 if new else 304,
                bytes=48_211 if new else 0,
                entries=30 if new else 0,
                new_entries=new,
            )

    def days(self, source, rate):
        for back in range(19):
            day = (self.now - timedelta(days=back)).date().isoformat()
            self.insert("source_days", source_id=source, day=day, entries=rate if back else max(1, rate // 2))

    def pause(self, name):
        before = to_text(self.now - timedelta(days=6))
        self.c.execute(
            "UPDATE sources SET last_poll_at = ?, last_ok_at = ?, last_new_at = ? WHERE name = ?",
            (before, before, before, name),
        )

    def fault(self, name, kind, detail, hours):
        since = self.now - timedelta(hours=hours)
        self.c.execute(
            "UPDATE sources SET fault = ?, fault_detail = ?, fault_since = ?, failures = ?, last_ok_at = ?"
            " WHERE name = ?",
            (kind, detail, to_text(since), hours * 6, to_text(since - timedelta(minutes=2)), name),
        )
        self.c.execute(
            "UPDATE endpoints SET fault = ?, fault_detail = ?, fault_at = ? WHERE source_id = ?",
            (kind, detail, to_text(since), self.ids[name]),
        )
        self.c.execute(
            "UPDATE polls SET outcome = 'fault', status = 403, new_entries = 0, fault = ?, fault_detail = ?"
            " WHERE source_id = ? AND started_at >= ?",
            (kind, detail, self.ids[name], to_text(since)),
        )

    def background(self, source, name, language, country, role, rate):
        """Articles that nobody watches, so that the days have a rhythm."""
        for back in range(10):
            for number in range(max(1, rate * (8 + (back * 5 + source) % 7) // 16)):
                seen = self.now - timedelta(days=back, hours=2 + number / 3)
                self.article(
                    None, name, f"Harvest report {source}-{back}-{number}", "Prices were steady.", seen,
                    language, country, role,
                )  # fmt: skip

    # ---------------------------------------------------------------- what happened

    def article(self, key, source, title, text, seen, language=None, country=None, role=None, copy_of=None, url=None):
        known = {row[0]: row[1:4] for row in SOURCES}
        language, country, role = language or known[source][0], country or known[source][1], role or known[source][2]
        number = self.c.execute("SELECT coalesce(max(id), 0) + 1 FROM articles").fetchone()[0]
        published = seen - timedelta(minutes=4)
        article = self.insert(
            "articles",
            url=url or f"https://news.example/{self.ids[source]}/{number}.html",
            title=title,
            text=text,
            language=language,
            source=source,
            source_id=self.ids[source],
            country=country,
            role=role,
            published_at=to_text(published),
            claimed_at=to_text(published),
            seen_at=to_text(seen),
            read_at=to_text(seen + timedelta(seconds=2)),
            origin="page" if text else "title-only",
            origin_reason="" if text else "the page could not be read",
            text_hash=f"h{copy_of or number}",
            copy_of=copy_of,
        )
        index_article(self.c, article, Indexed(title, text, language, source, country, role))
        if key:
            self.done.articles[key] = article
            self.insert(
                "entries",
                source_id=self.ids[source],
                key=f"k{number}",
                url=f"https://news.example/{self.ids[source]}/{number}.html",
                content_hash="c",
                article_url=f"https://news.example/{self.ids[source]}/{number}.html",
                own_page=1,
                seen_at=to_text(seen),
                first_poll=0,
                state="read",
                due_at=to_text(seen),
                article_id=article,
            )
        return article

    def meeting(self, key, people, level, status, day, place, first, updated, reports, **flags):
        meeting = self.insert(
            "meetings",
            key=key,
            participants=json.dumps(people),
            level=level,
            status=status,
            date=day,
            place=place,
            first_reported_at=to_text(at(first)),
            updated_at=to_text(at(updated)),
            reports=reports,
            **flags,
        )
        self.done.meetings[key] = meeting
        for person in people:
            self.insert("meeting_people", person=person, meeting_id=meeting)
        return meeting

    def claim(self, article, meeting, people, level, status, sentence, cues, when, day=None, place=None):
        text = self.c.execute("SELECT text FROM articles WHERE id = ?", (article,)).fetchone()[0]
        start = text.index(sentence)
        marked = [[kind, "text", text.index(word, start), text.index(word, start) + len(word)] for word, kind in cues]
        return self.insert(
            "claims",
            article_id=article,
            meeting_id=meeting,
            participants=json.dumps(people),
            level=level,
            status=status,
            date=day,
            place=place,
            evidence=sentence,
            field="text",
            start=start,
            end=start + len(sentence),
            cues=json.dumps(marked),
            rule="positive-verb",
            confidence=0.93,
            at=to_text(when),
        )

    def step(self, meeting, claim, change, before, after, when):
        self.insert(
            "status_changes", meeting_id=meeting, claim_id=claim, change=change, before=before, after=after,
            at=to_text(when),
        )  # fmt: skip

    def alert(self, name, title, when, **values):
        alert = self.insert("alerts", key=f"alert/{name}", title=title, created_at=to_text(when), **values)
        self.done.alerts[name] = alert
        return alert

    def match(self, article, watch, when, words=()):
        title = self.c.execute("SELECT title FROM articles WHERE id = ?", (article,)).fetchone()[0]
        spans = [["title", title.index(word), title.index(word) + len(word)] for word in words]
        self.insert("matches", article_id=article, watch=watch, spans=json.dumps(spans), at=to_text(when))

    def decide(self, article, verdict, reason, when, watch=None, meeting=None, alert=None, detail=""):
        self.insert(
            "decisions", article_id=article, verdict=verdict, reason=reason, watch=watch, meeting_id=meeting,
            alert_id=alert, detail=detail, at=to_text(when),
        )  # fmt: skip

    def mission(self):
        self.tour()
        self.moscow()
        self.kyiv()
        self.keywords()
        self.insert("clocks", name="expect/Putin receives Li Hui", due_at=to_text(at("2023-05-26T18:00")))
        overdue = "Lavrov receives Li Hui at the ministry: not reported by 26 May 2023 18:00 UTC"
        self.alert(
            "overdue", overdue, at("2023-05-26T18:00:04"), kind="overdue", watch="Lavrov receives Li Hui",
            change="overdue",
            detail="not readable: Dnipro Bulletin (official, uk): it took too long to answer\n"
            "9 of 10 sources were read in all",
        )  # fmt: skip

    def tour(self):
        """The stops before today, as the ledger has them."""
        envoy = "Li Hui"
        stops = (
            ("kyiv-fm", "Dmytro Kuleba", "minister", "held", "2023-05-16", "Kyiv", 5, {"confirmed": 1}),
            ("warsaw", "Wojciech Gerwel", "deputy", "held", "2023-05-19", "Warsaw", 3, {"confirmed": 1}),
            ("paris", "Frédéric Mondoloni", "deputy", "held", "2023-05-23", "Paris", 4, {}),
            ("paris-president", "Emmanuel Macron", "leader", "refused", "2023-05-23", "Paris", 2, {}),
            ("berlin", "Andreas Michaelis", "deputy", "held", "2023-05-24", "Berlin", 3, {}),
            ("brussels", "Enrique Mora", "deputy", "held", "2023-05-25", "Brussels", 2, {"confirmed": 1}),
            ("brussels-chief", "Josep Borrell", "minister", "cancelled", "2023-05-25", "Brussels", 1, {}),
            ("beijing", "Xi Jinping", "leader", "proposed", None, "Beijing", 1, {}),
        )
        for key, host, level, status, day, place, reports, flags in stops:
            when = f"{day or '2023-05-22'}T15:30"
            people = [host, envoy]
            meeting = self.meeting(key, people, level, status, day, place, when, when, reports, **flags)
            verb = {"held": "received", "refused": "declined to receive", "cancelled": "called off talks with"}
            sentence = f"{host} {verb.get(status, 'may meet')} {envoy} in {place}, officials said."
            article = self.article(key, "Harbour Wire", f"{place}: {host} and the envoy", sentence, at(when))
            claim = self.claim(
                article,
                meeting,
                people,
                level,
                status,
                sentence,
                [(verb.get(status, "may"), "meets")],
                at(when),
                day,
                place,
            )
            self.step(meeting, claim, status.replace("_", "-"), None, status, at(when))
            self.decide(article, "quiet", "status-not-watched", at(when), AUDIENCE, meeting)
        self.meeting(
            "phone", ["Volodymyr Zelenskyy", "Xi Jinping"], "leader", "remote", "2023-05-20", None,
            "2023-05-20T09:00", "2023-05-20T12:00", 6,
        )  # fmt: skip
        self.meeting(
            "bloc", ["[a group of envoys]", "Dmytro Kuleba"], "minister", "undecided", "2023-05-30", "Kyiv",
            "2023-05-24T09:00", "2023-05-24T12:00", 1,
        )  # fmt: skip

    def moscow(self):
        """Scheduled, denied by one, then held and confirmed: the story of today."""
        people = ["Vladimir Putin", "Li Hui"]
        meeting = self.meeting(
            "moscow",
            people,
            "leader",
            "held",
            "2023-05-26",
            "Moscow",
            "2023-05-25T19:10",
            "2023-05-26T19:02",
            4,
            confirmed=1,
        )
        en = "President Vladimir Putin is due to receive the envoy Li Hui at the Kremlin on Friday evening."
        plan = self.article(
            "plan", "The Meridian Post", "Kremlin lines up a late audience for the visiting envoy",
            f"The envoy's last stop is the most watched.\n{en}\nNo agenda was given out.", at("2023-05-26T06:40"),
        )  # fmt: skip
        planned = self.claim(plan, meeting, people, "leader", "scheduled", en, [("due to receive", "future")],
                             at("2023-05-26T06:40"), "2023-05-26", "Moscow")  # fmt: skip
        self.step(meeting, planned, "scheduled", None, "scheduled", at("2023-05-26T06:40"))
        ru = "Владимир Путин сегодня принял в Кремле спецпредставителя Ли Хуэя, беседа продолжалась около часа."
        held = self.article(
            "held", "Северный телеграф", "Путин принял в Кремле спецпредставителя Китая Ли Хуэя",
            f"{ru} Подробностей стороны не сообщили.\nРанее спецпредставитель посетил шесть столиц.",
            at("2023-05-26T18:21"),
        )  # fmt: skip
        held_claim = self.claim(held, meeting, people, "leader", "held", ru, [("принял", "meets"), ("сегодня", "time")],
                                at("2023-05-26T18:21"), "2023-05-26", "Moscow")  # fmt: skip
        self.step(meeting, held_claim, "held", "scheduled", "held", at("2023-05-26T18:21"))
        official = "Президент России принял специального представителя правительства КНР Ли Хуэя."
        readout = self.article(
            "readout", "Вестник набережной", "Встреча со специальным представителем Ли Хуэем",
            f"{official}\nСтороны обсудили пути к переговорам.", at("2023-05-26T19:02"),
        )  # fmt: skip
        confirmed = self.claim(readout, meeting, people, "leader", "held", official, [("принял", "meets")],
                               at("2023-05-26T19:02"), "2023-05-26", "Moscow")  # fmt: skip
        self.step(meeting, confirmed, "confirmed", "held", "held", at("2023-05-26T19:02"))
        zh = "俄罗斯总统普京26日在克里姆林宫会见了中国政府欧亚事务特别代表李辉。"
        chinese = self.article("zh", "江城晚报", "普京会见李辉 就危机交换意见", f"{zh}双方就政治解决危机交换了意见。",
                               at("2023-05-26T19:20"))  # fmt: skip
        self.claim(chinese, meeting, people, "leader", "held", zh, [("会见了", "meets"), ("26日", "time")],
                   at("2023-05-26T19:20"), "2023-05-26", "Moscow")  # fmt: skip
        copy = self.article("copy", "Lutetia Review", "Kremlin lines up a late audience for the visiting envoy",
                            f"The envoy's last stop is the most watched.\n{en}\nNo agenda was given out.",
                            at("2023-05-26T07:30"), copy_of=plan)  # fmt: skip
        self.match(copy, TALKS, at("2023-05-26T07:30"), ["envoy"])
        for name, change, article, claim, text, when in (
            ("confirmed", "confirmed", readout, confirmed, official, at("2023-05-26T19:02:03")),
            ("held", "held", held, held_claim, ru, at("2023-05-26T18:21:03")),
        ):
            alert = self.alert(
                name, "Vladimir Putin and Li Hui met, Moscow, 26 May 2023 (leader level)", when, kind="meeting",
                watch=AUDIENCE, change=change, article_id=article, claim_id=claim, meeting_id=meeting, evidence=text,
                place="Moscow", date="2023-05-26", urgency="high",
            )  # fmt: skip
            self.decide(article, "alert", "status-changed", when, AUDIENCE, meeting, alert)
            self.decide(article, "digest", "for-digest", when, ENVOY)
        self.decide(chinese, "quiet", "already-told", at("2023-05-26T19:20:02"), AUDIENCE, meeting)

    def kyiv(self):
        """A rumour that was denied: disputed."""
        people = ["Volodymyr Zelenskyy", "Li Hui"]
        meeting = self.meeting(
            "kyiv",
            people,
            "leader",
            "denied",
            "2023-05-17",
            "Kyiv",
            "2023-05-26T08:00",
            "2023-05-26T11:45",
            3,
            disputed=1,
        )
        said = "According to two diplomats, Volodymyr Zelenskyy met Li Hui in Kyiv behind closed doors last week."
        rumour = self.article("rumour", "Lutetia Review", "Behind closed doors: what the envoy heard in Kyiv",
                              f"{said} Neither side would comment.", at("2023-05-26T08:00"))  # fmt: skip
        first = self.claim(rumour, meeting, people, "leader", "held", said,
                           [("met", "meets"), ("According to", "hearsay")],
                           at("2023-05-26T08:00"), "2023-05-17", "Kyiv")  # fmt: skip
        self.step(meeting, first, "held", None, "held", at("2023-05-26T08:00"))
        no = "No meeting of the President with Li Hui took place, the office said."
        denial = self.article("denial", "The Meridian Post", "President's office denies a meeting with the envoy",
                              f"{no} It called the report an invention.", at("2023-05-26T11:45"))  # fmt: skip
        denied = self.claim(denial, meeting, people, "leader", "denied", no,
                            [("No meeting", "negation"), ("took place", "meets")],
                            at("2023-05-26T11:45"), "2023-05-17", "Kyiv")  # fmt: skip
        self.step(meeting, denied, "denied", "held", "denied", at("2023-05-26T11:45"))
        self.alert("denied", "A meeting of Volodymyr Zelenskyy and Li Hui is denied, Kyiv", at("2023-05-26T11:45:02"),
                   kind="meeting", watch=AUDIENCE, change="denied", article_id=denial, claim_id=denied,
                   meeting_id=meeting,
                   evidence=no, place="Kyiv", date="2023-05-17", review="right",
                   reviewed_at=to_text(at("2023-05-26T12:10")))  # fmt: skip

    def keywords(self):
        texts = (
            ("k1", "Harbour Wire", "Li Hui ends his tour with a call for a ceasefire", "06:10", ENVOY, ["Li Hui"]),
            ("k2", "江城晚报", "李辉：各方应为谈判创造条件", "07:45", ENVOY, ["李辉"]),
            ("k3", "Северный телеграф", "Ли Хуэй рассказал о поездке по шести столицам", "09:05", ENVOY, ["Ли Хуэй"]),
            (
                "k4",
                "The Meridian Post",
                "What the peace mission of Li Hui has changed, and what it has not",
                "13:30",
                ENVOY,
                ["Li Hui"],
            ),
            ("k5", "صحيفة الميناء", "المبعوث الصيني لي هوي يختتم جولته في موسكو", "14:00", ENVOY, ["لي هوي"]),
            (
                "k6",
                "Harbour Wire",
                "Peace plan or pause? Capitals weigh the envoy's twelve points",
                "15:20",
                TALKS,
                ["envoy"],
            ),
        )
        for key, source, title, clock, watch, words in texts:
            when = at(f"2023-05-26T{clock}")
            article = self.article(key, source, title, f"{title}. More is expected during the evening.", when)
            self.match(article, watch, when, words)
            self.decide(article, "digest", "for-digest", when, watch)
            if key == "k1":
                for number, outlet in enumerate(("Vistula Daily", "Lutetia Review", "Dnipro Bulletin")):
                    later = when + timedelta(minutes=20 * (number + 1))
                    copy = self.article(f"k1c{number}", outlet, title, f"{title}. More is expected during the evening.",
                                        later, copy_of=article)  # fmt: skip
                    self.match(copy, watch, later, words)
                    self.decide(copy, "quiet", "copy", later, watch)

    def hostile(self):
        when = at("2023-05-26T16:40")
        text = f"{HOSTILE} wrote Li Hui </mark></blockquote><form action=//evil.example>.\n]]></content>&#x0;"
        article = self.article("hostile", HOSTILE_SOURCE, f"{HOSTILE} Li Hui", text, when, url=HOSTILE_URL)
        self.match(article, ENVOY, when, ["Li Hui"])
        alert = self.alert("hostile", f"{HOSTILE} matched", when, kind="match", watch=ENVOY, article_id=article,
                           evidence=f"{HOSTILE} wrote Li Hui </mark></blockquote><form action=//evil.example>.",
                           detail="</p><style>*{display:none}</style>", place="\u202emoscow")  # fmt: skip
        self.decide(article, "alert", "watch-matched", when, ENVOY, None, alert, detail="<b>detail</b>")

    def stories(self):
        """The audience as five told it, what became part of that, and one of a hostile title."""
        self.c.execute("UPDATE articles SET originator = source")
        self.c.execute(
            "UPDATE articles SET originator = (SELECT source FROM articles first WHERE first.id = articles.copy_of)"
            " WHERE copy_of IS NOT NULL"
        )
        for name, keys, lead in (
            ("audience", ("plan", "held", "readout", "zh", "copy"), "held"),
            ("hostile", ("hostile", "denial"), "hostile"),
        ):
            ids = [self.done.articles[key] for key in keys]
            story = self.insert("stories", title="", first_at="", last_at="")
            self.c.executemany("UPDATE articles SET story_id = ? WHERE id = ?", [(story, one) for one in ids])
            self.c.execute(
                "UPDATE stories SET (articles, sources, independent, first_at, last_at) = (SELECT count(*),"
                " count(DISTINCT source), count(DISTINCT originator), min(published_at), max(published_at)"
                " FROM articles WHERE story_id = ?1), (title, language) ="
                " (SELECT title, language FROM articles WHERE id = ?2), article_id = ?2 WHERE id = ?1",
                [story, self.done.articles[lead]],
            )
            self.done.stories[name] = story
        self.done.stories["merged"] = self.insert(
            "stories", title="Merged", first_at="", last_at="", merged_into=self.done.stories["audience"]
        )

    def deliveries(self):
        for number, (name, channel, state, fault) in enumerate((
            ("held", "desk", "sent", None),
            ("held", "phone", "sent", None),
            ("confirmed", "desk", "sent", None),
            ("confirmed", "phone", "parked", "refused"),
            ("denied", "desk", "dead", "unreachable"),
            ("hostile", "desk", "due", "rate-limited"),
        )):  # fmt: skip
            when = self.now - timedelta(minutes=10 * number)
            self.insert(
                "deliveries",
                key=f"delivery/{number}",
                alert_id=self.done.alerts[name],
                channel=channel,
                state=state,
                attempts=1 if fault is None else 5,
                created_at=to_text(when),
                due_at=to_text(when + timedelta(minutes=5)),
                sent_at=to_text(when + timedelta(seconds=2)) if state == "sent" else None,
                fault=fault,
                last_error="HTTP 403 from https://push.example/v1/?token=abcdefgh12345678" if fault else None,
            )
        digest = self.insert(
            "digests", key="digest/Evening/1", name="Evening", since=to_text(self.now - timedelta(days=1)),
            until=to_text(self.now), created_at=to_text(self.now), content="{}",
        )  # fmt: skip
        self.insert(
            "deliveries", key="delivery/digest", digest_id=digest, channel="desk", state="sent", attempts=1,
            created_at=to_text(self.now), due_at=to_text(self.now), sent_at=to_text(self.now),
        )  # fmt: skip

    def run(self):
        self.insert("runs", started_at=to_text(self.now - timedelta(days=4)), pid=4711, host="desk", version="0.1.0",
                    heartbeat_at=to_text(self.now))  # fmt: skip


def config(listen="127.0.0.1:8470", password=None):
    """A configuration that goes with the mission; its secrets must never be seen on a page."""
    return Config(
        web={"listen": listen, "password": password},
        people=(
            PersonEntry(
                name="Li Hui",
                offices=(
                    Office(
                        title="Special Representative on Eurasian Affairs", country="CN", level="deputy", envoy=True,
                        **{"from": "2019-08-01"},
                    ),
                ),
                forms={"zh": ("李辉",), "ru": ("Ли Хуэй",), "uk": ("Лі Хуей",)},
            ),
        ),
        groups={"envoys": ("Li Hui",)},
        watches=(
            Watch(name=AUDIENCE, meeting=MeetingSpec(guest="Li Hui", level="leader"), send="now",
                  channels=("desk", "phone")),
            Watch(name=ENVOY, query='"Li Hui" OR 李辉 OR "Ли Хуэй"'),
            Watch(name=TALKS, query="envoy AND (peace OR ceasefire)"),
        ),
        expect=(
            Expectation(
                name="Putin receives Li Hui", meeting=MeetingSpec(between=("Vladimir Putin", "Li Hui")),
                by=at("2023-05-26T18:00"), channels=("desk",),
            ),
        ),
        channels={
            "desk": Channel(url="json://user:pa55word-of-desk@hooks.example/t0ken-0123456789abcdef"),
            "phone": Channel(url="ntfy://t0pic-secret-123456/", quiet="23:00-07:00 Europe/Paris", fallback="desk"),
        },
        digests=(Digest(name="Evening", at="20:00 Europe/Paris", channels=("desk",)),),
    )  # fmt: skip
