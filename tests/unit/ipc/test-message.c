/* SPDX-License-Identifier: Apache-2.0 */
/* Every message of the table: what is packed is read back; anything else is refused. */
#include <stddef.h>

#include "base/error.h"
#include "ipc/message.h"

typedef enum { U32, U64, STR, BLOB } FieldType;

typedef struct {
    const char *name;
    FieldType type;
    size_t offset, most;
} Field;

#define DESCRIBE(S, type, name, most) {#name, type, offsetof(S, name), most},
#define KX_MESSAGE(NAME, Struct, from, to, files)                                                  \
    static const Field fields_##NAME[] = {KX_FIELDS_##NAME(DESCRIBE, Struct){NULL}};
#include "ipc/message-list.h"
#undef KX_MESSAGE

#define KEEPER   KX_ROLE_KEEPER
#define EDGE     KX_ROLE_EDGE
#define CORE     KX_ROLE_CORE
#define COURIER  KX_ROLE_COURIER
#define CONVERT  KX_ROLE_CONVERT
#define KERBEROS KX_ROLE_KERBEROS
#define PAM      KX_ROLE_PAM
static const struct {
    const char *name;
    guint from, to, files;
    const Field *fields;
} table[KX_MSG_COUNT] = {
#define KX_MESSAGE(NAME, Struct, from, to, files)                                                  \
    [KX_MSG_##NAME] = {#NAME, from, to, files, fields_##NAME},
#include "ipc/message-list.h"
#undef KX_MESSAGE
};

static const KxRole roles[] = {KX_ROLE_KEEPER,  KX_ROLE_EDGE,     KX_ROLE_CORE, KX_ROLE_COURIER,
                               KX_ROLE_CONVERT, KX_ROLE_KERBEROS, KX_ROLE_PAM};

typedef struct {
    KxMessage message;
    char *owned[16]; /* what its fields point to */
    guint n;
} Sample;

static KxRole lowest(guint set)
{
    return (KxRole)(set & -set);
}

static char *body_of(KxMessage *message)
{
    return (char *)&message->ROLE_READY;
}

static char *random_bytes(size_t len, gboolean text)
{
    char *bytes = g_malloc(len + 1);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)g_test_rand_int_range(text ? 1 : 0, 256);
    bytes[len] = '\0';
    return bytes;
}

static size_t random_length(size_t most)
{
    size_t kinds[] = {0, 1, MIN(most, (size_t)200), most};
    return most > 4096 && g_test_rand_bit() ? 5 : kinds[g_test_rand_int_range(0, 4)];
}

/* `over` names a field that gets one byte more than it may have. */
static void fill(Sample *sample, KxMessageType type, const Field *over)
{
    *sample = (Sample){.message = {.type = type, .session = (guint32)g_test_rand_int()}};
    for (const Field *field = table[type].fields; field->name; field++) {
        void *to = body_of(&sample->message) + field->offset;
        size_t len = field == over ? field->most + 1 : random_length(field->most);
        if (field->type == U32) {
            *(guint32 *)to = (guint32)g_test_rand_int();
        } else if (field->type == U64) {
            *(guint64 *)to = (guint64)g_test_rand_int() << 32 | 7;
        } else {
            char *bytes = sample->owned[sample->n++] = random_bytes(len, field->type == STR);
            if (field->type == STR)
                *(const char **)to = bytes;
            else
                *(KxSlice *)to = (KxSlice){bytes, len};
        }
    }
}

static void clear(Sample *sample)
{
    for (guint i = 0; i < sample->n; i++)
        g_free(sample->owned[i]);
}

static void assert_same_bytes(const KxSlice *a, const KxSlice *b)
{
    g_assert_cmpuint(a->len, ==, b->len);
    g_assert_cmpint(memcmp(a->data, b->data, a->len), ==, 0);
}

static void assert_same(KxMessageType type, Sample *sample, KxMessage *got)
{
    g_assert_cmpuint(got->type, ==, type);
    g_assert_cmpuint(got->session, ==, sample->message.session);
    for (const Field *field = table[type].fields; field->name; field++) {
        const void *a = body_of(&sample->message) + field->offset,
                   *b = body_of(got) + field->offset;
        if (field->type == U32)
            g_assert_cmpuint(*(const guint32 *)a, ==, *(const guint32 *)b);
        else if (field->type == U64)
            g_assert_cmpuint(*(const guint64 *)a, ==, *(const guint64 *)b);
        else if (field->type == STR)
            g_assert_cmpstr(*(const char *const *)a, ==, *(const char *const *)b);
        else
            assert_same_bytes(a, b);
    }
}

/* Parses a copy that ends exactly where it ends, so that a sanitizer sees each byte too many. */
static gboolean parses(const char *bytes, size_t len, KxRole from, KxRole to)
{
    g_autofree char *copy = g_memdup2(bytes, len + 1);
    g_autoptr(GError) error = NULL;
    KxMessage message;
    gboolean ok = kx_message_parse(copy, len, from, to, &message, &error);
    g_assert_true(ok == (error == NULL));
    if (error)
        g_assert_error(error, KX_ERROR, KX_ERR_PROTOCOL);
    return ok;
}

static void test_round_trip(void)
{
    g_autofree char *bytes = g_malloc(KX_MESSAGE_MAX + 1);
    for (guint type = 0; type < KX_MSG_COUNT; type++)
        for (guint round = 0; round < 50; round++) {
            Sample sample;
            fill(&sample, type, NULL);
            size_t len = kx_message_pack(type, sample.message.session, body_of(&sample.message),
                                         bytes, KX_MESSAGE_MAX);
            g_assert_cmpuint(len, >, 0);
            g_autoptr(GError) error = NULL;
            KxMessage got;
            kx_message_parse(bytes, len, lowest(table[type].from), lowest(table[type].to), &got,
                             &error);
            g_assert_no_error(error);
            assert_same(type, &sample, &got);
            g_assert_cmpint(got.fd, ==, -1);
            clear(&sample);
        }
}

/* The largest of every type fits: no request of a protocol can fail for want of room. */
static void test_all_fields_at_their_limits(void)
{
    for (guint type = 0; type < KX_MSG_COUNT; type++) {
        size_t most = 8;
        for (const Field *field = table[type].fields; field->name; field++)
            most += field->type == U32 ? 4 : field->type == U64 ? 8 : 4 + field->most;
        g_assert_cmpuint(most, <=, KX_MESSAGE_MAX);
    }
}

static void test_wrong_length(void)
{
    g_autofree char *bytes = g_malloc(KX_MESSAGE_MAX + 2);
    for (guint type = 0; type < KX_MSG_COUNT; type++) {
        Sample sample;
        fill(&sample, type, NULL);
        KxRole from = lowest(table[type].from), to = lowest(table[type].to);
        size_t len = kx_message_pack(type, 1, body_of(&sample.message), bytes, KX_MESSAGE_MAX);
        g_assert_true(parses(bytes, len, from, to));
        size_t step = len > 2000 ? len / 500 : 1;
        for (size_t cut = 0; cut < len; cut += step)
            g_assert_false(parses(bytes, cut, from, to));
        g_assert_false(parses(bytes, len - 1, from, to));
        bytes[len] = '\0';
        g_assert_false(parses(bytes, len + 1, from, to));
        clear(&sample);
    }
}

/* Only who is named in the table may send, and only to whom. */
static void test_direction(void)
{
    g_autofree char *bytes = g_malloc(KX_MESSAGE_MAX + 1);
    for (guint type = 0; type < KX_MSG_COUNT; type++) {
        Sample sample;
        fill(&sample, type, NULL);
        size_t len = kx_message_pack(type, 1, body_of(&sample.message), bytes, KX_MESSAGE_MAX);
        for (guint f = 0; f < G_N_ELEMENTS(roles); f++)
            for (guint t = 0; t < G_N_ELEMENTS(roles); t++) {
                gboolean may = (table[type].from & roles[f]) && (table[type].to & roles[t]);
                g_assert_true(parses(bytes, len, roles[f], roles[t]) == may);
            }
        clear(&sample);
    }
}

static size_t length_position(KxMessageType type, const Field *wanted, const char *bytes)
{
    size_t at = 8;
    for (const Field *field = table[type].fields; field != wanted; field++) {
        guint32 len = 0;
        if (field->type == STR || field->type == BLOB)
            memcpy(&len, bytes + at, sizeof len);
        at += field->type == U64 ? 8 : 4 + GUINT32_FROM_LE(len);
    }
    return at;
}

static void test_nul_in_text(void)
{
    g_autofree char *bytes = g_malloc(KX_MESSAGE_MAX + 1);
    for (guint type = 0; type < KX_MSG_COUNT; type++)
        for (const Field *field = table[type].fields; field->name; field++) {
            if (field->type != STR)
                continue;
            KxMessage message = {.type = type};
            *(const char **)(body_of(&message) + field->offset) = "ab";
            size_t len = kx_message_pack(type, 1, body_of(&message), bytes, KX_MESSAGE_MAX);
            KxRole from = lowest(table[type].from), to = lowest(table[type].to);
            g_assert_true(parses(bytes, len, from, to));
            bytes[length_position(type, field, bytes) + 4 + 1] = '\0';
            g_assert_false(parses(bytes, len, from, to));
        }
}

/* Neither packed nor accepted, even if the bytes are there. */
static void test_over_limit(void)
{
    g_autofree char *bytes = g_malloc(2 * KX_MESSAGE_MAX);
    for (guint type = 0; type < KX_MSG_COUNT; type++)
        for (const Field *field = table[type].fields; field->name; field++) {
            if (field->type != STR && field->type != BLOB)
                continue;
            Sample sample;
            fill(&sample, type, field);
            g_assert_cmpuint(
                kx_message_pack(type, 1, body_of(&sample.message), bytes, 2 * KX_MESSAGE_MAX), ==,
                0);
            clear(&sample);
            KxMessage message = {.type = type};
            size_t len = kx_message_pack(type, 1, body_of(&message), bytes, KX_MESSAGE_MAX);
            size_t at = length_position(type, field, bytes), more = field->most + 1;
            memmove(bytes + at + 4 + more, bytes + at + 4, len - at - 4);
            memset(bytes + at + 4, 'x', more);
            guint32 le = GUINT32_TO_LE((guint32)more);
            memcpy(bytes + at, &le, sizeof le);
            g_assert_false(
                parses(bytes, len + more, lowest(table[type].from), lowest(table[type].to)));
        }
}

static void test_unknown_type(void)
{
    char bytes[9] = {0};
    for (guint type = KX_MSG_COUNT; type < 0x10000; type += 97) {
        bytes[0] = (char)type;
        bytes[1] = (char)(type >> 8);
        for (guint i = 0; i < G_N_ELEMENTS(roles); i++)
            g_assert_false(parses(bytes, 8, roles[i], KX_ROLE_CORE));
    }
    bytes[0] = KX_MSG_MORE;
    bytes[1] = 0;
    g_assert_true(parses(bytes, 8, KX_ROLE_EDGE, KX_ROLE_CORE));
    bytes[2] = 1; /* reserved */
    g_assert_false(parses(bytes, 8, KX_ROLE_EDGE, KX_ROLE_CORE));
}

static void test_room(void)
{
    char bytes[64];
    KxMsgCommand command = {.kind = 1, .data = KX_SLICE_STR("0123456789")};
    size_t len = kx_message_pack(KX_MSG_COMMAND, 5, &command, bytes, sizeof bytes);
    g_assert_cmpuint(len, ==, 8 + 4 + 4 + 10);
    for (size_t room = 0; room < len; room++)
        g_assert_cmpuint(kx_message_pack(KX_MSG_COMMAND, 5, &command, bytes, room), ==, 0);
    g_assert_cmpuint(kx_message_pack(KX_MSG_COMMAND, 5, &command, bytes, len), ==, len);
}

/* The table itself: descriptors come from the keeper, and from the core to those who have no files,
 * and to the keeper, which answers on it; a client's edge hears nothing from the courier. */
static void test_table(void)
{
    for (guint type = 0; type < KX_MSG_COUNT; type++) {
        g_assert_cmpstr(kx_message_name(type), ==, table[type].name);
        g_assert_cmpuint(kx_message_files(type), ==, table[type].files);
        g_assert_cmpuint(table[type].files, <=, KX_MESSAGE_FDS);
        if (table[type].files > 0)
            g_assert_cmpuint(table[type].from, ==,
                             (table[type].to & (CONVERT | COURIER | KERBEROS | KEEPER)) != 0 &&
                                     table[type].from != KX_ROLE_KEEPER
                                 ? KX_ROLE_CORE
                                 : KX_ROLE_KEEPER);
        g_assert_false((table[type].from & COURIER) && (table[type].to & EDGE));
        g_assert_false((table[type].from & EDGE) && (table[type].to & COURIER));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ipc/message/round-trip", test_round_trip);
    g_test_add_func("/ipc/message/limits-fit", test_all_fields_at_their_limits);
    g_test_add_func("/ipc/message/wrong-length", test_wrong_length);
    g_test_add_func("/ipc/message/direction", test_direction);
    g_test_add_func("/ipc/message/nul-in-text", test_nul_in_text);
    g_test_add_func("/ipc/message/over-limit", test_over_limit);
    g_test_add_func("/ipc/message/unknown-type", test_unknown_type);
    g_test_add_func("/ipc/message/room", test_room);
    g_test_add_func("/ipc/message/table", test_table);
    return g_test_run();
}
