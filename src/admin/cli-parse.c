/* SPDX-License-Identifier: Apache-2.0 */
/* From the words of the shell to a command, its arguments and options. */
#include "admin/cli-private.h"
#include "base/error.h"
#include "base/text.h"

typedef struct {
    KxInvocation *invocation;
    char **argv;
    int argc, at;
    gboolean help;
} Parser;

/* ---- the command ---- */

static const KxTopic *find_topic(const char *name)
{
    guint n;
    const KxTopic *const *topics = kx_topics(&n);
    for (guint i = 0; i < n; i++)
        if (g_str_equal(topics[i]->name, name))
            return topics[i];
    return NULL;
}

static gboolean fail_unknown_command(const char *const *words, guint n, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    guint n_topics;
    const KxTopic *const *topics = kx_topics(&n_topics);
    gboolean known = n > 1 && find_topic(words[0]);
    for (guint t = 0; t < n_topics; t++) {
        if (!known)
            g_ptr_array_add(names, (gpointer)topics[t]->name);
        for (guint c = 0; c < topics[t]->n_commands; c++)
            g_ptr_array_add(names, (gpointer)topics[t]->commands[c].words);
    }
    g_autofree char *given =
        known ? g_strdup_printf("%s %s", words[0], words[1]) : g_strdup(words[0]);
    const char *like = kx_suggest(given, (const char *const *)names->pdata, names->len);
    return kx_fail(error, KX_ERR_INVALID, "there is no command '%s'%s%s%s; keryx --help lists all",
                   given, like ? " (did you mean keryx " : "", like ? like : "", like ? "?)" : "");
}

/* The words before the first option. */
static guint leading_words(const Parser *parser)
{
    int end = parser->at;
    while (end < parser->argc && parser->argv[end][0] != '-')
        end++;
    return (guint)(end - parser->at);
}

/* ---- options ---- */

static const KxOption *find_letter(const KxCommand *command, char letter)
{
    for (guint i = 0; i < command->n_options; i++)
        if (command->options[i].letter == letter)
            return &command->options[i];
    return NULL;
}

static gboolean fail_unknown_option(const KxCommand *command, const char *given, GError **error)
{
    g_autofree const char **names = g_new(const char *, command->n_options + 3);
    guint n = 0;
    while (n < command->n_options) {
        names[n] = command->options[n].name;
        n++;
    }
    names[n++] = "data";
    names[n++] = "json";
    names[n++] = "help";
    const char *like = kx_suggest(given, names, n);
    return kx_fail(error, KX_ERR_INVALID,
                   "keryx %s has no option --%s%s%s%s; keryx %s --help shows all", command->words,
                   given, like ? " (did you mean --" : "", like ? like : "", like ? "?)" : "",
                   command->words);
}

/* The value of an option: after "=", or the next word. */
static const char *take_value(Parser *parser, const char *name, const char *inline_value,
                              GError **error)
{
    if (inline_value)
        return inline_value;
    if (parser->at + 1 < parser->argc && !g_str_has_prefix(parser->argv[parser->at + 1], "--"))
        return parser->argv[++parser->at];
    kx_fail(error, KX_ERR_INVALID, "--%s needs a value (write --%s=VALUE if it begins with --)",
            name, name);
    return NULL;
}

static gboolean put_option(Parser *parser, const KxOption *option, const char *key,
                           const char *value, GError **error)
{
    json_t *options = parser->invocation->options;
    if (json_object_get(options, key))
        return kx_fail(error, KX_ERR_INVALID, "--%s is given twice", key);
    guint64 number;
    json_t *json;
    if (option->type == KX_OPTION_FLAG)
        json = json_true();
    else if (option->type != KX_OPTION_INT)
        json = json_string(value);
    else if (kx_parse_uint(value, (guint64)option->max, &number))
        json = json_integer((json_int_t)number);
    else
        return kx_fail(error, KX_ERR_INVALID,
                       "--%s: '%s' is not a whole number from 0 to %" G_GINT64_FORMAT, key, value,
                       option->max);
    if (!json)
        return kx_fail(error, KX_ERR_INVALID, "--%s: the value is not UTF-8", key);
    json_object_set_new(options, key, json);
    return TRUE;
}

static const KxOption *find_named_file(const KxCommand *command, const char *name)
{
    if (!g_str_has_suffix(name, "-file"))
        return NULL;
    g_autofree char *base = g_strndup(name, strlen(name) - 5);
    const KxOption *option = kx_command_option(command, base);
    return option && (option->type == KX_OPTION_SECRET || option->type == KX_OPTION_LINES) ? option
                                                                                           : NULL;
}

static gboolean take_common(Parser *parser, const char *name, const char *inline_value,
                            gboolean *ret_taken, GError **error)
{
    *ret_taken = TRUE;
    if (g_str_equal(name, "help"))
        parser->help = TRUE;
    else if (g_str_equal(name, "json"))
        parser->invocation->json = TRUE;
    else if (g_str_equal(name, "data"))
        parser->invocation->data_given =
            (parser->invocation->data = take_value(parser, name, inline_value, error)) != NULL;
    else
        *ret_taken = FALSE;
    return parser->invocation->data != NULL;
}

static gboolean take_long(Parser *parser, const char *word, GError **error)
{
    const char *equals = strchr(word, '=');
    g_autofree char *name = equals ? g_strndup(word, (gsize)(equals - word)) : g_strdup(word);
    const char *value = equals ? equals + 1 : NULL;
    const KxCommand *command = parser->invocation->command;
    gboolean taken;
    if (!take_common(parser, name, value, &taken, error))
        return FALSE;
    if (taken)
        return TRUE;
    if (!command)
        return kx_fail(error, KX_ERR_INVALID,
                       "give the command first, then its options; keryx --help lists all");
    const KxOption *option = kx_command_option(command, name);
    if (!option)
        option = find_named_file(command, name);
    if (!option)
        return fail_unknown_option(command, name, error);
    if (option->type == KX_OPTION_FLAG)
        return value ? kx_fail(error, KX_ERR_INVALID, "--%s takes no value", name)
                     : put_option(parser, option, name, NULL, error);
    value = take_value(parser, name, value, error);
    return value && put_option(parser, option, name, value, error);
}

static gboolean take_short(Parser *parser, const char *word, GError **error)
{
    const KxCommand *command = parser->invocation->command;
    if (g_str_equal(word, "h")) {
        parser->help = TRUE;
        return TRUE;
    }
    const KxOption *option = command ? find_letter(command, word[0]) : NULL;
    if (!option)
        return kx_fail(error, KX_ERR_INVALID, "there is no option -%s; see keryx %s%s--help", word,
                       command ? command->words : "", command ? " " : "");
    if (option->type == KX_OPTION_FLAG)
        return word[1] ? kx_fail(error, KX_ERR_INVALID, "-%c takes no value", word[0])
                       : put_option(parser, option, option->name, NULL, error);
    const char *value = take_value(parser, option->name, word[1] ? word + 1 : NULL, error);
    return value && put_option(parser, option, option->name, value, error);
}

static gboolean take_option(Parser *parser, const char *word, GError **error)
{
    return word[1] == '-' ? take_long(parser, word + 2, error)
                          : take_short(parser, word + 1, error);
}

/* ---- everything ---- */

static gboolean take_words(Parser *parser, GError **error)
{
    gboolean only_words = FALSE;
    for (; parser->at < parser->argc; parser->at++) {
        const char *word = parser->argv[parser->at];
        if (!only_words && g_str_equal(word, "--")) {
            only_words = TRUE;
        } else if (!only_words && word[0] == '-' && word[1]) {
            if (!take_option(parser, word, error))
                return FALSE;
        } else if (g_utf8_validate(word, -1, NULL)) {
            g_ptr_array_add(parser->invocation->args, g_strdup(word));
        } else {
            return kx_fail(error, KX_ERR_INVALID, "the words of a command must be UTF-8");
        }
    }
    return TRUE;
}

static gboolean check(const KxInvocation *invocation, GError **error)
{
    json_auto_t *options = json_object();
    const char *name;
    json_t *value;
    json_object_foreach(invocation->options, name, value)
    {
        const KxOption *option = find_named_file(invocation->command, name);
        json_object_set(
            options, option && !kx_command_option(invocation->command, name) ? option->name : name,
            value);
    }
    KxCall call = {NULL, invocation->command, (const char *const *)invocation->args->pdata,
                   invocation->args->len, options};
    return kx_call_check(&call, error);
}

/* Finds the command or the topic in the words at hand, and steps over its words. */
static gboolean take_command(Parser *parser, const KxTopic **ret_topic, GError **error)
{
    const char *const *words = (const char *const *)parser->argv + parser->at;
    guint n = leading_words(parser), used = 0;
    parser->invocation->command = kx_command_find(words, n, &used);
    if (!parser->invocation->command && n == 1 && (*ret_topic = find_topic(words[0])))
        used = 1;
    parser->at += (int)used;
    return used > 0 || n == 0 || fail_unknown_command(words, n, error);
}

KxParsed kx_cli_parse(KxInvocation *invocation, int argc, char **argv, const KxTopic **ret_topic,
                      GError **error)
{
    Parser parser = {.invocation = invocation, .argv = argv, .argc = argc, .at = 1};
    const char *environment = g_getenv("KERYX_DATA");
    invocation->data_given = environment && *environment;
    invocation->data = invocation->data_given ? environment : KX_DATA_PRESET;
    invocation->args = g_ptr_array_new_with_free_func(g_free);
    invocation->options = json_object();
    *ret_topic = NULL;
    for (; parser.at < argc && argv[parser.at][0] == '-'; parser.at++)
        if (!take_option(&parser, argv[parser.at], error))
            return KX_PARSED_WRONG;
    if (!take_command(&parser, ret_topic, error) || !take_words(&parser, error))
        return KX_PARSED_WRONG;
    if (parser.help)
        return KX_PARSED_HELP;
    if (invocation->command)
        return check(invocation, error) ? KX_PARSED : KX_PARSED_WRONG;
    kx_fail(error, KX_ERR_INVALID, "say which command: keryx %s%s--help lists them",
            *ret_topic ? (*ret_topic)->name : "", *ret_topic ? " " : "");
    return KX_PARSED_WRONG;
}

void kx_invocation_clear(KxInvocation *invocation)
{
    g_clear_pointer(&invocation->args, g_ptr_array_unref);
    g_clear_pointer(&invocation->options, json_decref);
}
