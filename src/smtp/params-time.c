/* SPDX-License-Identifier: Apache-2.0 */
/* When a message is to be sent and delivered, and how urgent it is. */
#include "base/text.h"
#include "ipc/message.h"
#include "smtp/params-private.h"

enum { INTERVAL_MAX = 999999999, DATE_LEN = 20, DATE_MOST = 35 };

/* 1*9DIGIT of RFC 4865 section 5. */
gboolean kx_param_read_hold_for(const KxParam *param, gboolean utf8, void *out)
{
    KxMailParams *params = out;
    char digits[10];
    guint64 seconds;
    if (!kx_param_copy(param, digits, 9) || !kx_parse_uint(digits, INTERVAL_MAX, &seconds))
        return FALSE;
    params->holds++;
    params->hold_for = (gint64)seconds;
    return TRUE;
}

/* date-time of RFC 3339 section 5.6, as RFC 4865 section 5 wants it. */
gboolean kx_param_read_hold_until(const KxParam *param, gboolean utf8, void *out)
{
    KxMailParams *params = out;
    char text[DATE_MOST + 1];
    if (!kx_param_copy(param, text, DATE_MOST) || strlen(text) < DATE_LEN || text[4] != '-' ||
        text[7] != '-' || g_ascii_toupper(text[10]) != 'T' || text[13] != ':' || text[16] != ':')
        return FALSE;
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, NULL);
    if (!time || g_date_time_to_unix(time) <= 0)
        return FALSE;
    params->holds++;
    params->hold_until = g_date_time_to_unix(time);
    return TRUE;
}

/* A sign, if it is one, and digits up to `end`. */
static gboolean read_signed(const char *at, const char *end, guint64 most, gint64 *ret_value)
{
    gboolean minus = at < end && *at == '-';
    at += at < end && (*at == '-' || *at == '+');
    g_autofree char *digits = g_strndup(at, (size_t)(end - at));
    guint64 value;
    if (!kx_parse_uint(digits, most, &value))
        return FALSE;
    *ret_value = minus ? -(gint64)value : (gint64)value;
    return TRUE;
}

/* by-value of RFC 2852 section 4: "120;R", "-10;NT". What goes back when it is late must have some
 * time. */
gboolean kx_param_read_by(const KxParam *param, gboolean utf8, void *out)
{
    static const struct {
        const char *mode;
        guint flags;
    } MODES[] = {{"R", KX_SMTP_BY_RETURN},
                 {"N", KX_SMTP_BY_NOTIFY},
                 {"RT", KX_SMTP_BY_RETURN | KX_SMTP_BY_TRACE},
                 {"NT", KX_SMTP_BY_NOTIFY | KX_SMTP_BY_TRACE}};
    KxMailParams *params = out;
    char text[14];
    if (!kx_param_copy(param, text, sizeof text - 1))
        return FALSE;
    const char *semicolon = strchr(text, ';');
    if (!semicolon || !read_signed(text, semicolon, INTERVAL_MAX, &params->by))
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(MODES); i++)
        if (g_ascii_strcasecmp(semicolon + 1, MODES[i].mode) == 0)
            params->flags |= MODES[i].flags;
    return params->flags & KX_SMTP_BY_RETURN ? params->by > 0
                                             : (params->flags & KX_SMTP_BY_NOTIFY) != 0;
}

/* RFC 6710 section 4. */
gboolean kx_param_read_priority(const KxParam *param, gboolean utf8, void *out)
{
    KxMailParams *params = out;
    gint64 value;
    if (!param->value || param->value_len == 0 || *param->value == '+' ||
        !read_signed(param->value, param->value + param->value_len, KX_PRIORITY_MOST, &value))
        return FALSE;
    params->priority = (guint)(value + KX_PRIORITY_BASE);
    return TRUE;
}
