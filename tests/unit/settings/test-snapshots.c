/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots, their way to other roles, and the holder under many threads. */
#include "base/error.h"
#include "settings/settings.h"

static void test_with(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(KxSettings) defaults = kx_settings_new_defaults();
    KxSettingChange good[] = {{KX_SET_SMTP_MAX_RECIPIENTS, "50"},
                              {KX_SET_SERVER_HOSTNAME, "mx.test"}};
    g_autoptr(KxSettings) changed = kx_settings_with(defaults, good, 2, &error);
    g_assert_no_error(error);
    g_assert_cmpint(kx_settings_int(changed, KX_SET_SMTP_MAX_RECIPIENTS), ==, 50);
    g_assert_cmpstr(kx_settings_text(changed, KX_SET_SERVER_HOSTNAME), ==, "mx.test");
    g_assert_false(kx_settings_is_default(changed, KX_SET_SERVER_HOSTNAME));
    g_assert_cmpint(kx_settings_int(defaults, KX_SET_SMTP_MAX_RECIPIENTS), ==, 100);

    KxSettingChange bad[] = {{KX_SET_SMTP_MAX_RECIPIENTS, "60"}, {KX_SET_SMTP_MAX_HOPS, "0"}};
    g_assert_null(kx_settings_with(changed, bad, 2, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
    g_assert_cmpint(kx_settings_int(changed, KX_SET_SMTP_MAX_RECIPIENTS), ==, 50);

    KxSettingChange back = {KX_SET_SMTP_MAX_RECIPIENTS, NULL};
    g_autoptr(KxSettings) again = kx_settings_with(changed, &back, 1, NULL);
    g_assert_true(kx_settings_is_default(again, KX_SET_SMTP_MAX_RECIPIENTS));
    g_assert_true(kx_settings_bool(again, KX_SET_SMTP_RELAY_AUTH));
}

static KxSettings *sample(void)
{
    g_autoptr(KxSettings) defaults = kx_settings_new_defaults();
    KxSettingChange changes[] = {{KX_SET_SMTP_MAX_RECIPIENTS, "7"},
                                 {KX_SET_SMTP_MAX_HOPS, "9"},
                                 {KX_SET_LOG_DEBUG_TOPICS, "queue,tls"},
                                 {KX_SET_SERVICE_IMAP_LISTEN, "*:143,[::1]:1143"}};
    return kx_settings_with(defaults, changes, G_N_ELEMENTS(changes), NULL);
}

static void test_pack(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(KxSettings) settings = sample();
    g_autoptr(GBytes) edge = kx_settings_pack(settings, KX_SETTING_EDGE);
    size_t len;
    const guint8 *bytes = g_bytes_get_data(edge, &len);
    g_autoptr(KxSettings) there = kx_settings_unpack(bytes, len, &error);
    g_assert_no_error(error);
    g_assert_cmpint(kx_settings_int(there, KX_SET_SMTP_MAX_RECIPIENTS), ==, 7);
    g_assert_cmpstr(kx_settings_list(there, KX_SET_LOG_DEBUG_TOPICS)[1], ==, "tls");
    /* What only core needs does not travel to edge. */
    g_assert_true(kx_settings_is_default(there, KX_SET_SMTP_MAX_HOPS));
    g_assert_true(kx_settings_is_default(there, KX_SET_SERVICE_IMAP_LISTEN));

    for (size_t cut = 0; cut < len; cut++) {
        g_autoptr(GError) short_error = NULL;
        g_autofree guint8 *part = g_memdup2(bytes, cut);
        g_autoptr(KxSettings) half = kx_settings_unpack(part, cut, &short_error);
        if (half == NULL)
            g_assert_error(short_error, KX_ERROR, KX_ERR_INVALID);
        else /* at the border between two values */
            g_assert_true(cut == 4 || kx_settings_int(half, KX_SET_SMTP_MAX_RECIPIENTS) == 7);
    }
}

static void assert_unpack_fails(const char *bytes, size_t len, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(kx_settings_unpack(bytes, len, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
    g_assert_cmpstr(error->message, ==, message);
}

#define ASSERT_UNPACK_FAILS(literal, message)                                                      \
    assert_unpack_fails(literal, sizeof(literal) - 1, message)

static void test_unpack_hostile(void)
{
    ASSERT_UNPACK_FAILS("", "packed settings do not start with their mark");
    ASSERT_UNPACK_FAILS("KXS2", "packed settings do not start with their mark");
    ASSERT_UNPACK_FAILS("KXS1\0", "packed settings are cut short or malformed");
    ASSERT_UNPACK_FAILS("KXS1\0\4none\0\0\0\0", "packed settings name an unknown setting 'none'");
    ASSERT_UNPACK_FAILS("KXS1\0\15smtp.max-hops\377\377\377\377",
                        "packed settings are cut short or malformed");
    ASSERT_UNPACK_FAILS("KXS1\0\15smtp.max-hops\0\0\0\2"
                        "1\0",
                        "packed settings are cut short or malformed");
    ASSERT_UNPACK_FAILS("KXS1\0\15smtp.max-hops\0\0\0\1"
                        "0",
                        "smtp.max-hops: 0 is below the smallest allowed value, 1");
    ASSERT_UNPACK_FAILS("KXS1\0\15smtp.max-hops\0\0\0\1"
                        "5\0\15smtp.max-hops\0\0\0\1"
                        "6",
                        "packed settings name smtp.max-hops twice");
}

typedef struct {
    KxSettingsHolder *holder;
    gint stop;
} Shared;

static gpointer read_settings(gpointer data)
{
    Shared *shared = data;
    while (!g_atomic_int_get(&shared->stop)) {
        g_autoptr(KxSettings) settings = kx_settings_get(shared->holder);
        /* Both are changed together: a reader never sees one without the other. */
        g_assert_cmpint(kx_settings_int(settings, KX_SET_SMTP_MAX_RECIPIENTS), ==,
                        kx_settings_int(settings, KX_SET_SMTP_MAX_FAILED));
    }
    return NULL;
}

static void test_holder(void)
{
    g_autoptr(KxSettings) defaults = kx_settings_new_defaults();
    KxSettingChange same[] = {{KX_SET_SMTP_MAX_RECIPIENTS, "1"}, {KX_SET_SMTP_MAX_FAILED, "1"}};
    Shared shared = {kx_settings_holder_new(kx_settings_with(defaults, same, 2, NULL)), 0};
    GThread *threads[3];
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("reader", read_settings, &shared);
    for (guint i = 2; i < 300; i++) {
        g_autofree char *number = g_strdup_printf("%u", i);
        same[0].value = same[1].value = number;
        g_autoptr(KxSettings) now = kx_settings_get(shared.holder);
        kx_settings_put(shared.holder, kx_settings_with(now, same, 2, NULL));
    }
    g_atomic_int_set(&shared.stop, 1);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    g_autoptr(KxSettings) last = kx_settings_get(shared.holder);
    g_assert_cmpint(kx_settings_int(last, KX_SET_SMTP_MAX_RECIPIENTS), ==, 299);
    kx_settings_holder_free(shared.holder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/settings/with", test_with);
    g_test_add_func("/settings/pack", test_pack);
    g_test_add_func("/settings/unpack-hostile", test_unpack_hostile);
    g_test_add_func("/settings/holder", test_holder);
    return g_test_run();
}
