/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of values that say where a directory elsewhere is, and what is in it. */
#include "base/error.h"
#include "base/text.h"
#include "directory/attributes.h"
#include "directory/kinds.h"
#include "settings/checks.h"

enum { FILTER_MAX = 1000, DEPTH_MAX = 50 };

static const char *const types[] = {"none", "active-directory", "openldap", "freeipa", NULL};
static const char *const sources[] = {"internal", "ldap", "gone", NULL};

static char *parse_choice(const char *const *choices, const char *value, GError **error)
{
    for (guint i = 0; choices[i] != NULL; i++)
        if (g_ascii_strcasecmp(value, choices[i]) == 0)
            return g_strdup(choices[i]);
    g_autofree char *all = g_strjoinv(", ", (char **)(gpointer)choices);
    kx_fail(error, KX_ERR_INVALID, "'%s' is not one of %s", value, all);
    return NULL;
}

static char *parse_type(const char *value, GError **error)
{
    return parse_choice(types, value, error);
}

static char *parse_source(const char *value, GError **error)
{
    return parse_choice(sources, value, error);
}

/* "host", "host:port", "192.0.2.1:port", "[2001:db8::1]:port". */
static char *parse_host(const char *entry, GError **error)
{
    const char *colon = strrchr(entry, ':');
    const char *end = *entry == '[' ? strchr(entry, ']') : NULL;
    gboolean has_port =
        colon != NULL && (end != NULL ? colon == end + 1 : strchr(entry, ':') == colon);
    g_autofree char *host =
        end != NULL ? g_strndup(entry + 1, (gsize)(end - entry) - 1)
                    : g_strndup(entry, has_port ? (gsize)(colon - entry) : strlen(entry));
    guint64 port = 1;
    if (has_port && (!kx_parse_uint(colon + 1, G_MAXUINT16, &port) || port == 0)) {
        kx_fail(error, KX_ERR_INVALID, "'%.100s': the port is a number from 1 to 65535", entry);
        return NULL;
    }
    if (*host == '\0' || !kx_check_host_or_empty(host, error)) {
        if (*host == '\0')
            kx_fail(error, KX_ERR_INVALID, "'%.100s' names no host", entry);
        return NULL;
    }
    return g_ascii_strdown(entry, -1);
}

/* What is in it is the directory's matter; that it ends where it ends is ours, as it becomes part
 * of another one. */
static char *parse_filter(const char *value, GError **error)
{
    int depth = 0;
    gboolean whole =
        *value == '(' && strlen(value) <= FILTER_MAX && g_utf8_validate(value, -1, NULL);
    for (const char *at = value; whole && *at != '\0'; at++) {
        depth += *at == '(' ? 1 : *at == ')' ? -1 : 0;
        whole = depth > 0 || (depth == 0 && at[1] == '\0');
        whole = whole && depth <= DEPTH_MAX && !g_ascii_iscntrl(*at);
    }
    if (whole && depth == 0)
        return g_strdup(value);
    kx_fail(error, KX_ERR_INVALID, "'%.100s' is not an LDAP filter like (objectClass=person)",
            value);
    return NULL;
}

const KxKind kx_kind_directory_type = {KX_CLASS_CHOICE, "none|active-directory|openldap|freeipa",
                                       types, parse_type};
const KxKind kx_kind_source = {KX_CLASS_CHOICE, "internal|ldap|gone", sources, parse_source};
const KxKind kx_kind_directory_hosts = {KX_CLASS_LIST, "HOST[:PORT],...", NULL, parse_host};
const KxKind kx_kind_filter = {KX_CLASS_TEXT, "FILTER", NULL, parse_filter};
const KxKind kx_kind_attributes = {KX_CLASS_LIST, "WHAT=ATTRIBUTE,...", NULL, kx_attribute_parse};
