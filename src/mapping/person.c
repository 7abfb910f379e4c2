/* SPDX-License-Identifier: Apache-2.0 */
/* What an entry of a directory says of a user or a group (DIR-07, DIR-21 to DIR-27). */
#include "directory/names.h"
#include "mapping/mapping-private.h"

void kx_map_person_free(KxMapPerson *person)
{
    if (person == NULL)
        return;
    g_ptr_array_unref(person->fields);
    g_clear_pointer(&person->groups, g_ptr_array_unref);
    g_free(person->problem);
    g_free(person->name);
    g_free(person);
}

const char *kx_map_person_field(const KxMapPerson *person, const char *name)
{
    for (guint i = 0; i < person->fields->len; i += 2)
        if (strcmp(person->fields->pdata[i], name) == 0)
            return person->fields->pdata[i + 1];
    return NULL;
}

static void put(KxMapPerson *person, const char *name, char *value)
{
    g_ptr_array_add(person->fields, g_strdup(name));
    g_ptr_array_add(person->fields, value);
}

/* ---- values ---- */

/* That of the first attribute that has any; NULL: none. */
static const char *first(const KxMapEntry *entry, KxAttribute what)
{
    const KxMapValue *best = NULL;
    for (guint i = 0; i < entry->values->len; i++) {
        const KxMapValue *value = &g_array_index(entry->values, KxMapValue, i);
        if (value->what == what && *value->text != '\0' &&
            (best == NULL || value->attribute < best->attribute))
            best = value;
    }
    return best != NULL ? best->text : NULL;
}

static gboolean is_yes(const char *text)
{
    return g_ascii_strcasecmp(text, "TRUE") == 0 || g_ascii_strcasecmp(text, "yes") == 0 ||
           strcmp(text, "1") == 0;
}

/* What a text cannot have, or is too long for. */
static char *clean(const char *text)
{
    enum { MOST = 900 };
    GString *line = g_string_new(NULL);
    for (; *text != '\0' && line->len < MOST; text = g_utf8_next_char(text))
        g_string_append_unichar(
            line, g_unichar_iscntrl(g_utf8_get_char(text)) ? ' ' : g_utf8_get_char(text));
    return g_strstrip(g_string_free(line, FALSE));
}

static void put_text(KxMapPerson *person, KxAttribute what, const char *field)
{
    const char *text = first(person->entry, what);
    if (text != NULL)
        put(person, field, clean(text));
}

/* Only what there is: otherwise it is said here (DIR-32). */
static void put_yes(KxMapPerson *person, KxAttribute what, const char *field)
{
    const char *text = first(person->entry, what);
    if (text != NULL)
        put(person, field, g_strdup(is_yes(text) ? "yes" : "no"));
}

/* ---- addresses ---- */

static gboolean is_own_domain(const KxDomain *domain, const char *name)
{
    g_autofree char *canonical = kx_name_domain(name, NULL);
    return canonical != NULL && (strcmp(canonical, domain->name) == 0 ||
                                 g_strv_contains((const char *const *)domain->aliases, canonical));
}

/* The part before @ of one in the domain; NULL: it is none. In an Active Directory mail has the
 * scheme smtp (proxyAddresses), in capitals for the main address. */
static char *local_part(const KxDomain *domain, const char *address)
{
    if (g_ascii_strncasecmp(address, "smtp:", strlen("smtp:")) == 0)
        address += strlen("smtp:");
    const char *at = strrchr(address, '@');
    g_autofree char *local =
        g_strndup(address, at != NULL ? (gsize)(at - address) : strlen(address));
    return strchr(local, ':') != NULL || (at != NULL && !is_own_domain(domain, at + 1))
               ? NULL
               : kx_name_local(local, NULL);
}

static void put_addresses(const KxDomain *domain, KxMapPerson *person, KxAttribute what)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) locals = g_ptr_array_new_with_free_func(g_free);
    if (what == KX_ATTRIBUTE_ADDRESSES) /* a user's name is an address, a group's is none */
        g_hash_table_add(seen, kx_name_fold(person->name));
    for (guint i = 0; i < person->entry->values->len; i++) {
        const KxMapValue *value = &g_array_index(person->entry->values, KxMapValue, i);
        char *local = value->what == what ? local_part(domain, value->text) : NULL;
        char *key = local != NULL ? kx_name_fold(local) : NULL;
        if (key != NULL && g_hash_table_add(seen, key))
            g_ptr_array_add(locals, local);
        else
            g_free(local);
    }
    g_ptr_array_add(locals, NULL);
    put(person, "addresses", g_strjoinv(",", (char **)locals->pdata));
}

static void put_forward(KxMapPerson *person)
{
    g_autoptr(GString) list = g_string_new(NULL);
    for (guint i = 0; i < person->entry->values->len; i++) {
        const KxMapValue *value = &g_array_index(person->entry->values, KxMapValue, i);
        if (value->what == KX_ATTRIBUTE_FORWARD)
            g_string_append_printf(list, "%s%s", list->len > 0 ? "," : "", value->text);
    }
    if (list->len > 0)
        put(person, "forward", g_strdup(list->str));
}

/* ---- users and groups ---- */

static KxMapPerson *person_new(const KxMapEntry *entry, KxAttribute name_from)
{
    KxMapPerson *person = g_new0(KxMapPerson, 1);
    const char *name = first(entry, name_from);
    person->entry = entry;
    person->name = g_strdup(name != NULL ? name : "");
    person->fields = g_ptr_array_new_with_free_func(g_free);
    return person;
}

KxMapPerson *kx_map_user(const KxDomain *domain, const KxMapEntry *entry)
{
    g_autoptr(GError) error = NULL;
    const char *enabled = first(entry, KX_ATTRIBUTE_ENABLED);
    if (enabled != NULL && !is_yes(enabled))
        return NULL;
    KxMapPerson *person = person_new(entry, KX_ATTRIBUTE_NAME);
    g_autofree char *name = kx_name_account(person->name, &error);
    if (*person->name == '\0')
        person->problem = g_strdup("it has no name to sign in with");
    else if (!g_str_is_ascii(person->name))
        person->problem = g_strdup("names of users may have ASCII characters only");
    else if (name == NULL)
        person->problem = g_strdup(error->message);
    put(person, "source", g_strdup("ldap"));
    put(person, "directory-entry", g_strdup(entry->dn));
    put_text(person, KX_ATTRIBUTE_FULL_NAME, "name");
    put_text(person, KX_ATTRIBUTE_DESCRIPTION, "description");
    put_addresses(domain, person, KX_ATTRIBUTE_ADDRESSES);
    put_forward(person);
    put_yes(person, KX_ATTRIBUTE_FORWARD_ONLY, "forward-only");
    put_text(person, KX_ATTRIBUTE_QUOTA, "quota");
    put_text(person, KX_ATTRIBUTE_QUOTA_ITEMS, "quota-items");
    put_text(person, KX_ATTRIBUTE_ADMIN, "admin");
    return person;
}

KxMapPerson *kx_map_group(const KxDomain *domain, const KxMapEntry *entry)
{
    g_autoptr(GError) error = NULL;
    KxMapPerson *person = person_new(entry, KX_ATTRIBUTE_GROUP_NAME);
    g_autofree char *name = kx_name_object(person->name, &error);
    if (name == NULL)
        person->problem = g_strdup(error->message);
    put(person, "source", g_strdup("ldap"));
    put_text(person, KX_ATTRIBUTE_GROUP_DESCRIPTION, "description");
    put_addresses(domain, person, KX_ATTRIBUTE_GROUP_ADDRESSES);
    put_text(person, KX_ATTRIBUTE_GROUP_ADMIN, "admin");
    return person;
}
