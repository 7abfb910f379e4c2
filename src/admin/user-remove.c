/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order: the mailbox is copied to its new owner while all still works; the account goes; its
 * sessions end; what was on its way is taken over; the old mailbox goes. Until the account is gone
 * a failure undoes everything. From then on nothing can be undone, nor is anything lost: what
 * cannot be removed stays in the store, and the Warning log says so.
 */
#include "admin/user-remove.h"

#include <unistd.h>

#include "admin/object.h"
#include "base/error.h"
#include "directory/rights.h"
#include "mailbox/move.h"
#include "store/acl.h"
#include "store/metadata.h"

enum { WAIT_TRIES = 500, WAIT_PAUSE = 20000 /* microseconds; 10 seconds in all */ };

typedef struct {
    const KxCall *call;
    const KxCore *core;
    KxUser *user;
    char *login;
    KxAccount *account; /* to be moved, or NULL */
    KxMove *move;
} Removal;

static void removal_clear(Removal *removal)
{
    g_clear_pointer(&removal->move, kx_move_free);
    g_clear_pointer(&removal->account, kx_account_unref);
    kx_user_free(removal->user);
    g_free(removal->login);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Removal, removal_clear)

static void warn(const Removal *removal, const char *what, const GError *problem)
{
    kx_log(removal->core->logger, KX_LOG_WARNING, "Removing the user %s: %s: %s", removal->login,
           what, problem->message);
}

/* ---- what he has elsewhere ---- */

static gboolean forget_in(const KxCore *core, const char *account_name, const char *login,
                          GError **error)
{
    g_autoptr(GError) inner = NULL;
    g_autoptr(KxAccount) account = kx_store_existing_account(core->store, account_name, &inner);
    if (account)
        return kx_account_forget_identifier(account, login, error) &&
               kx_metadata_forget_user(account, login, error);
    if (g_error_matches(inner, KX_ERROR, KX_ERR_NOT_FOUND))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&inner));
    return FALSE;
}

static gboolean forget_in_shares(const KxCore *core, const char *identifier, const char *login,
                                 GError **error)
{
    g_autoptr(GPtrArray) owners = kx_shares_owners(core->directory, identifier);
    for (guint i = 0; i < owners->len; i++)
        if (strcmp(owners->pdata[i], login) != 0 &&
            !forget_in(core, owners->pdata[i], login, error))
            return FALSE;
    return TRUE;
}

static gboolean forget_in_public(const KxCore *core, const char *login, GError **error)
{
    g_autoptr(GPtrArray) names = kx_store_account_names(NULL);
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        if (*name == '#' && !forget_in(core, name, login, error))
            return FALSE;
    }
    return TRUE;
}

/* What he has on folders of others, on public ones and on the archive, rights and private metadata:
 * the next one of that name is somebody else. */
static gboolean forget_elsewhere(const KxCore *core, const char *login, GError **error)
{
    const char *everybody = strrchr(login, '@');
    return forget_in_shares(core, login, login, error) &&
           forget_in_shares(core, everybody, login, error) && forget_in_public(core, login, error);
}

/* ---- the mailbox ---- */

static gboolean begin_move(Removal *removal, const char *to, GError **error)
{
    g_autoptr(KxUser) target = kx_user_get(removal->core->directory, to, error);
    if (!target ||
        !kx_rights_check(&removal->call->context->admin, KX_ACTION_ACCOUNT, target->domain, error))
        return FALSE;
    if (target->id == removal->user->id)
        return kx_fail(error, KX_ERR_INVALID, "the mailbox of %s cannot be moved into itself",
                       removal->login);
    removal->account =
        kx_store_account(removal->core->store, removal->user->domain, removal->user->name, error);
    g_autoptr(KxAccount) account =
        removal->account
            ? kx_store_account(removal->core->store, target->domain, target->name, error)
            : NULL;
    removal->move =
        account ? kx_move_begin(removal->core->store, removal->account, account, error) : NULL;
    return removal->move != NULL;
}

/* Sessions end and deliveries come to their end, which takes a moment. */
static void wait_alone(KxAccount *account)
{
    for (guint i = 0; i < WAIT_TRIES && !kx_account_is_alone(account); i++)
        g_usleep(WAIT_PAUSE);
}

static gboolean remove_mailbox(const Removal *removal, GError **error)
{
    for (guint i = 0;; i++) {
        g_autoptr(GError) problem = NULL;
        if (kx_store_remove_account(removal->core->store, removal->user->domain,
                                    removal->user->name, &problem))
            return TRUE;
        if (i == WAIT_TRIES || !g_error_matches(problem, KX_ERROR, KX_ERR_IN_USE)) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return FALSE;
        }
        g_usleep(WAIT_PAUSE);
    }
}

/* FALSE: it stays in the store. */
static gboolean finish(Removal *removal)
{
    g_autoptr(GError) problem = NULL;
    if (removal->move) {
        wait_alone(removal->account);
        if (!kx_move_finish(removal->move, &problem)) {
            warn(removal, "what came last could not be moved and stays in the store", problem);
            return FALSE;
        }
    }
    g_autofree char *folder = removal->move ? g_strdup(kx_move_folder(removal->move)) : NULL;
    guint64 items = removal->move ? kx_move_items(removal->move) : 0;
    g_clear_pointer(&removal->move, kx_move_free);
    g_clear_pointer(&removal->account, kx_account_unref);
    if (folder)
        kx_call_log(removal->call, "Mailbox of %s moved to '%s', %" G_GUINT64_FORMAT " items",
                    removal->login, folder, items);
    if (remove_mailbox(removal, &problem))
        return TRUE;
    warn(removal, "the mailbox could not be removed and stays in the store", problem);
    return FALSE;
}

/* ---- what still names him ---- */

static gboolean names(const KxAlias *alias, const KxUser *user, const char *login)
{
    for (guint i = 0; alias->targets[i]; i++) {
        const char *target = alias->targets[i];
        gboolean here =
            g_str_equal(alias->domain, user->domain) && g_ascii_strcasecmp(target, user->name) == 0;
        if (here || g_ascii_strcasecmp(target, login) == 0)
            return TRUE;
    }
    return FALSE;
}

static json_t *aliases_of(const Removal *removal)
{
    json_t *list = json_array();
    g_autoptr(GPtrArray) aliases =
        kx_object_list(removal->core->directory, KX_OBJECT_ALIAS, &(KxQuery){0}, NULL, NULL);
    for (guint i = 0; aliases && i < aliases->len; i++) {
        const KxAlias *alias = aliases->pdata[i];
        g_autofree char *name = g_strdup_printf("%s@%s", alias->name, alias->domain);
        if (names(alias, removal->user, removal->login))
            json_array_append_new(list, json_string(name));
    }
    return list;
}

/* ---- the command ---- */

static gboolean prepare(Removal *removal, GError **error)
{
    const KxCall *call = removal->call;
    const char *to = kx_call_text(call, "move-mail-to");
    if (to && kx_call_flag(call, "delete-mail"))
        return kx_fail(error, KX_ERR_INVALID,
                       "--delete-mail and --move-mail-to exclude each other");
    return !to || begin_move(removal, to, error);
}

static gboolean remove_account(Removal *removal, GError **error)
{
    const KxServerHooks *server = removal->call->context->server;
    json_auto_t *done = forget_elsewhere(removal->core, removal->login, error)
                            ? kx_object_run_remove(removal->call, error)
                            : NULL;
    if (done && server)
        server->end_sessions(server->data);
    return done != NULL;
}

/* Who is in a directory would be back at once: he is kept, as one who may not come in (USR-05). */
static json_t *disable(const Removal *removal, GError **error)
{
    const KxCall *call = removal->call;
    const KxServerHooks *server = call->context->server;
    static const KxField disabled[] = {{"disabled", "yes"}};
    if (kx_call_text(call, "move-mail-to") || kx_call_flag(call, "delete-mail")) {
        kx_fail(
            error, KX_ERR_DENIED,
            "%s comes from the directory of the domain: the mailbox can go when the entry there "
            "has gone",
            removal->login);
        return NULL;
    }
    KxChange change = {.verb = KX_CHANGE_SET,
                       .object = KX_OBJECT_USER,
                       .name = removal->login,
                       .fields = disabled,
                       .n_fields = G_N_ELEMENTS(disabled),
                       .generation = (guint)kx_call_int(call, "generation", 0)};
    if (!kx_object_change(removal->core->directory, &call->context->admin, &change, 1, NULL, error))
        return NULL;
    if (server)
        server->end_sessions(server->data);
    return json_pack("{s:s, s:[], s:s, s:b}", "user", removal->login, "aliases", "mail", "kept",
                     "disabled", TRUE);
}

static gboolean find_account(Removal *removal, GError **error)
{
    removal->user = kx_user_get(removal->core->directory, removal->call->args[0], error);
    if (removal->user)
        removal->login = g_strdup_printf("%s@%s", removal->user->name, removal->user->domain);
    return removal->user != NULL;
}

json_t *kx_user_remove_run(const KxCall *call, GError **error)
{
    g_auto(Removal) removal = {.call = call, .core = call->context->core};
    g_autoptr(GError) problem = NULL;
    if (!find_account(&removal, error))
        return NULL;
    if (removal.user->source == KX_SOURCE_LDAP)
        return disable(&removal, error);
    if (!prepare(&removal, &problem) || !remove_account(&removal, &problem)) {
        if (removal.move)
            kx_move_undo(removal.move);
        if (kx_call_text(call, "move-mail-to") && removal.login)
            warn(&removal, "it was not done", problem);
        g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    json_t *result =
        json_pack("{s:s, s:o}", "user", removal.login, "aliases", aliases_of(&removal));
    const char *fate = "kept";
    if (removal.move) {
        json_object_set_new(result, "folder", json_string(kx_move_folder(removal.move)));
        fate = "moved";
    } else if (kx_call_flag(call, "delete-mail")) {
        fate = "deleted";
    }
    gboolean clean = g_str_equal(fate, "kept") || finish(&removal);
    json_object_set_new(result, "mail", json_string(fate));
    json_object_set_new(result, "complete", json_boolean(clean));
    return result;
}

void kx_user_remove_show(const json_t *result, FILE *out)
{
    const char *folder = json_string_value(json_object_get(result, "folder"));
    const json_t *aliases = json_object_get(result, "aliases");
    if (folder)
        fprintf(out, "The mailbox is now the folder '%s'.\n", folder);
    if (json_is_true(json_object_get(result, "disabled"))) {
        fputs("The account comes from a directory and is disabled; its entry there stays.\n", out);
        return;
    }
    if (!json_is_true(json_object_get(result, "complete")))
        fputs("Not all could be cleaned up: see the Warning log.\n", out);
    for (size_t i = 0; i < json_array_size(aliases); i++)
        fprintf(out, "The alias %s still names the account.\n",
                json_string_value(json_array_get(aliases, i)));
}
