/* SPDX-License-Identifier: Apache-2.0 */
/* keryx cert acme: certificates that the server gets from an authority itself (RFC 8555). */
#include "admin/command.h"
#include "admin/renewal.h"
#include "base/text.h"

enum { SHOWN_MAX = 4096 /* bytes of the authority's words */ };

static json_t *status(const KxCall *call, GError **error)
{
    const KxServerHooks *server = call->context->server;
    KxRenewal *renewal = server ? server->renewal : NULL;
    g_autoptr(KxSettings) settings = kx_directory_settings(call->context->core->directory);
    g_autofree char *terms = renewal ? kx_renewal_terms(renewal) : NULL;
    return json_pack("{s:s, s:s, s:b, s:s?, s:o}", "directory",
                     kx_settings_text(settings, KX_SET_ACME_DIRECTORY), "challenge",
                     kx_settings_text(settings, KX_SET_ACME_CHALLENGE), "agreed",
                     kx_settings_bool(settings, KX_SET_ACME_AGREE), "terms", terms, "certificates",
                     kx_renewal_status(renewal, settings));
}

static void show_time(const char *title, const json_t *seconds, FILE *out)
{
    gint64 value = json_integer_value(seconds);
    g_autoptr(GDateTime) date = value > 0 ? g_date_time_new_from_unix_local(value) : NULL;
    g_autofree char *text = date ? g_date_time_format(date, "%Y-%m-%d %H:%M") : NULL;
    if (text)
        fprintf(out, "  %s %s\n", title, text);
}

static void show_status(const json_t *result, FILE *out)
{
    const json_t *rows = json_object_get(result, "certificates"), *row;
    const char *terms = json_string_value(json_object_get(result, "terms"));
    size_t i;
    fprintf(out, "Authority: %s\nChallenge: %s\n",
            json_string_value(json_object_get(result, "directory")),
            json_string_value(json_object_get(result, "challenge")));
    if (terms) {
        g_autofree char *shown = kx_escape_for_log(terms, -1, SHOWN_MAX);
        fprintf(out, "Terms of service: %s (%s)\n", shown,
                json_is_true(json_object_get(result, "agreed")) ? "agreed" : "not agreed");
    }
    if (json_array_size(rows) == 0)
        fprintf(out, "acme.certificates names no certificate.\n");
    json_array_foreach(rows, i, row)
    {
        const char *why = json_string_value(json_object_get(row, "error"));
        fprintf(out, "\n%s: %s\n  for %s\n", json_string_value(json_object_get(row, "name")),
                json_string_value(json_object_get(row, "state")),
                json_string_value(json_object_get(row, "names")));
        show_time("renewed from", json_object_get(row, "renewal"), out);
        if (why) {
            g_autofree char *shown = kx_escape_for_log(why, -1, SHOWN_MAX);
            fprintf(out, "  failed: %s\n", shown);
        }
        show_time("tried again at", json_object_get(row, "next-try"), out);
    }
}

static json_t *renew(const KxCall *call, GError **error)
{
    const char *name = call->n_args > 0 ? call->args[0] : NULL;
    KxRenewal *renewal = call->context->server->renewal;
    if (!kx_renewal_now(renewal, name, error))
        return NULL;
    g_autoptr(KxSettings) settings = kx_directory_settings(call->context->core->directory);
    return kx_renewal_status(renewal, settings);
}

static const KxCommand commands[] = {
    {.words = "cert acme status",
     .args = "",
     .api = "GET /acme",
     .run = status,
     .show = show_status,
     .flags = KX_COMMAND_READS,
     .manual = "Shows the certificates of acme.certificates, and what kept the server from getting "
               "one."},
    {.words = "cert acme renew",
     .args = "[NAME]",
     .api = "POST /acme/renew name",
     .max_args = 1,
     .run = renew,
     .flags = KX_COMMAND_SERVER,
     .columns = "name:Name,state:State,names:Names",
     .manual = "Gets them from the authority now, all or that of a name, however old they are. It "
               "waits for the answer, which may take a minute or two."},
};

const KxTopic kx_topic_acme = {"cert", "Certificates from an authority (ACME)", commands,
                               G_N_ELEMENTS(commands)};
