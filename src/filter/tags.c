/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/tags.h"

#include <string.h>

#include "base/base64.h"
#include "base/text.h"

enum { TAGS_MAX = 100 };

struct KxTags {
    GHashTable *values; /* name -> value */
};

void kx_tags_free(KxTags *tags)
{
    if (!tags)
        return;
    g_hash_table_unref(tags->values);
    g_free(tags);
}

static gboolean is_name(const char *name)
{
    if (!g_ascii_isalpha(*name))
        return FALSE;
    for (const char *c = name; *c; c++)
        if (!g_ascii_isalnum(*c) && *c != '_')
            return FALSE;
    return TRUE;
}

/* Takes over what is between two semicolons. */
static gboolean add(KxTags *tags, char *part)
{
    char *equals = strchr(part, '=');
    if (!equals)
        return FALSE;
    *equals = '\0';
    char *name = g_strstrip(part), *value = g_strstrip(equals + 1);
    return is_name(name) && g_hash_table_size(tags->values) < TAGS_MAX &&
           g_hash_table_insert(tags->values, g_strdup(name), g_strdup(value));
}

KxTags *kx_tags_parse(const char *text, size_t len)
{
    if (memchr(text, '\0', len))
        return NULL;
    g_autoptr(KxTags) tags = g_new0(KxTags, 1);
    tags->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autofree char *copy = g_strndup(text, len);
    for (char *part = copy, *end; part; part = end) {
        if ((end = strchr(part, ';')))
            *end++ = '\0';
        gboolean last = !end && part[strspn(part, " \t\r\n")] == '\0';
        if (!last && !add(tags, part))
            return NULL;
    }
    return g_steal_pointer(&tags);
}

const char *kx_tags_get(const KxTags *tags, const char *name)
{
    return g_hash_table_lookup(tags->values, name);
}

char *kx_tags_bare(const KxTags *tags, const char *name)
{
    const char *value = kx_tags_get(tags, name);
    char *bare = g_strdup(value), *out = bare;
    for (const char *at = value; at && *at; at++)
        if (!g_ascii_isspace(*at))
            *out++ = *at;
    if (out)
        *out = '\0';
    return bare;
}

gboolean kx_tags_lists(const KxTags *tags, const char *name, const char *value)
{
    g_autofree char *bare = kx_tags_bare(tags, name);
    for (const char *word = bare, *end; word; word = *end ? end + 1 : NULL) {
        end = word + strcspn(word, ":");
        if (kx_ascii_equal(word, (size_t)(end - word), value))
            return TRUE;
    }
    return FALSE;
}

guchar *kx_tags_bytes(const KxTags *tags, const char *name, gsize *ret_len)
{
    g_autofree char *bare = kx_tags_bare(tags, name);
    if (!bare)
        return NULL;
    /* The padding may be missing (section 2.10). */
    static const char *const padding[] = {"", "===", "==", "="};
    g_autofree char *text = g_strconcat(bare, padding[strlen(bare) % 4], NULL);
    return kx_base64_decode(text, strlen(text), ret_len) ? (guchar *)g_steal_pointer(&text) : NULL;
}
