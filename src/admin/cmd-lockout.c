/* SPDX-License-Identifier: Apache-2.0 */
/* keryx lockout: who is not let in after too many failed sign-ins (AUTH-11). */
#include "admin/command.h"
#include "base/error.h"
#include "core/lockout.h"

static json_t *list(const KxCall *call, GError **error G_GNUC_UNUSED)
{
    g_autoptr(GPtrArray) all = kx_lockout_list(call->context->core->lockout);
    json_t *rows = json_array();
    for (guint i = 0; i < all->len; i++) {
        const KxLocked *locked = all->pdata[i];
        g_autoptr(GDateTime) until = g_date_time_new_from_unix_utc(locked->until);
        g_autofree char *text = g_date_time_format_iso8601(until);
        json_array_append_new(rows, json_pack("{s:s?, s:s?, s:s, s:i}", "account", locked->account,
                                              "address", locked->address, "until", text, "times",
                                              (int)locked->times));
    }
    return rows;
}

static json_t *clear(const KxCall *call, GError **error G_GNUC_UNUSED)
{
    const char *what = call->n_args > 0 ? call->args[0] : NULL;
    guint n = kx_lockout_clear(call->context->core->lockout, what);
    kx_call_log(call, "Lockout of %s cleared", what ? what : "all");
    return json_pack("{s:i}", "cleared", (int)n);
}

static const KxCommand commands[] = {
    {.words = "lockout list",
     .args = "",
     .api = "GET /lockouts",
     .run = list,
     .flags = KX_COMMAND_READS | KX_COMMAND_SERVER,
     .columns = "account:Account,address:Address,until:Until,times:Times",
     .manual = "Lists accounts and addresses that are locked after too many failed sign-ins: an "
               "account for an address, an address for all accounts, or an account for all "
               "addresses that it has not signed in from before."},
    {.words = "lockout clear",
     .args = "[ACCOUNT|ADDRESS]",
     .api = "DELETE /lockouts/{who}; DELETE /lockouts",
     .max_args = 1,
     .run = clear,
     .flags = KX_COMMAND_SERVER,
     .show = kx_show_object,
     .manual = "Lets an account or an address in again at once, or all that are locked, and "
               "forgets what has failed so far."},
};

const KxTopic kx_topic_lockout = {"lockout", "Locked accounts and addresses", commands,
                                  G_N_ELEMENTS(commands)};
