/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes with more values than an Active Directory shows at once: it calls them
 * "member;range=0-1499", and the rest is asked for in further searches ([MS-ADTS] 3.1.1.3.1.3.3).
 */
#include "courier/ldap-private.h"

enum { RANGES_MAX = 1000000 }; /* values of one attribute */

/* The name is that of a part of the attribute; ret_next is the first value after it, 0: it is the
 * last one. */
static gboolean is_part(const char *name, const char *attribute, guint64 *ret_next)
{
    static const char RANGE[] = ";range=";
    size_t len = strlen(attribute);
    if (g_ascii_strncasecmp(name, attribute, len) != 0 ||
        g_ascii_strncasecmp(name + len, RANGE, strlen(RANGE)) != 0)
        return FALSE;
    const char *dash = strchr(name + len, '-');
    *ret_next =
        dash && g_ascii_isdigit(dash[1]) ? g_ascii_strtoull(dash + 1, NULL, 10) % G_MAXUINT + 1 : 0;
    return TRUE;
}

static gboolean send_part(KxLdapQuestion *question, LDAPMessage *entry, guint attribute,
                          guint64 *ret_next)
{
    LDAP *ldap = kx_ldap_conn_handle(question->conn);
    BerElement *place = NULL;
    gboolean ok = TRUE;
    *ret_next = 0;
    for (char *name = sym_ldap_first_attribute(ldap, entry, &place); name;
         name = sym_ldap_next_attribute(ldap, entry, place)) {
        if (ok && is_part(name, question->attributes[attribute], ret_next)) {
            struct berval **values = sym_ldap_get_values_len(ldap, entry, name);
            ok = kx_ldap_send_values(question, attribute, values);
            sym_ldap_value_free_len(values);
        }
        sym_ldap_memfree(name);
    }
    sym_ber_free(place, 0);
    return ok;
}

static const char FAILURE[] = "further values could not be read";

static gboolean take_result(KxLdapQuestion *question, LDAPMessage *message)
{
    int code = LDAP_OTHER;
    int rc = sym_ldap_parse_result(kx_ldap_conn_handle(question->conn), message, &code, NULL, NULL,
                                   NULL, NULL, 0);
    if (rc == LDAP_SUCCESS && (code == LDAP_SUCCESS || code == LDAP_NO_SUCH_OBJECT))
        return TRUE; /* it may have just gone */
    return kx_ldap_fail_code(question, KX_DIRECTORY_FAILED, FAILURE,
                             rc != LDAP_SUCCESS ? rc : code);
}

static gboolean take_part(KxLdapQuestion *question, int id, guint attribute, guint64 *ret_next)
{
    LDAPMessage *message;
    int type;
    while ((message = kx_ldap_receive(question, id, FAILURE, &type))) {
        gboolean ok = TRUE;
        if (type == LDAP_RES_SEARCH_ENTRY)
            ok = send_part(question, message, attribute, ret_next);
        else if (type == LDAP_RES_SEARCH_RESULT)
            ok = take_result(question, message);
        sym_ldap_msgfree(message);
        if (!ok || type == LDAP_RES_SEARCH_RESULT)
            return ok;
    }
    return FALSE;
}

static gboolean ask_for_part(KxLdapQuestion *question, const char *dn, guint attribute,
                             guint64 *next)
{
    guint64 begin = *next;
    g_autofree char *part =
        g_strdup_printf("%s;range=%" G_GUINT64_FORMAT "-*", question->attributes[attribute], begin);
    char *wanted[] = {part, NULL};
    int id = 0;
    int code =
        sym_ldap_search_ext(kx_ldap_conn_handle(question->conn), dn, LDAP_SCOPE_BASE,
                            "(objectClass=*)", wanted, FALSE, NULL, NULL, NULL, LDAP_NO_LIMIT, &id);
    *next = 0;
    if (code != LDAP_SUCCESS)
        return kx_ldap_fail_code(
            question, code < 0 ? KX_DIRECTORY_UNREACHABLE : KX_DIRECTORY_FAILED, FAILURE, code);
    gboolean ok = take_part(question, id, attribute, next);
    if (*next <= begin)
        *next = 0; /* it does not go on */
    return ok;
}

gboolean kx_ldap_send_parts(KxLdapQuestion *question, LDAPMessage *entry, const char *dn,
                            guint attribute)
{
    guint64 next;
    gboolean ok = send_part(question, entry, attribute, &next);
    while (ok && next > 0 && next < RANGES_MAX)
        ok = ask_for_part(question, dn, attribute, &next);
    return ok;
}
