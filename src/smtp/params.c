/* SPDX-License-Identifier: Apache-2.0 */
#include "smtp/params.h"

#include "base/text.h"
#include "ipc/message.h"
#include "smtp/params-private.h"

/* A word that reads one parameter into `out`, a KxMailParams or KxRcptParams. */
typedef gboolean (*ReadFunc)(const KxParam *param, gboolean utf8, void *out);
typedef struct {
    const char *name;
    ReadFunc read;
} ParamRow;

static gboolean is_hex(char c)
{
    return g_ascii_isdigit(c) || (c >= 'A' && c <= 'F');
}

/* xtext of RFC 3461 section 4. */
static gboolean is_xtext(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '!' || text[i] > '~' || text[i] == '=')
            return FALSE;
        if (text[i] != '+')
            continue;
        if (len - i < 3 || !is_hex(text[i + 1]) || !is_hex(text[i + 2]))
            return FALSE;
        i += 2;
    }
    return TRUE;
}

static gboolean next_param(const char **at, const char *end, KxParam *ret)
{
    const char *p = *at;
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    if (p == end)
        return FALSE;
    *ret = (KxParam){.name = p};
    while (p < end && *p != ' ' && *p != '\t' && *p != '=')
        p++;
    ret->name_len = (size_t)(p - ret->name);
    if (p < end && *p == '=') {
        ret->value = ++p;
        while (p < end && *p != ' ' && *p != '\t')
            p++;
        ret->value_len = (size_t)(p - ret->value);
    }
    *at = p;
    return TRUE;
}

static KxParamResult read_params(const char *at, const char *end, const ParamRow *rows,
                                 guint n_rows, gboolean utf8, void *out, char ret_name[static 32])
{
    guint seen = 0;
    KxParam param;
    while (next_param(&at, end, &param)) {
        guint row = 0;
        while (row < n_rows && !kx_ascii_equal(param.name, param.name_len, rows[row].name))
            row++;
        size_t shown = MIN(param.name_len, (size_t)31);
        for (size_t i = 0; i < shown; i++)
            ret_name[i] = g_ascii_isgraph(param.name[i]) ? param.name[i] : '?';
        ret_name[shown] = '\0';
        if (row == n_rows)
            return KX_PARAM_UNKNOWN;
        if ((seen & (1u << row)) || !rows[row].read(&param, utf8, out))
            return KX_PARAM_BAD;
        seen |= 1u << row;
    }
    return KX_PARAM_OK;
}

gboolean kx_param_copy(const KxParam *param, char *out, size_t max)
{
    if (param->value_len == 0 || param->value_len > max)
        return FALSE;
    memcpy(out, param->value, param->value_len);
    out[param->value_len] = '\0';
    return TRUE;
}

/* ---- MAIL ---- */

static gboolean read_size(const KxParam *param, gboolean utf8, void *out)
{
    char digits[21];
    return kx_param_copy(param, digits, 20) &&
           kx_parse_uint(digits, G_MAXUINT64, &((KxMailParams *)out)->size);
}

static gboolean read_body(const KxParam *param, gboolean utf8, void *out)
{
    static const struct {
        const char *word;
        guint flag;
    } BODIES[] = {{"7BIT", 0}, {"8BITMIME", KX_SMTP_8BITMIME}, {"BINARYMIME", KX_SMTP_BINARYMIME}};
    for (guint i = 0; i < G_N_ELEMENTS(BODIES); i++) {
        if (param->value && kx_ascii_equal(param->value, param->value_len, BODIES[i].word)) {
            ((KxMailParams *)out)->flags |= BODIES[i].flag;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean read_utf8(const KxParam *param, gboolean utf8, void *out)
{
    ((KxMailParams *)out)->flags |= KX_SMTP_UTF8;
    return param->value == NULL;
}

static gboolean read_requiretls(const KxParam *param, gboolean utf8, void *out)
{
    ((KxMailParams *)out)->flags |= KX_SMTP_REQUIRETLS;
    return param->value == NULL;
}

static gboolean read_ret(const KxParam *param, gboolean utf8, void *out)
{
    char *ret = ((KxMailParams *)out)->ret;
    if (!kx_param_copy(param, ret, 4))
        return FALSE;
    for (char *c = ret; *c; c++)
        *c = g_ascii_toupper(*c);
    return g_str_equal(ret, "FULL") || g_str_equal(ret, "HDRS");
}

static gboolean read_envid(const KxParam *param, gboolean utf8, void *out)
{
    char *envid = ((KxMailParams *)out)->envid;
    return kx_param_copy(param, envid, KX_SMTP_ENVID_MAX) && is_xtext(envid, strlen(envid));
}

static gboolean read_auth(const KxParam *param, gboolean utf8, void *out)
{
    char *auth = ((KxMailParams *)out)->auth;
    return kx_param_copy(param, auth, KX_SMTP_ORCPT_MAX) && is_xtext(auth, strlen(auth));
}

KxParamResult kx_smtp_mail_params(const char *at, const char *end, KxMailParams *ret_params,
                                  char ret_name[static 32])
{
    static const ParamRow ROWS[] = {
        {"SIZE", read_size},
        {"BODY", read_body},
        {"SMTPUTF8", read_utf8},
        {"RET", read_ret},
        {"ENVID", read_envid},
        {"AUTH", read_auth},
        {"REQUIRETLS", read_requiretls},
        {"HOLDFOR", kx_param_read_hold_for},
        {"HOLDUNTIL", kx_param_read_hold_until},
        {"BY", kx_param_read_by},
        {"MT-PRIORITY", kx_param_read_priority},
    };
    *ret_params = (KxMailParams){0};
    return read_params(at, end, ROWS, G_N_ELEMENTS(ROWS), FALSE, ret_params, ret_name);
}

/* ---- RCPT ---- */

static gboolean read_notify(const KxParam *param, gboolean utf8, void *out)
{
    static const struct {
        const char *word;
        guint flag;
    } WORDS[] = {{"NEVER", KX_NOTIFY_NEVER},
                 {"SUCCESS", KX_NOTIFY_SUCCESS},
                 {"FAILURE", KX_NOTIFY_FAILURE},
                 {"DELAY", KX_NOTIFY_DELAY}};
    if (!param->value)
        return FALSE;
    const char *at = param->value, *end = at + param->value_len;
    guint set = 0;
    while (at) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        size_t len = (size_t)((comma ? comma : end) - at);
        guint row = 0;
        while (row < G_N_ELEMENTS(WORDS) && !kx_ascii_equal(at, len, WORDS[row].word))
            row++;
        if (row == G_N_ELEMENTS(WORDS))
            return FALSE;
        set |= WORDS[row].flag;
        at = comma ? comma + 1 : NULL;
    }
    ((KxRcptParams *)out)->notify = set;
    return set == KX_NOTIFY_NEVER || (set != 0 && !(set & KX_NOTIFY_NEVER));
}

static gboolean read_orcpt(const KxParam *param, gboolean utf8, void *out)
{
    char *orcpt = ((KxRcptParams *)out)->orcpt;
    if (!kx_param_copy(param, orcpt, KX_SMTP_ORCPT_MAX))
        return FALSE;
    char *semicolon = strchr(orcpt, ';');
    if (!semicolon || semicolon == orcpt || semicolon[1] == '\0')
        return FALSE;
    for (const char *c = orcpt; c < semicolon; c++) {
        if (!g_ascii_isalnum(*c) && *c != '-')
            return FALSE;
    }
    const char *address = semicolon + 1;
    if (!utf8 || !kx_ascii_equal(orcpt, (size_t)(semicolon - orcpt), "utf-8"))
        return is_xtext(address, strlen(address));
    for (const char *c = address; *c; c++) {
        if ((guchar)*c <= ' ' || *c == '=' || *c == 0x7f)
            return FALSE;
    }
    return g_utf8_validate(address, -1, NULL);
}

KxParamResult kx_smtp_rcpt_params(const char *at, const char *end, gboolean utf8,
                                  KxRcptParams *ret_params, char ret_name[static 32])
{
    static const ParamRow ROWS[] = {{"NOTIFY", read_notify}, {"ORCPT", read_orcpt}};
    *ret_params = (KxRcptParams){0};
    return read_params(at, end, ROWS, G_N_ELEMENTS(ROWS), utf8, ret_params, ret_name);
}
