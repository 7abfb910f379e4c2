/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings as bytes between roles: "KXS1", then for each value a length of 2 bytes and the name, a
 * length of 4 bytes and the canonical text; lengths big-endian. Names instead of numbers, so that a
 * role that was started from another version of the program is told by name what it does not know.
 */
#include "settings/settings.h"

#include "base/error.h"

static const char MAGIC[4] = {'K', 'X', 'S', '1'};

enum {
    NAME_MAX_BYTES = 100,
    TEXT_MAX_BYTES = 64 * 1024,
};

typedef struct {
    const guint8 *at;
    size_t left;
} Reader;

static void put_number(GByteArray *out, guint32 number, guint bytes)
{
    guint8 raw[4] = {(guint8)(number >> 24), (guint8)(number >> 16), (guint8)(number >> 8),
                     (guint8)number};
    g_byte_array_append(out, raw + 4 - bytes, bytes);
}

static gboolean take_number(Reader *in, guint bytes, guint32 *ret_number)
{
    if (in->left < bytes)
        return FALSE;
    guint32 number = 0;
    for (guint i = 0; i < bytes; i++)
        number = number << 8 | in->at[i];
    in->at += bytes;
    in->left -= bytes;
    *ret_number = number;
    return TRUE;
}

/* A text with its length before it; NUL inside is refused. */
static char *take_text(Reader *in, guint length_bytes, guint32 max)
{
    guint32 len = 0;
    if (!take_number(in, length_bytes, &len) || len > max || len > in->left ||
        memchr(in->at, '\0', len) != NULL)
        return NULL;
    char *text = g_strndup((const char *)in->at, len);
    in->at += len;
    in->left -= len;
    return text;
}

GBytes *kx_settings_pack(const KxSettings *settings, guint flags)
{
    GByteArray *out = g_byte_array_new();
    g_byte_array_append(out, (const guint8 *)MAGIC, sizeof MAGIC);
    for (guint i = 0; i < KX_SET_COUNT; i++) {
        const KxSettingRow *row = kx_setting_row((KxSettingId)i);
        if ((row->flags & flags) == 0 || kx_settings_is_default(settings, (KxSettingId)i))
            continue;
        g_autofree char *text = kx_settings_format(settings, (KxSettingId)i);
        put_number(out, (guint32)strlen(row->name), 2);
        g_byte_array_append(out, (const guint8 *)row->name, (guint)strlen(row->name));
        put_number(out, (guint32)strlen(text), 4);
        g_byte_array_append(out, (const guint8 *)text, (guint)strlen(text));
    }
    return g_byte_array_free_to_bytes(out);
}

static gboolean take_change(Reader *in, KxSettingChange *ret_change, char **ret_text,
                            GError **error)
{
    g_autofree char *name = take_text(in, 2, NAME_MAX_BYTES);
    g_autofree char *text = name != NULL ? take_text(in, 4, TEXT_MAX_BYTES) : NULL;
    if (text == NULL)
        return kx_fail(error, KX_ERR_INVALID, "packed settings are cut short or malformed");
    if (!kx_setting_find(name, &ret_change->id)) {
        g_autofree char *shown = g_utf8_make_valid(name, -1);
        return kx_fail(error, KX_ERR_INVALID, "packed settings name an unknown setting '%s'",
                       shown);
    }
    *ret_text = g_steal_pointer(&text);
    ret_change->value = *ret_text;
    return TRUE;
}

KxSettings *kx_settings_unpack(const void *bytes, size_t len, GError **error)
{
    Reader in = {bytes, len};
    if (len < sizeof MAGIC || memcmp(bytes, MAGIC, sizeof MAGIC) != 0) {
        kx_fail(error, KX_ERR_INVALID, "packed settings do not start with their mark");
        return NULL;
    }
    in.at += sizeof MAGIC;
    in.left -= sizeof MAGIC;
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) changes = g_array_new(FALSE, FALSE, sizeof(KxSettingChange));
    gboolean seen[KX_SET_COUNT] = {FALSE};
    while (in.left > 0) {
        KxSettingChange change;
        char *text = NULL;
        if (!take_change(&in, &change, &text, error))
            return NULL;
        g_ptr_array_add(texts, text);
        if (seen[change.id]) {
            kx_fail(error, KX_ERR_INVALID, "packed settings name %s twice",
                    kx_setting_row(change.id)->name);
            return NULL;
        }
        seen[change.id] = TRUE;
        g_array_append_val(changes, change);
    }
    g_autoptr(KxSettings) defaults = kx_settings_new_defaults();
    return kx_settings_with(defaults, (const KxSettingChange *)(void *)changes->data, changes->len,
                            error);
}
