/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of people who signed in to the API. */
#include <sodium.h>

#include "admin/api-private.h"
#include "base/lock.h"

enum {
    SECRET_BYTES = 32,
    /* Beyond these the one that was not used for the longest time ends. */
    SESSIONS_MAX = 1000,
    SESSIONS_OF_USER_MAX = 50,
};

typedef struct {
    char *login;
    char *csrf;
    guint stamp;         /* kx_auth_stamp() */
    gint64 opened, used; /* monotonic microseconds */
} Session;

struct KxApiSessions {
    KxDirectory *directory;
    KxMutex lock;
    GHashTable *table; /* SHA-256 of the cookie -> Session */
};

static void session_free(gpointer data)
{
    Session *session = data;
    g_free(session->login);
    g_free(session->csrf);
    g_free(session);
}

KxApiSessions *kx_api_sessions_new(KxDirectory *directory)
{
    KxApiSessions *sessions = g_new0(KxApiSessions, 1);
    sessions->directory = directory;
    kx_mutex_init(&sessions->lock);
    sessions->table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, session_free);
    return sessions;
}

void kx_api_sessions_free(KxApiSessions *sessions)
{
    if (!sessions)
        return;
    g_hash_table_unref(sessions->table);
    kx_mutex_clear(&sessions->lock);
    g_free(sessions);
}

static char *new_secret(void)
{
    guint8 bytes[SECRET_BYTES];
    char text[sodium_base64_ENCODED_LEN(SECRET_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
    randombytes_buf(bytes, sizeof bytes);
    return g_strdup(sodium_bin2base64(text, sizeof text, bytes, sizeof bytes,
                                      sodium_base64_VARIANT_URLSAFE_NO_PADDING));
}

/* Looking up the hash tells nobody, by the time it takes, how much of a cookie is right. */
static char *hash_of(const char *cookie)
{
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, cookie, -1);
}

/* ---- with the lock held ---- */

static gboolean is_over(const KxApiSessions *sessions, const Session *session)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(sessions->directory);
    gint64 now = g_get_monotonic_time();
    gint64 idle = kx_settings_int(settings, KX_SET_ADMIN_SESSION_IDLE) * G_USEC_PER_SEC;
    gint64 life = kx_settings_int(settings, KX_SET_ADMIN_SESSION_LIFETIME) * G_USEC_PER_SEC;
    return now - session->used > idle || now - session->opened > life ||
           kx_auth_stamp(sessions->directory, session->login) != session->stamp;
}

/* Of those of one user (NULL: of all) the one that was not used for the longest time, if there are
 * `max` of them. */
static const char *find_surplus(KxApiSessions *sessions, const char *login, guint max)
{
    GHashTableIter iter;
    gpointer key, value;
    const char *oldest = NULL;
    gint64 used = G_MAXINT64;
    guint count = 0;
    g_hash_table_iter_init(&iter, sessions->table);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        const Session *session = value;
        if (login && !g_str_equal(session->login, login))
            continue;
        count++;
        if (session->used < used) {
            used = session->used;
            oldest = key;
        }
    }
    return count < max ? NULL : oldest;
}

static void make_room(KxApiSessions *sessions, const char *login)
{
    const char *surplus = find_surplus(sessions, login, SESSIONS_OF_USER_MAX);
    if (!surplus)
        surplus = find_surplus(sessions, NULL, SESSIONS_MAX);
    if (surplus)
        g_hash_table_remove(sessions->table, surplus);
}

/* ---- for sign-in ---- */

char *kx_api_session_open(KxApiSessions *sessions, const char *login, char **ret_csrf)
{
    char *cookie = new_secret();
    Session *session = g_new0(Session, 1);
    session->login = g_strdup(login);
    session->csrf = new_secret();
    session->stamp = kx_auth_stamp(sessions->directory, login);
    session->opened = session->used = g_get_monotonic_time();
    *ret_csrf = g_strdup(session->csrf);
    kx_mutex_lock(&sessions->lock);
    make_room(sessions, login);
    g_hash_table_insert(sessions->table, hash_of(cookie), session);
    kx_mutex_unlock(&sessions->lock);
    return cookie;
}

char *kx_api_session_use(KxApiSessions *sessions, const char *cookie, char **ret_csrf)
{
    g_autofree char *hash = hash_of(cookie);
    char *login = NULL;
    kx_mutex_lock(&sessions->lock);
    Session *session = g_hash_table_lookup(sessions->table, hash);
    if (session && is_over(sessions, session)) {
        g_hash_table_remove(sessions->table, hash);
    } else if (session) {
        session->used = g_get_monotonic_time();
        login = g_strdup(session->login);
        *ret_csrf = g_strdup(session->csrf);
    }
    kx_mutex_unlock(&sessions->lock);
    return login;
}

void kx_api_session_end(KxApiSessions *sessions, const char *cookie)
{
    g_autofree char *hash = hash_of(cookie);
    kx_mutex_lock(&sessions->lock);
    g_hash_table_remove(sessions->table, hash);
    kx_mutex_unlock(&sessions->lock);
}
