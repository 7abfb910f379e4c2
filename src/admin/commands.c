/* SPDX-License-Identifier: Apache-2.0 */
/* The topics, and finding commands and options in them. */
#include "admin/command.h"

static const KxTopic *const topics[] = {
    &kx_topic_server,    &kx_topic_domain,   &kx_topic_user,      &kx_topic_group,
    &kx_topic_alias,     &kx_topic_template, &kx_topic_address,   &kx_topic_ipgroup,
    &kx_topic_timerange, &kx_topic_schedule, &kx_topic_etrn,      &kx_topic_download,
    &kx_topic_sorting,   &kx_topic_routing,  &kx_topic_tls,       &kx_topic_token,
    &kx_topic_lockout,   &kx_topic_config,   &kx_topic_service,   &kx_topic_cert,
    &kx_topic_acme,      &kx_topic_queue,    &kx_topic_log,       &kx_topic_store,
    &kx_topic_search,    &kx_topic_client,   &kx_topic_directory, &kx_topic_dkim,
    &kx_topic_kerberos,  &kx_topic_oidc,     &kx_topic_highlight, &kx_topic_pam,
};

const KxTopic *const *kx_topics(guint *ret_n)
{
    *ret_n = G_N_ELEMENTS(topics);
    return topics;
}

/* How many of the first words are those of the command; 0 if it is another one. */
static guint match(const KxCommand *command, const char *const *words, guint n)
{
    const char *at = command->words;
    for (guint i = 0; i < n; i++) {
        size_t len = strcspn(at, " ");
        if (strlen(words[i]) != len || strncmp(at, words[i], len) != 0)
            return 0;
        at += len;
        if (!*at)
            return i + 1;
        at++;
    }
    return 0;
}

const KxCommand *kx_command_find(const char *const *words, guint n, guint *ret_words)
{
    for (guint t = 0; t < G_N_ELEMENTS(topics); t++)
        for (guint c = 0; c < topics[t]->n_commands; c++) {
            guint used = match(&topics[t]->commands[c], words, n);
            if (used == 0)
                continue;
            *ret_words = used;
            return &topics[t]->commands[c];
        }
    return NULL;
}

const KxOption *kx_command_option(const KxCommand *command, const char *name)
{
    for (guint i = 0; i < command->n_options; i++)
        if (g_str_equal(command->options[i].name, name))
            return &command->options[i];
    return NULL;
}

/* Levenshtein distance of short words. */
static guint distance(const char *a, const char *b)
{
    enum { LONGEST = 63 };
    guint row[LONGEST + 1];
    size_t a_len = strlen(a), b_len = strlen(b);
    if (a_len > LONGEST || b_len > LONGEST)
        return G_MAXUINT;
    for (guint j = 0; j <= b_len; j++)
        row[j] = j;
    for (guint i = 1; i <= a_len; i++) {
        guint diagonal = row[0];
        row[0] = i;
        for (guint j = 1; j <= b_len; j++) {
            guint above = row[j];
            guint swap = diagonal + (a[i - 1] != b[j - 1]);
            row[j] = MIN(swap, MIN(above, row[j - 1]) + 1);
            diagonal = above;
        }
    }
    return row[b_len];
}

const char *kx_suggest(const char *word, const char *const *names, guint n)
{
    const char *best = NULL;
    guint least = (guint)MIN(strlen(word), 9) / 3 + 1; /* one letter more is too far */
    for (guint i = 0; i < n; i++) {
        guint d =
            strlen(word) > 1 && g_str_has_prefix(names[i], word) ? 0 : distance(word, names[i]);
        if (d > least || (best && d == least))
            continue;
        best = names[i];
        least = d;
    }
    return best;
}
