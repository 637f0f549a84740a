-- What thinning a history looks at, without the contents in between.
CREATE INDEX implementation_revisions_thin ON implementation_revisions(implementation_id, number, created_at, previous_id, name, id) WHERE deleted_at IS NULL;
CREATE INDEX score_revisions_thin ON score_revisions(score_id, number, created_at, previous_id, name, id) WHERE deleted_at IS NULL;
