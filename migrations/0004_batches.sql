-- Work on many tracks that counts as one: a folder or a playlist that comes in, a library that is analysed again. Of this machine alone, never synced. Counts are asked
-- of the items, so they cannot disagree with them.
CREATE TABLE batches (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('import', 'analyze')),
    name TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'cancelled')),
    params TEXT NOT NULL DEFAULT '{}',
    created_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;
CREATE INDEX batches_newest ON batches(created_at, id);

-- pass: 0 nothing was asked of the jobs yet, 1 the quick steps were asked for, 2 they are over, 3 the slow ones were asked for. starts: how often its import was begun.
CREATE TABLE batch_items (
    id TEXT NOT NULL PRIMARY KEY,
    batch_id TEXT NOT NULL REFERENCES batches(id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    path TEXT,
    name TEXT NOT NULL DEFAULT '',
    track_id TEXT,
    state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'importing', 'analysing', 'done', 'duplicate', 'failed', 'cancelled')),
    is_duplicate INTEGER NOT NULL DEFAULT 0 CHECK (is_duplicate IN (0, 1)),
    pass INTEGER NOT NULL DEFAULT 0,
    starts INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    params TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE UNIQUE INDEX batch_items_position ON batch_items(batch_id, position);
CREATE INDEX batch_items_state ON batch_items(batch_id, state, pass, position);
CREATE INDEX batch_items_track ON batch_items(batch_id, track_id);

-- What a result was made from: the newest version (hybrid logical clock) of what its step had read when it began. A result without a row, such as one that came from
-- another machine, is taken to be made from whatever was older than itself.
CREATE TABLE analysis_inputs (
    track_id TEXT NOT NULL,
    step TEXT NOT NULL,
    inputs INTEGER NOT NULL,
    PRIMARY KEY (track_id, step)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER tracks_delete_inputs AFTER UPDATE OF deleted_at ON tracks WHEN NEW.deleted_at IS NOT NULL BEGIN
    DELETE FROM analysis_inputs WHERE track_id = NEW.id;
END;
