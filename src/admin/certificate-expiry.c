/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/certificate-expiry.h"

#include "admin/certificate-age.h"
#include "admin/certificate-info.h"
#include "admin/certificate-store.h"

enum { DAY = 86400 };

/* Calls for each of them. */
typedef void (*Found)(gpointer data, const char *name, gboolean active, KxCertificateAge age,
                      gint64 end);

static void look_at(const char *name, const char *active, Found found, gpointer data)
{
    g_autoptr(X509) certificate = kx_certificate_read_first(name);
    if (!certificate)
        return; /* a request, or damaged */
    KxCertificateAge age = kx_certificate_age(certificate, g_get_real_time() / G_USEC_PER_SEC);
    if (age == KX_CERTIFICATE_ENDING || age == KX_CERTIFICATE_EXPIRED)
        found(data, name, g_strcmp0(active, name) == 0, age, kx_certificate_end(certificate));
}

static void look(Found found, gpointer data)
{
    g_auto(GStrv) names = kx_certificate_names();
    g_autofree char *active = kx_certificate_active();
    for (guint i = 0; names[i]; i++)
        look_at(names[i], active, found, data);
}

static char *date_text(gint64 seconds)
{
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(seconds);
    return g_date_time_format(date, "%Y-%m-%d %H:%M UTC");
}

static void add_row(gpointer list, const char *name, gboolean active, KxCertificateAge age,
                    gint64 end)
{
    g_autofree char *until = date_text(end);
    json_array_append_new(list, json_pack("{s:s, s:b, s:s, s:s}", "name", name, "active", active,
                                          "state", kx_certificate_age_text(age), "until", until));
}

json_t *kx_certificates_expiring(void)
{
    json_t *list = json_array();
    look(add_row, list);
    return list;
}

static void write_line(gpointer logger, const char *name, gboolean active, KxCertificateAge age,
                       gint64 end)
{
    g_autofree char *until = date_text(end);
    const char *kind = active ? "The active certificate" : "Certificate";
    int days = (int)((end - g_get_real_time() / G_USEC_PER_SEC) / DAY);
    if (age == KX_CERTIFICATE_EXPIRED)
        kx_log(logger, KX_LOG_WARNING, "%s '%s' expired on %s", kind, name, until);
    else
        kx_log(logger, KX_LOG_WARNING, "%s '%s' expires on %s, in %d days", kind, name, until,
               days);
}

void kx_certificates_warn(KxLogger *logger)
{
    look(write_line, logger);
}
