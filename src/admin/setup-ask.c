/* SPDX-License-Identifier: Apache-2.0 */
/* The questions of `keryx setup` on a terminal (INST-40 to INST-43). */
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "admin/cli-private.h"
#include "admin/setup.h"
#include "base/error.h"
#include "directory/directory.h"
#include "directory/names.h"
#include "settings/checks.h"

/* NULL at the end of the input; without the newline. */
static char *read_line(void)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len = getline(&line, &room, stdin);
    char *copy = len >= 0 ? g_strchomp(g_strdup(line)) : NULL;
    if (line)
        explicit_bzero(line, room);
    free(line);
    return copy;
}

static char *ask(const char *question, const char *preset)
{
    if (preset)
        printf("%s [%s]: ", question, preset);
    else
        printf("%s: ", question);
    fflush(stdout);
    char *line = read_line();
    if (line && !*line && preset) {
        g_free(line);
        return g_strdup(preset);
    }
    return line;
}

static char *ask_secret(const char *question)
{
    struct termios shown, hidden;
    gboolean terminal = tcgetattr(STDIN_FILENO, &shown) == 0;
    if (terminal) {
        hidden = shown;
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    }
    char *line = ask(question, NULL);
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
        printf("\n");
    }
    return line;
}

static gboolean ended(GError **error)
{
    return kx_fail(error, KX_ERR_FAILED,
                   "the input ended before all questions were answered; nothing was set up");
}

typedef gboolean (*Check)(const char *value, GError **error);

static gboolean check_domain(const char *value, GError **error)
{
    g_autofree char *name = kx_name_domain(value, error);
    return name != NULL;
}

/* Asks until the check likes the answer. */
static gboolean ask_checked(const char *question, const char *preset, Check check, char **value,
                            GError **error)
{
    while (!*value) {
        g_autofree char *line = ask(question, preset);
        g_autoptr(GError) inner = NULL;
        if (!line)
            return ended(error);
        if (check(line, &inner))
            *value = g_steal_pointer(&line);
        else
            printf("%s\n", inner->message);
    }
    return TRUE;
}

static gboolean ask_password(KxSetup *setup, GError **error)
{
    while (!setup->password) {
        g_autofree char *first = ask_secret("Password of the administrator");
        if (!first)
            return ended(error);
        const char *weakness =
            *first ? kx_password_weakness(first) : "the password may not be empty";
        if (weakness) {
            printf("Please take another one: %s.\n", weakness);
            continue;
        }
        g_autofree char *second = ask_secret("The same again");
        if (!second)
            return ended(error);
        if (g_str_equal(first, second))
            setup->password = g_steal_pointer(&first);
        else
            printf("The two are different.\n");
    }
    return TRUE;
}

/* "mail.company.test", or this host's own name if it lies in the domain. */
static char *suggest_hostname(const char *domain)
{
    char host[256] = "";
    g_autofree char *suffix = g_strdup_printf(".%s", domain);
    if (gethostname(host, sizeof host - 1) == 0 && g_str_has_suffix(host, suffix))
        return g_strdup(host);
    return g_strdup_printf("mail.%s", domain);
}

static gboolean check_directory(const char *value, GError **error)
{
    return g_path_is_absolute(value) ||
           kx_fail(error, KX_ERR_INVALID, "Give the whole path, from / on.");
}

static gboolean check_account(const char *value, GError **error)
{
    g_autofree char *name = kx_name_account(value, error);
    return name != NULL;
}

gboolean kx_setup_ask(KxSetup *setup, GError **error)
{
    printf("Setting up a new mail server.\n");
    if (!ask_checked("Mail domain (the part after @), like company.com", NULL, check_domain,
                     &setup->domain, error))
        return FALSE;
    g_autofree char *hostname = suggest_hostname(setup->domain);
    return ask_checked("Internet host name of this server", hostname, kx_check_hostname,
                       &setup->hostname, error) &&
           ask_checked("Login name of the administrator", KX_SETUP_ADMIN, check_account,
                       &setup->admin_name, error) &&
           ask_password(setup, error) &&
           ask_checked("Directory for messages and configuration", KX_DATA_PRESET, check_directory,
                       &setup->data, error);
}
