/* SPDX-License-Identifier: Apache-2.0 */
/* Users of a directory as administrators see them: a list, and the choice among them (USR-06,
 * USR-58).
 */
#include "base/error.h"
#include "directory/names.h"
#include "mapping/mapping-private.h"

/* ---- lists ---- */

static void free_user(gpointer data)
{
    KxMappingUser *user = data;
    g_free(user->name);
    g_free(user->full_name);
    g_free(user->entry);
    g_free(user->addresses);
    g_free(user->state);
    g_free(user);
}

static const char *state_of_account(const KxDomain *domain, const KxUser *user)
{
    gboolean chosen = domain->directory_activate == KX_ACTIVATE_CHOSEN;
    if (user == NULL || user->source == KX_SOURCE_INACTIVE)
        return chosen ? "not active" : "new";
    if (user->source == KX_SOURCE_INTERNAL)
        return "there is an account of that name here";
    return user->disabled ? "disabled" : chosen ? "active" : "mapped";
}

static char *state_of(KxMapping *mapping, const KxDomain *domain, const KxMapPerson *person)
{
    g_autofree char *login = g_strdup_printf("%s@%s", person->name, domain->name);
    if (person->problem != NULL)
        return g_strdup(person->problem);
    g_autoptr(KxUser) user = kx_user_get(mapping->directory, login, NULL);
    return g_strdup(state_of_account(domain, user));
}

GPtrArray *kx_map_describe(KxMapping *mapping, const KxDomain *domain, const GPtrArray *people,
                           gboolean chosen)
{
    GPtrArray *users = g_ptr_array_new_with_free_func(free_user);
    for (guint i = 0; i < people->len; i++) {
        const KxMapPerson *person = people->pdata[i];
        KxMappingUser *user = chosen && !person->chosen ? NULL : g_new(KxMappingUser, 1);
        if (user == NULL)
            continue;
        *user = (KxMappingUser){
            g_strdup(person->name), g_strdup(kx_map_person_field(person, "name")),
            g_strdup(person->entry->dn), g_strdup(kx_map_person_field(person, "addresses")),
            state_of(mapping, domain, person)};
        g_ptr_array_add(users, user);
    }
    return users;
}

static GPtrArray *ask_people(KxMapping *mapping, const KxDomain *domain, const char *filter,
                             KxMapAnswer *answer, GError **error)
{
    g_autofree char *both =
        g_strdup_printf("(&%s%s)", kx_attribute_users(domain), filter != NULL ? filter : "");
    KxMapQuestion question = {.domain = domain,
                              .filter = both,
                              .first = KX_ATTRIBUTE_NAME,
                              .end = KX_ATTRIBUTE_GROUP_NAME,
                              .most = KX_MAP_ENTRIES_MAX};
    if (kx_map_ask(mapping, &question, answer))
        return kx_map_people(domain, KX_OBJECT_USER, answer);
    kx_fail(error, KX_ERR_FAILED, "%s", answer->text);
    return NULL;
}

GPtrArray *kx_mapping_list(KxMapping *mapping, const char *name, const char *filter, GError **error)
{
    g_auto(KxMapAnswer) answer = {0};
    g_autoptr(KxDomain) domain = kx_map_find_domain(mapping, name, error);
    g_autoptr(GPtrArray) people =
        domain != NULL ? ask_people(mapping, domain, filter, &answer, error) : NULL;
    return people != NULL ? kx_map_describe(mapping, domain, people, FALSE) : NULL;
}

/* ---- those of another directory ---- */

static void free_found(gpointer data)
{
    KxMappingFound *found = data;
    g_free(found->name);
    g_free(found->entry);
    g_free(found->problem);
    g_ptr_array_unref(found->fields);
    g_free(found);
}

/* All but what ties an account to the directory. */
static GPtrArray *own_fields(const KxMapPerson *person)
{
    GPtrArray *fields = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < person->fields->len; i += 2) {
        const char *field = person->fields->pdata[i], *value = person->fields->pdata[i + 1];
        if (strcmp(field, "source") == 0 || strcmp(field, "directory-entry") == 0 || *value == '\0')
            continue;
        g_ptr_array_add(fields, g_strdup(field));
        g_ptr_array_add(fields, g_strdup(value));
    }
    return fields;
}

GPtrArray *kx_mapping_read(KxMapping *mapping, const KxDomain *way, const char *filter,
                           GError **error)
{
    g_auto(KxMapAnswer) answer = {0};
    g_autoptr(GPtrArray) people = ask_people(mapping, way, filter, &answer, error);
    GPtrArray *all = people != NULL ? g_ptr_array_new_with_free_func(free_found) : NULL;
    for (guint i = 0; people != NULL && i < people->len; i++) {
        const KxMapPerson *person = people->pdata[i];
        KxMappingFound *found = g_new(KxMappingFound, 1);
        *found = (KxMappingFound){g_strdup(person->name), g_strdup(person->entry->dn),
                                  g_strdup(person->problem), own_fields(person)};
        g_ptr_array_add(all, found);
    }
    return all;
}

/* ---- the choice ---- */

/* "julia" or, in her domain, "julia@company.test", folded. NULL: it cannot be anybody's here. */
static char *key_of(const KxDomain *domain, const char *name)
{
    const char *at = strrchr(name, '@');
    if (at == NULL)
        return kx_name_fold(name);
    g_autofree char *home = kx_name_domain(at + 1, NULL);
    g_autofree char *local = g_strndup(name, (gsize)(at - name));
    return g_strcmp0(home, domain->name) == 0 ? kx_name_fold(local) : NULL;
}

/* By folded name; of several with the same the first, as the others are left out. */
static GHashTable *index_people(const GPtrArray *people)
{
    GHashTable *index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = people->len; i > 0; i--) {
        KxMapPerson *person = people->pdata[i - 1];
        char *key = kx_name_fold(person->name);
        if (key != NULL)
            g_hash_table_replace(index, key, person);
    }
    return index;
}

static KxMapPerson *find_person(const KxDomain *domain, GHashTable *index, const char *name)
{
    g_autofree char *key = key_of(domain, name);
    return key != NULL ? g_hash_table_lookup(index, key) : NULL;
}

/* NULL: nothing is against it. */
static const char *objection(KxMapping *mapping, const KxDomain *domain, const KxMapPerson *person)
{
    if (person == NULL || person->problem != NULL)
        return person != NULL ? person->problem : "not among the users of the directory";
    g_autofree char *login = g_strdup_printf("%s@%s", person->name, domain->name);
    g_autoptr(KxUser) user = kx_user_get(mapping->directory, login, NULL);
    return user != NULL && user->source == KX_SOURCE_INTERNAL
               ? "there is an account of that name here"
               : NULL;
}

static void choose_all(KxMapping *mapping, const KxDomain *domain, const GPtrArray *people)
{
    for (guint i = 0; i < people->len; i++) {
        KxMapPerson *person = people->pdata[i];
        person->chosen = objection(mapping, domain, person) == NULL;
    }
}

gboolean kx_map_choose(KxMapping *mapping, const KxDomain *domain, const GPtrArray *people,
                       char *const *names, GError **error)
{
    g_autoptr(GString) wrong = g_string_new(NULL);
    g_autoptr(GHashTable) index = index_people(people);
    gboolean absent = FALSE;
    if (names == NULL)
        choose_all(mapping, domain, people);
    for (guint i = 0; names != NULL && names[i] != NULL; i++) {
        KxMapPerson *person = find_person(domain, index, names[i]);
        const char *against = objection(mapping, domain, person);
        absent |= person == NULL;
        if (against == NULL)
            person->chosen = TRUE;
        else
            g_string_append_printf(wrong, "%s%s: %s", wrong->len > 0 ? "; " : "", names[i],
                                   against);
    }
    return wrong->len == 0 ||
           kx_fail(error, absent ? KX_ERR_NOT_FOUND : KX_ERR_INVALID, "%s", wrong->str);
}

/* A domain that takes all has nobody to choose. */
static KxDomain *find_choosing(KxMapping *mapping, const char *name, GError **error)
{
    g_autoptr(KxDomain) domain = kx_map_find_domain(mapping, name, error);
    if (domain == NULL || domain->directory_activate == KX_ACTIVATE_CHOSEN)
        return g_steal_pointer(&domain);
    kx_fail(error, KX_ERR_INVALID,
            "the domain '%s' takes all users of its directory: set directory-activate to chosen",
            domain->name);
    return NULL;
}

GPtrArray *kx_mapping_activate(KxMapping *mapping, const char *name, char *const *names,
                               GError **error)
{
    KxMapChoice choice = {names, NULL};
    KxMappingReport report;
    g_autoptr(KxDomain) domain = find_choosing(mapping, name, error);
    if (domain == NULL || !kx_map_pass(mapping, domain, &choice, &report, error))
        return NULL;
    kx_map_forget_nobodies(mapping);
    return choice.ret_users;
}

/* ---- taking out ---- */

static gboolean may_take_out(KxMapping *mapping, const char *login, GError **error)
{
    g_autoptr(KxUser) user = kx_user_get(mapping->directory, login, error);
    if (user == NULL || user->source != KX_SOURCE_INTERNAL)
        return user != NULL;
    return kx_fail(error, KX_ERR_INVALID, "the user %s is kept here, and in no directory", login);
}

gboolean kx_mapping_deactivate(KxMapping *mapping, const char *name, char *const *names,
                               const KxAdmin *admin, GError **error)
{
    static const KxField inactive[] = {{"source", "inactive"}, {"disabled", "yes"}};
    g_autoptr(KxDomain) domain = find_choosing(mapping, name, error);
    g_autoptr(GArray) changes = g_array_new(FALSE, TRUE, sizeof(KxChange));
    g_autoptr(GPtrArray) logins = g_ptr_array_new_with_free_func(g_free);
    KxAdmin speaker = *admin;
    speaker.mapper = TRUE;
    for (guint i = 0; domain != NULL && names[i] != NULL; i++) {
        g_autofree char *key = key_of(domain, names[i]);
        char *login = g_strdup_printf("%s@%s", key != NULL ? key : names[i], domain->name);
        g_ptr_array_add(logins, login);
        if (!may_take_out(mapping, login, error))
            return FALSE;
        KxChange change = {.verb = KX_CHANGE_SET,
                           .object = KX_OBJECT_USER,
                           .name = login,
                           .fields = inactive,
                           .n_fields = G_N_ELEMENTS(inactive)};
        g_array_append_val(changes, change);
    }
    kx_mutex_lock(&mapping->passing);
    gboolean ok = domain != NULL && kx_object_change(mapping->directory, &speaker,
                                                     (const KxChange *)(const void *)changes->data,
                                                     changes->len, NULL, error);
    kx_mutex_unlock(&mapping->passing);
    if (ok && mapping->gone != NULL)
        mapping->gone(mapping->gone_data);
    return ok;
}
