/* SPDX-License-Identifier: Apache-2.0 */
#include "pop3/marks.h"

enum { ROOM = 3000 };

/* Packs, unpacks, compares; returns the length, 0 if it did not fit. */
static size_t round_trip(const GByteArray *marks, size_t room)
{
    guint8 packed[ROOM];
    size_t len;
    if (!kx_pop3_marks_pack(marks, packed, room, &len))
        return 0;
    g_assert_cmpuint(len, <=, room);
    g_autoptr(GByteArray) again = kx_pop3_marks_new(marks->len);
    g_assert_cmpuint(kx_pop3_marks_unpack(again, packed, len), ==, len);
    g_assert_cmpmem(again->data, again->len, marks->data, marks->len);
    return len;
}

static void test_shapes(void)
{
    g_autoptr(GByteArray) none = kx_pop3_marks_new(0);
    g_assert_cmpuint(round_trip(none, ROOM), ==, 3);
    g_autoptr(GByteArray) marks = kx_pop3_marks_new(100000);
    g_assert_cmpuint(round_trip(marks, ROOM), ==, 3);
    memset(marks->data, 1, marks->len); /* all: one run */
    g_assert_cmpuint(round_trip(marks, ROOM), ==, 7);
    marks->data[marks->len - 1] = 0;
    marks->data[0] = 0;
    g_assert_cmpuint(round_trip(marks, ROOM), ==, 7);
    for (guint i = 0; i < marks->len; i += 2)
        marks->data[i] = 0;
    g_assert_cmpuint(round_trip(marks, ROOM), ==, 0); /* every other one of so many: too much */
    g_byte_array_set_size(marks, 20000);
    g_assert_cmpuint(round_trip(marks, ROOM), ==, 3 + 20000 / 8);
}

static void test_random(void)
{
    for (guint round = 0; round < 3000; round++) {
        guint32 count = (guint32)g_test_rand_int_range(0, 2000);
        int density = g_test_rand_int_range(1, 50);
        g_autoptr(GByteArray) marks = kx_pop3_marks_new(count);
        for (guint32 i = 0; i < count; i++)
            marks->data[i] = g_test_rand_int_range(0, density) == 0;
        g_assert_cmpuint(round_trip(marks, ROOM), <=, 3 + (count + 7) / 8);
        round_trip(marks, (size_t)g_test_rand_int_range(0, 200));
    }
}

static void test_damaged(void)
{
    static const struct {
        guint8 bytes[8];
        size_t len;
    } cases[] = {
        {{0}, 0},
        {{0, 0}, 2},
        {{1, 0, 0}, 3},             /* longer than what is there */
        {{0, 0, 2}, 3},             /* no such kind */
        {{1, 0, 0, 5}, 4},          /* a run without its partner */
        {{2, 0, 0, 0x80, 0x80}, 5}, /* a number without an end */
        {{5, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x80}, 8},
    };
    g_autoptr(GByteArray) marks = kx_pop3_marks_new(10);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpuint(kx_pop3_marks_unpack(marks, cases[i].bytes, cases[i].len), ==, 0);
    /* More marks than messages: those that are there. */
    g_assert_cmpuint(kx_pop3_marks_unpack(marks, (const guint8[]){2, 0, 0, 8, 100}, 5), ==, 5);
    g_assert_cmpmem(marks->data, 10, "\0\0\0\0\0\0\0\0\1\1", 10);
    g_assert_cmpuint(kx_pop3_marks_unpack(marks, (const guint8[]){2, 0, 0, 100, 1}, 5), ==, 5);
    g_assert_cmpuint(kx_pop3_marks_unpack(marks, (const guint8[]){1, 0, 1, 3}, 4), ==, 4);
    g_assert_cmpmem(marks->data, 10, "\1\1\0\0\0\0\0\0\1\1", 10);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pop3/marks/shapes", test_shapes);
    g_test_add_func("/pop3/marks/random", test_random);
    g_test_add_func("/pop3/marks/damaged", test_damaged);
    return g_test_run();
}
