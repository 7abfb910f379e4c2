/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/dkim-sign.h"

#include <string.h>

#include "filter/canon.h"

enum { LINE = 72, NAMES_MAX = 200 /* in h= */ };

/* What people see, what decides how content is shown, and what programs act on (section 5.4.1). */
static const char *const SIGNED[] = {
    "From",
    "Reply-To",
    "Subject",
    "Date",
    "To",
    "Cc",
    "Sender",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Disposition",
    "Resent-Date",
    "Resent-From",
    "Resent-To",
    "Resent-Cc",
    "List-Id",
    "List-Help",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Subscribe",
    "List-Post",
    "List-Owner",
    "List-Archive",
    "Auto-Submitted",
    "TLS-Required",
    "TLS-Report-Domain",
    "TLS-Report-Submitter",
};

static guint count(const KxMailView *mail, const char *name)
{
    guint n = 0;
    for (guint i = 0; i < mail->fields->len; i++)
        n += kx_header_field_is(&g_array_index(mail->fields, KxHeaderField, i), name);
    return n;
}

static void add_name(GPtrArray *names, const char *name, guint times)
{
    for (guint i = 0; i < times && names->len < NAMES_MAX; i++)
        g_ptr_array_add(names, (gpointer)name);
}

/* Each as often as it is there. Signatures of others go along with ARC: they are what it vouches
 * for (RFC 8617 section 4.1.2). */
static GPtrArray *choose_names(const KxMailView *mail, gboolean arc)
{
    GPtrArray *names = g_ptr_array_new();
    add_name(names, "From", count(mail, "From") + 1);
    for (guint i = 1; i < G_N_ELEMENTS(SIGNED); i++)
        add_name(names, SIGNED[i], count(mail, SIGNED[i]));
    if (arc)
        add_name(names, "DKIM-Signature", count(mail, "DKIM-Signature"));
    g_ptr_array_add(names, NULL);
    return names;
}

/* "h=From:From:To", in lines. */
static void append_names(GString *out, char *const *names)
{
    size_t line = 0;
    g_string_append(out, "\r\n\th=");
    for (guint i = 0; names[i]; i++) {
        gboolean fold = line + strlen(names[i]) > LINE;
        g_string_append_printf(out, "%s%s%s", i > 0 ? ":" : "", fold ? "\r\n\t" : "", names[i]);
        line = (fold ? 0 : line) + strlen(names[i]) + 1;
    }
    g_string_append_c(out, ';');
}

char *kx_dkim_complete(const KxDkimKey *key, GString *field, GString *text)
{
    kx_canon_text(text, field->str, TRUE);
    g_autofree char *signature = kx_dkim_key_sign(key, text->str, text->len - strlen("\r\n"));
    for (size_t at = 0; signature && at < strlen(signature); at += LINE)
        g_string_append_printf(field, "%s%.*s", at > 0 ? "\r\n\t" : "", LINE, signature + at);
    g_string_append(field, "\r\n");
    return g_string_free(field, signature == NULL);
}

static char *sign(const KxDkimKey *key, const char *domain, KxMailView *mail, gint64 now,
                  GString *field, gboolean arc)
{
    g_autoptr(GPtrArray) names = choose_names(mail, arc);
    g_autofree char *hash = g_base64_encode(kx_canon_body(mail, TRUE, NULL), KX_DIGEST);
    g_string_append_printf(field,
                           "; a=%s; c=relaxed/relaxed;\r\n"
                           "\td=%s; s=%s; t=%" G_GINT64_FORMAT ";",
                           kx_dkim_algorithm_word(kx_dkim_key_algorithm(key)), domain,
                           kx_dkim_key_selector(key), now);
    append_names(field, (char *const *)names->pdata);
    g_string_append_printf(field, "\r\n\tbh=%s;\r\n\tb=", hash);
    g_autoptr(GString) text = g_string_new(NULL);
    kx_canon_fields(text, mail, (char *const *)names->pdata, TRUE);
    return kx_dkim_complete(key, field, text);
}

char *kx_dkim_sign(const KxDkimKey *key, const char *domain, KxMailView *mail, gint64 now)
{
    return sign(key, domain, mail, now, g_string_new("DKIM-Signature: v=1"), FALSE);
}

char *kx_dkim_sign_arc(const KxDkimKey *key, const char *domain, KxMailView *mail, gint64 now,
                       guint instance)
{
    GString *field = g_string_new("ARC-Message-Signature: ");
    g_string_append_printf(field, "i=%u", instance);
    return sign(key, domain, mail, now, field, TRUE);
}
