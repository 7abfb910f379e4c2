/* SPDX-License-Identifier: Apache-2.0 */
/* Settings as a document. */
#include "admin/config-file.h"
#include "admin/config-xml.h"
#include "base/error.h"

static KxConfigDiff *diff_ok(KxSettings *settings, const char *text, gboolean exact)
{
    g_autoptr(GError) error = NULL;
    KxConfigDiff *diff = kx_config_diff(settings, text, exact, &error);
    g_assert_no_error(error);
    return diff;
}

static void assert_wrong(const char *text, KxErrorCode code, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(KxSettings) settings = kx_settings_new_defaults();
    g_assert_null(kx_config_diff(settings, text, FALSE, &error));
    g_assert_error(error, KX_ERROR, (gint)code);
    g_assert_cmpstr(error->message, ==, message);
}

static void test_differences(void)
{
    g_autoptr(KxSettings) settings = kx_settings_new_defaults();
    g_autoptr(KxConfigDiff) diff =
        diff_ok(settings,
                "{\"settings\": {\"smtp.max-size\": \"26214400\", \"smtp.max-hops\": 7, "
                "\"log.journald\": true, "
                "\"server.hostname\": \"mail.company.test\", \"log.debug\": null}}",
                FALSE);
    g_assert_cmpuint(diff->changes->len, ==, 3); /* 25M is the default, and so is no topic */
    g_assert_cmpint(kx_settings_int(diff->after, KX_SET_SMTP_MAX_HOPS), ==, 7);
    g_assert_true(kx_settings_bool(diff->after, KX_SET_LOG_JOURNALD));
    g_assert_cmpstr(kx_settings_text(diff->after, KX_SET_SERVER_HOSTNAME), ==, "mail.company.test");
    g_assert_cmpint(kx_settings_int(diff->before, KX_SET_SMTP_MAX_HOPS), ==, 50);
}

/* Every kind of object has its list in the XML files, and none has that of another. */
static void test_lists(void)
{
    for (guint object = 0; object < KX_OBJECT_COUNT; object++) {
        KxObject found = KX_OBJECT_COUNT;
        g_assert_nonnull(kx_config_lists[object].list);
        g_assert_true(kx_config_find_list(kx_config_lists[object].list, &found));
        g_assert_cmpuint(found, ==, object);
    }
}

static void test_round_trip(void)
{
    g_autoptr(KxSettings) defaults = kx_settings_new_defaults();
    const KxSettingChange changes[] = {{KX_SET_SMTP_MAX_SIZE, "1G"},
                                       {KX_SET_LOG_DEBUG_TOPICS, "queue,tls"}};
    g_autoptr(KxSettings) changed = kx_settings_with(defaults, changes, 2, NULL);
    for (guint way = 0; way < 4; way++) { /* typed or not, all or not */
        gboolean all = way & 1;
        KxConfigWish wish = {all, way & 2, TRUE};
        json_auto_t *document = kx_config_document(changed, &wish);
        g_assert_cmpuint(json_object_size(json_object_get(document, "settings")), ==,
                         all ? KX_SET_COUNT : 2);
        g_autofree char *text = json_dumps(document, 0);
        g_autoptr(KxConfigDiff) diff = diff_ok(defaults, text, FALSE);
        g_assert_cmpuint(diff->changes->len, ==, 2);
        g_autoptr(KxConfigDiff) none = diff_ok(changed, text, TRUE);
        g_assert_cmpuint(none->changes->len, ==, 0);
    }
}

static void test_exact(void)
{
    g_autoptr(KxSettings) defaults = kx_settings_new_defaults();
    const KxSettingChange changes[] = {{KX_SET_SMTP_MAX_SIZE, "1G"}, {KX_SET_SMTP_MAX_HOPS, "8"}};
    g_autoptr(KxSettings) changed = kx_settings_with(defaults, changes, 2, NULL);
    const char text[] = "{\"settings\": {\"smtp.max-hops\": \"9\"}}";
    g_autoptr(KxConfigDiff) some = diff_ok(changed, text, FALSE);
    g_assert_cmpint(kx_settings_int(some->after, KX_SET_SMTP_MAX_SIZE), ==, 1073741824);
    g_autoptr(KxConfigDiff) exact = diff_ok(changed, text, TRUE);
    g_assert_cmpuint(exact->changes->len, ==, 2);
    g_assert_true(kx_settings_is_default(exact->after, KX_SET_SMTP_MAX_SIZE));
    g_assert_cmpint(kx_settings_int(exact->after, KX_SET_SMTP_MAX_HOPS), ==, 9);
}

static void test_wrong(void)
{
    assert_wrong("{", KX_ERR_INVALID,
                 "the file is not JSON: line 1: string or '}' expected near end of file");
    assert_wrong("[]", KX_ERR_INVALID,
                 "the file has no \"settings\" (keryx config export shows what it looks like)");
    assert_wrong("{\"settings\": {\"smtp.max-hops\": \"1\", \"smtp.max-hops\": \"2\"}}",
                 KX_ERR_INVALID,
                 "the file is not JSON: line 1: duplicate object key near '\"smtp.max-hops\"'");
    assert_wrong("{\"settings\": {\"smtp.max-hop\": \"1\"}}", KX_ERR_NOT_FOUND,
                 "there is no setting 'smtp.max-hop' (did you mean smtp.max-hops?); keryx config "
                 "list shows all");
    assert_wrong("{\"settings\": {\"smtp.max-hops\": {}}}", KX_ERR_INVALID,
                 "smtp.max-hops: the value is neither text, number, list, true, false nor null");
    assert_wrong("{\"settings\": {\"log.debug\": [\"tls,queue\"]}}", KX_ERR_INVALID,
                 "log.debug: the entries of a list are texts without commas");
    assert_wrong("{\"settings\": {\"smtp.max-hops\": -1}}", KX_ERR_INVALID,
                 "smtp.max-hops: -1 is below the smallest allowed value, 1");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/admin/config-file/differences", test_differences);
    g_test_add_func("/admin/config-file/lists", test_lists);
    g_test_add_func("/admin/config-file/round-trip", test_round_trip);
    g_test_add_func("/admin/config-file/exact", test_exact);
    g_test_add_func("/admin/config-file/wrong", test_wrong);
    return g_test_run();
}
