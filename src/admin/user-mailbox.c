/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/user-mailbox.h"

#include "admin/object.h"
#include "base/error.h"
#include "mailbox/notice.h"
#include "store/kept.h"

/* The account of a user; NULL without an error if he has none yet. */
static gboolean find_account(const KxCall *call, const KxUser *user, KxAccount **ret_account,
                             GError **error)
{
    g_autoptr(GError) inner = NULL;
    *ret_account = kx_call_account(call, user, &inner);
    if (!inner || g_error_matches(inner, KX_ERROR, KX_ERR_NOT_FOUND))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&inner));
    return FALSE;
}

static void put(json_t *result, const char *key, guint64 number)
{
    json_object_set_new(result, key, json_integer((json_int_t)number));
}

/* ---- show ---- */

static void add_usage(json_t *result, const KxUser *user, KxAccount *account)
{
    KxUsage usage = account ? kx_account_usage(account) : (KxUsage){0};
    KxKept kept = account ? kx_account_kept(account, G_MININT64) : (KxKept){0};
    put(result, "items", usage.items);
    put(result, "bytes", usage.bytes);
    if (user->quota > 0 || user->quota_items > 0)
        put(result, "quota-percent",
            kx_quota_percent(&usage, &(KxLimits){user->quota, user->quota_items, FALSE, FALSE}));
    if (kept.items > 0) {
        put(result, "kept-items", kept.items);
        put(result, "kept-bytes", kept.bytes);
    }
}

json_t *kx_user_show_run(const KxCall *call, GError **error)
{
    g_autoptr(KxUser) user = kx_user_get(call->context->core->directory, call->args[0], error);
    g_autoptr(KxAccount) account = NULL;
    if (!user || !find_account(call, user, &account, error))
        return NULL;
    json_t *result = kx_object_json(KX_OBJECT_USER, &user->record);
    json_object_set_new(result, "second-factor", json_boolean(*user->second_factor != '\0'));
    add_usage(result, user, account);
    return result;
}

/* ---- recover ---- */

/* The beginning of a day here. */
static gboolean parse_day(const char *text, gint64 *ret_since, GError **error)
{
    g_autoptr(GTimeZone) zone = g_time_zone_new_local();
    int year, month, day, used = 0;
    if (!text) {
        *ret_since = G_MININT64;
        return TRUE;
    }
    g_autoptr(GDateTime) date =
        sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) == 3 && text[used] == '\0'
            ? g_date_time_new(zone, year, month, day, 0, 0, 0)
            : NULL;
    if (!date)
        return kx_fail(error, KX_ERR_INVALID, "--since takes a date like 2026-07-31");
    *ret_since = g_date_time_to_unix(date);
    return TRUE;
}

static gboolean check_kept(const KxCall *call, const KxUser *user, GError **error)
{
    KxMailboxRules rules = {0};
    g_autofree char *login = g_strdup_printf("%s@%s", user->name, user->domain);
    kx_user_rules(call->context->core->directory, login, &rules);
    if (rules.keep_deleted_days > 0)
        return TRUE;
    return kx_fail(error, KX_ERR_INVALID,
                   "the domain %s does not keep deleted items (keryx domain set %s "
                   "--keep-deleted-days)",
                   user->domain, user->domain);
}

json_t *kx_user_recover_run(const KxCall *call, GError **error)
{
    g_autoptr(KxUser) user = kx_user_get(call->context->core->directory, call->args[0], error);
    g_autoptr(KxAccount) account = NULL;
    gboolean dry = kx_call_flag(call, "dry-run");
    KxKept kept = {0};
    gint64 since = 0;
    if (!user || !parse_day(kx_call_text(call, "since"), &since, error) ||
        !check_kept(call, user, error) || !find_account(call, user, &account, error))
        return NULL;
    if (account && dry)
        kept = kx_account_kept(account, since);
    else if (account && !kx_account_recover(account, since, &kept, error))
        return NULL;
    if (!dry)
        kx_call_log(call, "Deleted items of %s@%s recovered, %" G_GUINT64_FORMAT " items",
                    user->name, user->domain, kept.items);
    return json_pack("{s:b, s:I, s:I}", "recovered", !dry, "items", (json_int_t)kept.items, "bytes",
                     (json_int_t)kept.bytes);
}

void kx_user_recover_show(const json_t *result, FILE *out)
{
    fprintf(out,
            json_is_true(json_object_get(result, "recovered"))
                ? "%" JSON_INTEGER_FORMAT " items are back in Deleted Items\n"
                : "%" JSON_INTEGER_FORMAT " items can be recovered\n",
            json_integer_value(json_object_get(result, "items")));
}
