"""Read-only queries for the page, the command line and digests; gathered here, by subject in the `views_` modules.

Each takes a connection whose `row_factory` is `sqlite3.Row` and returns frozen records with aware UTC times. `list_`
gives tuples, `get_` raises NotStoredError when there is none, `find_` may give None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.errors import NotStoredError
from storage.health import Condition, Health
from storage.runs import REVIEWS
from storage.views_alerts import (
    AlertLine,
    AlertView,
    DecisionLine,
    alerts_after,
    count_alerts,
    get_alert,
    list_alerts,
    newest_alert,
)
from storage.views_articles import (
    ArticleFilters,
    ArticleText,
    ArticleView,
    EntryLine,
    Explanation,
    MatchLine,
    explain_article,
    get_article,
)
from storage.views_copies import Additions
from storage.views_digest import (
    DigestFacts,
    MatchedArticle,
    MeetingChanges,
    WatchMatches,
    changed_meetings,
    digest_alerts,
    digest_facts,
    matches_by_watch,
)
from storage.views_meetings import (
    HistoryStep,
    MeetingView,
    SourceReport,
    get_meeting,
    list_meetings,
    official_reports,
    pairs_of,
)
from storage.views_outbox import DeliveryLine, deliveries_of_alert, outbox, outbox_counts
from storage.views_revisions import RevisionView
from storage.views_rows import ArticleLine, ClaimView, Evidence, Mark
from storage.views_search import search_articles
from storage.views_sources import (
    EndpointHealth,
    PollLine,
    Skips,
    SourceHealth,
    get_source,
    list_sources,
    sources_of,
    total_skips,
)
from storage.views_states import SourceStates, Thinned, judge_sources
from storage.views_stories import StoryLine, StoryView, find_story, get_story, list_stories
from storage.views_totals import (
    Attention,
    DatabaseFacts,
    Run,
    Totals,
    WatchActivity,
    attention,
    database_facts,
    find_last_run,
    list_notes,
    people_activity,
    totals,
    watch_activity,
)
from storage.views_unseen import Sight, UnseenCause, UnseenSource

if TYPE_CHECKING:
    import sqlite3

    Reader = sqlite3.Connection

__all__ = [
    "REVIEWS",
    "Additions",
    "AlertLine",
    "AlertView",
    "ArticleFilters",
    "ArticleLine",
    "ArticleText",
    "ArticleView",
    "Attention",
    "ClaimView",
    "Condition",
    "DatabaseFacts",
    "DecisionLine",
    "DeliveryLine",
    "DigestFacts",
    "EndpointHealth",
    "EntryLine",
    "Evidence",
    "Explanation",
    "Health",
    "HistoryStep",
    "Mark",
    "MatchLine",
    "MatchedArticle",
    "MeetingChanges",
    "MeetingView",
    "NotStoredError",
    "PollLine",
    "RevisionView",
    "Run",
    "Sight",
    "Skips",
    "SourceHealth",
    "SourceReport",
    "SourceStates",
    "StoryLine",
    "StoryView",
    "Thinned",
    "Totals",
    "UnseenCause",
    "UnseenSource",
    "WatchActivity",
    "WatchMatches",
    "alerts_after",
    "attention",
    "changed_meetings",
    "count_alerts",
    "database_facts",
    "deliveries_of_alert",
    "digest_alerts",
    "digest_facts",
    "explain_article",
    "find_last_run",
    "find_story",
    "get_alert",
    "get_article",
    "get_meeting",
    "get_source",
    "get_story",
    "judge_sources",
    "list_alerts",
    "list_meetings",
    "list_notes",
    "list_sources",
    "list_stories",
    "matches_by_watch",
    "newest_alert",
    "official_reports",
    "outbox",
    "outbox_counts",
    "pairs_of",
    "people_activity",
    "search_articles",
    "sources_of",
    "total_skips",
    "totals",
    "watch_activity",
]
