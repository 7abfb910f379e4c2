/* SPDX-License-Identifier: Apache-2.0 */
/* keryx address: where mail goes (ALIAS-12). */
#include "admin/command.h"
#include "directory/hop.h"
#include "directory/resolve.h"
#include "directory/rights.h"

static json_t *next_hop(KxDirectory *directory, const char *sender, const char *address)
{
    g_auto(KxHop) hop = {0};
    kx_hop_find(directory, sender, address, &hop);
    g_autofree char *text = kx_hop_text(&hop);
    return json_string(text);
}

/* How mail leaves the server is for who may see its settings; `sender` NULL: not for him. */
static json_t *destination_json(KxDirectory *directory, const char *sender,
                                const KxDestination *destination)
{
    static const char *const kinds[] = {
        [KX_DEST_MAILBOX] = "mailbox",
        [KX_DEST_PUBLIC] = "public-folder",
        [KX_DEST_REMOTE] = "remote",
        [KX_DEST_FORWARD] = "forward",
    };
    json_t *json =
        json_pack("{s:s, s:s}", "kind", kinds[destination->kind], "to", destination->address);
    if (sender && (destination->kind == KX_DEST_REMOTE || destination->kind == KX_DEST_FORWARD))
        json_object_set_new(json, "next-hop", next_hop(directory, sender, destination->address));
    if (destination->kind == KX_DEST_PUBLIC)
        json_object_set_new(json, "domain", json_string(destination->domain));
    return json;
}

static json_t *check(const KxCall *call, GError **error G_GNUC_UNUSED)
{
    static const char *const kinds[] = {
        [KX_RCPT_LOCAL] = "local",   [KX_RCPT_UNKNOWN] = "unknown", [KX_RCPT_DISABLED] = "disabled",
        [KX_RCPT_REMOTE] = "remote", [KX_RCPT_LATER] = "later",
    };
    KxDirectory *directory = call->context->core->directory;
    const char *from = kx_call_text(call, "from");
    gboolean sees_all = kx_rights_check(&call->context->admin, KX_ACTION_READ, NULL, NULL);
    const char *sender = !sees_all ? NULL : from ? from : "";
    g_autoptr(KxResolution) found = sees_all ? kx_resolve(directory, call->args[0], TRUE)
                                             : kx_resolve_within(directory, call->args[0]);
    json_t *destinations = json_array(), *steps = json_array();
    for (guint i = 0; i < found->destinations->len; i++)
        json_array_append_new(destinations,
                              destination_json(directory, sender, found->destinations->pdata[i]));
    for (guint i = 0; i < found->steps->len; i++)
        json_array_append_new(steps, json_string(found->steps->pdata[i]));
    return json_pack("{s:s, s:s, s:o, s:o}", "address", call->args[0], "result", kinds[found->kind],
                     "destinations", destinations, "steps", steps);
}

static void show(const json_t *result, FILE *out)
{
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(result, "steps"), i, item)
        fprintf(out, "%s\n", json_string_value(item));
    const json_t *destinations = json_object_get(result, "destinations");
    if (json_array_size(destinations) == 0) {
        fprintf(out, "Mail to this address is refused: %s\n",
                json_string_value(json_object_get(result, "result")));
        return;
    }
    fprintf(out, "Mail goes to:\n");
    json_array_foreach(destinations, i, item)
    {
        const char *hop = json_string_value(json_object_get(item, "next-hop"));
        fprintf(out, "  %s %s%s%s\n", json_string_value(json_object_get(item, "kind")),
                json_string_value(json_object_get(item, "to")), hop ? " by " : "", hop ? hop : "");
    }
}

static const KxOption check_options[] = {
    {"from", KX_OPTION_TEXT, "ADDRESS",
     "As mail of this sender would; without it, as a report would."},
};

static const KxCommand commands[] = {
    {.words = "address check",
     .args = "ADDRESS",
     .api = "GET /addresses/{address}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(check_options),
     .run = check,
     .flags = KX_COMMAND_READS | KX_COMMAND_ACCOUNTS,
     .show = show,
     .manual =
         "Says step by step where mail to an address goes, and why. Administrators of a domain may "
         "ask about addresses in it, also in its aliases; what leads to another domain is named "
         "and not followed."},
};

const KxTopic kx_topic_address = {"address", "Where mail goes", commands, G_N_ELEMENTS(commands)};
