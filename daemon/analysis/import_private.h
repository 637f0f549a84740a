#pragma once
/* What the files import*.c share: an upload on its way. */
#include <sodium.h>

#include "analysis/import.h"
#include "core/path.h"

enum { NAME_MAX_BYTES = 1000 };

struct import {
    struct jobs *jobs;
    struct db *db;
    char data_dir[PATH_SIZE], temp[PATH_SIZE], dir[PATH_SIZE];
    char filename[NAME_MAX_BYTES];
    int fd;
    uint64_t bytes;
    crypto_hash_sha256_state sha;
    char hash[2 * crypto_hash_sha256_BYTES + 1];
    char beside[PATH_SIZE];             /* the folder that the file was copied from, whose picture is taken where it holds none; "": none */
};

/* What decode_worker or av_worker says of the file, and its picture, stored under its hash ("": none). */
enum lm_err import_look(struct import *i, json_t **result, char art[PATH_HASH], struct problem *p);
