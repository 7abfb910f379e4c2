/* SPDX-License-Identifier: Apache-2.0 */
/* What cannot wait for the next look at all: a password, and a name that nobody here has (DIR-02,
 * DIR-03). */
#include "directory/names.h"
#include "mapping/mapping-private.h"

/* ---- questions ---- */

static void append_match(GString *filter, const char *attribute, const char *scheme,
                         const char *value)
{
    g_autofree char *escaped = kx_map_escape(value);
    if (*attribute != '\0')
        g_string_append_printf(filter, "(%s=%s%s)", attribute, scheme, escaped);
}

static void append_names(GString *filter, const KxDomain *domain, KxAttribute what,
                         const char *value)
{
    g_auto(GStrv) names = kx_attribute_names(domain, what);
    for (guint i = 0; names[i] != NULL; i++)
        append_match(filter, names[i], "", value);
}

/* In all forms in which an address of that name may be written. */
static void append_addresses(GString *filter, const KxDomain *domain, KxAttribute what,
                             const char *local)
{
    g_auto(GStrv) names = kx_attribute_names(domain, what);
    for (guint d = 0; d == 0 || domain->aliases[d - 1] != NULL; d++) {
        g_autofree char *address =
            g_strdup_printf("%s@%s", local, d == 0 ? domain->name : domain->aliases[d - 1]);
        for (guint i = 0; names[i] != NULL; i++) {
            append_match(filter, names[i], "", address);
            if (g_ascii_strcasecmp(names[i], "proxyAddresses") == 0)
                append_match(filter, names[i], "smtp:", address);
        }
    }
}

static char *user_filter(const KxDomain *domain, const char *name, gboolean by_address)
{
    g_autoptr(GString) filter = g_string_new(NULL);
    g_string_append_printf(filter, "(&%s(|", kx_attribute_users(domain));
    append_names(filter, domain, KX_ATTRIBUTE_NAME, name);
    if (by_address)
        append_addresses(filter, domain, KX_ATTRIBUTE_ADDRESSES, name);
    return g_strconcat(filter->str, "))", NULL);
}

static gboolean ask(KxMapping *mapping, const KxMapQuestion *question, KxMapAnswer *answer)
{
    kx_map_ask(mapping, question, answer);
    kx_map_note(mapping, question->domain->name, answer, FALSE);
    return answer->state == KX_DIRECTORY_GOOD || answer->state == KX_DIRECTORY_TOO_MANY;
}

static KxDomain *find_domain(KxMapping *mapping, const char *name)
{
    KxDomain *domain = kx_domain_get(mapping->directory, name, NULL);
    if (domain != NULL && domain->directory == KX_DIRECTORY_NONE)
        g_clear_pointer(&domain, kx_domain_free);
    return domain;
}

/* Whom it found is in the tables afterwards. */
static void take(KxMapping *mapping, const KxDomain *domain, const GPtrArray *people)
{
    KxMappingReport report = {0};
    kx_map_apply(mapping, domain, KX_OBJECT_USER, people, &report);
    if (report.added > 0)
        kx_map_hurry(mapping, domain->name);
}

/* ---- passwords ---- */

/* The entry that has just signed in must be the account: a directory finds a user by each of the
 * names that the entry has, and the first of them is the account's. */
static gboolean is_account(const GPtrArray *people, const char *name, const char **ret_reason)
{
    const KxMapPerson *person = people->len == 1 ? people->pdata[0] : NULL;
    if (person == NULL || person->problem != NULL) {
        *ret_reason = "the entry of the directory is not for this server";
        return FALSE;
    }
    g_autofree char *given = kx_name_fold(name), *own = kx_name_fold(person->name);
    if (g_strcmp0(given, own) == 0)
        return TRUE;
    *ret_reason = "the entry of the directory has another name";
    return FALSE;
}

static KxAuthResult judge(KxMapping *mapping, const KxDomain *domain, const char *name,
                          const KxMapAnswer *answer, const char **ret_reason)
{
    if (answer->state == KX_DIRECTORY_TOO_MANY)
        *ret_reason = "several entries of the directory have that name";
    else if (answer->entries->len == 0)
        *ret_reason = "the user is not in the directory";
    else if (!answer->right)
        *ret_reason = "the directory does not take the password";
    else {
        g_autoptr(GPtrArray) people = kx_map_people(domain, KX_OBJECT_USER, answer);
        if (kx_map_has_changed(mapping, domain)) { /* who was asked has no say any more */
            *ret_reason = "the directory was changed";
            return KX_AUTH_BUSY;
        }
        if (is_account(people, name, ret_reason)) {
            take(mapping, domain, people);
            return KX_AUTH_OK;
        }
        kx_map_hurry(mapping, domain->name); /* the account may be one that is no more */
    }
    return KX_AUTH_FAILED;
}

static KxAuthResult ask_password(KxMapping *mapping, const KxDomain *domain, const char *name,
                                 const char *password, const char **ret_reason)
{
    g_auto(KxMapAnswer) answer = {0};
    g_autofree char *filter = user_filter(domain, name, FALSE);
    KxMapQuestion question = {.domain = domain,
                              .filter = filter,
                              .first = KX_ATTRIBUTE_NAME,
                              .end = KX_ATTRIBUTE_GROUP_NAME,
                              .most = 1,
                              .secret = password};
    KxAuthResult result = ask(mapping, &question, &answer)
                              ? judge(mapping, domain, name, &answer, ret_reason)
                              : KX_AUTH_BUSY;
    kx_debug(mapping->logger, KX_DEBUG_USER_AUTHENTICATION,
             "Password of %s@%s, asked of the directory at %s: %s", name, domain->name,
             answer.host != NULL ? answer.host : "no server",
             result == KX_AUTH_OK ? "right" : *ret_reason);
    return result;
}

static KxAuthResult check(gpointer data, const char *domain_name, const char *login,
                          const char *password, const char **ret_reason)
{
    KxMapping *mapping = data;
    g_autoptr(KxDomain) domain = find_domain(mapping, domain_name);
    g_autofree char *name = kx_name_account(login, NULL);
    *ret_reason = "the user is not in the directory";
    if (name == NULL)
        return KX_AUTH_FAILED;
    *ret_reason = "the directory cannot be asked";
    if (domain == NULL || !kx_map_enter(mapping, domain->name))
        return KX_AUTH_BUSY;
    KxAuthResult result = ask_password(mapping, domain, name, password, ret_reason);
    kx_map_leave(mapping, domain->name);
    return result;
}

/* ---- names ---- */

static KxMappedResult find_user(KxMapping *mapping, const KxDomain *domain, const char *name)
{
    g_auto(KxMapAnswer) answer = {0};
    g_autofree char *filter = user_filter(domain, name, TRUE);
    KxMapQuestion question = {.domain = domain,
                              .filter = filter,
                              .first = KX_ATTRIBUTE_NAME,
                              .end = KX_ATTRIBUTE_GROUP_NAME,
                              .most = 10};
    if (!ask(mapping, &question, &answer))
        return KX_MAPPED_LATER;
    g_autoptr(GPtrArray) people = kx_map_people(domain, KX_OBJECT_USER, &answer);
    take(mapping, domain, people);
    return kx_mapped_knows(mapping->directory, domain->name, name) ? KX_MAPPED_FOUND
                                                                   : KX_MAPPED_NOBODY;
}

/* Its members are known after a look at all only, which is soon; if that did not bring the name, it
 * is one that cannot be used here. */
static KxMappedResult find_group(KxMapping *mapping, const KxDomain *domain, const char *name)
{
    g_auto(KxMapAnswer) answer = {0};
    g_autoptr(GString) filter = g_string_new(NULL);
    g_autofree char *key = kx_name_fold(name);
    g_auto(GStrv) attributes = kx_attribute_names(domain, KX_ATTRIBUTE_GROUP_ADDRESSES);
    if (attributes[0] == NULL || key == NULL)
        return KX_MAPPED_NOBODY;
    g_string_append_printf(filter, "(&%s(|", kx_attribute_groups(domain));
    append_addresses(filter, domain, KX_ATTRIBUTE_GROUP_ADDRESSES, name);
    g_string_append(filter, "))");
    KxMapQuestion question = {.domain = domain,
                              .filter = filter->str,
                              .first = KX_ATTRIBUTE_GROUP_NAME,
                              .end = KX_ATTRIBUTE_MEMBERS,
                              .most = 10};
    if (!ask(mapping, &question, &answer))
        return KX_MAPPED_LATER;
    return answer.entries->len > 0 && kx_map_await(mapping, domain->name, key) ? KX_MAPPED_LATER
                                                                               : KX_MAPPED_NOBODY;
}

KxMappedResult kx_map_look_up(KxMapping *mapping, const char *domain_name, const char *name)
{
    g_autoptr(KxDomain) domain = find_domain(mapping, domain_name);
    if (domain == NULL)
        return KX_MAPPED_NOBODY;
    KxMappedResult result = find_user(mapping, domain, name);
    return result == KX_MAPPED_NOBODY ? find_group(mapping, domain, name) : result;
}

static KxMappedResult find(gpointer data, const char *domain, const char *local)
{
    g_autofree char *name = kx_name_local(local, NULL);
    return name != NULL ? kx_map_find(data, domain, name) : KX_MAPPED_NOBODY;
}

/* ---- whether it answers ---- */

void kx_map_probe(KxMapping *mapping, const char *domain_name)
{
    g_auto(KxMapAnswer) answer = {0};
    g_autoptr(KxDomain) domain = find_domain(mapping, domain_name);
    g_autofree char *filter = domain != NULL ? user_filter(domain, "nobody", FALSE) : NULL;
    if (domain == NULL)
        return;
    KxMapQuestion question = {.domain = domain,
                              .filter = filter,
                              .first = KX_ATTRIBUTE_NAME,
                              .end = KX_ATTRIBUTE_NAME + 1,
                              .most = 10};
    if (ask(mapping, &question, &answer))
        kx_map_hurry(mapping, domain_name);
    else
        kx_map_put_off(mapping, domain_name);
}

const KxMapper kx_map_live = {check, find, NULL};
