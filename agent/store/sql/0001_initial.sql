-- The ledger: what is known of the disk, of the destinations and of the work between them.
--
-- All of it can be rebuilt from the disk and the destinations; what cannot (what only the user knows) also stands in
-- intent.jsonl. Times are UTC epoch milliseconds unless a column says otherwise, sizes are bytes, paths are the bytes of
-- the file system.

-- A watched root. What is asked of it stands in settings.toml; here is what happened. A folder that is no longer watched
-- keeps its row and its files, so that adding it again uploads nothing.
CREATE TABLE folders (
    id          INTEGER PRIMARY KEY,
    path        BLOB    NOT NULL UNIQUE,
    watched     INTEGER NOT NULL DEFAULT 1 CHECK (watched IN (0, 1)),
    -- Which file system was mounted there when it was last read; another one is not mistaken for a mass deletion.
    identity    TEXT,
    -- The rules (as JSON) that the last full check judged by; other rules mean judging every file again.
    rules       TEXT,
    checked_at  INTEGER
) STRICT;

-- A place for copies. `inventoried_at` is set once all that it held before us has been read into `copies`.
CREATE TABLE destinations (
    id              TEXT PRIMARY KEY,
    kind            TEXT NOT NULL CHECK (kind IN ('immich', 'folder')),
    inventoried_at  INTEGER
) STRICT;

-- Which folder goes where, resolved from the settings, so that a file's state is one query.
CREATE TABLE folder_destinations (
    folder_id       INTEGER NOT NULL REFERENCES folders (id) ON DELETE CASCADE,
    destination_id  TEXT    NOT NULL REFERENCES destinations (id) ON DELETE CASCADE,
    PRIMARY KEY (folder_id, destination_id)
) STRICT, WITHOUT ROWID;

-- A directory below a watched root, relative to it ('' is the root). One query reads a whole directory, and its mtime
-- tells whether anything came or went since.
CREATE TABLE directories (
    id         INTEGER PRIMARY KEY,
    folder_id  INTEGER NOT NULL REFERENCES folders (id) ON DELETE CASCADE,
    path       BLOB    NOT NULL,
    mtime_ns   INTEGER,
    UNIQUE (folder_id, path)
) STRICT;

-- Bytes, wherever they lie: two paths with equal bytes are one content.
CREATE TABLE contents (
    id         INTEGER PRIMARY KEY,
    sha1       BLOB    NOT NULL CHECK (length(sha1) = 20),
    size       INTEGER NOT NULL CHECK (size >= 0),
    hashed_at  INTEGER NOT NULL,
    UNIQUE (sha1, size)
) STRICT;

-- One thing worth keeping: a still or a video with its sidecar, or a live photo of two files. Its files point at it.
CREATE TABLE assets (
    id          INTEGER PRIMARY KEY,
    folder_id   INTEGER NOT NULL REFERENCES folders (id) ON DELETE CASCADE,
    created_at  INTEGER NOT NULL
) STRICT;

-- A path and its facts. `content_id` is what it last held; `content_is_current` is 0 when size or mtime moved since.
-- `state` is derived from the copies of its content (see store/files.py) and stored so that counting costs nothing.
-- A file that is gone keeps its row: back again, it is known.
CREATE TABLE files (
    id                  INTEGER PRIMARY KEY,
    directory_id        INTEGER NOT NULL REFERENCES directories (id) ON DELETE CASCADE,
    folder_id           INTEGER NOT NULL REFERENCES folders (id) ON DELETE CASCADE,
    asset_id            INTEGER REFERENCES assets (id),
    name                BLOB    NOT NULL,
    role                TEXT    NOT NULL CHECK (role IN ('still', 'video', 'sidecar', 'other')),
    size                INTEGER NOT NULL,
    mtime_ns            INTEGER NOT NULL,
    inode               INTEGER NOT NULL,
    content_id          INTEGER REFERENCES contents (id),
    content_is_current  INTEGER NOT NULL DEFAULT 0 CHECK (content_is_current IN (0, 1)),
    state               TEXT    NOT NULL CHECK (state IN (
        'safe', 'queued', 'failed', 'excluded', 'deleted_at_destination', 'in_trash', 'missing_at_destination', 'gone')),
    reason              TEXT,
    seen_at             INTEGER NOT NULL,
    gone_at             INTEGER,
    UNIQUE (directory_id, name)
) STRICT;
CREATE INDEX files_by_asset ON files (asset_id) WHERE asset_id IS NOT NULL;
CREATE INDEX files_by_content ON files (content_id) WHERE content_id IS NOT NULL;
CREATE INDEX files_by_state ON files (state, id);
CREATE INDEX files_by_time ON files (mtime_ns DESC, id DESC) WHERE role <> 'sidecar';
CREATE INDEX files_gone_by_inode ON files (inode, size) WHERE state = 'gone';

-- A content at a destination. `not_taken` is a sidecar that the destination had no use for. `superseded_at` marks the
-- copy of a version that no file holds any more.
CREATE TABLE copies (
    content_id      INTEGER NOT NULL REFERENCES contents (id),
    destination_id  TEXT    NOT NULL REFERENCES destinations (id) ON DELETE CASCADE,
    state           TEXT    NOT NULL CHECK (state IN (
        'safe', 'in_trash', 'deleted_at_destination', 'missing_at_destination', 'not_taken')),
    remote_id       TEXT,
    placed_at       INTEGER NOT NULL,
    verified_at     INTEGER,
    superseded_at   INTEGER,
    PRIMARY KEY (content_id, destination_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX copies_by_remote ON copies (destination_id, remote_id);

-- Why a file is not at a destination although it was tried; gone with the next success.
CREATE TABLE failures (
    file_id         INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    destination_id  TEXT    NOT NULL REFERENCES destinations (id) ON DELETE CASCADE,
    code            TEXT    NOT NULL,
    args            TEXT    NOT NULL DEFAULT '{}',
    failed_at       INTEGER NOT NULL,
    PRIMARY KEY (file_id, destination_id)
) STRICT, WITHOUT ROWID;

-- What is still to be arranged at a server after the copies were made, written in the transaction of the copies so that
-- a crash forgets nothing. `kind` and `name` say what: an album or a tag by its name, a stack by the key of those that
-- belong together (`rank` 0 is its cover), a live photo (`name` is the still's remote id, `remote_id` the video's), a
-- video to be shown again, an asset to be taken out of the trash. Each step may be repeated without doubles.
CREATE TABLE organize_queue (
    id              INTEGER PRIMARY KEY,
    destination_id  TEXT    NOT NULL REFERENCES destinations (id) ON DELETE CASCADE,
    kind            TEXT    NOT NULL CHECK (kind IN ('album', 'tag', 'stack', 'live', 'show', 'restore')),
    name            TEXT    NOT NULL,
    remote_id       TEXT    NOT NULL,
    rank            INTEGER NOT NULL DEFAULT 0,
    tries           INTEGER NOT NULL DEFAULT 0,
    UNIQUE (destination_id, kind, name, remote_id)
) STRICT;

-- The albums that we found or made by name at a server, so that they are found again after a rename there.
CREATE TABLE album_links (
    destination_id  TEXT NOT NULL REFERENCES destinations (id) ON DELETE CASCADE,
    name            TEXT NOT NULL,
    remote_id       TEXT NOT NULL,
    PRIMARY KEY (destination_id, name)
) STRICT, WITHOUT ROWID;

-- What an account at a server holds, as far as the last sync saw it: a mirror, brought up to date by differences and
-- never a reason to touch a local file. `seen_in` is the number of the whole reading that saw the row last; what a whole
-- reading did not see is gone. `sha1` is NULL where the server's checksum is not of the bytes (external libraries).
CREATE TABLE remote_assets (
    destination_id  TEXT    NOT NULL REFERENCES destinations (id) ON DELETE CASCADE,
    remote_id       TEXT    NOT NULL,
    owner_id        TEXT    NOT NULL,
    sha1            BLOB,
    name            TEXT    NOT NULL,
    kind            TEXT    NOT NULL,
    created_at      INTEGER,
    trashed_at      INTEGER,
    is_favorite     INTEGER NOT NULL DEFAULT 0,
    visibility      TEXT    NOT NULL DEFAULT 'timeline',
    live_video_id   TEXT,
    stack_id        TEXT,
    seen_in         INTEGER NOT NULL,
    PRIMARY KEY (destination_id, remote_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE remote_albums (
    destination_id  TEXT    NOT NULL REFERENCES destinations (id) ON DELETE CASCADE,
    remote_id       TEXT    NOT NULL,
    name            TEXT    NOT NULL,
    seen_in         INTEGER NOT NULL,
    PRIMARY KEY (destination_id, remote_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE remote_album_assets (
    destination_id  TEXT    NOT NULL REFERENCES destinations (id) ON DELETE CASCADE,
    album_id        TEXT    NOT NULL,
    remote_id       TEXT    NOT NULL,
    seen_in         INTEGER NOT NULL,
    PRIMARY KEY (destination_id, album_id, remote_id)
) STRICT, WITHOUT ROWID;

-- The people of the server that the account may see. `shares` is 1 for a partner who shows us their library.
CREATE TABLE remote_users (
    destination_id  TEXT    NOT NULL REFERENCES destinations (id) ON DELETE CASCADE,
    remote_id       TEXT    NOT NULL,
    name            TEXT    NOT NULL DEFAULT '',
    email           TEXT    NOT NULL DEFAULT '',
    shares          INTEGER NOT NULL DEFAULT 0 CHECK (shares IN (0, 1)),
    seen_in         INTEGER NOT NULL,
    PRIMARY KEY (destination_id, remote_id)
) STRICT, WITHOUT ROWID;

-- How far the sync of a destination got. `reading` numbers the whole readings; `whole` is 1 while one is under way.
-- `way` is 'stream' or 'search'; `session` tells which sign-in the checkpoints belong to (a digest). `cursor_at` is the
-- server's time up to which the search has seen all changes, `checked_at` when all copies were asked for by digest, `etag`
-- the last answer's to the question for albums.
CREATE TABLE remote_syncs (
    destination_id  TEXT    PRIMARY KEY REFERENCES destinations (id) ON DELETE CASCADE,
    way             TEXT    NOT NULL CHECK (way IN ('stream', 'search')),
    reading         INTEGER NOT NULL DEFAULT 1,
    whole           INTEGER NOT NULL DEFAULT 1 CHECK (whole IN (0, 1)),
    began_at        INTEGER,
    synced_at       INTEGER,
    session         TEXT,
    cursor_at       INTEGER,
    checked_at      INTEGER,
    etag            TEXT
) STRICT, WITHOUT ROWID;

-- The server's marks for each kind of change, stored together with the changes; `sent` once the server was told.
CREATE TABLE remote_checkpoints (
    destination_id  TEXT    NOT NULL REFERENCES destinations (id) ON DELETE CASCADE,
    kind            TEXT    NOT NULL,
    ack             TEXT    NOT NULL,
    sent            INTEGER NOT NULL DEFAULT 0 CHECK (sent IN (0, 1)),
    PRIMARY KEY (destination_id, kind)
) STRICT, WITHOUT ROWID;

-- The proof of backup: when a file's bytes were last read again, and what came of it. `rotten`: other bytes than were
-- copied, although size and time did not move; `lost`: the destination has them no more; `unsafe`: not (yet) everywhere.
CREATE TABLE proofs (
    file_id     INTEGER PRIMARY KEY REFERENCES files (id) ON DELETE CASCADE,
    checked_at  INTEGER NOT NULL,
    verdict     TEXT    NOT NULL CHECK (verdict IN ('whole', 'rotten', 'lost', 'in_trash', 'unsafe', 'unreadable')),
    found_sha1  BLOB
) STRICT;
CREATE INDEX proofs_rotten ON proofs (file_id) WHERE verdict = 'rotten';

-- A proof is of a version: another one has none yet.
CREATE TRIGGER proofs_end AFTER UPDATE OF size, mtime_ns ON files
WHEN old.size <> new.size OR old.mtime_ns <> new.mtime_ns BEGIN
    DELETE FROM proofs WHERE file_id = old.id;
END;

-- A request by a person ('back up now'): its jobs carry its id. `passes` says what does not hold them.
CREATE TABLE job_groups (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    kind          TEXT    NOT NULL,
    passes        TEXT    NOT NULL CHECK (passes IN ('off', 'all')),
    is_scanning   INTEGER NOT NULL DEFAULT 0 CHECK (is_scanning IN (0, 1)),
    created_at    INTEGER NOT NULL,
    cancelled_at  INTEGER,
    total         INTEGER NOT NULL DEFAULT 0,
    completed     INTEGER NOT NULL DEFAULT 0,
    failed        INTEGER NOT NULL DEFAULT 0,
    bytes_total   INTEGER NOT NULL DEFAULT 0,
    bytes_done    INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The queue. The first eleven columns are published and keep their names; their times are ISO 8601 text in UTC. The
-- rest is ours: lane (a destination's id or 'local'), run_after, unique_key (one job that has not ended per key; asked for
-- again while running sets run_again), group_id, folder_id and weight (bytes) for the gate and the batch, boot_id of the
-- agent that claimed it, interruptions (holds, stops and crashes, which are no attempts), deaths (how many of those were
-- crashes), progress and result.
CREATE TABLE background_service_jobs (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    job_key          TEXT    NOT NULL,
    payload          TEXT,
    status           TEXT    NOT NULL CHECK (status IN ('PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED')),
    attempts         INTEGER NOT NULL DEFAULT 0,
    max_attempts     INTEGER NOT NULL DEFAULT 3,
    last_attempt_at  TEXT,
    last_error       TEXT,
    priority         INTEGER NOT NULL DEFAULT 0,
    created_at       TEXT    NOT NULL,
    updated_at       TEXT    NOT NULL,
    lane             TEXT    NOT NULL DEFAULT 'local',
    folder_id        INTEGER,
    group_id         INTEGER,
    run_after        INTEGER NOT NULL DEFAULT 0,
    unique_key       TEXT,
    run_again        INTEGER NOT NULL DEFAULT 0 CHECK (run_again IN (0, 1)),
    weight           INTEGER NOT NULL DEFAULT 0,
    boot_id          TEXT,
    interruptions    INTEGER NOT NULL DEFAULT 0,
    deaths           INTEGER NOT NULL DEFAULT 0,
    progress         INTEGER NOT NULL DEFAULT 0,
    result           TEXT
) STRICT;
CREATE UNIQUE INDEX jobs_unique ON background_service_jobs (unique_key) WHERE status IN ('PENDING', 'RUNNING');
CREATE INDEX jobs_ready ON background_service_jobs (lane, priority DESC, run_after, id) WHERE status = 'PENDING';
CREATE INDEX jobs_running ON background_service_jobs (id) WHERE status = 'RUNNING';
CREATE INDEX jobs_failed ON background_service_jobs (id) WHERE status = 'FAILED';
CREATE INDEX jobs_by_group ON background_service_jobs (group_id, status) WHERE group_id IS NOT NULL;

-- What happened, for the history of a file and the list of the last ones. Pruned.
CREATE TABLE activity (
    id              INTEGER PRIMARY KEY,
    at              INTEGER NOT NULL,
    what            TEXT    NOT NULL,
    file_id         INTEGER REFERENCES files (id) ON DELETE CASCADE,
    destination_id  TEXT,
    args            TEXT    NOT NULL DEFAULT '{}'
) STRICT;
CREATE INDEX activity_by_file ON activity (file_id);

-- Moments worth remembering: `clean_stop` (the agent ended with nothing half seen), `backed_up` (the ledger's own copy),
-- `whole_check` (all folders were compared).
CREATE TABLE marks (
    name  TEXT PRIMARY KEY,
    at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Stretches of work, for the history.
CREATE TABLE runs (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    started_at  INTEGER NOT NULL,
    ended_at    INTEGER,
    completed   INTEGER NOT NULL DEFAULT 0,
    failed      INTEGER NOT NULL DEFAULT 0,
    bytes       INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Running totals, kept by the triggers below: nothing ever counts the library to show a number.
CREATE TABLE file_counts (
    folder_id  INTEGER NOT NULL,
    state      TEXT    NOT NULL,
    files      INTEGER NOT NULL DEFAULT 0,
    bytes      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (folder_id, state)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER files_counted_in AFTER INSERT ON files WHEN new.role <> 'sidecar' BEGIN
    INSERT INTO file_counts (folder_id, state, files, bytes) VALUES (new.folder_id, new.state, 1, new.size)
    ON CONFLICT DO UPDATE SET files = files + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER files_counted_out AFTER DELETE ON files WHEN old.role <> 'sidecar' BEGIN
    UPDATE file_counts SET files = files - 1, bytes = bytes - old.size
    WHERE folder_id = old.folder_id AND state = old.state;
END;
CREATE TRIGGER files_counted_over AFTER UPDATE OF state, size, folder_id, role ON files
WHEN old.state <> new.state OR old.size <> new.size OR old.folder_id <> new.folder_id OR old.role <> new.role BEGIN
    UPDATE file_counts SET files = files - 1, bytes = bytes - old.size
    WHERE folder_id = old.folder_id AND state = old.state AND old.role <> 'sidecar';
    INSERT INTO file_counts (folder_id, state, files, bytes)
    SELECT new.folder_id, new.state, 1, new.size WHERE new.role <> 'sidecar'
    ON CONFLICT DO UPDATE SET files = files + 1, bytes = bytes + excluded.bytes;
END;

CREATE TABLE job_counts (
    lane     TEXT    NOT NULL,
    job_key  TEXT    NOT NULL,
    status   TEXT    NOT NULL,
    jobs     INTEGER NOT NULL DEFAULT 0,
    bytes    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (lane, job_key, status)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER jobs_counted_in AFTER INSERT ON background_service_jobs BEGIN
    INSERT INTO job_counts (lane, job_key, status, jobs, bytes) VALUES (new.lane, new.job_key, new.status, 1, new.weight)
    ON CONFLICT DO UPDATE SET jobs = jobs + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER jobs_counted_out AFTER DELETE ON background_service_jobs BEGIN
    UPDATE job_counts SET jobs = jobs - 1, bytes = bytes - old.weight
    WHERE lane = old.lane AND job_key = old.job_key AND status = old.status;
END;
CREATE TRIGGER jobs_counted_over AFTER UPDATE OF status ON background_service_jobs WHEN old.status <> new.status BEGIN
    UPDATE job_counts SET jobs = jobs - 1, bytes = bytes - old.weight
    WHERE lane = old.lane AND job_key = old.job_key AND status = old.status;
    INSERT INTO job_counts (lane, job_key, status, jobs, bytes) VALUES (new.lane, new.job_key, new.status, 1, new.weight)
    ON CONFLICT DO UPDATE SET jobs = jobs + 1, bytes = bytes + excluded.bytes;
END;
