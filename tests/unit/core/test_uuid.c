#include "../../tap.h"

#include <stdlib.h>

#include "core/uuid.h"

TEST(a_new_id_is_version_4_and_never_the_last_one)
{
    char a[UUID_SIZE], b[UUID_SIZE];

    uuid_new(a);
    uuid_new(b);
    CHECK(uuid_valid(a) && uuid_valid(b));
    CHECK(strcmp(a, b));
    CHECK(a[14] == '4' && strchr("89ab", a[19]));
}

TEST(the_same_key_gives_the_same_id_for_ever)
{
    char a[UUID_SIZE];

    uuid_from_key("tracks", "abc", a);
    CHECK_STR(a, "e92acc54-4621-557e-a8be-50989ef97045");
}

TEST(another_kind_or_key_gives_another_id)
{
    char a[UUID_SIZE], b[UUID_SIZE], c[UUID_SIZE];

    uuid_from_key("tracks", "abc", a);
    uuid_from_key("tracks", "abd", b);
    uuid_from_key("beats", "abc", c);
    CHECK(uuid_valid(a) && uuid_valid(b) && uuid_valid(c));
    CHECK(strcmp(a, b) && strcmp(a, c) && strcmp(b, c));
    CHECK(a[14] == '5' && strchr("89ab", a[19]));
}

TEST(a_long_key_counts_to_its_last_byte)
{
    char key[5000], a[UUID_SIZE], b[UUID_SIZE];

    memset(key, 'k', sizeof(key));
    key[4999] = 0;
    uuid_from_key("x", key, a);
    key[4998] = 'l';
    uuid_from_key("x", key, b);
    CHECK(uuid_valid(a) && uuid_valid(b) && strcmp(a, b));
}

TEST(only_the_lower_case_canonical_form_is_valid)
{
    static const char *const bad[] = {
        "", "x", "123e4567-e89b-12d3-a456-42661417400", "123e4567-e89b-12d3-a456-4266141740000",
        "123E4567-e89b-12d3-a456-426614174000", "123e4567+e89b-12d3-a456-426614174000",
        "123e4567-e89b-12d3-a456-42661417400g", "{123e4567-e89b-12d3-a456-42661417400",
        "123e4567e89b-12d3-a456-4266141740000", "123e4567-e89b-12d3-a456-4266141740-0",
    };

    CHECK(uuid_valid("123e4567-e89b-12d3-a456-426614174000"));
    CHECK(!uuid_valid(NULL));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (uuid_valid(bad[i])) {
            TAP_FAIL("%s", bad[i]);
            return;
        }
}

TEST(bytes_are_those_of_the_text)
{
    unsigned char out[16] = { 0 };
    static const unsigned char want[16] = { 0x12, 0x3e, 0x45, 0x67, 0xe8, 0x9b, 0x12, 0xd3, 0xa4, 0x56, 0x42, 0x66, 0x14, 0x17,
                                            0x40, 0x00 };

    CHECK(uuid_to_bytes("123e4567-e89b-12d3-a456-426614174000", out));
    CHECK(!memcmp(out, want, 16));
    CHECK(!uuid_to_bytes("123e4567-e89b-12d3-a456-42661417400x", out));
    CHECK(!memcmp(out, want, 16));
}
