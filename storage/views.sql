-- Views for people who look into the database with Datasette, sqlite-utils or the sqlite3 shell.

-- One row an alert, with the sentence that fired it, where that stands, how it was judged and when it went out.
CREATE VIEW alerts_with_evidence AS
SELECT
    alerts.id,
    alerts.created_at,
    alerts.kind,
    alerts.title,
    alerts.watch,
    alerts.change,
    meetings.participants,
    meetings.level,
    meetings.status,
    coalesce(alerts.date, meetings.date) AS date,
    coalesce(alerts.place, meetings.place) AS place,
    coalesce(nullif(alerts.evidence, ''), claims.evidence) AS evidence,
    articles.source,
    articles.country,
    articles.language,
    articles.role,
    articles.originator,
    articles.published_at,
    articles.title AS article_title,
    articles.url AS article_url,
    alerts.urgency,
    alerts.review,
    (SELECT group_concat(channel, ', ') FROM deliveries
     WHERE alert_id = coalesce(alerts.told_with, alerts.id) AND state = 'sent') AS sent_to,
    (SELECT min(sent_at) FROM deliveries WHERE alert_id = coalesce(alerts.told_with, alerts.id)) AS sent_at,
    articles.id AS article_id,
    alerts.claim_id,
    alerts.meeting_id
FROM alerts
LEFT JOIN claims ON claims.id = alerts.claim_id
LEFT JOIN articles ON articles.id = coalesce(alerts.article_id, claims.article_id)
LEFT JOIN meetings ON meetings.id = alerts.meeting_id;

-- Every two people of every meeting, once from each side, so that `person` alone finds all of somebody's.
CREATE VIEW who_met_whom AS
SELECT
    one.person,
    other.person AS met,
    meetings.status,
    meetings.level,
    meetings.date,
    meetings.place,
    meetings.reports,
    meetings.confirmed,
    meetings.disputed,
    meetings.first_reported_at,
    meetings.updated_at,
    meetings.id AS meeting_id
FROM meeting_people AS one
JOIN meeting_people AS other ON other.meeting_id = one.meeting_id AND other.person <> one.person
JOIN meetings ON meetings.id = one.meeting_id;

-- How much each source gave on each day (UTC), as first seen here; what copies others counted apart. By date(), for
-- substr() has an index of its own, by which every row would be read with its text; so one index has all of it.
CREATE VIEW coverage_per_day AS
SELECT
    date(seen_at) AS day,
    source,
    country,
    role,
    count(*) AS articles,
    count(copy_of) AS copies,
    count(DISTINCT language) AS languages
FROM articles
GROUP BY day, source, country, role;
