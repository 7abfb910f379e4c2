/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/capability.h"

enum { ALWAYS = 0xff };

/* LITERAL+ includes what LITERAL- of IMAP4rev2 promises (RFC 7888 section 4). */
static const struct {
    const char *name;
    guint when; /* KxImapCircumstances, any of them */
} capabilities[] = {
    {"IMAP4rev1", ALWAYS},
    {"IMAP4rev2", ALWAYS},
    {"LITERAL+", ALWAYS},
    {"SASL-IR", ALWAYS},
    {"ID", ALWAYS},
    {"ENABLE", ALWAYS},
    {"LANGUAGE", ALWAYS},
    {"STARTTLS", KX_IMAP_CAN_STARTTLS},
    {"LOGINDISABLED", KX_IMAP_NO_LOGIN},
    {"IDLE", KX_IMAP_SIGNED_IN},
    {"NAMESPACE", KX_IMAP_SIGNED_IN},
    {"CHILDREN", KX_IMAP_SIGNED_IN},
    {"LIST-EXTENDED", KX_IMAP_SIGNED_IN},
    {"LIST-STATUS", KX_IMAP_SIGNED_IN},
    {"SPECIAL-USE", KX_IMAP_SIGNED_IN},
    {"CREATE-SPECIAL-USE", KX_IMAP_SIGNED_IN},
    {"STATUS=SIZE", KX_IMAP_SIGNED_IN},
    {"ACL", KX_IMAP_SIGNED_IN},
    {"RIGHTS=kxte", KX_IMAP_SIGNED_IN},
    {"LIST-MYRIGHTS", KX_IMAP_SIGNED_IN},
    {"UNSELECT", KX_IMAP_SIGNED_IN},
    {"UIDPLUS", KX_IMAP_SIGNED_IN},
    {"MOVE", KX_IMAP_SIGNED_IN},
    {"MULTIAPPEND", KX_IMAP_SIGNED_IN},
    {"BINARY", KX_IMAP_SIGNED_IN},
    {"CONDSTORE", KX_IMAP_SIGNED_IN},
    {"QRESYNC", KX_IMAP_SIGNED_IN},
    {"UIDONLY", KX_IMAP_SIGNED_IN},
    {"UIDBATCHES", KX_IMAP_SIGNED_IN},
    {"INPROGRESS", KX_IMAP_SIGNED_IN},
    {"CONTEXT=SEARCH", KX_IMAP_SIGNED_IN},
    {"CONTEXT=SORT", KX_IMAP_SIGNED_IN},
    {"MULTISEARCH", KX_IMAP_SIGNED_IN},
    {"I18NLEVEL=1", KX_IMAP_SIGNED_IN},
    {"I18NLEVEL=2", KX_IMAP_SIGNED_IN},
    {"SORT", KX_IMAP_SIGNED_IN},
    {"SORT=DISPLAY", KX_IMAP_SIGNED_IN},
    {"ESORT", KX_IMAP_SIGNED_IN},
    {"THREAD=ORDEREDSUBJECT", KX_IMAP_SIGNED_IN},
    {"THREAD=REFERENCES", KX_IMAP_SIGNED_IN},
    {"THREAD=REFS", KX_IMAP_SIGNED_IN},
    {"ESEARCH", KX_IMAP_SIGNED_IN},
    {"SEARCHRES", KX_IMAP_SIGNED_IN},
    {"PARTIAL", KX_IMAP_SIGNED_IN},
    {"SEARCH=FUZZY", KX_IMAP_SIGNED_IN},
    {"WITHIN", KX_IMAP_SIGNED_IN},
    {"OBJECTID", KX_IMAP_SIGNED_IN},
    {"PREVIEW", KX_IMAP_SIGNED_IN},
    {"SAVEDATE", KX_IMAP_SIGNED_IN},
    {"UTF8=ACCEPT", KX_IMAP_SIGNED_IN},
    {"CATENATE", KX_IMAP_SIGNED_IN},
    {"URL-PARTIAL", KX_IMAP_SIGNED_IN},
    {"URLAUTH", KX_IMAP_SIGNED_IN},
    {"URLAUTH=BINARY", KX_IMAP_SIGNED_IN},
    {"REPLACE", KX_IMAP_SIGNED_IN},
    {"QUOTA", KX_IMAP_SIGNED_IN},
    {"QUOTASET", KX_IMAP_SIGNED_IN},
    {"QUOTA=RES-STORAGE", KX_IMAP_SIGNED_IN},
    {"QUOTA=RES-MESSAGE", KX_IMAP_SIGNED_IN},
    {"UNAUTHENTICATE", KX_IMAP_SIGNED_IN},
    {"METADATA", KX_IMAP_SIGNED_IN},
    {"METADATA-SERVER", KX_IMAP_SIGNED_IN},
    {"LIST-METADATA", KX_IMAP_SIGNED_IN},
    {"NOTIFY", KX_IMAP_SIGNED_IN},
    {"COMPRESS=DEFLATE", KX_IMAP_CAN_COMPRESS},
};

/* RFC 9738 section 3: the one or the other. */
static void append_limits(GString *out, const KxSettings *settings)
{
    gint64 all = kx_settings_int(settings, KX_SET_IMAP_MESSAGE_LIMIT);
    gint64 saved = kx_settings_int(settings, KX_SET_IMAP_SAVE_LIMIT);
    if (all > 0)
        g_string_append_printf(out, " MESSAGELIMIT=%" G_GINT64_FORMAT, all);
    else if (saved > 0)
        g_string_append_printf(out, " SAVELIMIT=%" G_GINT64_FORMAT, saved);
}

/* One limit for all folders; without one, STATUS says so for each (RFC 7889 section 3.1). */
static void append_size_limit(GString *out, const KxSettings *settings)
{
    gint64 limit = MIN(kx_settings_int(settings, KX_SET_IMAP_MAX_APPEND), G_MAXUINT32);
    g_string_append(out, " APPENDLIMIT");
    if (limit > 0)
        g_string_append_printf(out, "=%" G_GINT64_FORMAT, limit);
}

char *kx_imap_capabilities(guint circumstances, const KxSettings *settings)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(capabilities); i++) {
        if (!(capabilities[i].when & circumstances))
            continue;
        if (out->len > 0)
            g_string_append_c(out, ' ');
        g_string_append(out, capabilities[i].name);
    }
    if (circumstances & KX_IMAP_SIGNED_IN) {
        append_limits(out, settings);
        append_size_limit(out, settings);
    }
    return g_string_free(out, FALSE);
}
