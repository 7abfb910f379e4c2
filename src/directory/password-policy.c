/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/password-policy.h"

#include "base/error.h"
#include "directory/names.h"

enum {
    NAME_MIN = 3, /* characters: shorter names are in many a good password */
    WORD_MIN = 4, /* the same of the words of a full name */
};

/* What is asked for, and who asks. */
typedef struct {
    guint64 length, classes;
    const char *length_from, *classes_from;
} Policy;

static gboolean is_administrator(const KxObjectChange *change)
{
    const KxUser *next = (const KxUser *)(const void *)change->next;
    gboolean rights = next->admin != KX_LEVEL_NONE || next->web_admin;
    for (guint i = 0; next->groups[i] != NULL && !rights; i++) {
        g_autofree char *key = kx_name_fold(next->groups[i]);
        const KxGroupEntry *group = g_hash_table_lookup(change->home->groups, key);
        rights = group != NULL && (group->group.admin != KX_LEVEL_NONE || group->group.web_admin);
    }
    return rights;
}

static Policy policy_of(const KxSettings *settings, const KxObjectChange *change)
{
    const KxDomain *domain = &change->home->domain;
    guint64 admin = (guint64)kx_settings_int(settings, KX_SET_PASSWORD_LENGTH_ADMIN);
    Policy policy = {(guint64)kx_settings_int(settings, KX_SET_PASSWORD_LENGTH),
                     (guint64)kx_settings_int(settings, KX_SET_PASSWORD_CLASSES),
                     "auth.password-length", "auth.password-classes"};
    if (domain->password_length > 0) {
        policy.length = domain->password_length;
        policy.length_from = "password-length of the domain";
    }
    if (domain->password_classes > 0) {
        policy.classes = domain->password_classes;
        policy.classes_from = "password-classes of the domain";
    }
    if (admin > policy.length && is_administrator(change)) {
        policy.length = admin;
        policy.length_from = "auth.password-length-admin";
    }
    return policy;
}

/* ---- the rules ---- */

static gboolean is_blank(const char *password)
{
    for (; *password != '\0'; password = g_utf8_next_char(password))
        if (!g_unichar_isspace(g_utf8_get_char(password)))
            return FALSE;
    return TRUE;
}

/* Small letters, capitals, digits, and all the rest. */
static guint count_classes(const char *password)
{
    gboolean small = FALSE, capital = FALSE, digit = FALSE, other = FALSE;
    for (; *password != '\0'; password = g_utf8_next_char(password)) {
        gunichar c = g_utf8_get_char(password);
        if (g_unichar_islower(c))
            small = TRUE;
        else if (g_unichar_isupper(c))
            capital = TRUE;
        else if (g_unichar_isdigit(c))
            digit = TRUE;
        else
            other = TRUE;
    }
    return (guint)small + (guint)capital + (guint)digit + (guint)other;
}

static gboolean has(const char *folded, const char *part, glong least)
{
    g_autofree char *key = g_utf8_casefold(part, -1);
    return g_utf8_strlen(key, -1) >= least && strstr(folded, key) != NULL;
}

static gboolean has_name(const KxUser *user, const char *password)
{
    g_autofree char *folded = g_utf8_casefold(password, -1);
    g_auto(GStrv) words = g_str_tokenize_and_fold(user->full_name, NULL, NULL);
    gboolean found = has(folded, user->name, NAME_MIN);
    for (guint i = 0; words[i] != NULL && !found; i++)
        found = has(folded, words[i], WORD_MIN);
    return found;
}

gboolean kx_password_policy_check(KxDirectory *directory, const KxObjectChange *change,
                                  GError **error)
{
    const char *password = change->values.text[KX_FIELD_USER_PASSWORD];
    if (password == NULL)
        return TRUE;
    g_autoptr(KxSettings) settings = kx_settings_get(directory->settings);
    Policy policy = policy_of(settings, change);
    glong length = g_utf8_strlen(password, -1);
    if (is_blank(password))
        return kx_fail(error, KX_ERR_INVALID, "password: it is blank");
    if ((guint64)length < policy.length)
        return kx_fail(error, KX_ERR_INVALID,
                       "password: it has %ld characters, and needs at least %" G_GUINT64_FORMAT
                       " (%s)",
                       length, policy.length, policy.length_from);
    if (count_classes(password) < policy.classes)
        return kx_fail(error, KX_ERR_INVALID,
                       "password: of small letters, capitals, digits and other characters it has "
                       "%u, and needs at least %" G_GUINT64_FORMAT " (%s)",
                       count_classes(password), policy.classes, policy.classes_from);
    if (kx_settings_bool(settings, KX_SET_PASSWORD_WITHOUT_NAME) &&
        has_name((const KxUser *)(const void *)change->next, password))
        return kx_fail(error, KX_ERR_INVALID,
                       "password: the name of the account or of its owner is in it "
                       "(auth.password-without-name)");
    return kx_refused_check(directory->refused, password, error);
}
