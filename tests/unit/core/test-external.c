/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EXTERNAL as an edge that is no longer ours would try it: whatever certificate it puts into a
 * message opens nothing while the administrator has not turned that on, and afterwards only what an
 * authority of his has signed.
 */
#include <glib/gstdio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/client-certificate.h"
#include "core/ticket.h"
#include "core/workers.h"
#include "ipc/channel.h"

/* ---- certificates ---- */

typedef struct {
    X509 *certificate;
    EVP_PKEY *key;
} Signed;

static void add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    g_assert_nonnull(extension);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

/* By `by`, or by itself; an address makes it one of a client, without one it is an authority. */
static Signed make(const char *name, const char *address, const Signed *by)
{
    enum { DAY = 86400 };
    Signed new = {X509_new(), EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")};
    X509_set_version(new.certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(new.certificate), g_random_int_range(1, G_MAXINT));
    X509_gmtime_adj(X509_getm_notBefore(new.certificate), -DAY);
    X509_gmtime_adj(X509_getm_notAfter(new.certificate), DAY);
    X509_set_pubkey(new.certificate, new.key);
    X509_NAME *subject = X509_get_subject_name(new.certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const guint8 *)name, -1, -1, 0);
    X509_set_issuer_name(new.certificate, by ? X509_get_subject_name(by->certificate) : subject);
    add_extension(new.certificate, NID_basic_constraints,
                  address ? "CA:FALSE" : "critical,CA:TRUE");
    if (address) {
        g_autofree char *text = g_strconcat("email:", address, NULL);
        add_extension(new.certificate, NID_subject_alt_name, text);
        add_extension(new.certificate, NID_ext_key_usage, "clientAuth");
    }
    X509_sign(new.certificate, by ? by->key : new.key, EVP_sha256());
    return new;
}

static void clear(Signed *one)
{
    X509_free(one->certificate);
    EVP_PKEY_free(one->key);
}

static GBytes *der_of(const Signed *one)
{
    guint8 *der = NULL;
    int len = i2d_X509(one->certificate, &der);
    GBytes *bytes = g_bytes_new(der, (gsize)len);
    OPENSSL_free(der);
    return bytes;
}

static char *pem_of(const Signed *one)
{
    char *text;
    BIO *out = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(out, one->certificate);
    long len = BIO_get_mem_data(out, &text);
    char *copy = g_strndup(text, (gsize)len);
    BIO_free(out);
    return copy;
}

static KxSlice slice(GBytes *bytes)
{
    size_t len = 0;
    const char *data = bytes ? g_bytes_get_data(bytes, &len) : "";
    return (KxSlice){data, len};
}

/* ---- a core with a user, and an edge ---- */

static const KxHandler handler = {.name = "TEST"};
static const KxHandler *const handlers[KX_PROTOCOL_COUNT] = {&handler, &handler, &handler};
static const guint8 key[KX_TICKET_KEY] = {42};
static const KxAdmin admin = {"test", KX_LEVEL_FULL, NULL};

typedef struct {
    char *folder;
    KxCore core;
    KxWorkers *workers;
    int edge;
    char *buffer;
    Signed authority, alice;
} Fixture;

static void other(gpointer data, guint edge, const KxMessage *in)
{
}

static void receive(Fixture *f, KxMessageType type, KxMessage *ret)
{
    g_autoptr(GError) error = NULL;
    KxReceived got =
        kx_channel_receive(f->edge, KX_ROLE_CORE, KX_ROLE_EDGE, f->buffer, ret, &error);
    g_assert_no_error(error);
    g_assert_cmpint(got, ==, KX_RECEIVED);
    g_assert_cmpstr(kx_message_name(ret->type), ==, kx_message_name(type));
}

static void set_up(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    int fds[2];
    f->folder = g_dir_make_tmp("keryx-external-XXXXXX", &error);
    g_assert_cmpint(g_chdir(f->folder), ==, 0);
    KxLoggerOptions options = {.directory = "logs"};
    f->core.logger = kx_logger_open(&options, &error);
    f->core.directory = kx_directory_open(f->core.logger, &error);
    g_assert_no_error(error);
    f->core.lockout = kx_lockout_new(f->core.directory, f->core.logger);
    g_assert_true(
        kx_object_add(f->core.directory, &admin, KX_OBJECT_DOMAIN, "x.test", NULL, 0, &error));
    g_assert_true(
        kx_object_add(f->core.directory, &admin, KX_OBJECT_USER, "alice@x.test", NULL, 0, &error));
    g_assert_true(
        kx_object_add(f->core.directory, &admin, KX_OBJECT_USER, "bob@x.test", NULL, 0, &error));
    f->buffer = g_malloc(KX_MESSAGE_MAX + 1);
    g_assert_true(kx_channel_pair(fds, NULL));
    f->workers = kx_workers_new(&f->core, handlers, key, other, NULL);
    kx_workers_add_edge(f->workers, 0, fds[0]);
    f->edge = fds[1];
    f->authority = make("The company", NULL, NULL);
    f->alice = make("alice", "alice@x.test", &f->authority);
    KxMsgSessionOpen open = {.service = KX_SERVICE_IMAPS,
                             .secure = 1,
                             .local_ip = "192.0.2.1",
                             .remote_ip = "192.0.2.2"};
    KxMessage in;
    g_assert_true(kx_channel_send(f->edge, KX_MSG_SESSION_OPEN, 1, &open, -1));
    receive(f, KX_MSG_SESSION_READY, &in);
}

static void remove_tree(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *entry = g_build_filename(path, name, NULL);
        remove_tree(entry);
    }
    g_clear_pointer(&dir, g_dir_close);
    g_remove(path);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    close(f->edge);
    kx_workers_free(f->workers);
    kx_lockout_free(f->core.lockout);
    kx_directory_close(f->core.directory);
    kx_logger_close(f->core.logger);
    g_assert_cmpint(g_chdir("/"), ==, 0);
    remove_tree(f->folder);
    clear(&f->authority);
    clear(&f->alice);
    g_free(f->folder);
    g_free(f->buffer);
}

static void configure(Fixture *f, const char *methods, const char *authorities)
{
    g_autoptr(GError) error = NULL;
    const KxSettingChange changes[] = {{KX_SET_AUTH_METHODS, methods},
                                       {KX_SET_TLS_CLIENT_CA, authorities}};
    g_assert_true(
        kx_directory_set(f->core.directory, &admin, changes, G_N_ELEMENTS(changes), &error));
}

/* The account that is signed in to, or NULL. Only once for a session. */
static char *show(Fixture *f, const char *mechanism, const char *identity, GBytes *leaf,
                  GBytes *chain)
{
    KxMessage in;
    KxMsgSasl sasl = {.mechanism = mechanism,
                      .initial = 1,
                      .data = KX_SLICE_STR(identity),
                      .certificate = slice(leaf),
                      .chain = slice(chain)};
    g_assert_true(kx_channel_send(f->edge, KX_MSG_SASL, 1, &sasl, -1));
    receive(f, KX_MSG_SASL_REPLY, &in);
    return in.SASL_REPLY.status == KX_SASL_OK ? g_strdup(in.SASL_REPLY.user) : NULL;
}

static const char ON[] = "PLAIN,EXTERNAL";

static void test_off(Fixture *f, gconstpointer data)
{
    g_autoptr(GBytes) good = der_of(&f->alice);
    g_autofree char *authority = pem_of(&f->authority);
    g_assert_null(show(f, "EXTERNAL", "", good, NULL)); /* as it is at first */
    configure(f, ON, "");
    g_assert_null(show(f, "EXTERNAL", "", good, NULL));
    configure(f, "PLAIN,SCRAM-SHA-256", authority);
    g_assert_null(show(f, "EXTERNAL", "", good, NULL));
    g_assert_null(show(f, "external", "alice@x.test", good, good));
}

static void test_on(Fixture *f, gconstpointer data)
{
    g_autofree char *authority = pem_of(&f->authority);
    g_autoptr(GBytes) good = der_of(&f->alice);
    configure(f, ON, authority);
    g_autofree char *account = show(f, "EXTERNAL", "alice", good, NULL);
    g_assert_cmpstr(account, ==, "alice@x.test");
    g_assert_null(show(f, "EXTERNAL", "", good, NULL)); /* there is no second sign-in */
}

static void test_what_does_not_count(Fixture *f, gconstpointer data)
{
    g_autofree char *authority = pem_of(&f->authority);
    Signed false_authority = make("The company", NULL, NULL);
    Signed forged = make("alice", "alice@x.test", &false_authority);
    Signed own = make("alice", "alice@x.test", NULL);
    Signed below = make("bob", "bob@x.test", &f->alice); /* by a client's key */
    g_autoptr(GBytes) good = der_of(&f->alice), bad = der_of(&forged), root = der_of(&f->authority),
                      self = der_of(&own), client = der_of(&below),
                      false_root = der_of(&false_authority);
    g_autoptr(GBytes) cut = g_bytes_new_from_bytes(good, 0, g_bytes_get_size(good) - 1);
    g_autoptr(GBytes) text = g_bytes_new_static("nonsense", 8);
    g_autoptr(GByteArray) both = g_byte_array_new();
    g_byte_array_append(both, g_bytes_get_data(good, NULL), (guint)g_bytes_get_size(good));
    g_byte_array_append(both, g_bytes_get_data(good, NULL), (guint)g_bytes_get_size(good));
    g_autoptr(GBytes) twice = g_bytes_new(both->data, both->len);
    const struct {
        GBytes *leaf, *chain;
    } cases[] = {
        {NULL, NULL}, {NULL, good}, {bad, NULL},  {bad, false_root}, {bad, root},    {self, self},
        {root, NULL}, {cut, NULL},  {text, good}, {twice, NULL},     {client, good},
    };
    configure(f, ON, authority);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *account = show(f, "EXTERNAL", "", cases[i].leaf, cases[i].chain);
        g_assert_cmpstr(account, ==, NULL);
    }
    g_assert_null(show(f, "EXTERNAL", "bob@x.test", good, NULL));
    g_assert_null(show(f, "EXTERNAL", "alice@y.test", good, NULL));
    g_assert_null(show(f, "PLAIN", "", good, NULL));
    clear(&false_authority);
    clear(&forged);
    clear(&own);
    clear(&below);
}

static void test_names_of_authorities(Fixture *f, gconstpointer data)
{
    g_autofree char *authority = pem_of(&f->authority);
    g_autofree char *both = g_strconcat(authority, authority, NULL);
    configure(f, ON, both);
    g_autoptr(KxSettings) settings = kx_directory_settings(f->core.directory);
    g_autoptr(GBytes) names = kx_client_authorities(settings);
    const guint8 *at = g_bytes_get_data(names, NULL);
    X509_NAME *name = d2i_X509_NAME(NULL, &at, (long)g_bytes_get_size(names));
    g_assert_cmpint(X509_NAME_cmp(name, X509_get_subject_name(f->authority.certificate)), ==, 0);
    X509_NAME_free(name);
    configure(f, ON, "");
    g_autoptr(KxSettings) without = kx_directory_settings(f->core.directory);
    g_assert_null(kx_client_authorities(without));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/core/external/" name, Fixture, NULL, set_up, func, tear_down)
    ADD("off", test_off);
    ADD("on", test_on);
    ADD("what-does-not-count", test_what_does_not_count);
    ADD("names-of-authorities", test_names_of_authorities);
#undef ADD
    return g_test_run();
}
