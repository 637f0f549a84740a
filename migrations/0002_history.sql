-- The history of graphs and scores. Revisions are numbered for people; a score's revision holds what it changed, and some hold the
-- whole score, so that few rows have to be read to know any of them. A branch says which revision it stands at (revision_id) and how
-- far redo may go (tip_id, a descendant of it); NULL is the empty state all began with. One branch of an owner is the current one:
-- where it stands is what is live.

ALTER TABLE implementation_revisions ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
CREATE INDEX implementation_revisions_number ON implementation_revisions(implementation_id, number);

-- depth: revisions since the last whole one, which has 0. behind: bytes of `data` in them.
ALTER TABLE score_revisions ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE score_revisions ADD COLUMN depth INTEGER NOT NULL DEFAULT 0;
ALTER TABLE score_revisions ADD COLUMN behind INTEGER NOT NULL DEFAULT 0;
CREATE INDEX score_revisions_number ON score_revisions(score_id, number);

-- Variants of a graph. is_loose: what is live may have come from another machine, without a revision of ours.
CREATE TABLE implementation_branches (
    id TEXT NOT NULL PRIMARY KEY,
    implementation_id TEXT NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    revision_id TEXT,
    tip_id TEXT,
    is_current INTEGER NOT NULL DEFAULT 0 CHECK (is_current IN (0, 1)),
    is_loose INTEGER NOT NULL DEFAULT 0 CHECK (is_loose IN (0, 1)),
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX implementation_branches_name ON implementation_branches(implementation_id, name COLLATE NOCASE) WHERE deleted_at IS NULL;
CREATE INDEX implementation_branches_implementation ON implementation_branches(implementation_id);

CREATE TRIGGER implementation_branches_insert AFTER INSERT ON implementation_branches BEGIN
    INSERT INTO changed_row VALUES ('implementation_branches', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE implementation_branches SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;
CREATE TRIGGER implementation_branches_update AFTER UPDATE OF
    implementation_id, name, revision_id, tip_id, is_current, deleted_at ON implementation_branches BEGIN
    INSERT INTO changed_row VALUES ('implementation_branches', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE implementation_branches SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

-- Variants of a score. is_loose: what is live may have come from another machine, without a revision of ours.
CREATE TABLE score_branches (
    id TEXT NOT NULL PRIMARY KEY,
    score_id TEXT NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    revision_id TEXT,
    tip_id TEXT,
    is_current INTEGER NOT NULL DEFAULT 0 CHECK (is_current IN (0, 1)),
    is_loose INTEGER NOT NULL DEFAULT 0 CHECK (is_loose IN (0, 1)),
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX score_branches_name ON score_branches(score_id, name COLLATE NOCASE) WHERE deleted_at IS NULL;
CREATE INDEX score_branches_score ON score_branches(score_id);

CREATE TRIGGER score_branches_insert AFTER INSERT ON score_branches BEGIN
    INSERT INTO changed_row VALUES ('score_branches', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE score_branches SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;
CREATE TRIGGER score_branches_update AFTER UPDATE OF
    score_id, name, revision_id, tip_id, is_current, deleted_at ON score_branches BEGIN
    INSERT INTO changed_row VALUES ('score_branches', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE score_branches SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

-- The same triggers as before, with what is new.

DROP TRIGGER implementation_revisions_update;
CREATE TRIGGER implementation_revisions_update AFTER UPDATE OF
    implementation_id, branch, name, message, author, previous_id, number, graph, deleted_at ON implementation_revisions BEGIN
    INSERT INTO changed_row VALUES ('implementation_revisions', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE implementation_revisions SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

DROP TRIGGER score_revisions_update;
CREATE TRIGGER score_revisions_update AFTER UPDATE OF
    score_id, branch, name, message, author, previous_id, number, depth, behind, data, deleted_at ON score_revisions BEGIN
    INSERT INTO changed_row VALUES ('score_revisions', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE score_revisions SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

DROP TRIGGER implementations_delete;
CREATE TRIGGER implementations_delete AFTER UPDATE OF deleted_at ON implementations
WHEN OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL AND (SELECT applying = 0 FROM sync_clock) BEGIN
    UPDATE implementation_branches SET deleted_at = NEW.deleted_at WHERE implementation_id = NEW.id AND deleted_at IS NULL;
    UPDATE implementation_revisions SET deleted_at = NEW.deleted_at WHERE implementation_id = NEW.id AND deleted_at IS NULL;
    UPDATE venue_implementation_overrides SET deleted_at = NEW.deleted_at WHERE implementation_id = NEW.id AND deleted_at IS NULL;
END;

DROP TRIGGER implementations_undelete;
CREATE TRIGGER implementations_undelete AFTER UPDATE OF deleted_at ON implementations
WHEN OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL AND (SELECT applying = 0 FROM sync_clock) BEGIN
    UPDATE implementation_branches SET deleted_at = NULL WHERE implementation_id = NEW.id AND deleted_at = OLD.deleted_at;
    UPDATE implementation_revisions SET deleted_at = NULL WHERE implementation_id = NEW.id AND deleted_at = OLD.deleted_at;
    UPDATE venue_implementation_overrides SET deleted_at = NULL WHERE implementation_id = NEW.id AND deleted_at = OLD.deleted_at
        AND EXISTS (SELECT 1 FROM venues WHERE id = venue_implementation_overrides.venue_id AND deleted_at IS NULL)
        AND EXISTS (SELECT 1 FROM patterns WHERE id = venue_implementation_overrides.pattern_id AND deleted_at IS NULL);
END;

DROP TRIGGER scores_delete;
CREATE TRIGGER scores_delete AFTER UPDATE OF deleted_at ON scores
WHEN OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL AND (SELECT applying = 0 FROM sync_clock) BEGIN
    UPDATE score_branches SET deleted_at = NEW.deleted_at WHERE score_id = NEW.id AND deleted_at IS NULL;
    UPDATE score_revisions SET deleted_at = NEW.deleted_at WHERE score_id = NEW.id AND deleted_at IS NULL;
    UPDATE score_annotations SET deleted_at = NEW.deleted_at WHERE score_id = NEW.id AND deleted_at IS NULL;
    UPDATE playlist_items SET deleted_at = NEW.deleted_at WHERE score_id = NEW.id AND deleted_at IS NULL;
END;

DROP TRIGGER scores_undelete;
CREATE TRIGGER scores_undelete AFTER UPDATE OF deleted_at ON scores
WHEN OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL AND (SELECT applying = 0 FROM sync_clock) BEGIN
    UPDATE score_branches SET deleted_at = NULL WHERE score_id = NEW.id AND deleted_at = OLD.deleted_at;
    UPDATE score_revisions SET deleted_at = NULL WHERE score_id = NEW.id AND deleted_at = OLD.deleted_at;
    UPDATE score_annotations SET deleted_at = NULL WHERE score_id = NEW.id AND deleted_at = OLD.deleted_at
        AND EXISTS (SELECT 1 FROM patterns WHERE id = score_annotations.pattern_id AND deleted_at IS NULL);
    UPDATE playlist_items SET deleted_at = NULL WHERE score_id = NEW.id AND deleted_at = OLD.deleted_at
        AND EXISTS (SELECT 1 FROM tracks WHERE id = playlist_items.track_id AND deleted_at IS NULL)
        AND EXISTS (SELECT 1 FROM playlists WHERE id = playlist_items.playlist_id AND deleted_at IS NULL);
END;
