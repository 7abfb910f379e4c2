/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/message.h"

#include <stddef.h>

#include "base/error.h"

typedef enum { U32, U64, STR, BLOB } FieldType;

typedef struct {
    const char *name; /* NULL ends the list */
    FieldType type;
    size_t offset; /* in the message's struct */
    size_t most;   /* bytes of a text or blob */
} Field;

#define DESCRIBE(S, type, name, most) {#name, type, offsetof(S, name), most},
#define KX_MESSAGE(NAME, Struct, from, to, files)                                                  \
    static const Field fields_##NAME[] = {KX_FIELDS_##NAME(DESCRIBE, Struct){NULL}};
#include "ipc/message-list.h"
#undef KX_MESSAGE

typedef struct {
    const char *name;
    guint from, to; /* sets of KxRole */
    guint files;
    const Field *fields;
} Type;

#define KEEPER   KX_ROLE_KEEPER
#define EDGE     KX_ROLE_EDGE
#define CORE     KX_ROLE_CORE
#define COURIER  KX_ROLE_COURIER
#define CONVERT  KX_ROLE_CONVERT
#define KERBEROS KX_ROLE_KERBEROS
#define PAM      KX_ROLE_PAM
static const Type types[KX_MSG_COUNT] = {
#define KX_MESSAGE(NAME, Struct, from, to, files)                                                  \
    [KX_MSG_##NAME] = {#NAME, from, to, files, fields_##NAME},
#include "ipc/message-list.h"
#undef KX_MESSAGE
};

enum { HEADER = 8 };

const char *kx_role_name(KxRole role)
{
    switch (role) {
    case KX_ROLE_KEEPER:
        return "keeper";
    case KX_ROLE_EDGE:
        return "edge";
    case KX_ROLE_CORE:
        return "core";
    case KX_ROLE_COURIER:
        return "courier";
    case KX_ROLE_CONVERT:
        return "convert";
    case KX_ROLE_KERBEROS:
        return "kerberos";
    case KX_ROLE_PAM:
        return "pam";
    }
    return "unknown";
}

const char *kx_message_name(KxMessageType type)
{
    return type < KX_MSG_COUNT ? types[type].name : "unknown";
}

guint kx_message_files(KxMessageType type)
{
    return types[type].files;
}

/* ---- writing ---- */

typedef struct {
    char *at;
    size_t room;
} Writer;

static gboolean put(Writer *writer, const void *bytes, size_t len)
{
    if (len > writer->room)
        return FALSE;
    if (len > 0)
        memcpy(writer->at, bytes, len);
    writer->at += len;
    writer->room -= len;
    return TRUE;
}

static gboolean put_u32(Writer *writer, guint32 value)
{
    guint32 le = GUINT32_TO_LE(value);
    return put(writer, &le, sizeof le);
}

static gboolean put_field(Writer *writer, const Field *field, const char *body)
{
    const void *from = body + field->offset;
    KxSlice slice;
    switch (field->type) {
    case U32:
        return put_u32(writer, *(const guint32 *)from);
    case U64: {
        guint64 le = GUINT64_TO_LE(*(const guint64 *)from);
        return put(writer, &le, sizeof le);
    }
    case STR: {
        const char *text = *(const char *const *)from;
        slice = KX_SLICE_STR(text ? text : "");
        break;
    }
    case BLOB:
    default:
        slice = *(const KxSlice *)from;
        break;
    }
    return slice.len <= field->most && put_u32(writer, (guint32)slice.len) &&
           put(writer, slice.data, slice.len);
}

size_t kx_message_pack(KxMessageType type, guint32 session, const void *body, char *out,
                       size_t room)
{
    g_assert(type < KX_MSG_COUNT);
    Writer writer = {out, room};
    guint16 head[2] = {GUINT16_TO_LE((guint16)type), 0};
    if (!put(&writer, head, sizeof head) || !put_u32(&writer, session))
        return 0;
    for (const Field *field = types[type].fields; field->name; field++)
        if (!put_field(&writer, field, body))
            return 0;
    return room - writer.room;
}

/* ---- reading ---- */

typedef struct {
    char *at;
    size_t left;
} Reader;

static gboolean get(Reader *reader, void *out, size_t len)
{
    if (reader->left < len)
        return FALSE;
    memcpy(out, reader->at, len);
    reader->at += len;
    reader->left -= len;
    return TRUE;
}

static gboolean get_u32(Reader *reader, guint32 *ret)
{
    guint32 le;
    if (!get(reader, &le, sizeof le))
        return FALSE;
    *ret = GUINT32_FROM_LE(le);
    return TRUE;
}

static gboolean get_slice(Reader *reader, size_t most, KxSlice *ret)
{
    guint32 len;
    if (!get_u32(reader, &len) || len > most || len > reader->left)
        return FALSE;
    *ret = (KxSlice){reader->at, len};
    reader->at += len;
    reader->left -= len;
    return TRUE;
}

static gboolean get_field(Reader *reader, const Field *field, char *body)
{
    void *to = body + field->offset;
    switch (field->type) {
    case U32:
        return get_u32(reader, to);
    case U64: {
        guint64 le;
        if (!get(reader, &le, sizeof le))
            return FALSE;
        *(guint64 *)to = GUINT64_FROM_LE(le);
        return TRUE;
    }
    case STR: {
        KxSlice slice;
        if (!get_slice(reader, field->most, &slice) || memchr(slice.data, 0, slice.len))
            return FALSE;
        /* The length before the text has been read: moving the text over it makes room for the NUL.
         */
        char *text = (char *)slice.data - 1;
        memmove(text, slice.data, slice.len);
        text[slice.len] = '\0';
        *(const char **)to = text;
        return TRUE;
    }
    case BLOB:
    default:
        return get_slice(reader, field->most, to);
    }
}

gboolean kx_message_parse(char *bytes, size_t len, KxRole from, KxRole to, KxMessage *ret_message,
                          GError **error)
{
    Reader reader = {bytes, len};
    guint16 head[2];
    guint32 session;
    if (len < HEADER || !get(&reader, head, sizeof head) || !get_u32(&reader, &session))
        return kx_fail(error, KX_ERR_PROTOCOL, "message from %s is too short", kx_role_name(from));
    guint type = GUINT16_FROM_LE(head[0]);
    if (type >= KX_MSG_COUNT || head[1] != 0)
        return kx_fail(error, KX_ERR_PROTOCOL, "message of unknown type %u from %s", type,
                       kx_role_name(from));
    const Type *row = &types[type];
    if (!(row->from & from) || !(row->to & to))
        return kx_fail(error, KX_ERR_PROTOCOL, "%s may not send %s to %s", kx_role_name(from),
                       row->name, kx_role_name(to));
    KxMessage message = {.type = type, .session = session, .fd = -1};
    /* All members of the union start at the same address: any of them finds it. */
    char *body = (char *)&message.ROLE_READY;
    for (const Field *field = row->fields; field->name; field++)
        if (!get_field(&reader, field, body))
            return kx_fail(error, KX_ERR_PROTOCOL, "%s from %s: bad field %s", row->name,
                           kx_role_name(from), field->name);
    if (reader.left != 0)
        return kx_fail(error, KX_ERR_PROTOCOL, "%s from %s is too long", row->name,
                       kx_role_name(from));
    *ret_message = message;
    return TRUE;
}
