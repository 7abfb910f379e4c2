/* SPDX-License-Identifier: Apache-2.0 */
#include "pam/consult.h"

#include <pwd.h>
#include <unistd.h>

#include "pam/libraries.h"

#define SERVICES_FOLDER "/etc/pam.d"
#define TERMINAL        "keryx" /* some modules want one */

enum { SAID_MAX = 400, PASSWD_ROOM = 64 * 1024 };

/* ---- what the modules hear and say ---- */

typedef struct {
    const char *password;
    char *said; /* the last complaint of a module, or NULL */
} Talk;

static void note(Talk *talk, const char *text)
{
    g_free(talk->said);
    talk->said = g_utf8_make_valid(text ? text : "", -1);
    if (strlen(talk->said) > SAID_MAX)
        *g_utf8_find_prev_char(talk->said, talk->said + SAID_MAX) = '\0';
}

/* What is asked for with an echo is no password: nobody is there who could say. */
static gboolean reply_to(Talk *talk, const struct pam_message *message,
                         struct pam_response *response)
{
    switch (message->msg_style) {
    case PAM_PROMPT_ECHO_OFF:
        response->resp = strdup(talk->password);
        return response->resp != NULL;
    case PAM_ERROR_MSG:
    case PAM_TEXT_INFO:
        note(talk, message->msg);
        return TRUE;
    default:
        note(talk, message->msg);
        return FALSE;
    }
}

static void forget(struct pam_response *responses, int n)
{
    for (int i = 0; i < n; i++)
        if (responses[i].resp) {
            explicit_bzero(responses[i].resp, strlen(responses[i].resp));
            free(responses[i].resp);
        }
    free(responses);
}

/* The library frees the answers, with free(). */
static int converse(int n, const struct pam_message **messages, struct pam_response **ret_responses,
                    void *data)
{
    if (n <= 0 || n > PAM_MAX_NUM_MSG)
        return PAM_CONV_ERR;
    struct pam_response *responses = calloc((size_t)n, sizeof *responses);
    if (!responses)
        return PAM_BUF_ERR;
    for (int i = 0; i < n; i++)
        if (!reply_to(data, messages[i], &responses[i])) {
            forget(responses, n);
            return PAM_CONV_ERR;
        }
    *ret_responses = responses;
    return PAM_SUCCESS;
}

/* The server has a delay of its own, the same for all ways to sign in. */
static void no_delay(int code G_GNUC_UNUSED, unsigned microseconds G_GNUC_UNUSED,
                     void *data G_GNUC_UNUSED)
{
}

/* ---- what codes mean ---- */

KxPamState kx_pam_state_of(int code, gboolean account)
{
    static const struct {
        int code;
        KxPamState state;
    } meanings[] = {
        {PAM_SUCCESS, KX_PAM_GOOD},
        {PAM_AUTH_ERR, KX_PAM_WRONG},
        {PAM_MAXTRIES, KX_PAM_DENIED},
        {PAM_PERM_DENIED, KX_PAM_DENIED},
        {PAM_USER_UNKNOWN, KX_PAM_UNKNOWN},
        {PAM_ACCT_EXPIRED, KX_PAM_EXPIRED},
        {PAM_CRED_EXPIRED, KX_PAM_PASSWORD_EXPIRED},
        {PAM_AUTHTOK_EXPIRED, KX_PAM_PASSWORD_EXPIRED},
        {PAM_NEW_AUTHTOK_REQD, KX_PAM_PASSWORD_EXPIRED},
    };
    for (guint i = 0; i < G_N_ELEMENTS(meanings); i++)
        if (meanings[i].code == code)
            return account && meanings[i].state == KX_PAM_WRONG ? KX_PAM_DENIED : meanings[i].state;
    return KX_PAM_UNREACHABLE;
}

/* ---- who is not asked about ---- */

/* By whatever name. Who is not known to the system may still be known to a module. */
static gboolean is_superuser(const char *name)
{
    struct passwd entry, *found = NULL;
    g_autofree char *room = g_malloc(PASSWD_ROOM);
    return getpwnam_r(name, &entry, room, PASSWD_ROOM, &found) == 0 && found && found->pw_uid == 0;
}

static gboolean has_service(const char *service)
{
    g_autofree char *path = g_build_filename(SERVICES_FOLDER, service, NULL);
    return access(path, R_OK) == 0;
}

/* KX_PAM_GOOD: it is asked. */
static KxPamState screen(const KxMsgPamCheck *question, char **ret_text)
{
    if (!kx_pam_is_service(question->service) || !kx_pam_is_user(question->name) ||
        !kx_pam_is_address(question->remote_ip)) {
        *ret_text = g_strdup("that is no name of a service, or none of a user, or no address");
        return KX_PAM_REFUSED;
    }
    if (is_superuser(question->name)) {
        *ret_text = g_strdup("nobody signs in to mail as the superuser");
        return KX_PAM_REFUSED;
    }
    if (!has_service(question->service)) { /* PAM would take that of "other" */
        *ret_text = g_strdup_printf("there is no " SERVICES_FOLDER "/%s that can be read: make it, "
                                    "or set pam-service of the domain",
                                    question->service);
        return KX_PAM_UNREACHABLE;
    }
    return KX_PAM_GOOD;
}

/* ---- asking ---- */

/* A module may have made somebody else of the user. */
static gboolean became_superuser(pam_handle_t *handle)
{
    const void *name = NULL;
    return sym_pam_get_item(handle, PAM_USER, &name) != PAM_SUCCESS || !name || is_superuser(name);
}

static void set_items(pam_handle_t *handle, const KxMsgPamCheck *question)
{
    gconstpointer delay = (gconstpointer)(guintptr)no_delay;
    sym_pam_set_item(handle, PAM_FAIL_DELAY, delay);
    sym_pam_set_item(handle, PAM_TTY, TERMINAL);
    if (*question->remote_ip != '\0')
        sym_pam_set_item(handle, PAM_RHOST, question->remote_ip);
}

static KxPamState authenticate(pam_handle_t *handle, const KxMsgPamCheck *question,
                               const Talk *talk, int *ret_code, char **ret_text)
{
    set_items(handle, question);
    int code = sym_pam_authenticate(handle, PAM_DISALLOW_NULL_AUTHTOK);
    gboolean account = code == PAM_SUCCESS;
    if (account)
        code = sym_pam_acct_mgmt(handle, PAM_DISALLOW_NULL_AUTHTOK);
    *ret_code = code;
    if (code == PAM_SUCCESS && became_superuser(handle)) {
        *ret_text = g_strdup("a module has made the superuser of the user");
        return KX_PAM_REFUSED;
    }
    *ret_text = code == PAM_SUCCESS
                    ? g_strdup("the password is right")
                    : g_strdup_printf("%s%s%s", sym_pam_strerror(handle, code),
                                      talk->said ? ": " : "", talk->said ? talk->said : "");
    return kx_pam_state_of(code, account);
}

KxPamState kx_pam_consult(const KxMsgPamCheck *question, char **ret_text)
{
    g_autoptr(GError) error = NULL;
    Talk talk = {.password = question->password};
    const struct pam_conv conversation = {converse, &talk};
    pam_handle_t *handle = NULL;
    KxPamState state = screen(question, ret_text);
    if (state != KX_PAM_GOOD)
        return state;
    if (!kx_pam_open_library(&error)) {
        *ret_text = g_strdup(error->message);
        return KX_PAM_UNREACHABLE;
    }
    int code = sym_pam_start(question->service, question->name, &conversation, &handle);
    if (code != PAM_SUCCESS) {
        *ret_text = g_strdup_printf("PAM cannot use " SERVICES_FOLDER "/%s", question->service);
        return KX_PAM_UNREACHABLE;
    }
    state = authenticate(handle, question, &talk, &code, ret_text);
    sym_pam_end(handle, code);
    g_free(talk.said);
    return state;
}
