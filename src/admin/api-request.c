/* SPDX-License-Identifier: Apache-2.0 */
/* From an HTTP request to a request for kx_admin_run(): typed values become the texts of options.
 */
#include <string.h>

#include "admin/api-private.h"
#include "admin/csv.h"
#include "base/error.h"
#include "base/text.h"

enum { LIMIT_DEFAULT = 100, LIMIT_MAX = 1000 };

void kx_api_page_clear(KxApiPage *page)
{
    g_clear_pointer(&page->search, g_free);
    g_clear_pointer(&page->sort, g_free);
}

/* ---- the body ---- */

static gboolean is_json(const KxHttpRequest *request)
{
    const char *type = kx_http_request_field(request, "content-type");
    size_t len = type ? strcspn(type, "; ") : 0;
    return type && (kx_ascii_equal(type, len, "application/json") ||
                    kx_ascii_equal(type, len, "application/merge-patch+json"));
}

json_t *kx_api_body(const KxHttpRequest *request, KxHttpResponse *response)
{
    if (request->body_len == 0)
        return json_object();
    if (!is_json(request)) {
        kx_http_response_problem(response, 415,
                                 "The body must be JSON: Content-Type: "
                                 "application/json");
        return NULL;
    }
    json_error_t where;
    json_t *body = json_loadb(request->body, request->body_len, JSON_REJECT_DUPLICATES, &where);
    if (json_is_object(body))
        return body;
    g_autofree char *why =
        body ? g_strdup("The body must be an object")
             : g_strdup_printf("The body is not JSON: line %d: %s", where.line, where.text);
    g_autofree char *detail = g_utf8_make_valid(why, -1);
    kx_http_response_problem(response, 400, detail);
    json_decref(body);
    return NULL;
}

static gboolean has_type(const char *field, const char *type)
{
    return field && kx_ascii_equal(field, strcspn(field, "; "), type);
}

/* The table as the argument that it is. */
static json_t *take_table(const KxApiRoute *route, const KxHttpRequest *request,
                          KxHttpResponse *response)
{
    const char *type = kx_http_request_field(request, "content-type");
    const char *charset = type ? strcasestr(type, "charset=") : NULL;
    g_autoptr(GError) error = NULL;
    if (!has_type(type, "text/csv")) {
        kx_http_response_problem(response, 415, "The body must be a table: Content-Type: text/csv");
        return NULL;
    }
    charset = charset ? charset + strlen("charset=") : NULL;
    g_autofree char *named = charset ? g_strndup(charset, strcspn(charset, "; ")) : NULL;
    g_autofree char *unquoted = named ? g_shell_unquote(named, NULL) : NULL;
    char *text = kx_csv_decode(request->body, request->body_len, unquoted, &error);
    if (!text) {
        g_autofree char *detail = g_utf8_make_valid(error->message, -1);
        kx_http_response_problem(response, 400, detail);
        return NULL;
    }
    json_t *body = json_pack("{s:s}", route->params[g_strv_length(route->params) - 1], text);
    explicit_bzero(text, strlen(text));
    g_free(text);
    return body;
}

/* What a list is to be written as: NULL for JSON. */
static const char *list_type(const KxApiRoute *route, const KxHttpRequest *request)
{
    static const char *const types[] = {"text/csv", "application/xml"};
    const char *accept = kx_http_request_field(request, "accept");
    for (guint i = 0; kx_api_route_lists(route) && accept && i < G_N_ELEMENTS(types); i++)
        if (has_type(accept, types[i]))
            return types[i];
    return NULL;
}

/* ---- values ---- */

static char *join_list(const json_t *list)
{
    GString *all = g_string_new(NULL);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *entry = json_string_value(json_array_get(list, i));
        if (!entry || strchr(entry, ',')) {
            g_string_free(all, TRUE);
            return NULL;
        }
        g_string_append_printf(all, "%s%s", i > 0 ? "," : "", entry);
    }
    return g_string_free(all, FALSE);
}

static json_t *fail_type(const KxOption *option, const char *wanted, GError **error)
{
    kx_fail(error, KX_ERR_INVALID, "'%s' is %s", option->name, wanted);
    return NULL;
}

/* null takes a field away, as the empty text does. */
static json_t *from_json(const KxOption *option, const json_t *value, GError **error)
{
    gboolean text = json_is_string(value);
    if (option->type == KX_OPTION_FLAG)
        return json_is_boolean(value) ? json_boolean(json_is_true(value))
                                      : fail_type(option, "true or false", error);
    if (option->type == KX_OPTION_INT)
        return json_is_integer(value) ? json_incref((json_t *)value)
                                      : fail_type(option, "a whole number", error);
    if (text)
        return json_incref((json_t *)value);
    if (json_is_null(value))
        return json_string("");
    if (option->type == KX_OPTION_BOOL)
        return json_is_boolean(value) ? json_string(json_is_true(value) ? "yes" : "no")
                                      : fail_type(option, "true or false", error);
    if (option->type == KX_OPTION_NUMBER && json_is_integer(value)) {
        g_autofree char *number =
            g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return json_string(number);
    }
    if (option->type == KX_OPTION_LIST) {
        g_autofree char *joined = json_is_array(value) ? join_list(value) : NULL;
        return joined ? json_string(joined)
                      : fail_type(option, "a list of texts without commas", error);
    }
    return fail_type(option, option->type == KX_OPTION_NUMBER ? "a number" : "a text", error);
}

static json_t *from_query(const KxOption *option, const char *value, GError **error)
{
    guint64 number;
    gboolean yes = !*value || g_str_equal(value, "true") || g_str_equal(value, "yes");
    if (option->type == KX_OPTION_INT)
        return kx_parse_uint(value, (guint64)option->max, &number)
                   ? json_integer((json_int_t)number)
                   : fail_type(option, "a whole number, and not so large", error);
    if (option->type != KX_OPTION_FLAG)
        return json_string(value);
    return yes || g_str_equal(value, "false") || g_str_equal(value, "no")
               ? json_boolean(yes)
               : fail_type(option, "true or false", error);
}

/* ---- collecting ---- */

typedef struct {
    const KxApiRoute *route;
    const KxApiActor *actor;
    json_t **args; /* of the route's params; an array for one that repeats */
    json_t *options;
    KxApiPage *page;
} Collected;

static int param_index(const KxApiRoute *route, const char *name)
{
    for (guint i = route->n_in_path; route->params[i]; i++)
        if (g_str_equal(route->params[i], name))
            return (int)i;
    return -1;
}

static gboolean is_repeated(const KxApiRoute *route, guint i)
{
    return route->repeats && !route->params[i + 1];
}

static gboolean fail_unknown(const KxApiRoute *route, const char *name, GError **error)
{
    const KxCommand *command = route->command;
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = route->n_in_path; route->params[i]; i++)
        g_ptr_array_add(names, route->params[i]);
    for (guint i = 0; i < command->n_options; i++)
        if (!command->options[i].local)
            g_ptr_array_add(names, (gpointer)command->options[i].name);
    const char *like = kx_suggest(name, (const char *const *)names->pdata, names->len);
    return kx_fail(error, KX_ERR_INVALID, "there is no '%.100s' here%s%s%s", name,
                   like ? " (did you mean '" : "", like ? like : "", like ? "'?)" : "");
}

/* An option that the API knows. */
static const KxOption *find_option(const KxApiRoute *route, const char *name)
{
    const KxOption *option = kx_command_option(route->command, name);
    return option && !option->local ? option : NULL;
}

static void set_option(Collected *collected, const KxOption *option, json_t *value)
{
    if (json_is_false(value)) /* flags are there or not */
        json_decref(value);
    else
        json_object_set_new(collected->options, option->name, value);
}

static gboolean take_property(Collected *collected, const char *name, const json_t *value,
                              GError **error)
{
    const KxApiRoute *route = collected->route;
    int i = param_index(route, name);
    if (i >= 0) {
        gboolean list = is_repeated(route, (guint)i);
        if (list ? !json_is_array(value) : !json_is_string(value))
            return kx_fail(error, KX_ERR_INVALID, "'%s' is a %s", name,
                           list ? "list of texts" : "text");
        collected->args[i] = json_incref((json_t *)value);
        return TRUE;
    }
    const KxOption *option = find_option(route, name);
    json_t *converted = option ? from_json(option, value, error) : NULL;
    if (converted)
        set_option(collected, option, converted);
    return converted || (!option && fail_unknown(route, name, error));
}

static gboolean take_page(Collected *collected, const char *name, const char *value, GError **error)
{
    KxApiPage *page = collected->page;
    guint64 number = 0;
    if (g_str_equal(name, "limit") || g_str_equal(name, "offset")) {
        gboolean limit = *name == 'l';
        if (!kx_parse_uint(value, limit ? LIMIT_MAX : G_MAXINT32, &number) ||
            (limit && number == 0))
            return kx_fail(error, KX_ERR_INVALID, "'limit' is 1 to %d, 'offset' a whole number",
                           LIMIT_MAX);
        *(limit ? &page->limit : &page->offset) = (guint)number;
    } else if (g_str_equal(name, "search")) {
        g_free(page->search);
        page->search = *value ? g_strdup(value) : NULL;
    } else {
        g_free(page->sort);
        page->sort = g_strdup(value);
    }
    return TRUE;
}

static gboolean take_parameter(Collected *collected, const char *name, const char *value,
                               GError **error)
{
    const KxApiRoute *route = collected->route;
    if (kx_api_route_pages_by(route, name))
        return take_page(collected, name, value, error);
    int i = kx_api_route_has_body(route) ? -1 : param_index(route, name);
    if (i >= 0 && is_repeated(route, (guint)i)) {
        if (!collected->args[i])
            collected->args[i] = json_array();
        json_array_append_new(collected->args[i], json_string(value));
        return TRUE;
    }
    if (i >= 0) {
        json_decref(collected->args[i]);
        collected->args[i] = json_string(value);
        return TRUE;
    }
    const KxOption *option = find_option(route, name);
    /* Secrets in URLs end in logs of others. */
    gboolean here = option && (!kx_api_route_has_body(route) ||
                               route->command->flags & (KX_COMMAND_DOCUMENT | KX_COMMAND_TABLE));
    json_t *converted = here ? from_query(option, value, error) : NULL;
    if (converted)
        set_option(collected, option, converted);
    return converted || (!here && fail_unknown(route, name, error));
}

static gboolean take_query(Collected *collected, const KxHttpRequest *request, GError **error)
{
    g_auto(GStrv) pairs = kx_http_query_pairs(request->query);
    if (!pairs)
        return kx_fail(error, KX_ERR_INVALID, "the query is malformed");
    for (guint i = 0; pairs[i]; i += 2)
        if (!take_parameter(collected, pairs[i], pairs[i + 1], error))
            return FALSE;
    return TRUE;
}

static gboolean take_body(Collected *collected, const json_t *body, GError **error)
{
    const char *name;
    json_t *value;
    if (!kx_api_route_has_body(collected->route))
        return json_object_size(body) == 0 ||
               kx_fail(error, KX_ERR_INVALID, "a request of this kind has no body");
    if (collected->route->command->flags & KX_COMMAND_DOCUMENT)
        return TRUE; /* its own argument */
    json_object_foreach((json_t *)body, name,
                        value) if (!take_property(collected, name, value, error)) return FALSE;
    return TRUE;
}

static void take_path(Collected *collected, const KxHttpRequest *request)
{
    g_auto(GStrv) segments = kx_http_path_segments(request->path, KX_API_PREFIX);
    guint n = 0;
    for (guint i = 0; segments[i]; i++)
        if (*collected->route->segments[i] == '{')
            collected->args[n++] = json_string(segments[i]);
}

/* Of lists the command pages itself only if it need not be sorted. */
static void pass_page(Collected *collected)
{
    const KxApiPage *page = collected->page;
    if (!kx_api_route_lists(collected->route) ||
        !kx_command_option(collected->route->command, "limit"))
        return;
    if (page->search)
        json_object_set_new(collected->options, "search", json_string(page->search));
    if (page->sort)
        return;
    json_object_set_new(collected->options, "offset", json_integer(page->offset));
    json_object_set_new(collected->options, "limit", json_integer(page->limit));
}

/* ---- If-Match ---- */

/* The version of an object that a change is for (RFC 9110 section 13.1.1): its generation, or the
 * fingerprint of the settings, is an option of the command, which looks at it in its transaction.
 * FALSE: it cannot match. */
static gboolean take_if_match(Collected *collected, const char *tag)
{
    const KxCommand *command = collected->route->command;
    const KxOption *generation = kx_command_option(command, "generation");
    const KxOption *fingerprint = kx_command_option(command, "fingerprint");
    size_t len = strlen(tag);
    if (g_str_equal(tag, "*"))
        return TRUE;
    if (len < 3 || tag[0] != '"' || tag[len - 1] != '"' || !(generation || fingerprint))
        return FALSE;
    g_autofree char *text = g_strndup(tag + 1, len - 2);
    guint64 number;
    if (fingerprint)
        json_object_set_new(collected->options, "fingerprint", json_string(text));
    else if (kx_parse_uint(text, (guint64)generation->max, &number) && number > 0)
        json_object_set_new(collected->options, "generation", json_integer((json_int_t)number));
    else
        return FALSE;
    return TRUE;
}

static gboolean check_conditions(Collected *collected, const KxHttpRequest *request,
                                 KxHttpResponse *response)
{
    const char *match = kx_http_request_field(request, "if-match");
    gboolean changes = request->method != KX_HTTP_GET;
    if (changes && ((match && !take_if_match(collected, match)) ||
                    kx_http_request_field(request, "if-none-match"))) {
        kx_http_response_problem(response, 412,
                                 "The resource is not the one the condition is about");
        return FALSE;
    }
    return TRUE;
}

/* ---- the request ---- */

/* Administrators of a domain need not say which. */
static void fill_domain(Collected *collected)
{
    const KxApiActor *actor = collected->actor;
    int i = param_index(collected->route, "domain");
    if (i >= 0 && !collected->args[i] && actor->rights.admin == KX_LEVEL_NONE &&
        (guint)i >= collected->route->command->min_args)
        collected->args[i] = json_string(actor->domain);
}

static json_t *words_of(const Collected *collected, const json_t *body, GError **error)
{
    const KxCommand *command = collected->route->command;
    json_auto_t *words = json_array();
    g_auto(GStrv) names = g_strsplit(command->words, " ", -1);
    guint given = 0;
    for (guint i = 0; names[i]; i++)
        json_array_append_new(words, json_string(names[i]));
    for (guint i = 0; collected->route->params[i]; i++, given++) {
        const json_t *arg = collected->args[i];
        if (!arg && given >= command->min_args)
            break;
        if (!arg || (json_is_array(arg) && json_array_size(arg) == 0 && i < command->min_args)) {
            kx_fail(error, KX_ERR_INVALID, "'%s' is missing", collected->route->params[i]);
            return NULL;
        }
        if (json_is_array(arg))
            json_array_extend(words, (json_t *)arg);
        else
            json_array_append(words, (json_t *)arg);
    }
    if (command->flags & KX_COMMAND_DOCUMENT) {
        char *text = json_dumps(body, JSON_COMPACT);
        json_array_append_new(words, json_string(text));
        free(text);
    }
    return json_incref(words);
}

static gboolean check_required(const Collected *collected, GError **error)
{
    const KxCommand *command = collected->route->command;
    for (guint i = 0; i < command->n_options; i++)
        if (command->options[i].required &&
            !json_object_get(collected->options, command->options[i].name))
            return kx_fail(error, KX_ERR_INVALID, "'%s' is missing", command->options[i].name);
    return TRUE;
}

static json_t *collect(Collected *collected, const KxHttpRequest *request, const json_t *body,
                       GError **error)
{
    take_path(collected, request);
    if (!take_query(collected, request, error) || !take_body(collected, body, error) ||
        !check_required(collected, error))
        return NULL;
    fill_domain(collected);
    pass_page(collected);
    json_t *words = words_of(collected, body, error);
    return words ? json_pack("{s:o, s:O}", "words", words, "options", collected->options) : NULL;
}

json_t *kx_api_command(const KxApiRoute *route, const KxApiActor *actor,
                       const KxHttpRequest *request, KxApiPage *ret_page, KxHttpResponse *response)
{
    guint n = g_strv_length(route->params);
    g_autoptr(GError) error = NULL;
    json_auto_t *options = json_object();
    json_auto_t *body = kx_api_route_takes_table(route) ? take_table(route, request, response)
                                                        : kx_api_body(request, response);
    g_autofree json_t **args = g_new0(json_t *, n + 1);
    Collected collected = {route, actor, args, options, ret_page};
    ret_page->type = list_type(route, request);
    ret_page->limit = ret_page->type ? G_MAXINT32 : LIMIT_DEFAULT;
    if (!body || !check_conditions(&collected, request, response))
        return NULL;
    json_t *command = collect(&collected, request, body, &error);
    for (guint i = 0; i < n; i++)
        json_decref(args[i]);
    if (command)
        return command;
    g_autofree char *detail = g_utf8_make_valid(error->message, -1);
    kx_http_response_problem(response, 400, detail);
    return NULL;
}
