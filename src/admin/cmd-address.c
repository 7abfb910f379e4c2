/* SPDX-License-Identifier: Apache-2.0 */
/* keryx address: where mail goes (ALIAS-12). */
#include "admin/command.h"
#include "directory/hop.h"
#include "directory/resolve.h"

static json_t *next_hop(KxDirectory *directory, const char *address)
{
    g_auto(KxHop) hop = {0};
    kx_hop_find(directory, address, &hop);
    g_autofree char *text = kx_hop_text(&hop);
    return json_string(text);
}

static json_t *destination_json(KxDirectory *directory, const KxDestination *destination)
{
    static const char *const kinds[] = {
        [KX_DEST_MAILBOX] = "mailbox",
        [KX_DEST_PUBLIC] = "public-folder",
        [KX_DEST_REMOTE] = "remote",
        [KX_DEST_FORWARD] = "forward",
    };
    json_t *json =
        json_pack("{s:s, s:s}", "kind", kinds[destination->kind], "to", destination->address);
    if (destination->kind == KX_DEST_REMOTE || destination->kind == KX_DEST_FORWARD)
        json_object_set_new(json, "next-hop", next_hop(directory, destination->address));
    if (destination->kind == KX_DEST_PUBLIC)
        json_object_set_new(json, "domain", json_string(destination->domain));
    return json;
}

static json_t *check(const KxCall *call, GError **error G_GNUC_UNUSED)
{
    static const char *const kinds[] = {
        [KX_RCPT_LOCAL] = "local",
        [KX_RCPT_UNKNOWN] = "unknown",
        [KX_RCPT_DISABLED] = "disabled",
        [KX_RCPT_REMOTE] = "remote",
    };
    KxDirectory *directory = call->context->core->directory;
    g_autoptr(KxResolution) found = kx_resolve(directory, call->args[0], TRUE);
    json_t *destinations = json_array(), *steps = json_array();
    for (guint i = 0; i < found->destinations->len; i++)
        json_array_append_new(destinations,
                              destination_json(directory, found->destinations->pdata[i]));
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

static const KxCommand commands[] = {
    {.words = "address check",
     .args = "ADDRESS",
     .api = "GET /addresses/{address}",
     .min_args = 1,
     .max_args = 1,
     .run = check,
     .flags = KX_COMMAND_READS,
     .show = show,
     .manual = "Says step by step where mail to an address goes, and why."},
};

const KxTopic kx_topic_address = {"address", "Where mail goes", commands, G_N_ELEMENTS(commands)};
