/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lockout.h"

#include "base/ip-range.h"
#include "base/lock.h"
#include "base/text.h"

enum {
    ENTRIES_MAX = 100000,
    ADDRESS_TIMES = 5,  /* as many failures as of one account from one address */
    ACCOUNT_TIMES = 20, /* the same */
    DAY = 86400,
};

/* What is known of an account from an address, of an address or of an account. */
typedef struct {
    char *account, *address; /* NULL: any */
    gint64 since;            /* monotonic seconds of the first failure that counts */
    guint failures;
    gint64 until;  /* locked; 0: never was */
    guint locks;   /* one after the other */
    gboolean good; /* signed in from there */
    GList *place;  /* in `order` */
} Entry;

struct KxLockout {
    KxDirectory *directory;
    KxLogger *logger;
    KxMutex lock;
    GHashTable *entries; /* set of Entry */
    GQueue order;        /* Entry, the one that was touched last first */
};

/* What the settings say. */
typedef struct {
    gboolean on;
    guint failures;
    gint64 window, time;
} Rules;

static gint64 now_seconds(void)
{
    return g_get_monotonic_time() / G_USEC_PER_SEC;
}

/* ---- the table ---- */

static guint hash_text(const char *text)
{
    return text ? g_str_hash(text) : 0;
}

static guint hash_entry(gconstpointer data)
{
    const Entry *entry = data;
    return hash_text(entry->account) * 31 + hash_text(entry->address);
}

static gboolean equal_entries(gconstpointer a, gconstpointer b)
{
    const Entry *left = a, *right = b;
    return g_strcmp0(left->account, right->account) == 0 &&
           g_strcmp0(left->address, right->address) == 0;
}

static void free_entry(gpointer data)
{
    Entry *entry = data;
    g_free(entry->account);
    g_free(entry->address);
    g_free(entry);
}

KxLockout *kx_lockout_new(KxDirectory *directory, KxLogger *logger)
{
    KxLockout *lockout = g_new0(KxLockout, 1);
    lockout->directory = directory;
    lockout->logger = logger;
    kx_mutex_init(&lockout->lock);
    g_queue_init(&lockout->order);
    lockout->entries = g_hash_table_new_full(hash_entry, equal_entries, free_entry, NULL);
    return lockout;
}

void kx_lockout_free(KxLockout *lockout)
{
    if (!lockout)
        return;
    g_queue_clear(&lockout->order);
    g_hash_table_unref(lockout->entries);
    kx_mutex_clear(&lockout->lock);
    g_free(lockout);
}

static void forget(KxLockout *lockout, Entry *entry)
{
    g_queue_delete_link(&lockout->order, entry->place);
    g_hash_table_remove(lockout->entries, entry);
}

static Entry *find(KxLockout *lockout, const char *account, const char *address)
{
    Entry key = {.account = (char *)account, .address = (char *)address};
    return g_hash_table_lookup(lockout->entries, &key);
}

static Entry *find_or_add(KxLockout *lockout, const char *account, const char *address)
{
    Entry *entry = find(lockout, account, address);
    if (entry) {
        g_queue_unlink(&lockout->order, entry->place);
        g_queue_push_head_link(&lockout->order, entry->place);
        return entry;
    }
    if (g_hash_table_size(lockout->entries) >= ENTRIES_MAX)
        forget(lockout, g_queue_peek_tail(&lockout->order));
    entry = g_new0(Entry, 1);
    entry->account = g_strdup(account);
    entry->address = g_strdup(address);
    g_queue_push_head(&lockout->order, entry);
    entry->place = lockout->order.head;
    g_hash_table_add(lockout->entries, entry);
    return entry;
}

/* ---- rules ---- */

static Rules rules_for(KxLockout *lockout, const char *ip)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(lockout->directory);
    const char *exempt = kx_settings_text(settings, KX_SET_LOCKOUT_EXEMPT);
    return (Rules){
        .on = kx_settings_bool(settings, KX_SET_LOCKOUT) &&
              (!*exempt || !kx_ip_group_contains(lockout->directory, exempt, ip)),
        .failures = (guint)kx_settings_int(settings, KX_SET_LOCKOUT_FAILURES),
        .window = kx_settings_int(settings, KX_SET_LOCKOUT_WINDOW),
        .time = kx_settings_int(settings, KX_SET_LOCKOUT_TIME),
    };
}

static gboolean is_locked(const Entry *entry, gint64 now)
{
    return entry && entry->until > now;
}

gboolean kx_lockout_is_locked(KxLockout *lockout, const KxLockoutWho *who)
{
    Rules rules = rules_for(lockout, who->ip);
    if (!rules.on)
        return FALSE;
    g_autofree char *account = kx_auth_account(lockout->directory, who->login, who->local_ip);
    g_autofree char *address = kx_ip_network(who->ip);
    gint64 now = now_seconds();
    kx_mutex_lock(&lockout->lock);
    const Entry *pair = find(lockout, account, address);
    gboolean locked = is_locked(pair, now) || is_locked(find(lockout, NULL, address), now) ||
                      (!(pair && pair->good) && is_locked(find(lockout, account, NULL), now));
    kx_mutex_unlock(&lockout->lock);
    return locked;
}

/* ---- counting ---- */

static void say_locked(KxLockout *lockout, const char *account, const char *address, gint64 seconds)
{
    g_autofree char *shown =
        account ? kx_escape_for_log(account, -1, 200) : g_strdup("any account");
    if (seconds > 0)
        kx_log(lockout->logger, KX_LOG_SECURITY,
               "Too many failed logins: %s is locked for %s for %" G_GINT64_FORMAT " seconds",
               shown, address ? address : "any new address", seconds);
}

/* For how many seconds it is locked from now on; 0: it is not, or was before. */
static gint64 count(Entry *entry, const Rules *rules, guint times)
{
    gint64 now = now_seconds();
    if (is_locked(entry, now))
        return 0;
    if (now - entry->since > rules->window || entry->failures == 0) {
        entry->since = now;
        entry->failures = 0;
    }
    if (++entry->failures < rules->failures * times)
        return 0;
    entry->failures = 0;
    entry->locks = entry->until > 0 && now - entry->until < DAY ? entry->locks + 1 : 0;
    gint64 seconds = rules->time << MIN(entry->locks, 20);
    seconds = CLAMP(seconds, 1, MAX(DAY, rules->time));
    entry->until = now + seconds;
    return seconds;
}

void kx_lockout_failed(KxLockout *lockout, const KxLockoutWho *who)
{
    Rules rules = rules_for(lockout, who->ip);
    if (!rules.on)
        return;
    g_autofree char *account = kx_auth_account(lockout->directory, who->login, who->local_ip);
    g_autofree char *address = kx_ip_network(who->ip);
    gint64 pair, anywhere, anybody = 0;
    kx_mutex_lock(&lockout->lock);
    pair = count(find_or_add(lockout, account, address), &rules, 1);
    anywhere = count(find_or_add(lockout, account, NULL), &rules, ACCOUNT_TIMES);
    /* Programs on this host, like a webmail, come for many people. */
    if (!kx_ip_is_loopback(who->ip))
        anybody = count(find_or_add(lockout, NULL, address), &rules, ADDRESS_TIMES);
    kx_mutex_unlock(&lockout->lock);
    say_locked(lockout, account, address, pair);
    say_locked(lockout, account, NULL, anywhere);
    say_locked(lockout, NULL, address, anybody);
}

void kx_lockout_succeeded(KxLockout *lockout, const KxLockoutWho *who)
{
    g_autofree char *account = kx_auth_account(lockout->directory, who->login, who->local_ip);
    g_autofree char *address = kx_ip_network(who->ip);
    kx_mutex_lock(&lockout->lock);
    Entry *pair = find_or_add(lockout, account, address);
    pair->failures = pair->locks = 0;
    pair->until = 0;
    pair->good = TRUE;
    kx_mutex_unlock(&lockout->lock);
}

/* ---- for administrators ---- */

void kx_locked_free(KxLocked *locked)
{
    g_free(locked->account);
    g_free(locked->address);
    g_free(locked);
}

static int compare_locked(gconstpointer a, gconstpointer b)
{
    const KxLocked *left = *(KxLocked *const *)a, *right = *(KxLocked *const *)b;
    int order = g_strcmp0(left->account, right->account);
    return order ? order : g_strcmp0(left->address, right->address);
}

GPtrArray *kx_lockout_list(KxLockout *lockout)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)kx_locked_free);
    gint64 now = now_seconds(), clock = g_get_real_time() / G_USEC_PER_SEC;
    GHashTableIter iter;
    gpointer value;
    kx_mutex_lock(&lockout->lock);
    g_hash_table_iter_init(&iter, lockout->entries);
    while (g_hash_table_iter_next(&iter, &value, NULL)) {
        const Entry *entry = value;
        if (!is_locked(entry, now))
            continue;
        KxLocked *locked = g_new0(KxLocked, 1);
        *locked = (KxLocked){g_strdup(entry->account), g_strdup(entry->address),
                             clock + entry->until - now, entry->locks + 1};
        g_ptr_array_add(list, locked);
    }
    kx_mutex_unlock(&lockout->lock);
    g_ptr_array_sort(list, compare_locked);
    return list;
}

guint kx_lockout_clear(KxLockout *lockout, const char *account_or_address)
{
    g_autofree char *address = account_or_address ? kx_ip_network(account_or_address) : NULL;
    g_autofree char *account =
        account_or_address ? kx_auth_account(lockout->directory, account_or_address, NULL) : NULL;
    gint64 now = now_seconds();
    guint n = 0;
    kx_mutex_lock(&lockout->lock);
    for (GList *at = lockout->order.head, *next; at; at = next) {
        Entry *entry = at->data;
        next = at->next;
        if (account_or_address && g_strcmp0(entry->account, account) != 0 &&
            g_strcmp0(entry->address, address) != 0)
            continue;
        n += is_locked(entry, now);
        forget(lockout, entry);
    }
    kx_mutex_unlock(&lockout->lock);
    return n;
}
