/* SPDX-License-Identifier: Apache-2.0 */
/* keryx dkim: the keys that mail to other servers is signed with (RFC 6376, RFC 8463). */
#include <string.h>

#include "admin/command.h"
#include "base/error.h"
#include "directory/names.h"
#include "filter/key-files.h"

enum { RSA_BITS = 2048, RSA_BITS_MIN = 1024, RSA_BITS_MAX = 4096, TXT_STRING = 255 };

/* The domain as its mail is signed, whether by its own name or an alias. */
static char *domain_of(const KxCall *call, const char *given, GError **error)
{
    g_autofree char *name = kx_name_domain(given, error);
    if (!name)
        return NULL;
    g_autofree char *home = kx_domain_of_mail(call->context->core->directory, name);
    if (!home) {
        kx_fail(error, KX_ERR_NOT_FOUND, "%s is no domain here, nor an alias of one", given);
        return NULL;
    }
    return g_steal_pointer(&name);
}

/* "a._domainkey.company.test. IN TXT ( "v=DKIM1; ..." "..." )": a string has 255 bytes at most. */
static char *zone_line(const char *name, const char *record)
{
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "%s. IN TXT (", name);
    for (size_t at = 0; at < strlen(record); at += TXT_STRING)
        g_string_append_printf(out, " \"%.*s\"", TXT_STRING, record + at);
    g_string_append(out, " )");
    return g_string_free(out, FALSE);
}

static json_t *describe(const char *domain, const KxDkimKey *key)
{
    g_autofree char *record = kx_dkim_key_record(key);
    g_autofree char *name = g_strdup_printf("%s._domainkey.%s", kx_dkim_key_selector(key), domain);
    g_autofree char *line = zone_line(name, record);
    return json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:s}", "domain", domain, "selector",
                     kx_dkim_key_selector(key), "algorithm",
                     kx_dkim_key_word(kx_dkim_key_algorithm(key)), "bits",
                     (int)kx_dkim_key_bits(key), "name", name, "record", record, "zone", line);
}

/* Those of a domain, or with a selector that one. */
static gboolean append_keys(json_t *all, const char *domain, const char *selector, GError **error)
{
    g_autoptr(GPtrArray) keys = kx_dkim_files_of(domain, error);
    gboolean any = FALSE;
    for (guint i = 0; keys && i < keys->len; i++) {
        if (selector && strcmp(selector, kx_dkim_key_selector(keys->pdata[i])) != 0)
            continue;
        json_array_append_new(all, describe(domain, keys->pdata[i]));
        any = TRUE;
    }
    if (keys && selector && !any)
        return kx_fail(error, KX_ERR_NOT_FOUND, "%s has no key '%s'", domain, selector);
    return keys != NULL;
}

/* ---- commands ---- */

/* A key that cannot be read hides no others. */
static json_t *list(const KxCall *call, GError **error)
{
    json_auto_t *all = json_array();
    g_auto(GStrv) domains = kx_dkim_file_domains(error);
    for (guint i = 0; domains && domains[i]; i++) {
        g_autoptr(GError) problem = NULL;
        if (!append_keys(all, domains[i], NULL, &problem))
            json_array_append_new(
                all, json_pack("{s:s, s:s}", "domain", domains[i], "problem", problem->message));
    }
    return domains ? json_incref(all) : NULL;
}

static json_t *show(const KxCall *call, GError **error)
{
    g_autofree char *domain = domain_of(call, call->args[0], error);
    json_auto_t *all = json_array();
    return domain && append_keys(all, domain, kx_call_text(call, "selector"), error)
               ? json_incref(all)
               : NULL;
}

/* By the month, so that the next one has another name. */
static char *new_selector(KxDkimAlgorithm algorithm)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *month = g_date_time_format(now, "%Y%m");
    return g_strconcat(algorithm == KX_DKIM_RSA ? "k" : "e", month, NULL);
}

static json_t *create(const KxCall *call, GError **error)
{
    const char *word = kx_call_text(call, "algorithm"), *given = kx_call_text(call, "selector");
    gint64 bits = kx_call_int(call, "bits", RSA_BITS);
    KxDkimAlgorithm algorithm = KX_DKIM_RSA;
    g_autofree char *domain = domain_of(call, call->args[0], error);
    if (!domain)
        return NULL;
    if (word && (strchr(word, '-') || !kx_dkim_algorithm_find(word, &algorithm))) {
        kx_fail(error, KX_ERR_INVALID, "--algorithm is rsa or ed25519");
        return NULL;
    }
    if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX) {
        kx_fail(error, KX_ERR_INVALID, "--bits is %d to %d", RSA_BITS_MIN, RSA_BITS_MAX);
        return NULL;
    }
    g_autofree char *selector = given ? g_strdup(given) : new_selector(algorithm);
    json_auto_t *all = json_array();
    if (!kx_dkim_file_create(domain, selector, algorithm, (guint)bits, error))
        return NULL;
    kx_call_log(call, "DKIM key '%s' of %s made", selector, domain);
    return append_keys(all, domain, selector, error) ? json_incref(all) : NULL;
}

static json_t *remove_key(const KxCall *call, GError **error)
{
    const char *selector = kx_call_text(call, "selector");
    g_autofree char *domain = kx_name_domain(call->args[0], error);
    if (!domain || !kx_dkim_file_remove(domain, selector, error))
        return NULL;
    kx_call_log(call, "DKIM key '%s' of %s removed", selector, domain);
    return json_null();
}

static void show_zone(const json_t *result, FILE *out)
{
    size_t i;
    json_t *key;
    json_array_foreach((json_t *)result, i, key)
        fprintf(out, "%s\n", json_string_value(json_object_get(key, "zone")));
}

/* ---- the table ---- */

static const KxOption create_options[] = {
    {"selector", KX_OPTION_TEXT, "SELECTOR",
     "Name of the key in DNS: small letters, digits, '-' and '.'. If not given, from the month."},
    {"algorithm", KX_OPTION_TEXT, "NAME",
     "rsa, which everybody knows, or ed25519 (RFC 8463), beside which an RSA key is needed for "
     "most."},
    {"bits", KX_OPTION_INT, "BITS", "Size of an RSA key, 1024 to 4096; 2048 if not given.",
     .max = RSA_BITS_MAX},
};

static const KxOption show_options[] = {
    {"selector", KX_OPTION_TEXT, "SELECTOR", "This key only."},
};

static const KxOption remove_options[] = {
    {"selector", KX_OPTION_TEXT, "SELECTOR", "Which one.", .required = TRUE},
};

static const KxCommand commands[] = {
    {.words = "dkim create",
     .args = "DOMAIN",
     .api = "POST /dkim/{domain}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(create_options),
     .run = create,
     .show = show_zone,
     .manual = "Makes a key for a domain here, or an alias of one, and prints the DNS record to "
               "publish. From now on mail from addresses of that domain is signed on its way to "
               "other servers; a domain signs with all its keys, four at most."},
    {.words = "dkim show",
     .args = "DOMAIN",
     .api = "GET /dkim/{domain}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(show_options),
     .run = show,
     .show = show_zone,
     .flags = KX_COMMAND_READS,
     .manual = "Prints the DNS records to publish for the keys of a domain."},
    {.words = "dkim list",
     .args = "",
     .api = "GET /dkim",
     .run = list,
     .flags = KX_COMMAND_READS,
     .columns = "domain:Domain,selector:Selector,algorithm:Algorithm,bits:Bits,name:DNS "
                "name,problem:Problem",
     .manual = "Lists the keys of all domains, and what is wrong where they cannot be read."},
    {.words = "dkim remove",
     .args = "DOMAIN",
     .api = "DELETE /dkim/{domain}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(remove_options),
     .run = remove_key,
     .show = kx_show_nothing,
     .manual = "Removes a key: nothing is signed with it any more. Its DNS record should stay for "
               "a week, as long as mail may be on its way."},
};

const KxTopic kx_topic_dkim = {"dkim", "Keys that mail is signed with (DKIM)", commands,
                               G_N_ELEMENTS(commands)};
