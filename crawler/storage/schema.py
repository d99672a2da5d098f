"""The tables of a job's state, `state/NAME/crawl.sqlite`, and the statements over them.

One row per request, over the life of the job. The rows of the present run are those from its
first row on, and older ones that `run_seen` names because the run found them again. The
partial indexes hold only what is pending: `request_ready` answers "next rows of a host, in order"
and `request_due` "which retries are due". There is no index by fingerprint while a first crawl
runs (the seen-set in memory answers that); it is built in one go when a later run begins.
"""

from __future__ import annotations

from crawler.outcome import State

#: Version of the tables; a newer one than the program knows is refused.
VERSION = 5

#: `PRAGMA application_id`: tells our file from any other SQLite database ("crwl").
APPLICATION_ID = 0x6372776C

#: State of rows that only earlier runs know; not a `crawler.outcome.State`.
HISTORY = -1

TABLES = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE host (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, state BLOB);
CREATE TABLE request (
    id INTEGER PRIMARY KEY,
    key INTEGER NOT NULL,
    host INTEGER NOT NULL,
    state INTEGER NOT NULL,
    reason TEXT,
    rank INTEGER NOT NULL,
    depth INTEGER NOT NULL,
    label TEXT,
    label_rank INTEGER NOT NULL,
    url TEXT NOT NULL,
    method TEXT,
    body BLOB,
    payload BLOB,
    parent INTEGER NOT NULL,
    is_start INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    not_before REAL,
    fetch_no INTEGER NOT NULL DEFAULT 0,
    crashes INTEGER NOT NULL DEFAULT 0,
    status INTEGER,
    size INTEGER,
    ms INTEGER,
    error TEXT,
    ended INTEGER
);
CREATE INDEX request_ready ON request (host, rank DESC, depth, id)
    WHERE state = 0 AND not_before IS NULL;
CREATE INDEX request_due ON request (not_before) WHERE state = 0 AND not_before IS NOT NULL;
CREATE TABLE run_seen (row INTEGER PRIMARY KEY);
CREATE TABLE children (row INTEGER PRIMARY KEY, rows BLOB NOT NULL);
CREATE TABLE cookie (
    domain TEXT, path TEXT, name TEXT, value TEXT NOT NULL, host_only INTEGER NOT NULL,
    secure INTEGER NOT NULL, expires REAL, created REAL NOT NULL, http_only INTEGER NOT NULL,
    PRIMARY KEY (domain, path, name)
) WITHOUT ROWID;
CREATE TABLE mark (
    sink TEXT PRIMARY KEY, path TEXT NOT NULL, length INTEGER NOT NULL, tail TEXT NOT NULL
) WITHOUT ROWID;
"""

OUTBOX = """
CREATE TABLE outbox (
    row INTEGER PRIMARY KEY AUTOINCREMENT, item_id TEXT NOT NULL, name TEXT NOT NULL,
    data BLOB NOT NULL, url TEXT, depth INTEGER NOT NULL, parent_url TEXT
);
"""

#: The seen-set of a large run, see `crawler.storage.sqlite_seen`: `row` is the last row that is in
#: a part, `at` the commit that wrote it, or that put a row of an earlier run into `run_seen`.
SEEN_PARTS = """
CREATE TABLE seen_part (
    part INTEGER PRIMARY KEY, row INTEGER NOT NULL, at INTEGER NOT NULL, data BLOB NOT NULL
);
ALTER TABLE run_seen ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
"""

#: What incremental jobs remember. `request.urgency` is how overdue a page was as the run began, in
#: seconds, 0 for what has no due date; negative: it is not due, and waits to be settled without
#: being asked for. `memory` has a row per request row, see `crawler.messages.PageMemory`; `due` is
#: NULL for a page that is never asked for again. `known_item` has an item by its key, with what it
#: was, and in the columns `new_*` what the present run found. A digest is 16 bytes.
MEMORY = """
ALTER TABLE outbox ADD COLUMN standing TEXT;
ALTER TABLE request ADD COLUMN urgency INTEGER NOT NULL DEFAULT 0;
DROP INDEX request_ready;
CREATE INDEX request_ready ON request (host, rank DESC, urgency DESC, depth, id)
    WHERE state = 0 AND not_before IS NULL AND urgency >= 0;
CREATE INDEX request_not_due ON request (id) WHERE state = 0 AND urgency < 0;
CREATE TABLE memory (
    row INTEGER PRIMARY KEY,
    etag TEXT,
    last_modified TEXT,
    body_hash BLOB,
    print BLOB,
    simhash INTEGER,
    gain BLOB,
    rules BLOB,
    first_seen REAL NOT NULL,
    fetched REAL NOT NULL,
    changed REAL NOT NULL,
    interval REAL NOT NULL,
    due REAL,
    visits INTEGER NOT NULL DEFAULT 0,
    wrong_304 INTEGER NOT NULL DEFAULT 0,
    misses INTEGER NOT NULL DEFAULT 0,
    gone_since REAL,
    lastmod REAL,
    news INTEGER NOT NULL DEFAULT 0,
    run INTEGER NOT NULL DEFAULT 0,
    kept BLOB
);
CREATE TABLE known_item (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    page INTEGER NOT NULL,
    url TEXT NOT NULL,
    data BLOB,
    print BLOB,
    state INTEGER NOT NULL DEFAULT 0,
    misses INTEGER NOT NULL DEFAULT 0,
    first_at REAL NOT NULL,
    changed_at REAL NOT NULL,
    changed_run INTEGER NOT NULL DEFAULT 0,
    streaks BLOB,
    run INTEGER NOT NULL DEFAULT 0,
    lost INTEGER NOT NULL DEFAULT 0,
    judged INTEGER NOT NULL DEFAULT 0,
    new_data BLOB,
    new_print BLOB,
    new_page INTEGER,
    new_url TEXT,
    new_at REAL,
    new_run INTEGER,
    UNIQUE (name, key)
);
CREATE INDEX known_item_page ON known_item (page);
"""

#: What brings the tables of a version to the next one.
UPGRADES = {
    1: OUTBOX,
    2: "ALTER TABLE request ADD COLUMN ended INTEGER;",
    3: SEEN_PARTS,
    4: MEMORY,
}

KEY_INDEX = "CREATE INDEX IF NOT EXISTS request_key ON request (key)"

INSERT_ROW = (
    "INSERT INTO request (id, key, host, state, reason, rank, depth, label, label_rank, url,"
    " method, body, payload, parent, is_start) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
REVIVE_ROW = (
    "UPDATE request SET state=?, reason=?, rank=?, depth=?, label=?, label_rank=?, url=?,"
    " method=?, body=?, payload=?, parent=?, is_start=?, attempts=0, not_before=NULL, crashes=0,"
    " urgency=0,"
    " status=NULL, size=NULL, ms=NULL, error=NULL, ended=NULL WHERE id=?"
)
INSERT_PLAIN = (
    "INSERT INTO request (id, key, host, state, rank, depth, label_rank, url, parent, is_start)"
    " VALUES (?,?,?,0,0,?,0,?,?,0)"
)
# The gain of a page that was not read anew stays.
PUT_MEMORY = (
    "INSERT INTO memory (row, etag, last_modified, body_hash, print, simhash, gain, rules,"
    " first_seen, fetched, changed, interval, due, visits, wrong_304, misses, gone_since, lastmod,"
    " news, run, kept) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (row)"
    " DO UPDATE SET etag=excluded.etag, last_modified=excluded.last_modified,"
    " body_hash=excluded.body_hash,"
    " print=excluded.print, simhash=excluded.simhash, gain=ifnull(excluded.gain, gain),"
    " rules=excluded.rules, first_seen=excluded.first_seen, fetched=excluded.fetched,"
    " changed=excluded.changed, interval=excluded.interval, due=excluded.due,"
    " visits=excluded.visits, wrong_304=excluded.wrong_304, misses=excluded.misses,"
    " gone_since=excluded.gone_since, lastmod=ifnull(excluded.lastmod, lastmod),"
    " news=max(news, excluded.news),"
    " run=excluded.run, kept=excluded.kept"
)
INSERT_SEEN = "INSERT INTO run_seen (row, at) VALUES (?,?)"
END_ROW = (
    "UPDATE request SET state=?, reason=?, error=?, status=?, attempts=?, not_before=?,"
    " size=?, ms=?, ended=?, fetch_no=fetch_no+? WHERE id=?"
)
COUNT_CRASH = "UPDATE request SET crashes=crashes+1 WHERE id=? AND state=0"
SEEN_PART = "SELECT data FROM seen_part WHERE part=?"
PUT_SEEN_PART = "INSERT OR REPLACE INTO seen_part VALUES (?,?,?,?)"
PUT_CHILDREN = "INSERT OR REPLACE INTO children VALUES (?,?)"
PUT_HOST_STATE = "UPDATE host SET state=? WHERE id=?"
PUT_SETTING = (
    "INSERT INTO setting VALUES (?,?) ON CONFLICT (name) DO UPDATE SET value=excluded.value"
)
PUT_COOKIE = "INSERT OR REPLACE INTO cookie VALUES (?,?,?,?,?,?,?,?,?)"
DROP_COOKIE = "DELETE FROM cookie WHERE domain=? AND path=? AND name=?"
PUT_WAITING = (
    "INSERT INTO outbox (item_id, name, data, url, depth, parent_url, standing)"
    " VALUES (?,?,?,?,?,?,?)"
)
DROP_WAITING = "DELETE FROM outbox WHERE row=?"
WAITING = (
    "SELECT row, item_id, name, data, url, depth, parent_url, standing FROM outbox WHERE row>?"
    " ORDER BY row LIMIT ?"
)
PUT_MARK = "INSERT OR REPLACE INTO mark VALUES (?,?,?,?)"

_COLUMNS = (
    "SELECT r.id, r.key, r.url, h.name, r.method, r.body, r.rank, r.depth, r.label, r.attempts,"
    " r.fetch_no, r.parent, p.url, r.crashes, r.is_start, r.payload, r.urgency"
)
_FROM = " FROM request r JOIN host h ON h.id = r.host LEFT JOIN request p ON p.id = r.parent"
_TAKE = (
    " WHERE r.host=? AND r.state=0 AND r.not_before IS NULL AND r.urgency>=0"
    " ORDER BY r.rank DESC, r.urgency DESC, r.depth, r.id LIMIT ?"
)
_DUE = (
    " WHERE r.state=0 AND r.not_before IS NOT NULL AND r.not_before<=?"
    " ORDER BY r.not_before LIMIT ?"
)
_ONE = " WHERE r.id=?"
TAKE, DUE, ONE = (f"{_COLUMNS}{_FROM}{where}" for where in (_TAKE, _DUE, _ONE))
# The same with what is remembered of each page, but for its gain: that is read as it is needed.
_MEMORY = (
    ", m.etag, m.last_modified, m.body_hash, m.print, m.simhash, m.rules, m.first_seen, m.fetched,"
    " m.changed, m.interval, m.due, m.visits, m.wrong_304, m.misses, m.gone_since, m.lastmod,"
    " m.news, m.run, m.kept"
)
REMEMBERED = f"{_COLUMNS}{_MEMORY}{_FROM} LEFT JOIN memory m ON m.row = r.id"
TAKE_REMEMBERED, DUE_REMEMBERED, ONE_REMEMBERED = (
    f"{REMEMBERED}{where}" for where in (_TAKE, _DUE, _ONE)
)
# A try that ended in the future was one before the clock was set back: its wait begins now. An hour
# is what a retry waits at most (`RetryPolicy`).
PULL_IN = (
    "UPDATE request SET not_before = :now + min(3600, max(0, not_before - ifnull(ended, :now)))"
    " WHERE state=0 AND not_before IS NOT NULL"
    " AND (not_before > :now + 3600 OR ended > :now + 60)"
)
DUE_TIMES = (
    "SELECT id, not_before FROM request WHERE state=0 AND not_before IS NOT NULL"
    " ORDER BY not_before"
)
# A host whose rows nobody counts to their end costs a look at the index, whatever waits for it.
PENDING_BY_HOST = (
    "SELECT * FROM (SELECT h.name, (SELECT count(*) FROM (SELECT 1 FROM request r"
    " WHERE r.host = h.id AND r.state=0 AND r.not_before IS NULL AND r.urgency>=0"
    " LIMIT :most)) AS rows"
    " FROM host h) WHERE rows > 0"
)
_IN_RUN = "(state >= 0 AND (id >= :first OR id IN (SELECT row FROM run_seen)))"
# A row as one word of the seen-set, as `pack` and `label_note` would write it, but three times as
# fast: millions are read before a crawl can begin. In SQL, shifts bind no tighter than "or".
_WORD = (
    "(r.id << 24) | (min(r.depth, 65535) << 8)"
    " | CASE r.label_rank WHEN 0 THEN 255 ELSE min(r.label_rank, 255) END"
)
SEEN = f"SELECT r.key, {_WORD} FROM request r WHERE r.state >= 0 AND r.id >= ?"
SEEN_AGAIN = (
    f"SELECT r.key, {_WORD} FROM run_seen s JOIN request r ON r.id = s.row"
    " WHERE s.at > ? AND r.state >= 0"
)
AUDIT = f"SELECT state, reason, count(*) FROM request WHERE {_IN_RUN} GROUP BY state, reason"
LEDGER_ROWS = (
    "SELECT r.url, r.state, r.reason, r.status, r.attempts, r.depth, p.url, r.size, r.ms, r.error,"
    " r.ended FROM request r LEFT JOIN request p ON p.id = r.parent"
    " WHERE r.state >= 0 AND (r.id >= :first OR r.id IN (SELECT row FROM run_seen))"
)
LEDGER = f"{LEDGER_ROWS} ORDER BY r.id"
_GIVEN_UP = f"state IN ({State.FAILED:d}, {State.DEAD:d}) AND {_IN_RUN}"
GIVEN_UP = (
    f"SELECT reason, status, is_start, count(*) FROM request WHERE {_GIVEN_UP}"
    " GROUP BY reason, status, is_start"
)
GIVEN_UP_ROWS = f"SELECT id FROM request WHERE {_GIVEN_UP} AND ifnull(reason, '') = :reason"
RETRY_ROWS = (
    "UPDATE request SET state=0, reason=NULL, attempts=0, not_before=NULL, crashes=0, status=NULL,"
    f" size=NULL, ms=NULL, error=NULL, ended=NULL WHERE {_GIVEN_UP}"
    " AND ifnull(reason, '') = :reason"
)
