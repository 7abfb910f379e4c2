/* SPDX-License-Identifier: Apache-2.0 */
/* Which mechanisms are offered: those that the settings allow and that can work. */
#include "core/sasl-private.h"

static gboolean works(const char *method, guint provided)
{
    const KxSaslMechanism *mechanism = kx_sasl_find(method, strlen(method));
    return mechanism && (mechanism->needs & ~provided) == 0;
}

char **kx_sasl_offered_methods(KxDirectory *directory, const KxSettings *settings)
{
    const char *const *methods = kx_settings_list(settings, KX_SET_AUTH_METHODS);
    gboolean authority = *kx_settings_text(settings, KX_SET_TLS_CLIENT_CA) != '\0';
    guint provided = kx_auth_provides(directory) | (authority ? KX_SASL_NEEDS_AUTHORITY : 0);
    GPtrArray *offered = g_ptr_array_new();
    for (; methods && *methods; methods++)
        if (works(*methods, provided))
            g_ptr_array_add(offered, g_strdup(*methods));
    g_ptr_array_add(offered, NULL);
    return (char **)g_ptr_array_free(offered, FALSE);
}

/* Over SMTP a session may be older than its TLS (STARTTLS): what came to bind to tells. */
static gboolean is_in_tls(const KxSession *session)
{
    return session->secure || (session->sasl && session->sasl->bindings.exporter);
}

gboolean kx_session_binds(KxSession *session)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(kx_session_core(session)->directory);
    return kx_sasl_binds(settings, is_in_tls(session),
                         kx_session_service(session)->protocol == KX_PROTOCOL_SMTP);
}

char *kx_session_mechanisms(KxSession *session)
{
    KxDirectory *directory = kx_session_core(session)->directory;
    g_autoptr(KxSettings) settings = kx_directory_settings(directory);
    g_auto(GStrv) methods = kx_sasl_offered_methods(directory, settings);
    KxSaslOffer offer = {(const char *const *)methods, kx_session_binds(session), TRUE, FALSE};
    return kx_sasl_names(&offer, "");
}
