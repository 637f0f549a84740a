CREATE TABLE analysis_inputs (
    track_id TEXT NOT NULL,
    step TEXT NOT NULL,
    inputs INTEGER NOT NULL,
    PRIMARY KEY (track_id, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE audio_chains (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL DEFAULT '',
    device TEXT,
    effects TEXT NOT NULL DEFAULT '[]',
    is_enabled INTEGER NOT NULL DEFAULT 1 CHECK (is_enabled IN (0, 1)),
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE UNIQUE INDEX audio_chains_device ON audio_chains(ifnull(device, '')) WHERE deleted_at IS NULL;

CREATE TRIGGER audio_chains_insert AFTER INSERT ON audio_chains BEGIN
    INSERT INTO changed_row VALUES ('audio_chains', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE audio_chains SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TRIGGER audio_chains_update AFTER UPDATE OF
    name, device, effects, is_enabled, deleted_at ON audio_chains BEGIN
    INSERT INTO changed_row VALUES ('audio_chains', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE audio_chains SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TABLE audit_log (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    user_name TEXT NOT NULL DEFAULT '',
    role TEXT NOT NULL DEFAULT '',
    address TEXT NOT NULL DEFAULT '',
    action TEXT NOT NULL,
    table_name TEXT,
    row_id TEXT,
    detail TEXT NOT NULL DEFAULT '{}'
) STRICT;

CREATE INDEX audit_log_at ON audit_log(at);

CREATE INDEX audit_log_row ON audit_log(row_id, at);

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

CREATE VIEW changed_row (table_name, row_id, version, deleted_at) AS SELECT NULL, NULL, NULL, NULL WHERE 0;

CREATE TRIGGER changed_row_insert INSTEAD OF INSERT ON changed_row BEGIN
    UPDATE sync_clock SET
        wall_ms = CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5 AS INTEGER),
        value = max(value, CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5 AS INTEGER) << 10) + 1
        WHERE applying = 0 OR NEW.table_name IS NULL;
    UPDATE sync_clock SET value = NEW.version WHERE applying = 1 AND value < NEW.version;
    INSERT INTO pending_ops (table_name, row_id, op, version, queued_at, account)
        SELECT NEW.table_name, NEW.row_id, iif(NEW.deleted_at IS NULL, 'upsert', 'delete'), value, wall_ms, account
        FROM sync_clock WHERE applying = 0 AND NEW.table_name IS NOT NULL
        ON CONFLICT (table_name, row_id) DO UPDATE SET op = excluded.op, version = excluded.version,
            account = ifnull(pending_ops.account, excluded.account), attempts = 0, next_attempt_at = 0, parked_at = NULL, error = NULL;
END;

CREATE TABLE cues (
    id TEXT NOT NULL PRIMARY KEY,
    venue_id TEXT NOT NULL,
    pattern_id TEXT NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    color TEXT,
    page INTEGER NOT NULL DEFAULT 0,
    slot INTEGER NOT NULL DEFAULT 0,
    mode TEXT NOT NULL DEFAULT 'toggle',
    quantize TEXT NOT NULL DEFAULT 'none',
    fade_in REAL NOT NULL DEFAULT 0,
    fade_out REAL NOT NULL DEFAULT 0,
    level REAL NOT NULL DEFAULT 1,
    z_index INTEGER NOT NULL DEFAULT 0,
    blend_mode TEXT NOT NULL DEFAULT 'replace',
    args TEXT NOT NULL DEFAULT '{}',
    seed INTEGER NOT NULL,
    binding TEXT,
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX cues_pattern ON cues(pattern_id);

CREATE INDEX cues_venue ON cues(venue_id, page, slot);

CREATE TRIGGER cues_insert AFTER INSERT ON cues BEGIN
    INSERT INTO changed_row VALUES ('cues', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE cues SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TRIGGER cues_update AFTER UPDATE OF
    venue_id, pattern_id, name, color, page, slot, mode, quantize, fade_in, fade_out, level, z_index,
    blend_mode, args, seed, binding, deleted_at ON cues BEGIN
    INSERT INTO changed_row VALUES ('cues', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE cues SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TABLE fixture_group_members (
    id TEXT NOT NULL PRIMARY KEY,
    group_id TEXT NOT NULL,
    fixture_id TEXT NOT NULL,
    sort_index INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX fixture_group_members_fixture ON fixture_group_members(fixture_id);

CREATE INDEX fixture_group_members_group ON fixture_group_members(group_id, sort_index);

CREATE UNIQUE INDEX fixture_group_members_pair ON fixture_group_members(group_id, fixture_id) WHERE deleted_at IS NULL;

CREATE TRIGGER fixture_group_members_insert AFTER INSERT ON fixture_group_members BEGIN
    INSERT INTO changed_row VALUES ('fixture_group_members', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE fixture_group_members SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TRIGGER fixture_group_members_update AFTER UPDATE OF
    group_id, fixture_id, sort_index, deleted_at ON fixture_group_members BEGIN
    INSERT INTO changed_row VALUES ('fixture_group_members', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE fixture_group_members SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TABLE fixture_groups (
    id TEXT NOT NULL PRIMARY KEY,
    venue_id TEXT NOT NULL,
    name TEXT NOT NULL CONSTRAINT "name: must be a lower-case word of a-z, 0-9 and _ that begins with a letter, and not the word all" CHECK (name GLOB '[a-z]*' AND name NOT GLOB '*[^a-z0-9_]*' AND name <> 'all'),
    axis_lr REAL,
    axis_fb REAL,
    axis_ab REAL,
    movement TEXT,
    color TEXT,
    sort_index REAL NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE UNIQUE INDEX fixture_groups_name ON fixture_groups(venue_id, name) WHERE deleted_at IS NULL;

CREATE INDEX fixture_groups_venue ON fixture_groups(venue_id);

CREATE TRIGGER fixture_groups_delete AFTER UPDATE OF deleted_at ON fixture_groups
WHEN OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL AND (SELECT applying = 0 FROM sync_clock) BEGIN
    UPDATE fixture_group_members SET deleted_at = NEW.deleted_at WHERE group_id = NEW.id AND deleted_at IS NULL;
END;

CREATE TRIGGER fixture_groups_insert AFTER INSERT ON fixture_groups BEGIN
    INSERT INTO changed_row VALUES ('fixture_groups', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE fixture_groups SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TRIGGER fixture_groups_undelete AFTER UPDATE OF deleted_at ON fixture_groups
WHEN OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL AND (SELECT applying = 0 FROM sync_clock) BEGIN
    UPDATE fixture_group_members SET deleted_at = NULL WHERE group_id = NEW.id AND deleted_at = OLD.deleted_at
        AND EXISTS (SELECT 1 FROM fixtures WHERE id = fixture_group_members.fixture_id AND deleted_at IS NULL);
END;

CREATE TRIGGER fixture_groups_update AFTER UPDATE OF
    venue_id, name, axis_lr, axis_fb, axis_ab, movement, color, sort_index, deleted_at ON fixture_groups BEGIN
    INSERT INTO changed_row VALUES ('fixture_groups', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE fixture_groups SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TABLE fixtures (
    id TEXT NOT NULL PRIMARY KEY,
    venue_id TEXT NOT NULL,
    universe INTEGER NOT NULL DEFAULT 1,
    address INTEGER NOT NULL DEFAULT 1 CONSTRAINT "address: must be 1 to 512" CHECK (address BETWEEN 1 AND 512),
    manufacturer TEXT NOT NULL DEFAULT '',
    model TEXT NOT NULL DEFAULT '',
    mode_name TEXT NOT NULL DEFAULT '',
    fixture_path TEXT NOT NULL DEFAULT '',
    label TEXT NOT NULL DEFAULT '',
    pos_x REAL NOT NULL DEFAULT 0,
    pos_y REAL NOT NULL DEFAULT 0,
    pos_z REAL NOT NULL DEFAULT 0,
    rot_x REAL NOT NULL DEFAULT 0,
    rot_y REAL NOT NULL DEFAULT 0,
    rot_z REAL NOT NULL DEFAULT 0,
    invert_pan INTEGER NOT NULL DEFAULT 0 CHECK (invert_pan IN (0, 1)),
    invert_tilt INTEGER NOT NULL DEFAULT 0 CHECK (invert_tilt IN (0, 1)),
    swap_pan_tilt INTEGER NOT NULL DEFAULT 0 CHECK (swap_pan_tilt IN (0, 1)),
    dimmer_curve TEXT NOT NULL DEFAULT 'linear',
    dimmer_min REAL NOT NULL DEFAULT 0,
    dimmer_max REAL NOT NULL DEFAULT 1,
    white_mode TEXT NOT NULL DEFAULT 'bright',
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT '',
    CONSTRAINT "dimmer_max: must not be below dimmer_min" CHECK (dimmer_max >= dimmer_min)
) STRICT;

CREATE INDEX fixtures_venue ON fixtures(venue_id, universe, address);

CREATE TRIGGER fixtures_delete AFTER UPDATE OF deleted_at ON fixtures
WHEN OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL AND (SELECT applying = 0 FROM sync_clock) BEGIN
    UPDATE fixture_group_members SET deleted_at = NEW.deleted_at WHERE fixture_id = NEW.id AND deleted_at IS NULL;
    UPDATE parks SET deleted_at = NEW.deleted_at WHERE fixture_id = NEW.id AND deleted_at IS NULL;
END;

CREATE TRIGGER fixtures_insert AFTER INSERT ON fixtures BEGIN
    INSERT INTO changed_row VALUES ('fixtures', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE fixtures SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TRIGGER fixtures_undelete AFTER UPDATE OF deleted_at ON fixtures
WHEN OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL AND (SELECT applying = 0 FROM sync_clock) BEGIN
    UPDATE fixture_group_members SET deleted_at = NULL WHERE fixture_id = NEW.id AND deleted_at = OLD.deleted_at
        AND EXISTS (SELECT 1 FROM fixture_groups WHERE id = fixture_group_members.group_id AND deleted_at IS NULL);
    UPDATE parks SET deleted_at = NULL WHERE fixture_id = NEW.id AND deleted_at = OLD.deleted_at;
END;

CREATE TRIGGER fixtures_update AFTER UPDATE OF
    venue_id, universe, address, manufacturer, model, mode_name, fixture_path, label, pos_x, pos_y, pos_z,
    rot_x, rot_y, rot_z, invert_pan, invert_tilt, swap_pan_tilt, dimmer_curve, dimmer_min, dimmer_max,
    white_mode, deleted_at ON fixtures BEGIN
    INSERT INTO changed_row VALUES ('fixtures', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE fixtures SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

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

CREATE INDEX implementation_branches_implementation ON implementation_branches(implementation_id);

CREATE UNIQUE INDEX implementation_branches_name ON implementation_branches(implementation_id, name COLLATE NOCASE) WHERE deleted_at IS NULL;

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

CREATE TABLE implementation_revisions (
    id TEXT NOT NULL PRIMARY KEY,
    implementation_id TEXT NOT NULL,
    branch TEXT NOT NULL DEFAULT 'main',
    name TEXT,
    message TEXT NOT NULL DEFAULT '',
    author TEXT NOT NULL DEFAULT '',
    previous_id TEXT,
    graph TEXT NOT NULL DEFAULT '{}',
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
, number INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE INDEX implementation_revisions_implementation ON implementation_revisions(implementation_id, created_at);

CREATE INDEX implementation_revisions_number ON implementation_revisions(implementation_id, number);

CREATE INDEX implementation_revisions_thin ON implementation_revisions(implementation_id, number, created_at, previous_id, name, id) WHERE deleted_at IS NULL;

CREATE TRIGGER implementation_revisions_insert AFTER INSERT ON implementation_revisions BEGIN
    INSERT INTO changed_row VALUES ('implementation_revisions', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE implementation_revisions SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TRIGGER implementation_revisions_update AFTER UPDATE OF
    implementation_id, branch, name, message, author, previous_id, number, graph, deleted_at ON implementation_revisions BEGIN
    INSERT INTO changed_row VALUES ('implementation_revisions', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE implementation_revisions SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TABLE implementations (
    id TEXT NOT NULL PRIMARY KEY,
    pattern_id TEXT NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    graph TEXT NOT NULL DEFAULT '{"nodes":[],"edges":[],"args":[]}',
    errors TEXT NOT NULL DEFAULT '[]',
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX implementations_pattern ON implementations(pattern_id);

CREATE TRIGGER implementations_delete AFTER UPDATE OF deleted_at ON implementations
WHEN OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL AND (SELECT applying = 0 FROM sync_clock) BEGIN
    UPDATE implementation_branches SET deleted_at = NEW.deleted_at WHERE implementation_id = NEW.id AND deleted_at IS NULL;
    UPDATE implementation_revisions SET deleted_at = NEW.deleted_at WHERE implementation_id = NEW.id AND deleted_at IS NULL;
    UPDATE venue_implementation_overrides SET deleted_at = NEW.deleted_at WHERE implementation_id = NEW.id AND deleted_at IS NULL;
END;

CREATE TRIGGER implementations_insert AFTER INSERT ON implementations BEGIN
    INSERT INTO changed_row VALUES ('implementations', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE implementations SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TRIGGER implementations_undelete AFTER UPDATE OF deleted_at ON implementations
WHEN OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL AND (SELECT applying = 0 FROM sync_clock) BEGIN
    UPDATE implementation_branches SET deleted_at = NULL WHERE implementation_id = NEW.id AND deleted_at = OLD.deleted_at;
    UPDATE implementation_revisions SET deleted_at = NULL WHERE implementation_id = NEW.id AND deleted_at = OLD.deleted_at;
    UPDATE venue_implementation_overrides SET deleted_at = NULL WHERE implementation_id = NEW.id AND deleted_at = OLD.deleted_at
        AND EXISTS (SELECT 1 FROM venues WHERE id = venue_implementation_overrides.venue_id AND deleted_at IS NULL)
        AND EXISTS (SELECT 1 FROM patterns WHERE id = venue_implementation_overrides.pattern_id AND deleted_at IS NULL);
END;

CREATE TRIGGER implementations_update AFTER UPDATE OF
    pattern_id, name, description, graph, deleted_at ON implementations BEGIN
    INSERT INTO changed_row VALUES ('implementations', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE implementations SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TABLE jobs (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    track_id TEXT,
    state TEXT NOT NULL DEFAULT 'queued',
    progress REAL NOT NULL DEFAULT 0,
    step TEXT NOT NULL DEFAULT '',
    error TEXT,
    log TEXT NOT NULL DEFAULT '',
    priority INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    crashes INTEGER NOT NULL DEFAULT 0,
    params TEXT NOT NULL DEFAULT '{}',
    started_at INTEGER,
    finished_at INTEGER,
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX jobs_newest ON jobs(created_at, id);

CREATE INDEX jobs_state ON jobs(state, priority, created_at);

CREATE INDEX jobs_track ON jobs(track_id, kind);

CREATE TRIGGER jobs_insert AFTER INSERT ON jobs BEGIN
    INSERT INTO changed_row VALUES (NULL, NEW.id, 0, NULL);
    UPDATE jobs SET (version, created_at, updated_at) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms FROM sync_clock) WHERE id = NEW.id;
END;

CREATE TRIGGER jobs_update AFTER UPDATE OF
    kind, track_id, state, progress, step, error, log, priority, attempts, crashes, params, started_at, finished_at ON jobs BEGIN
    INSERT INTO changed_row VALUES (NULL, NEW.id, 0, NULL);
    UPDATE jobs SET (version, updated_at) = (SELECT value, wall_ms FROM sync_clock) WHERE id = NEW.id;
END;

CREATE TABLE outputs (
    id TEXT NOT NULL PRIMARY KEY,
    venue_id TEXT NOT NULL,
    universe INTEGER NOT NULL DEFAULT 1,
    protocol TEXT NOT NULL DEFAULT 'artnet',
    destination TEXT,
    interface TEXT,
    port_address INTEGER,
    priority INTEGER NOT NULL DEFAULT 100,
    sync INTEGER,
    transmit TEXT NOT NULL DEFAULT 'continuous',
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX outputs_venue ON outputs(venue_id, universe);

CREATE TRIGGER outputs_insert AFTER INSERT ON outputs BEGIN
    INSERT INTO changed_row VALUES ('outputs', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE outputs SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TRIGGER outputs_update AFTER UPDATE OF
    venue_id, universe, protocol, destination, interface, port_address, priority, sync, transmit, deleted_at ON outputs BEGIN
    INSERT INTO changed_row VALUES ('outputs', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE outputs SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TABLE parks (
    id TEXT NOT NULL PRIMARY KEY,
    fixture_id TEXT NOT NULL,
    channel INTEGER NOT NULL,
    value INTEGER NOT NULL DEFAULT 0 CONSTRAINT "value: must be 0 to 255" CHECK (value BETWEEN 0 AND 255),
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE UNIQUE INDEX parks_channel ON parks(fixture_id, channel) WHERE deleted_at IS NULL;

CREATE INDEX parks_fixture ON parks(fixture_id);

CREATE TRIGGER parks_insert AFTER INSERT ON parks BEGIN
    INSERT INTO changed_row VALUES ('parks', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE parks SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TRIGGER parks_update AFTER UPDATE OF
    fixture_id, channel, value, deleted_at ON parks BEGIN
    INSERT INTO changed_row VALUES ('parks', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE parks SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TABLE pattern_categories (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL DEFAULT '',
    color TEXT,
    sort_index REAL NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE UNIQUE INDEX pattern_categories_name ON pattern_categories(name COLLATE NOCASE) WHERE deleted_at IS NULL;

CREATE TRIGGER pattern_categories_insert AFTER INSERT ON pattern_categories BEGIN
    INSERT INTO changed_row VALUES ('pattern_categories', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE pattern_categories SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TRIGGER pattern_categories_update AFTER UPDATE OF
    name, color, sort_index, deleted_at ON pattern_categories BEGIN
    INSERT INTO changed_row VALUES ('pattern_categories', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE pattern_categories SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TABLE patterns (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    category TEXT,
    default_implementation_id TEXT,
    author TEXT NOT NULL DEFAULT '',
    is_verified INTEGER NOT NULL DEFAULT 0 CHECK (is_verified IN (0, 1)),
    forked_from_id TEXT,
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX patterns_name ON patterns(name COLLATE NOCASE, id) WHERE deleted_at IS NULL;

CREATE TRIGGER patterns_delete AFTER UPDATE OF deleted_at ON patterns
WHEN OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL AND (SELECT applying = 0 FROM sync_clock) BEGIN
    UPDATE implementations SET deleted_at = NEW.deleted_at WHERE pattern_id = NEW.id AND deleted_at IS NULL;
    UPDATE venue_implementation_overrides SET deleted_at = NEW.deleted_at WHERE pattern_id = NEW.id AND deleted_at IS NULL;
    UPDATE score_annotations SET deleted_at = NEW.deleted_at WHERE pattern_id = NEW.id AND deleted_at IS NULL;
    UPDATE cues SET deleted_at = NEW.deleted_at WHERE pattern_id = NEW.id AND deleted_at IS NULL;
END;

CREATE TRIGGER patterns_insert AFTER INSERT ON patterns BEGIN
    INSERT INTO changed_row VALUES ('patterns', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE patterns SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TRIGGER patterns_undelete AFTER UPDATE OF deleted_at ON patterns
WHEN OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL AND (SELECT applying = 0 FROM sync_clock) BEGIN
    UPDATE implementations SET deleted_at = NULL WHERE pattern_id = NEW.id AND deleted_at = OLD.deleted_at;
    UPDATE venue_implementation_overrides SET deleted_at = NULL WHERE pattern_id = NEW.id AND deleted_at = OLD.deleted_at
        AND EXISTS (SELECT 1 FROM venues WHERE id = venue_implementation_overrides.venue_id AND deleted_at IS NULL)
        AND EXISTS (SELECT 1 FROM implementations WHERE id = venue_implementation_overrides.implementation_id AND deleted_at IS NULL);
    UPDATE score_annotations SET deleted_at = NULL WHERE pattern_id = NEW.id AND deleted_at = OLD.deleted_at
        AND EXISTS (SELECT 1 FROM scores WHERE id = score_annotations.score_id AND deleted_at IS NULL);
    UPDATE cues SET deleted_at = NULL WHERE pattern_id = NEW.id AND deleted_at = OLD.deleted_at
        AND EXISTS (SELECT 1 FROM venues WHERE id = cues.venue_id AND deleted_at IS NULL);
END;

CREATE TRIGGER patterns_update AFTER UPDATE OF
    name, description, category, default_implementation_id, author, is_verified, forked_from_id, deleted_at ON patterns BEGIN
    INSERT INTO changed_row VALUES ('patterns', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE patterns SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TABLE pending_ops (
    table_name TEXT NOT NULL,
    row_id TEXT NOT NULL,
    op TEXT NOT NULL CHECK (op IN ('upsert', 'delete')),
    version INTEGER NOT NULL,
    queued_at INTEGER NOT NULL,
    account TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL DEFAULT 0,
    parked_at INTEGER,
    error TEXT,
    PRIMARY KEY (table_name, row_id)
) STRICT;

CREATE INDEX pending_ops_due ON pending_ops(parked_at, next_attempt_at);

CREATE TABLE playlist_items (
    id TEXT NOT NULL PRIMARY KEY,
    playlist_id TEXT NOT NULL,
    track_id TEXT NOT NULL,
    score_id TEXT,
    sort_index REAL NOT NULL DEFAULT 0,
    transition TEXT NOT NULL DEFAULT 'cut',
    transition_seconds REAL NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX playlist_items_playlist ON playlist_items(playlist_id, sort_index);

CREATE INDEX playlist_items_score ON playlist_items(score_id);

CREATE INDEX playlist_items_track ON playlist_items(track_id);

CREATE TRIGGER playlist_items_insert AFTER INSERT ON playlist_items BEGIN
    INSERT INTO changed_row VALUES ('playlist_items', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE playlist_items SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TRIGGER playlist_items_update AFTER UPDATE OF
    playlist_id, track_id, score_id, sort_index, transition, transition_seconds, deleted_at ON playlist_items BEGIN
    INSERT INTO changed_row VALUES ('playlist_items', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE playlist_items SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TABLE playlists (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    is_loop INTEGER NOT NULL DEFAULT 0 CHECK (is_loop IN (0, 1)),
    is_shuffle INTEGER NOT NULL DEFAULT 0 CHECK (is_shuffle IN (0, 1)),
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TRIGGER playlists_delete AFTER UPDATE OF deleted_at ON playlists
WHEN OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL AND (SELECT applying = 0 FROM sync_clock) BEGIN
    UPDATE playlist_items SET deleted_at = NEW.deleted_at WHERE playlist_id = NEW.id AND deleted_at IS NULL;
    UPDATE schedules SET deleted_at = NEW.deleted_at WHERE playlist_id = NEW.id AND deleted_at IS NULL;
END;

CREATE TRIGGER playlists_insert AFTER INSERT ON playlists BEGIN
    INSERT INTO changed_row VALUES ('playlists', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE playlists SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TRIGGER playlists_undelete AFTER UPDATE OF deleted_at ON playlists
WHEN OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL AND (SELECT applying = 0 FROM sync_clock) BEGIN
    UPDATE playlist_items SET deleted_at = NULL WHERE playlist_id = NEW.id AND deleted_at = OLD.deleted_at
        AND EXISTS (SELECT 1 FROM tracks WHERE id = playlist_items.track_id AND deleted_at IS NULL)
        AND (score_id IS NULL OR EXISTS (SELECT 1 FROM scores WHERE id = playlist_items.score_id AND deleted_at IS NULL));
    UPDATE schedules SET deleted_at = NULL WHERE playlist_id = NEW.id AND deleted_at = OLD.deleted_at
        AND (venue_id IS NULL OR EXISTS (SELECT 1 FROM venues WHERE id = schedules.venue_id AND deleted_at IS NULL));
END;

CREATE TRIGGER playlists_update AFTER UPDATE OF
    name, description, is_loop, is_shuffle, deleted_at ON playlists BEGIN
    INSERT INTO changed_row VALUES ('playlists', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE playlists SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TABLE schedules (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL DEFAULT '',
    venue_id TEXT,
    playlist_id TEXT NOT NULL,
    is_enabled INTEGER NOT NULL DEFAULT 1 CHECK (is_enabled IN (0, 1)),
    weekdays INTEGER NOT NULL DEFAULT 127,
    start_at TEXT NOT NULL DEFAULT '00:00:00',
    stop_at TEXT,
    first_day TEXT,
    last_day TEXT,
    priority INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX schedules_playlist ON schedules(playlist_id);

CREATE INDEX schedules_venue ON schedules(venue_id);

CREATE TRIGGER schedules_insert AFTER INSERT ON schedules BEGIN
    INSERT INTO changed_row VALUES ('schedules', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE schedules SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TRIGGER schedules_update AFTER UPDATE OF
    name, venue_id, playlist_id, is_enabled, weekdays, start_at, stop_at, first_day, last_day, priority,
    deleted_at ON schedules BEGIN
    INSERT INTO changed_row VALUES ('schedules', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE schedules SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TABLE score_annotations (
    id TEXT NOT NULL PRIMARY KEY,
    score_id TEXT NOT NULL,
    pattern_id TEXT NOT NULL,
    start_time REAL NOT NULL,
    end_time REAL NOT NULL CONSTRAINT "end_time: must be after start_time" CHECK (end_time > start_time),
    origin_time REAL NOT NULL,
    z_index INTEGER NOT NULL DEFAULT 0,
    blend_mode TEXT NOT NULL DEFAULT 'replace',
    args TEXT NOT NULL DEFAULT '{}',
    seed INTEGER NOT NULL,
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX score_annotations_pattern ON score_annotations(pattern_id);

CREATE INDEX score_annotations_score ON score_annotations(score_id, start_time);

CREATE TRIGGER score_annotations_insert AFTER INSERT ON score_annotations BEGIN
    INSERT INTO changed_row VALUES ('score_annotations', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE score_annotations SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TRIGGER score_annotations_update AFTER UPDATE OF
    score_id, pattern_id, start_time, end_time, origin_time, z_index, blend_mode, args, seed, deleted_at ON score_annotations BEGIN
    INSERT INTO changed_row VALUES ('score_annotations', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE score_annotations SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

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

CREATE TABLE score_revisions (
    id TEXT NOT NULL PRIMARY KEY,
    score_id TEXT NOT NULL,
    branch TEXT NOT NULL DEFAULT 'main',
    name TEXT,
    message TEXT NOT NULL DEFAULT '',
    author TEXT NOT NULL DEFAULT '',
    previous_id TEXT,
    data TEXT NOT NULL DEFAULT '[]',
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
, number INTEGER NOT NULL DEFAULT 0, depth INTEGER NOT NULL DEFAULT 0, behind INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE INDEX score_revisions_number ON score_revisions(score_id, number);

CREATE INDEX score_revisions_score ON score_revisions(score_id, created_at);

CREATE INDEX score_revisions_thin ON score_revisions(score_id, number, created_at, previous_id, name, id) WHERE deleted_at IS NULL;

CREATE TRIGGER score_revisions_insert AFTER INSERT ON score_revisions BEGIN
    INSERT INTO changed_row VALUES ('score_revisions', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE score_revisions SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TRIGGER score_revisions_update AFTER UPDATE OF
    score_id, branch, name, message, author, previous_id, number, depth, behind, data, deleted_at ON score_revisions BEGIN
    INSERT INTO changed_row VALUES ('score_revisions', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE score_revisions SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TABLE scores (
    id TEXT NOT NULL PRIMARY KEY,
    track_id TEXT NOT NULL,
    venue_id TEXT,
    name TEXT NOT NULL DEFAULT 'Untitled',
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX scores_track ON scores(track_id);

CREATE INDEX scores_venue ON scores(venue_id);

CREATE TRIGGER scores_delete AFTER UPDATE OF deleted_at ON scores
WHEN OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL AND (SELECT applying = 0 FROM sync_clock) BEGIN
    UPDATE score_branches SET deleted_at = NEW.deleted_at WHERE score_id = NEW.id AND deleted_at IS NULL;
    UPDATE score_revisions SET deleted_at = NEW.deleted_at WHERE score_id = NEW.id AND deleted_at IS NULL;
    UPDATE score_annotations SET deleted_at = NEW.deleted_at WHERE score_id = NEW.id AND deleted_at IS NULL;
    UPDATE playlist_items SET deleted_at = NEW.deleted_at WHERE score_id = NEW.id AND deleted_at IS NULL;
END;

CREATE TRIGGER scores_insert AFTER INSERT ON scores BEGIN
    INSERT INTO changed_row VALUES ('scores', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE scores SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

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

CREATE TRIGGER scores_update AFTER UPDATE OF
    track_id, venue_id, name, deleted_at ON scores BEGIN
    INSERT INTO changed_row VALUES ('scores', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE scores SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TABLE settings (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TRIGGER settings_insert AFTER INSERT ON settings BEGIN
    INSERT INTO changed_row VALUES (NULL, NEW.key, 0, NULL);
    UPDATE settings SET (version, updated_at) = (SELECT value, wall_ms FROM sync_clock) WHERE key = NEW.key;
END;

CREATE TRIGGER settings_update AFTER UPDATE OF value ON settings BEGIN
    INSERT INTO changed_row VALUES (NULL, NEW.key, 0, NULL);
    UPDATE settings SET (version, updated_at) = (SELECT value, wall_ms FROM sync_clock) WHERE key = NEW.key;
END;

CREATE TABLE sync_clock (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    value INTEGER NOT NULL DEFAULT 0,
    wall_ms INTEGER NOT NULL DEFAULT 0,
    applying INTEGER NOT NULL DEFAULT 0 CHECK (applying IN (0, 1)),
    device_id TEXT NOT NULL DEFAULT '',
    account TEXT
) STRICT;

CREATE TABLE sync_state (
    account TEXT NOT NULL,
    table_name TEXT NOT NULL,
    cursor INTEGER NOT NULL DEFAULT 0,
    epoch TEXT,
    pulled_at INTEGER,
    pushed_at INTEGER,
    error TEXT,
    PRIMARY KEY (account, table_name)
) STRICT;

CREATE TABLE track_beats (
    id TEXT NOT NULL PRIMARY KEY,
    track_id TEXT NOT NULL,
    source TEXT NOT NULL DEFAULT 'analysed',
    beats TEXT NOT NULL DEFAULT '[]',
    downbeats TEXT NOT NULL DEFAULT '[]',
    bpm REAL,
    beats_per_bar INTEGER NOT NULL DEFAULT 4,
    confidence REAL,
    tempo_curve TEXT,
    analyser TEXT NOT NULL DEFAULT '',
    analyser_version INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE UNIQUE INDEX track_beats_source ON track_beats(track_id, source) WHERE deleted_at IS NULL;

CREATE INDEX track_beats_track ON track_beats(track_id);

CREATE TRIGGER track_beats_insert AFTER INSERT ON track_beats BEGIN
    INSERT INTO changed_row VALUES ('track_beats', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE track_beats SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TRIGGER track_beats_update AFTER UPDATE OF
    track_id, source, beats, downbeats, bpm, beats_per_bar, confidence, tempo_curve, analyser,
    analyser_version, deleted_at ON track_beats BEGIN
    INSERT INTO changed_row VALUES ('track_beats', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE track_beats SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TABLE track_features (
    id TEXT NOT NULL PRIMARY KEY,
    track_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL DEFAULT '{}',
    analyser TEXT NOT NULL DEFAULT '',
    analyser_version INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE UNIQUE INDEX track_features_kind ON track_features(track_id, kind) WHERE deleted_at IS NULL;

CREATE INDEX track_features_track ON track_features(track_id);

CREATE TRIGGER track_features_insert AFTER INSERT ON track_features BEGIN
    INSERT INTO changed_row VALUES ('track_features', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE track_features SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TRIGGER track_features_update AFTER UPDATE OF
    track_id, kind, data, analyser, analyser_version, deleted_at ON track_features BEGIN
    INSERT INTO changed_row VALUES ('track_features', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE track_features SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TABLE track_markers (
    id TEXT NOT NULL PRIMARY KEY,
    track_id TEXT NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    color TEXT,
    start_time REAL NOT NULL DEFAULT 0,
    end_time REAL CONSTRAINT "end_time: must be after start_time" CHECK (end_time > start_time),
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX track_markers_track ON track_markers(track_id, start_time);

CREATE TRIGGER track_markers_insert AFTER INSERT ON track_markers BEGIN
    INSERT INTO changed_row VALUES ('track_markers', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE track_markers SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TRIGGER track_markers_update AFTER UPDATE OF
    track_id, name, color, start_time, end_time, deleted_at ON track_markers BEGIN
    INSERT INTO changed_row VALUES ('track_markers', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE track_markers SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TABLE track_roots (
    id TEXT NOT NULL PRIMARY KEY,
    track_id TEXT NOT NULL,
    sections TEXT NOT NULL DEFAULT '[]',
    key TEXT,
    key_confidence REAL,
    from_stems INTEGER NOT NULL DEFAULT 0 CHECK (from_stems IN (0, 1)),
    chroma_rate REAL NOT NULL DEFAULT 0,
    chroma BLOB,
    analyser TEXT NOT NULL DEFAULT '',
    analyser_version INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE UNIQUE INDEX track_roots_one ON track_roots(track_id) WHERE deleted_at IS NULL;

CREATE INDEX track_roots_track ON track_roots(track_id);

CREATE TRIGGER track_roots_insert AFTER INSERT ON track_roots BEGIN
    INSERT INTO changed_row VALUES ('track_roots', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE track_roots SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TRIGGER track_roots_update AFTER UPDATE OF
    track_id, sections, key, key_confidence, from_stems, chroma_rate, analyser, analyser_version, deleted_at ON track_roots BEGIN
    INSERT INTO changed_row VALUES ('track_roots', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE track_roots SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TABLE track_stems (
    id TEXT NOT NULL PRIMARY KEY,
    track_id TEXT NOT NULL,
    name TEXT NOT NULL,
    format TEXT NOT NULL DEFAULT '',
    sample_rate INTEGER NOT NULL DEFAULT 0,
    channels INTEGER NOT NULL DEFAULT 0,
    duration_seconds REAL NOT NULL DEFAULT 0,
    size_bytes INTEGER NOT NULL DEFAULT 0,
    hash TEXT NOT NULL DEFAULT '',
    file_path TEXT,
    analyser TEXT NOT NULL DEFAULT '',
    analyser_version INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE UNIQUE INDEX track_stems_name ON track_stems(track_id, name) WHERE deleted_at IS NULL;

CREATE INDEX track_stems_track ON track_stems(track_id);

CREATE TRIGGER track_stems_insert AFTER INSERT ON track_stems BEGIN
    INSERT INTO changed_row VALUES ('track_stems', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE track_stems SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TRIGGER track_stems_update AFTER UPDATE OF
    track_id, name, format, sample_rate, channels, duration_seconds, size_bytes, hash, analyser,
    analyser_version, deleted_at ON track_stems BEGIN
    INSERT INTO changed_row VALUES ('track_stems', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE track_stems SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TABLE track_waveforms (
    id TEXT NOT NULL PRIMARY KEY,
    track_id TEXT NOT NULL,
    preview BLOB,
    detail BLOB,
    analyser TEXT NOT NULL DEFAULT '',
    analyser_version INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE UNIQUE INDEX track_waveforms_one ON track_waveforms(track_id) WHERE deleted_at IS NULL;

CREATE INDEX track_waveforms_track ON track_waveforms(track_id);

CREATE TRIGGER track_waveforms_insert AFTER INSERT ON track_waveforms BEGIN
    INSERT INTO changed_row VALUES ('track_waveforms', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE track_waveforms SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TRIGGER track_waveforms_update AFTER UPDATE OF
    track_id, preview, analyser, analyser_version, deleted_at ON track_waveforms BEGIN
    INSERT INTO changed_row VALUES ('track_waveforms', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE track_waveforms SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TABLE tracks (
    id TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL DEFAULT '',
    artist TEXT NOT NULL DEFAULT '',
    album TEXT NOT NULL DEFAULT '',
    genre TEXT NOT NULL DEFAULT '',
    year INTEGER,
    bpm REAL,
    duration_seconds REAL NOT NULL DEFAULT 0,
    track_hash TEXT NOT NULL DEFAULT '',
    filename TEXT NOT NULL DEFAULT '',
    format TEXT NOT NULL DEFAULT '',
    sample_rate INTEGER NOT NULL DEFAULT 0,
    channels INTEGER NOT NULL DEFAULT 0,
    size_bytes INTEGER NOT NULL DEFAULT 0,
    art_hash TEXT,
    file_path TEXT,
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
, loudness_lufs REAL, true_peak_db REAL) STRICT;

CREATE UNIQUE INDEX tracks_hash ON tracks(track_hash) WHERE deleted_at IS NULL;

CREATE INDEX tracks_title ON tracks(title COLLATE NOCASE, id) WHERE deleted_at IS NULL;

CREATE TRIGGER tracks_delete AFTER UPDATE OF deleted_at ON tracks
WHEN OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL AND (SELECT applying = 0 FROM sync_clock) BEGIN
    UPDATE track_beats SET deleted_at = NEW.deleted_at WHERE track_id = NEW.id AND deleted_at IS NULL;
    UPDATE track_roots SET deleted_at = NEW.deleted_at WHERE track_id = NEW.id AND deleted_at IS NULL;
    UPDATE track_waveforms SET deleted_at = NEW.deleted_at WHERE track_id = NEW.id AND deleted_at IS NULL;
    UPDATE track_stems SET deleted_at = NEW.deleted_at WHERE track_id = NEW.id AND deleted_at IS NULL;
    UPDATE track_features SET deleted_at = NEW.deleted_at WHERE track_id = NEW.id AND deleted_at IS NULL;
    UPDATE track_markers SET deleted_at = NEW.deleted_at WHERE track_id = NEW.id AND deleted_at IS NULL;
    UPDATE scores SET deleted_at = NEW.deleted_at WHERE track_id = NEW.id AND deleted_at IS NULL;
    UPDATE playlist_items SET deleted_at = NEW.deleted_at WHERE track_id = NEW.id AND deleted_at IS NULL;
    UPDATE jobs SET state = 'cancelled' WHERE track_id = NEW.id AND state IN ('queued', 'running');
END;

CREATE TRIGGER tracks_delete_inputs AFTER UPDATE OF deleted_at ON tracks WHEN NEW.deleted_at IS NOT NULL BEGIN
    DELETE FROM analysis_inputs WHERE track_id = NEW.id;
END;

CREATE TRIGGER tracks_insert AFTER INSERT ON tracks BEGIN
    INSERT INTO changed_row VALUES ('tracks', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE tracks SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TRIGGER tracks_undelete AFTER UPDATE OF deleted_at ON tracks
WHEN OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL AND (SELECT applying = 0 FROM sync_clock) BEGIN
    UPDATE track_beats SET deleted_at = NULL WHERE track_id = NEW.id AND deleted_at = OLD.deleted_at;
    UPDATE track_roots SET deleted_at = NULL WHERE track_id = NEW.id AND deleted_at = OLD.deleted_at;
    UPDATE track_waveforms SET deleted_at = NULL WHERE track_id = NEW.id AND deleted_at = OLD.deleted_at;
    UPDATE track_stems SET deleted_at = NULL WHERE track_id = NEW.id AND deleted_at = OLD.deleted_at;
    UPDATE track_features SET deleted_at = NULL WHERE track_id = NEW.id AND deleted_at = OLD.deleted_at;
    UPDATE track_markers SET deleted_at = NULL WHERE track_id = NEW.id AND deleted_at = OLD.deleted_at;
    UPDATE scores SET deleted_at = NULL WHERE track_id = NEW.id AND deleted_at = OLD.deleted_at
        AND (venue_id IS NULL OR EXISTS (SELECT 1 FROM venues WHERE id = scores.venue_id AND deleted_at IS NULL));
    UPDATE playlist_items SET deleted_at = NULL WHERE track_id = NEW.id AND deleted_at = OLD.deleted_at
        AND (score_id IS NULL OR EXISTS (SELECT 1 FROM scores WHERE id = playlist_items.score_id AND deleted_at IS NULL))
        AND EXISTS (SELECT 1 FROM playlists WHERE id = playlist_items.playlist_id AND deleted_at IS NULL);
END;

CREATE TRIGGER tracks_update AFTER UPDATE OF
    title, artist, album, genre, year, bpm, duration_seconds, track_hash, filename, format, sample_rate,
    channels, size_bytes, art_hash, loudness_lufs, true_peak_db, deleted_at ON tracks BEGIN
    INSERT INTO changed_row VALUES ('tracks', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE tracks SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TABLE venue_implementation_overrides (
    id TEXT NOT NULL PRIMARY KEY,
    venue_id TEXT NOT NULL,
    pattern_id TEXT NOT NULL,
    implementation_id TEXT NOT NULL,
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX venue_implementation_overrides_implementation ON venue_implementation_overrides(implementation_id);

CREATE UNIQUE INDEX venue_implementation_overrides_pair ON venue_implementation_overrides(venue_id, pattern_id) WHERE deleted_at IS NULL;

CREATE INDEX venue_implementation_overrides_pattern ON venue_implementation_overrides(pattern_id);

CREATE INDEX venue_implementation_overrides_venue ON venue_implementation_overrides(venue_id);

CREATE TRIGGER venue_implementation_overrides_insert AFTER INSERT ON venue_implementation_overrides BEGIN
    INSERT INTO changed_row VALUES ('venue_implementation_overrides', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE venue_implementation_overrides SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TRIGGER venue_implementation_overrides_update AFTER UPDATE OF
    venue_id, pattern_id, implementation_id, deleted_at ON venue_implementation_overrides BEGIN
    INSERT INTO changed_row VALUES ('venue_implementation_overrides', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE venue_implementation_overrides SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TABLE venues (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    offset_ms REAL NOT NULL DEFAULT 0,
    max_brightness REAL NOT NULL DEFAULT 1,
    exit_look TEXT,
    flash_guard INTEGER NOT NULL DEFAULT 0 CHECK (flash_guard IN (0, 1)),
    created_at INTEGER NOT NULL DEFAULT 0,
    updated_at INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    synced_version INTEGER,
    synced_at INTEGER,
    deleted_at INTEGER,
    device_id TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TRIGGER venues_delete AFTER UPDATE OF deleted_at ON venues
WHEN OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL AND (SELECT applying = 0 FROM sync_clock) BEGIN
    UPDATE fixtures SET deleted_at = NEW.deleted_at WHERE venue_id = NEW.id AND deleted_at IS NULL;
    UPDATE fixture_groups SET deleted_at = NEW.deleted_at WHERE venue_id = NEW.id AND deleted_at IS NULL;
    UPDATE venue_implementation_overrides SET deleted_at = NEW.deleted_at WHERE venue_id = NEW.id AND deleted_at IS NULL;
    UPDATE scores SET deleted_at = NEW.deleted_at WHERE venue_id = NEW.id AND deleted_at IS NULL;
    UPDATE cues SET deleted_at = NEW.deleted_at WHERE venue_id = NEW.id AND deleted_at IS NULL;
    UPDATE outputs SET deleted_at = NEW.deleted_at WHERE venue_id = NEW.id AND deleted_at IS NULL;
    UPDATE schedules SET deleted_at = NEW.deleted_at WHERE venue_id = NEW.id AND deleted_at IS NULL;
END;

CREATE TRIGGER venues_insert AFTER INSERT ON venues BEGIN
    INSERT INTO changed_row VALUES ('venues', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE venues SET (version, created_at, updated_at, device_id) =
        (SELECT value, iif(NEW.created_at = 0, wall_ms, NEW.created_at), wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

CREATE TRIGGER venues_undelete AFTER UPDATE OF deleted_at ON venues
WHEN OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL AND (SELECT applying = 0 FROM sync_clock) BEGIN
    UPDATE fixtures SET deleted_at = NULL WHERE venue_id = NEW.id AND deleted_at = OLD.deleted_at;
    UPDATE fixture_groups SET deleted_at = NULL WHERE venue_id = NEW.id AND deleted_at = OLD.deleted_at;
    UPDATE venue_implementation_overrides SET deleted_at = NULL WHERE venue_id = NEW.id AND deleted_at = OLD.deleted_at
        AND EXISTS (SELECT 1 FROM patterns WHERE id = venue_implementation_overrides.pattern_id AND deleted_at IS NULL)
        AND EXISTS (SELECT 1 FROM implementations WHERE id = venue_implementation_overrides.implementation_id AND deleted_at IS NULL);
    UPDATE scores SET deleted_at = NULL WHERE venue_id = NEW.id AND deleted_at = OLD.deleted_at
        AND EXISTS (SELECT 1 FROM tracks WHERE id = scores.track_id AND deleted_at IS NULL);
    UPDATE cues SET deleted_at = NULL WHERE venue_id = NEW.id AND deleted_at = OLD.deleted_at
        AND EXISTS (SELECT 1 FROM patterns WHERE id = cues.pattern_id AND deleted_at IS NULL);
    UPDATE outputs SET deleted_at = NULL WHERE venue_id = NEW.id AND deleted_at = OLD.deleted_at;
    UPDATE schedules SET deleted_at = NULL WHERE venue_id = NEW.id AND deleted_at = OLD.deleted_at
        AND EXISTS (SELECT 1 FROM playlists WHERE id = schedules.playlist_id AND deleted_at IS NULL);
END;

CREATE TRIGGER venues_update AFTER UPDATE OF
    name, description, offset_ms, max_brightness, exit_look, flash_guard, deleted_at ON venues BEGIN
    INSERT INTO changed_row VALUES ('venues', NEW.id, NEW.version, NEW.deleted_at);
    UPDATE venues SET (version, updated_at, device_id) = (SELECT value, wall_ms, device_id FROM sync_clock)
        WHERE id = NEW.id AND (SELECT applying = 0 FROM sync_clock);
END;

