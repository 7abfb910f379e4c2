/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory is read to its end before anything is added, so that one which fails adds nobody.
 * Each account is made whole or not at all, and who cannot be made one is reported beside the
 * others.
 */
#include "admin/directory-import.h"

#include "base/error.h"
#include "directory/kinds.h"
#include "directory/names.h"

enum { PIECE = 500 }; /* accounts of one transaction: lookups wait for milliseconds only */

typedef struct {
    const KxCall *call;
    const KxDomain *domain;
    const char *authentication; /* of the accounts; NULL: as usual, or as the template has it */
    GPtrArray *found;           /* of KxMappingFound */
    GPtrArray *states;          /* char *, of each: NULL when there is nothing against it */
    GPtrArray *logins;          /* char *, of each, or NULL: it is not wanted */
    GPtrArray *fields;          /* KxField *, of each change */
    GArray *changes;            /* KxChange */
    GArray *places;             /* guint: whom of `found` each change is about */
    GPtrArray *missing;         /* char *: names that nobody there has */
} Import;

/* The passwords of an Active Directory are those of its realm, if this server knows the way there
 * (USR-60); other directories tell nothing of theirs. */
static const char *authentication_of(const KxCall *call, const KxDomain *domain)
{
    const char *given = kx_call_text(call, "authentication");
    gboolean realm = domain->directory == KX_DIRECTORY_ACTIVE && *domain->kerberos_realm != '\0';
    return given ? given : realm && !kx_call_text(call, "template") ? "kerberos" : NULL;
}

static void import_init(Import *import, const KxCall *call, const KxDomain *domain,
                        GPtrArray *found)
{
    *import = (Import){
        .call = call,
        .domain = domain,
        .authentication = authentication_of(call, domain),
        .found = found,
        .states = g_ptr_array_new_with_free_func(g_free),
        .logins = g_ptr_array_new_with_free_func(g_free),
        .fields = g_ptr_array_new_with_free_func(g_free),
        .changes = g_array_new(FALSE, TRUE, sizeof(KxChange)),
        .places = g_array_new(FALSE, FALSE, sizeof(guint)),
        .missing = g_ptr_array_new_with_free_func(g_free),
    };
}

static void import_clear(Import *import)
{
    g_ptr_array_unref(import->states);
    g_ptr_array_unref(import->logins);
    g_ptr_array_unref(import->fields);
    g_array_unref(import->changes);
    g_array_unref(import->places);
    g_ptr_array_unref(import->missing);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Import, import_clear)

/* ---- the directory ---- */

/* How it is read, in the words of the fields by which a domain is mapped to one. */
static KxDomain *way_to(const KxCall *call, GError **error)
{
    static const struct {
        const char *option, *field;
    } rows[] = {
        {"type", "directory"},
        {"server", "directory-hosts"},
        {"tls", "directory-tls"},
        {"ca", "directory-ca"},
        {"user", "directory-user"},
        {"password", "directory-password"},
        {"name", "directory-name"},
        {"base", "directory-base"},
        {"filter", "directory-users"},
        {"attributes", "directory-attributes"},
        {"timeout", "directory-timeout"},
    };
    KxField fields[G_N_ELEMENTS(rows)];
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *value = kx_call_text(call, rows[i].option);
        fields[i] = (KxField){rows[i].field, value ? value : ""};
    }
    KxDomain *way = kx_domain_with(call->context->core->directory, call->args[0], fields,
                                   G_N_ELEMENTS(fields), error);
    if (!way || way->directory != KX_DIRECTORY_NONE)
        return way;
    kx_fail(error, KX_ERR_INVALID, "type: say what the directory is like");
    kx_domain_free(way);
    return NULL;
}

/* ---- whom ---- */

/* "julia", or "julia@company.test" in her domain, folded. NULL: it cannot be anybody's there. */
static char *key_of(const KxDomain *domain, const char *given)
{
    const char *at = strrchr(given, '@');
    g_autofree char *home = at ? kx_name_domain(at + 1, NULL) : NULL;
    g_autofree char *local = at ? g_strndup(given, (gsize)(at - given)) : g_strdup(given);
    return !at || g_strcmp0(home, domain->name) == 0 ? kx_name_fold(local) : NULL;
}

/* The names that were given, folded, each with its place among the arguments. */
static GHashTable *wanted_names(const Import *import)
{
    GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 1; i < import->call->n_args; i++) {
        char *key = key_of(import->domain, import->call->args[i]);
        if (key)
            g_hash_table_insert(names, key, GUINT_TO_POINTER(i));
    }
    return names;
}

/* All, when no names are given; marks those that are found. */
static gboolean is_wanted(const Import *import, GHashTable *names, const char *name, gboolean *seen)
{
    g_autofree char *key = kx_name_fold(name);
    guint place = key ? GPOINTER_TO_UINT(g_hash_table_lookup(names, key)) : 0;
    if (place > 0)
        seen[place] = TRUE;
    return place > 0 || import->call->n_args == 1;
}

static void add_change(Import *import, const KxMappingFound *found, const char *login, guint place)
{
    guint n = found->fields->len / 2;
    KxField *fields = g_new0(KxField, n + 2);
    for (guint i = 0; i < n; i++)
        fields[i] = (KxField){found->fields->pdata[i * 2], found->fields->pdata[i * 2 + 1]};
    if (import->authentication)
        fields[n++] = (KxField){"authentication", import->authentication};
    KxChange change = {.verb = KX_CHANGE_ADD,
                       .object = KX_OBJECT_USER,
                       .name = login,
                       .fields = fields,
                       .n_fields = n,
                       .template = kx_call_text(import->call, "template")};
    g_ptr_array_add(import->fields, fields);
    g_array_append_val(import->changes, change);
    g_array_append_val(import->places, place);
}

static void choose(Import *import)
{
    g_autofree gboolean *seen = g_new0(gboolean, import->call->n_args);
    g_autoptr(GHashTable) names = wanted_names(import);
    for (guint i = 0; i < import->found->len; i++) {
        const KxMappingFound *found = import->found->pdata[i];
        gboolean wanted = is_wanted(import, names, found->name, seen);
        char *login = wanted ? g_strdup_printf("%s@%s", found->name, import->domain->name) : NULL;
        g_ptr_array_add(import->logins, login);
        g_ptr_array_add(import->states, g_strdup(found->problem));
        if (wanted && !found->problem)
            add_change(import, found, login, i);
    }
    for (guint i = 1; i < import->call->n_args; i++) {
        g_autofree char *key = key_of(import->domain, import->call->args[i]);
        guint place = key ? GPOINTER_TO_UINT(g_hash_table_lookup(names, key)) : i;
        if (!seen[place])
            g_ptr_array_add(import->missing, g_strdup(import->call->args[i]));
    }
}

/* ---- the accounts ---- */

static void note(Import *import, guint change, const GError *problem)
{
    guint place = g_array_index(import->places, guint, change);
    g_free(import->states->pdata[place]);
    import->states->pdata[place] = g_strdup(problem->message);
}

static gboolean make(Import *import, gboolean try, GError **error)
{
    guint n = import->changes->len;
    const KxCall *call = import->call;
    g_autofree GError **errors = g_new0(GError *, MAX(n, 1));
    gboolean ok = TRUE;
    for (guint at = 0; ok && at < n; at += PIECE)
        ok = kx_object_change_many(
            call->context->core->directory, &call->context->admin,
            &g_array_index(import->changes, KxChange, at), MIN(n - at, (guint)PIECE),
            KX_CHANGE_EACH | (try ? KX_CHANGE_TRY : 0), errors + at, NULL, error);
    for (guint i = 0; i < n; i++) {
        if (errors[i])
            note(import, i, errors[i]);
        g_clear_error(&errors[i]);
    }
    return ok;
}

/* As one transaction; FALSE without an error: somebody was refused. */
static gboolean make_together(Import *import, GError **error)
{
    g_autoptr(GError) problem = NULL;
    guint failed = import->changes->len;
    if (failed == 0 ||
        kx_object_change(import->call->context->core->directory, &import->call->context->admin,
                         (const KxChange *)(const void *)import->changes->data, failed, &failed,
                         &problem))
        return TRUE;
    if (failed < import->changes->len)
        note(import, failed, problem);
    else
        g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
}

static guint count_failed(const Import *import)
{
    guint n = import->missing->len;
    for (guint i = 0; i < import->states->len; i++)
        n += import->logins->pdata[i] && import->states->pdata[i];
    return n;
}

/* ---- the answer ---- */

static const char *field_of(const KxMappingFound *found, const char *name)
{
    for (guint i = 0; i < found->fields->len; i += 2)
        if (g_str_equal(found->fields->pdata[i], name))
            return found->fields->pdata[i + 1];
    return "";
}

static json_t *describe(const Import *import, const char *good)
{
    json_t *users = json_array();
    for (guint i = 0; i < import->found->len; i++) {
        const KxMappingFound *found = import->found->pdata[i];
        const char *state = import->states->pdata[i];
        if (import->logins->pdata[i])
            json_array_append_new(users, json_pack("{s:s, s:s, s:s, s:s, s:s}", "user", found->name,
                                                   "name", field_of(found, "name"), "addresses",
                                                   field_of(found, "addresses"), "state",
                                                   state ? state : good, "entry", found->entry));
    }
    for (guint i = 0; i < import->missing->len; i++)
        json_array_append_new(users, json_pack("{s:s, s:s, s:s, s:s, s:s}", "user",
                                               import->missing->pdata[i], "name", "", "addresses",
                                               "", "state", "not among the users of the directory",
                                               "entry", ""));
    return users;
}

/* Of those who are only tried, how many fit; of all or none who were not made, nobody. */
static json_t *answer(const Import *import, gboolean dry, gboolean made)
{
    guint failed = count_failed(import), fit = 0;
    for (guint i = 0; i < import->states->len; i++)
        fit += import->logins->pdata[i] && !import->states->pdata[i];
    return json_pack("{s:i, s:i, s:b, s:o}", "added", dry || made ? (int)fit : 0, "failed",
                     (int)failed, "dry-run", dry, "users",
                     describe(import, made ? "added" : "can be added"));
}

json_t *kx_directory_import_run(const KxCall *call, GError **error)
{
    gboolean dry = kx_call_flag(call, "dry-run"), all = kx_call_flag(call, "all-or-none");
    gboolean made = FALSE;
    g_autoptr(GError) problem = NULL;
    g_autoptr(KxDomain) way = way_to(call, error);
    g_autoptr(GPtrArray) found =
        way ? kx_mapping_read(call->context->core->mapping, way, NULL, error) : NULL;
    if (!found)
        return NULL;
    g_auto(Import) import = {0};
    import_init(&import, call, way, found);
    choose(&import);
    if ((dry || all) && !make(&import, TRUE, error))
        return NULL;
    if (all && !dry && count_failed(&import) == 0)
        made = make_together(&import, &problem);
    else if (!all && !dry)
        made = make(&import, FALSE, &problem);
    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    if (made)
        kx_call_log(call, "Import users of directory %s into domain %s",
                    kx_call_text(call, "server"), way->name);
    return answer(&import, dry, made);
}

/* ---- the command line ---- */

static int show(const KxInvocation *invocation, const json_t *result)
{
    gboolean dry = json_is_true(json_object_get(result, "dry-run"));
    json_int_t failed = json_integer_value(json_object_get(result, "failed"));
    if (invocation->json) {
        kx_show_json(result, stdout);
    } else {
        kx_show_table(invocation->command->columns, json_object_get(result, "users"), stdout);
        fprintf(stdout, "%" JSON_INTEGER_FORMAT " %s, %" JSON_INTEGER_FORMAT " refused.\n",
                json_integer_value(json_object_get(result, "added")),
                dry ? "could be added" : "added", failed);
    }
    return failed == 0 ? KX_EXIT_OK : KX_EXIT_FAILED;
}

int kx_directory_import_local(const KxInvocation *invocation)
{
    g_autoptr(GError) error = NULL;
    if (!kx_cli_enter(invocation->data, &error))
        return kx_cli_fail(error);
    json_auto_t *answer = kx_cli_ask(invocation, &error);
    if (!answer)
        return kx_cli_fail(error);
    const json_t *result = json_object_get(answer, "result");
    return result ? show(invocation, result) : kx_cli_answer(invocation, answer);
}
