/* SPDX-License-Identifier: Apache-2.0 */
#include "courier/sts-policy.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

void kx_sts_policy_free(KxStsPolicy *policy)
{
    if (!policy)
        return;
    g_ptr_array_unref(policy->mx);
    g_free(policy);
}

/* ---- fields ---- */

static const char *const modes[] = {"none", "testing", "enforce"};

typedef struct {
    gboolean version, mode, max_age; /* seen: the first of each counts */
} Seen;

static gboolean take_version(KxStsPolicy *policy, Seen *seen, const char *value, GError **error)
{
    seen->version = TRUE;
    return g_str_equal(value, "STSv1") ||
           kx_fail(error, KX_ERR_INVALID, "the policy is of another version");
}

static gboolean take_mode(KxStsPolicy *policy, Seen *seen, const char *value, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(modes) && !seen->mode; i++) {
        seen->mode = g_str_equal(value, modes[i]);
        policy->mode = (KxStsMode)i;
    }
    return seen->mode || kx_fail(error, KX_ERR_INVALID, "the policy has no known mode");
}

static gboolean take_max_age(KxStsPolicy *policy, Seen *seen, const char *value, GError **error)
{
    guint64 age = 0;
    if (!kx_parse_uint(value, 9999999999, &age))
        return kx_fail(error, KX_ERR_INVALID, "the policy's max_age is no number");
    policy->max_age = (guint)MIN(age, (guint64)KX_STS_AGE_MAX);
    seen->max_age = TRUE;
    return TRUE;
}

static gboolean take_mx(KxStsPolicy *policy, Seen *seen, const char *value, GError **error)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    const char *name = g_str_has_prefix(value, "*.") ? value + 2 : value;
    size_t len = strlen(name);
    if (len == 0 || len > 253 || strspn(name, letters) != len)
        return kx_fail(error, KX_ERR_INVALID, "the policy has an mx that is no host name");
    if (policy->mx->len >= KX_STS_MX_MAX)
        return kx_fail(error, KX_ERR_INVALID, "the policy names more than %d hosts", KX_STS_MX_MAX);
    g_ptr_array_add(policy->mx, g_strdup(value));
    return TRUE;
}

static gboolean take_line(KxStsPolicy *policy, Seen *seen, char *line, GError **error)
{
    char *colon = strchr(line, ':');
    if (!colon)
        return *g_strstrip(line) == '\0' ||
               kx_fail(error, KX_ERR_INVALID, "the policy has a line without a colon");
    *colon = '\0';
    const char *name = g_strstrip(line), *value = g_strstrip(colon + 1);
    if (g_str_equal(name, "mx"))
        return take_mx(policy, seen, value, error);
    if (g_str_equal(name, "version") && !seen->version)
        return take_version(policy, seen, value, error);
    if (g_str_equal(name, "mode") && !seen->mode)
        return take_mode(policy, seen, value, error);
    if (g_str_equal(name, "max_age") && !seen->max_age)
        return take_max_age(policy, seen, value, error);
    return TRUE; /* extensions */
}

/* ---- policies ---- */

KxStsPolicy *kx_sts_policy_parse(const char *text, size_t len, GError **error)
{
    g_autoptr(KxStsPolicy) policy = g_new0(KxStsPolicy, 1);
    policy->mx = g_ptr_array_new_with_free_func(g_free);
    Seen seen = {0};
    if (len > KX_STS_TEXT_MAX || memchr(text, '\0', len)) {
        kx_fail(error, KX_ERR_INVALID, "the policy is no text of at most 64 KiB");
        return NULL;
    }
    g_autofree char *copy = g_strndup(text, len);
    for (char *line = copy, *next = NULL; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        if (!take_line(policy, &seen, line, error))
            return NULL;
    }
    if (!seen.version || !seen.mode || !seen.max_age ||
        (policy->mode != KX_STS_NONE && policy->mx->len == 0)) {
        kx_fail(error, KX_ERR_INVALID, "the policy lacks version, mode, max_age or mx");
        return NULL;
    }
    return g_steal_pointer(&policy);
}

char *kx_sts_policy_format(const KxStsPolicy *policy)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "version: STSv1\nmode: %s\nmax_age: %u\n", modes[policy->mode],
                           policy->max_age);
    for (guint i = 0; i < policy->mx->len; i++)
        g_string_append_printf(text, "mx: %s\n", (char *)policy->mx->pdata[i]);
    return g_string_free(text, FALSE);
}

gboolean kx_sts_policy_names(const KxStsPolicy *policy, const char *host)
{
    const char *rest = strchr(host, '.'); /* a pattern stands for one label (section 4.1) */
    for (guint i = 0; i < policy->mx->len; i++) {
        const char *pattern = policy->mx->pdata[i];
        if (g_ascii_strcasecmp(pattern, host) == 0 ||
            (g_str_has_prefix(pattern, "*.") && rest > host &&
             g_ascii_strcasecmp(pattern + 1, rest) == 0))
            return TRUE;
    }
    return FALSE;
}

/* ---- the TXT record ---- */

static char *read_id(const char *record)
{
    g_auto(GStrv) fields = g_strsplit(record, ";", 16);
    for (guint i = 1; fields[i]; i++) {
        const char *field = g_strstrip(fields[i]);
        size_t len = g_str_has_prefix(field, "id=") ? strlen(field + 3) : 0;
        guint good = 0;
        while (good < len && g_ascii_isalnum(field[3 + good]))
            good++;
        if (len > 0 && len <= KX_STS_ID_MAX && good == len)
            return g_strdup(field + 3);
    }
    return NULL;
}

char *kx_sts_record_id(const GPtrArray *texts)
{
    const char *record = NULL;
    for (guint i = 0; i < texts->len; i++) {
        if (!g_str_has_prefix(texts->pdata[i], "v=STSv1;"))
            continue;
        if (record)
            return NULL;
        record = texts->pdata[i];
    }
    return record ? read_id(record) : NULL;
}
