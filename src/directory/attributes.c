/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/attributes.h"

#include "base/error.h"

typedef struct {
    const char *name;
    const char *usual[KX_DIRECTORY_EDIRECTORY + 1]; /* by KxDirectoryType */
} Row;

static const Row ROWS[] = {
#define X(ID, name, active, openldap, freeipa, edirectory)                                         \
    {name, {"", active, openldap, freeipa, edirectory}},
    KX_ATTRIBUTES(X)
#undef X
};

static const struct {
    const char *users, *groups;
} FILTERS[] = {
    [KX_DIRECTORY_NONE] = {"", ""},
    /* Without those that are part of Windows, and without accounts that are disabled there. */
    [KX_DIRECTORY_ACTIVE] = {"(&(objectCategory=person)(objectClass=user)"
                             "(!(isCriticalSystemObject=TRUE))"
                             "(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
                             "(&(objectClass=group)(!(isCriticalSystemObject=TRUE)))"},
    [KX_DIRECTORY_OPENLDAP] = {"(|(objectClass=inetOrgPerson)(objectClass=posixAccount))",
                               "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)"
                               "(objectClass=posixGroup))"},
    [KX_DIRECTORY_FREEIPA] = {"(&(objectClass=posixAccount)(!(nsAccountLock=TRUE)))",
                              "(objectClass=ipaUserGroup)"},
    [KX_DIRECTORY_EDIRECTORY] = {"(&(objectClass=inetOrgPerson)(!(loginDisabled=TRUE)))",
                                 "(objectClass=groupOfNames)"},
};

/* RFC 4512 section 2.5: a name, or an OID, maybe with options. */
static gboolean is_attribute(const char *name)
{
    enum { MOST = 100 };
    return g_ascii_isalnum(*name) && strlen(name) <= MOST &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.;") ==
               strlen(name);
}

static gboolean find_row(const char *name, guint *ret_row)
{
    for (guint i = 0; i < G_N_ELEMENTS(ROWS); i++)
        if (g_ascii_strcasecmp(name, ROWS[i].name) == 0) {
            *ret_row = i;
            return TRUE;
        }
    return FALSE;
}

char *kx_attribute_parse(const char *entry, GError **error)
{
    g_auto(GStrv) halves = g_strsplit(entry, "=", 2);
    guint row = 0;
    if (g_strv_length(halves) != 2 || !find_row(g_strstrip(halves[0]), &row)) {
        kx_fail(error, KX_ERR_INVALID,
                "'%.100s' is not WHAT=ATTRIBUTE with one of the words of the "
                "manual before =",
                entry);
        return NULL;
    }
    g_auto(GStrv) names = g_strsplit(g_strstrip(halves[1]), "+", -1);
    for (guint i = 0; names[i] != NULL; i++)
        if (!is_attribute(names[i])) {
            kx_fail(error, KX_ERR_INVALID, "'%.100s' is not the name of an LDAP attribute",
                    names[i]);
            return NULL;
        }
    return g_strdup_printf("%s=%s", ROWS[row].name, halves[1]);
}

char **kx_attribute_names(const KxDomain *domain, KxAttribute attribute)
{
    const char *names = ROWS[attribute].usual[domain->directory];
    size_t len = strlen(ROWS[attribute].name);
    for (guint i = 0; domain->directory_attributes[i] != NULL; i++) {
        const char *own = domain->directory_attributes[i];
        if (strncmp(own, ROWS[attribute].name, len) == 0 && own[len] == '=')
            names = own + len + 1;
    }
    return g_strsplit(names, "+", -1);
}

const char *kx_attribute_users(const KxDomain *domain)
{
    return *domain->directory_users != '\0' ? domain->directory_users
                                            : FILTERS[domain->directory].users;
}

const char *kx_attribute_groups(const KxDomain *domain)
{
    return *domain->directory_groups != '\0' ? domain->directory_groups
                                             : FILTERS[domain->directory].groups;
}

char *kx_attribute_base(const KxDomain *domain)
{
    const char *name = *domain->directory_name != '\0' ? domain->directory_name : domain->name;
    if (*domain->directory_base != '\0')
        return g_strdup(domain->directory_base);
    g_auto(GStrv) labels = g_strsplit(name, ".", -1);
    g_autofree char *joined = g_strjoinv(",dc=", labels);
    return g_strconcat("dc=", joined, NULL);
}
