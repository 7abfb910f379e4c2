/* SPDX-License-Identifier: Apache-2.0 */
/* Searching a directory in pages (RFC 4511 section 4.5, RFC 2696). */
#include "courier/ldap-private.h"
#include "ipc/channel.h"

enum {
    PAGE = 500,          /* entries */
    VALUES_MAX = 100000, /* of one entry */
    VALUE_MAX = 8192,    /* bytes */
    DN_MAX = 4096,
};

static gboolean fail_core(KxLdapQuestion *question)
{
    return kx_ldap_fail(question, KX_DIRECTORY_FAILED, "the core has ended");
}

/* ---- an entry ---- */

/* What is longer than any name or address is of no use here. */
gboolean kx_ldap_send_values(KxLdapQuestion *question, guint attribute, struct berval **values)
{
    for (guint i = 0; values && values[i] && i < VALUES_MAX; i++) {
        KxMsgDirectoryValue value = {attribute, {values[i]->bv_val, values[i]->bv_len}};
        if (values[i]->bv_len <= VALUE_MAX &&
            !kx_channel_send(question->channel, KX_MSG_DIRECTORY_VALUE, 0, &value, -1))
            return fail_core(question);
    }
    return TRUE;
}

static gboolean send_attributes(KxLdapQuestion *question, LDAPMessage *entry, const char *dn)
{
    gboolean ok = TRUE;
    for (guint i = 0; ok && question->attributes[i]; i++) {
        struct berval **values = sym_ldap_get_values_len(kx_ldap_conn_handle(question->conn), entry,
                                                         question->attributes[i]);
        ok = kx_ldap_send_values(question, i, values) && kx_ldap_send_parts(question, entry, dn, i);
        sym_ldap_value_free_len(values);
    }
    return ok;
}

static gboolean send_entry(KxLdapQuestion *question, LDAPMessage *entry)
{
    char *raw = sym_ldap_get_dn(kx_ldap_conn_handle(question->conn), entry);
    g_autofree char *dn = raw ? g_utf8_make_valid(raw, -1) : NULL;
    sym_ldap_memfree(raw);
    if (!dn || strlen(dn) > DN_MAX)
        return TRUE;
    if (question->entries++ >= question->task.most)
        return kx_ldap_fail(question, KX_DIRECTORY_TOO_MANY,
                            question->task.check
                                ? "several entries have that name"
                                : "the directory has more than %u entries that fit",
                            question->task.most);
    g_free(question->found);
    question->found = g_strdup(dn);
    return (kx_channel_send(question->channel, KX_MSG_DIRECTORY_ENTRY, 0,
                            &(KxMsgDirectoryEntry){dn}, -1) ||
            fail_core(question)) &&
           send_attributes(question, entry, dn);
}

/* ---- a page ---- */

/* A new cookie for the next page, or an empty one. */
static gboolean take_result(KxLdapQuestion *question, LDAPMessage *message, struct berval *cookie)
{
    LDAP *ldap = kx_ldap_conn_handle(question->conn);
    LDAPControl **controls = NULL;
    ber_int_t total = 0;
    int code = LDAP_OTHER;
    int rc = sym_ldap_parse_result(ldap, message, &code, NULL, NULL, NULL, &controls, 0);
    sym_ber_memfree(cookie->bv_val);
    *cookie = (struct berval){0};
    LDAPControl *paged =
        controls ? sym_ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, NULL) : NULL;
    if (rc == LDAP_SUCCESS && paged)
        sym_ldap_parse_pageresponse_control(ldap, paged, &total, cookie);
    sym_ldap_controls_free(controls);
    if (rc == LDAP_SUCCESS && code == LDAP_SUCCESS)
        return TRUE;
    if (rc == LDAP_SUCCESS && code == LDAP_REFERRAL)
        return kx_ldap_fail(question, KX_DIRECTORY_NO_BASE,
                            "the server refers to another for the entry \"%s\"", question->base);
    if (code == LDAP_NO_SUCH_OBJECT)
        return kx_ldap_fail(question, KX_DIRECTORY_NO_BASE, "there is no entry \"%s\"",
                            question->base);
    return kx_ldap_fail_code(question, KX_DIRECTORY_FAILED, "the search failed",
                             rc != LDAP_SUCCESS ? rc : code);
}

LDAPMessage *kx_ldap_receive(KxLdapQuestion *question, int id, const char *what, int *ret_type)
{
    LDAPMessage *message = NULL;
    *ret_type =
        sym_ldap_result(kx_ldap_conn_handle(question->conn), id, LDAP_MSG_ONE, NULL, &message);
    if (*ret_type > 0)
        return message;
    gboolean over = kx_ldap_conn_is_over(question->conn);
    kx_ldap_fail_code(question, over ? KX_DIRECTORY_FAILED : KX_DIRECTORY_UNREACHABLE, what,
                      LDAP_SERVER_DOWN);
    return NULL;
}

static gboolean take_answers(KxLdapQuestion *question, int id, struct berval *cookie)
{
    LDAPMessage *message;
    int type;
    while ((message = kx_ldap_receive(question, id, "the search failed", &type))) {
        gboolean ok = TRUE;
        if (type == LDAP_RES_SEARCH_ENTRY)
            ok = send_entry(question, message);
        else if (type == LDAP_RES_SEARCH_RESULT)
            ok = take_result(question, message, cookie);
        sym_ldap_msgfree(message);
        if (!ok || type == LDAP_RES_SEARCH_RESULT)
            return ok;
    }
    return FALSE;
}

static gboolean search_page(KxLdapQuestion *question, struct berval *cookie)
{
    LDAP *ldap = kx_ldap_conn_handle(question->conn);
    LDAPControl *paged = NULL;
    int id = 0;
    int code =
        sym_ldap_create_page_control(ldap, PAGE, cookie->bv_val ? cookie : NULL, FALSE, &paged);
    LDAPControl *controls[] = {paged, NULL};
    if (code == LDAP_SUCCESS)
        code = sym_ldap_search_ext(ldap, question->base, LDAP_SCOPE_SUBTREE, question->filter,
                                   question->attributes, FALSE, controls, NULL, NULL, LDAP_NO_LIMIT,
                                   &id);
    sym_ldap_control_free(paged);
    return code == LDAP_SUCCESS
               ? take_answers(question, id, cookie)
               : kx_ldap_fail_code(question, KX_DIRECTORY_FAILED, "the search failed", code);
}

gboolean kx_ldap_search(KxLdapQuestion *question)
{
    struct berval cookie = {0};
    gboolean ok;
    do
        ok = search_page(question, &cookie);
    while (ok && cookie.bv_len > 0);
    sym_ber_memfree(cookie.bv_val);
    return ok;
}
