/* SPDX-License-Identifier: Apache-2.0 */
/* DOM-20, DOM-22, ALIAS-04 to ALIAS-11, GRP-01, USR-23. */
#include "directory/resolve.h"

#include "base/error.h"
#include "directory/directory-private.h"
#include "directory/names.h"

enum {
    DEPTH_MAX = 50,            /* names one after the other */
    DESTINATIONS_MAX = 100000, /* of one address */
};

typedef enum { STATE_UNSEEN, STATE_ON_THE_WAY, STATE_DONE } State;

typedef struct {
    KxDirectory *directory;
    KxResolution *result;
    GHashTable *seen;              /* "key@domain" of a name -> State */
    GHashTable *there;             /* texts of destinations that are in the result */
    GPtrArray *accounts;           /* of KxUserEntry or NULL: the mailbox of each name on the way */
    GHashTable *walked;            /* set of KxUserEntry whose forwarding has been looked at */
    gboolean disabled;             /* some account was passed over because it is */
    gboolean stays;                /* forwarding is left aside */
    gboolean by_alias;             /* the name was given in an alias of its domain */
    const KxDomainEntry *confined; /* mail may not leave this domain from here on; or NULL */
    const KxDomainEntry *within;   /* other domains here count as elsewhere; NULL: none do */
} Walk;

static void walk_name(Walk *walk, KxDomainEntry *home, const char *local);
static void walk_account(Walk *walk, KxDomainEntry *home, KxUserEntry *user);

static void note(Walk *walk, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void note(Walk *walk, const char *format, ...)
{
    if (walk->result->steps == NULL)
        return;
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    guint indent = 2 * walk->accounts->len;
    g_ptr_array_add(walk->result->steps, g_strdup_printf("%*s%s", (int)indent, "", text));
}

/* ---- destinations ---- */

static void free_destination(gpointer data)
{
    KxDestination *destination = data;
    g_free(destination->address);
    g_free(destination->domain);
    g_free(destination);
}

void kx_resolution_free(KxResolution *resolution)
{
    if (resolution == NULL)
        return;
    g_ptr_array_unref(resolution->destinations);
    g_clear_pointer(&resolution->steps, g_ptr_array_unref);
    g_free(resolution);
}

/* Each once. */
static void arrive(Walk *walk, KxDestinationKind kind, const char *address, const char *domain,
                   gboolean local_only)
{
    if (walk->confined != NULL && g_strcmp0(walk->confined->domain.name, domain) != 0) {
        note(walk, "and there it ends, for it may not leave %s", walk->confined->domain.name);
        return;
    }
    char *key = g_strdup_printf("%d %s %s", kind, address, domain != NULL ? domain : "");
    if (walk->result->destinations->len >= DESTINATIONS_MAX || !g_hash_table_add(walk->there, key))
        return;
    KxDestination *destination = g_new(KxDestination, 1);
    *destination = (KxDestination){kind, g_strdup(address), g_strdup(domain), local_only};
    g_ptr_array_add(walk->result->destinations, destination);
}

static void arrive_mailbox(Walk *walk, const KxUserEntry *user)
{
    g_autofree char *login = g_strdup_printf("%s@%s", user->user.name, user->user.domain);
    note(walk, "mailbox %s", login);
    arrive(walk, KX_DEST_MAILBOX, login, user->user.domain, kx_user_entry_is_local_only(user));
}

/* ---- names on the way ---- */

/* What was passed where mail may not leave a domain may be passed again where it may; the same of
 * what is not forwarded. */
static char *name_key(const Walk *walk, const KxDomainEntry *home, const char *key)
{
    gboolean differs = walk->by_alias && *home->domain.forward_host != '\0';
    return g_strdup_printf("%s%s%s@%s", walk->confined != NULL ? " " : "", differs ? "  " : "", key,
                           home->domain.name);
}

static State state_of(Walk *walk, const char *name)
{
    return (State)GPOINTER_TO_INT(g_hash_table_lookup(walk->seen, name));
}

static void enter(Walk *walk, const char *name, KxUserEntry *mailbox)
{
    g_hash_table_insert(walk->seen, g_strdup(name), GINT_TO_POINTER(STATE_ON_THE_WAY));
    g_ptr_array_add(walk->accounts, mailbox);
}

static void leave(Walk *walk, const char *name)
{
    g_hash_table_insert(walk->seen, g_strdup(name), GINT_TO_POINTER(STATE_DONE));
    g_ptr_array_set_size(walk->accounts, (int)walk->accounts->len - 1);
}

/* A loop comes back to an account. Unless its forwarding was on the loop, it holds. */
static void come_back(Walk *walk, KxUserEntry *user)
{
    KxDomainEntry *home = g_hash_table_lookup(walk->directory->domains, user->user.domain);
    if (g_hash_table_contains(walk->walked, user))
        arrive_mailbox(walk, user);
    else
        walk_account(walk, home, user);
}

/* The mailbox of the last name that has one. */
static void end_loop(Walk *walk, const char *name)
{
    note(walk, "%s was passed already: a loop", name);
    for (guint i = walk->accounts->len; i > 0; i--) {
        KxUserEntry *user = walk->accounts->pdata[i - 1];
        if (user == NULL || user->user.disabled)
            continue;
        come_back(walk, user);
        return;
    }
}

/* ---- what a name leads to ---- */

static gboolean is_alias(const KxDomainEntry *home, const char *domain)
{
    return strcmp(home->domain.name, domain) != 0;
}

static gboolean is_foreign(const Walk *walk, const KxDomainEntry *home)
{
    return walk->within != NULL && walk->within != home;
}

/* What becomes of it in another domain is for that domain's administrators. */
static void arrive_foreign(Walk *walk, const char *address)
{
    note(walk, "%s, which is in another domain of this server", address);
    arrive(walk, KX_DEST_REMOTE, address, NULL, FALSE);
}

static void walk_address(Walk *walk, const char *address)
{
    g_autofree char *local = NULL, *domain = NULL;
    if (!kx_name_split(address, &local, &domain) || domain == NULL)
        return;
    KxDomainEntry *home = kx_tables_find_mail_domain(walk->directory, domain);
    if (home != NULL && is_foreign(walk, home)) {
        arrive_foreign(walk, address);
    } else if (home != NULL) {
        gboolean by_alias = walk->by_alias;
        walk->by_alias = is_alias(home, domain);
        walk_name(walk, home, local);
        walk->by_alias = by_alias;
    } else {
        note(walk, "%s, which is elsewhere", address);
        arrive(walk, KX_DEST_REMOTE, address, NULL, FALSE);
    }
}

static void walk_target(Walk *walk, KxDomainEntry *home, const char *target)
{
    if (g_str_has_prefix(target, KX_NAME_PUBLIC)) {
        note(walk, "public folder %s of %s", target, home->domain.name);
        arrive(walk, KX_DEST_PUBLIC, target + strlen(KX_NAME_PUBLIC), home->domain.name, FALSE);
    } else if (strchr(target, '@') != NULL) {
        walk_address(walk, target);
    } else {
        gboolean by_alias = walk->by_alias;
        walk->by_alias = FALSE;
        walk_name(walk, home, target);
        walk->by_alias = by_alias;
    }
}

static void walk_targets(Walk *walk, KxDomainEntry *home, char *const *targets)
{
    for (; *targets != NULL; targets++)
        walk_target(walk, home, *targets);
}

static void walk_forward(Walk *walk, KxDomainEntry *home, const KxUserEntry *user)
{
    const KxDomainEntry *confined = walk->confined;
    note(walk, "%s@%s forwards its mail:", user->user.name, user->user.domain);
    if (confined == NULL && kx_user_entry_is_local_only(user))
        walk->confined = home;
    walk_targets(walk, home, user->user.forward);
    walk->confined = confined;
}

static void walk_account(Walk *walk, KxDomainEntry *home, KxUserEntry *user)
{
    const KxUser *record = &user->user;
    g_hash_table_add(walk->walked, user);
    if (record->disabled) {
        note(walk, "account %s@%s, which is disabled", record->name, record->domain);
        walk->disabled = TRUE;
        return;
    }
    gboolean forwards = record->forward[0] != NULL && !walk->stays;
    if (!forwards || !record->forward_only)
        arrive_mailbox(walk, user);
    if (forwards)
        walk_forward(walk, home, user);
}

/* An account as such: aliases of its name do not count. It may be on the way by its name. */
static void walk_member(Walk *walk, KxDomainEntry *home, KxUserEntry *user)
{
    g_autofree char *name = name_key(walk, home, user->key);
    State state = state_of(walk, name);
    if (state == STATE_ON_THE_WAY && user->user.disabled == FALSE)
        come_back(walk, user);
    if (state != STATE_UNSEEN)
        return;
    enter(walk, name, user);
    walk_account(walk, home, user);
    leave(walk, name);
}

static void walk_group(Walk *walk, KxDomainEntry *home, KxGroupEntry *group)
{
    GHashTableIter iter;
    gpointer user;
    note(walk, "group %s@%s with %u members", group->group.name, home->domain.name,
         g_hash_table_size(group->members));
    g_hash_table_iter_init(&iter, group->members);
    while (g_hash_table_iter_next(&iter, &user, NULL))
        walk_member(walk, home, user);
}

/* ---- what a name means ---- */

typedef struct {
    KxUserEntry *user;
    KxGroupEntry *group;
    GPtrArray *aliases; /* of KxAliasEntry */
} Meaning;

static void meaning_clear(Meaning *meaning)
{
    g_clear_pointer(&meaning->aliases, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Meaning, meaning_clear)

static void find_exact(KxDomainEntry *home, const char *key, Meaning *meaning)
{
    KxAddress *address = g_hash_table_lookup(home->addresses, key);
    meaning->user = g_hash_table_lookup(home->users, key);
    if (address != NULL) {
        meaning->user = address->user;
        meaning->group = address->group;
    }
}

static void add_alias(Meaning *meaning, KxAliasEntry *alias)
{
    if (meaning->aliases == NULL)
        meaning->aliases = g_ptr_array_new();
    g_ptr_array_add(meaning->aliases, alias);
}

/* "*" any number of characters, "?" one (ALIAS-04, ALIAS-05). */
static gboolean matches(const char *pattern, const char *text)
{
    const char *star = NULL, *retry = NULL;
    while (*text != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            retry = text;
        } else if (*pattern != '\0' && (*pattern == '?' || *pattern == *text)) {
            text = *pattern == '?' ? g_utf8_next_char(text) : text + 1;
            pattern++;
        } else if (star != NULL) {
            pattern = star + 1;
            retry = g_utf8_next_char(retry);
            text = retry;
        } else {
            return FALSE;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static void add_patterns(KxDomainEntry *home, const char *key, Meaning *meaning)
{
    for (guint i = 0; i < home->patterns->len; i++) {
        KxAliasEntry *alias = home->patterns->pdata[i];
        if (matches(alias->key, key))
            add_alias(meaning, alias);
    }
}

static gboolean is_nothing(const Meaning *meaning)
{
    return meaning->user == NULL && meaning->group == NULL && meaning->aliases == NULL;
}

static void find_meaning(KxDomainEntry *home, const char *key, Meaning *meaning)
{
    KxAliasEntry *alias = strcmp(key, "*") != 0 ? g_hash_table_lookup(home->aliases, key) : NULL;
    find_exact(home, key, meaning);
    if (alias != NULL)
        add_alias(meaning, alias);
    if (alias != NULL || is_nothing(meaning))
        add_patterns(home, key, meaning);
}

static void walk_aliases(Walk *walk, KxDomainEntry *home, const char *key, const Meaning *meaning)
{
    for (guint i = 0; i < meaning->aliases->len; i++) {
        const KxAliasEntry *alias = meaning->aliases->pdata[i];
        note(walk, "alias %s@%s%s", alias->alias.name, home->domain.name,
             strcmp(alias->key, key) == 0 ? "" : " (matches)");
        walk_targets(walk, home, alias->alias.targets);
    }
}

static void walk_meaning(Walk *walk, KxDomainEntry *home, const char *key, const Meaning *meaning)
{
    g_autofree char *name = name_key(walk, home, key);
    enter(walk, name, meaning->user);
    if (meaning->aliases != NULL)
        walk_aliases(walk, home, key, meaning);
    else if (meaning->group != NULL)
        walk_group(walk, home, meaning->group);
    else if (meaning->user != NULL && strcmp(meaning->user->key, key) != 0)
        walk_member(walk, home, meaning->user);
    else if (meaning->user != NULL)
        walk_account(walk, home, meaning->user);
    leave(walk, name);
}

/* RFC 5233: what stands before the first separator. */
static char *without_detail(Walk *walk, const char *key)
{
    g_autoptr(KxSettings) settings = kx_settings_get(walk->directory->settings);
    const char *separator = kx_settings_text(settings, KX_SET_MAIL_SUBADDRESS);
    const char *tag = *separator != '\0' ? strchr(key, *separator) : NULL;
    return tag == NULL || tag == key ? NULL : g_strndup(key, (gsize)(tag - key));
}

/* RFC 5321 section 4.1.2: what is no dot-string is quoted. */
static char *with_domain(const char *local, const char *domain)
{
    g_autofree char *plain = g_strdelimit(g_strdup(local), "*?", 'x'); /* atoms may have these */
    g_autofree char *good = kx_name_local(plain, NULL);
    if (good != NULL)
        return g_strdup_printf("%s@%s", local, domain);
    g_autoptr(GString) quoted = g_string_new("\"");
    for (; *local != '\0'; local++) {
        if (*local == '"' || *local == '\\')
            g_string_append_c(quoted, '\\');
        g_string_append_c(quoted, *local);
    }
    return g_strdup_printf("%s\"@%s", quoted->str, domain);
}

static gboolean is_forwarded(Walk *walk, const KxDomainEntry *home)
{
    const KxDomain *domain = &home->domain;
    if (*domain->forward_host == '\0')
        return FALSE;
    if (walk->by_alias && !domain->forward_aliases) {
        note(walk, "mail to an alias of %s is not forwarded to %s", domain->name,
             domain->forward_host);
        return FALSE;
    }
    return TRUE;
}

/* To the domain's other server, under the domain's own name. */
static void walk_elsewhere(Walk *walk, const KxDomainEntry *home, const char *local)
{
    g_autofree char *address = with_domain(local, home->domain.name);
    note(walk, "nobody here is called %s; %s forwards to %s", address, home->domain.name,
         home->domain.forward_host);
    arrive(walk, KX_DEST_FORWARD, address, home->domain.name, FALSE);
}

/* An address that this server made when it forwarded mail (USR-23). */
static gboolean walk_rewritten(Walk *walk, KxDomainEntry *home, const char *local)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *origin = kx_srs_origin(walk->directory, local, &error);
    if (origin == NULL && error->code == KX_ERR_NOT_FOUND)
        return FALSE;
    if (origin != NULL) {
        note(walk, "made here for mail from %s", origin);
        walk_target(walk, home, origin);
    } else {
        note(walk, "%s", error->message);
    }
    return TRUE;
}

static void walk_primary(Walk *walk, const char *key)
{
    KxDomainEntry *primary = walk->directory->primary;
    g_autofree char *address = g_strdup_printf("%s@%s", key, primary->domain.name);
    if (is_foreign(walk, primary))
        arrive_foreign(walk, address);
    else
        walk_name(walk, primary, key);
}

/* What takes mail that nothing of that name takes. */
static void walk_rest(Walk *walk, KxDomainEntry *home, const char *key, const char *local)
{
    KxAliasEntry *catch_all = g_hash_table_lookup(home->aliases, "*");
    g_auto(Meaning) meaning = {0};
    if (walk_rewritten(walk, home, local))
        return;
    if (catch_all != NULL) {
        add_alias(&meaning, catch_all);
        walk_meaning(walk, home, key, &meaning);
    } else if (is_forwarded(walk, home)) {
        walk_elsewhere(walk, home, local);
    } else if (strcmp(key, "postmaster") == 0 && home != walk->directory->primary &&
               walk->directory->primary != NULL) {
        note(walk,
             "the domain %s has no postmaster; that of the primary domain:", home->domain.name);
        walk_primary(walk, key);
    } else {
        note(walk, "nobody is called %s@%s", key, home->domain.name);
    }
}

/* The name as such; it is not looked at who has it. */
static gboolean walk_routed(Walk *walk, const KxDomainEntry *home, const char *key,
                            const char *local)
{
    g_autofree char *named = g_strconcat(key, "@", home->domain.name, NULL);
    const KxRoutingRule *rule = kx_routing_find_named(walk->directory, named);
    if (rule == NULL)
        return FALSE;
    g_autofree char *address = with_domain(local, home->domain.name);
    note(walk, "the routing rule %s is for %s", rule->name, named);
    arrive(walk, KX_DEST_FORWARD, address, home->domain.name, FALSE);
    return TRUE;
}

static void walk_key(Walk *walk, KxDomainEntry *home, const char *key, const char *local)
{
    g_auto(Meaning) meaning = {0};
    if (walk_routed(walk, home, key, local))
        return;
    find_meaning(home, key, &meaning);
    if (!is_nothing(&meaning)) {
        walk_meaning(walk, home, key, &meaning);
        return;
    }
    g_autofree char *base = without_detail(walk, key);
    if (base != NULL && walk_routed(walk, home, base, base))
        return;
    if (base != NULL)
        find_meaning(home, base, &meaning);
    if (is_nothing(&meaning))
        walk_rest(walk, home, key, local);
    else
        walk_meaning(walk, home, base, &meaning);
}

static void walk_name(Walk *walk, KxDomainEntry *home, const char *local)
{
    g_autofree char *key = kx_name_fold(local);
    if (key == NULL)
        return;
    g_autofree char *name = name_key(walk, home, key);
    if (state_of(walk, name) == STATE_ON_THE_WAY)
        end_loop(walk, name);
    else if (walk->accounts->len >= DEPTH_MAX)
        note(walk, "%s: too many names one after the other", name);
    else if (state_of(walk, name) == STATE_UNSEEN)
        walk_key(walk, home, key, local);
}

/* ---- the address ---- */

static void resolve_in(KxDirectory *directory, const char *local, const char *domain,
                       gboolean stays, gboolean within, KxResolution *result)
{
    KxDomainEntry *home =
        domain != NULL ? kx_tables_find_mail_domain(directory, domain) : directory->primary;
    if (home == NULL)
        return;
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) there = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) walked = g_hash_table_new(NULL, NULL);
    g_autoptr(GPtrArray) accounts = g_ptr_array_new();
    Walk walk = {directory, result, seen, there, accounts, walked, FALSE, stays, FALSE, NULL, NULL};
    walk.within = within ? home : NULL;
    walk.by_alias = domain != NULL && is_alias(home, domain);
    if (domain != NULL && strcmp(home->domain.name, domain) != 0)
        note(&walk, "%s is an alias of the domain %s", domain, home->domain.name);
    walk_name(&walk, home, local);
    result->kind = result->destinations->len > 0 ? KX_RCPT_LOCAL
                   : walk.disabled               ? KX_RCPT_DISABLED
                                                 : KX_RCPT_UNKNOWN;
}

static void take_remote(const char *address, KxResolution *result)
{
    KxDestination *destination = g_new(KxDestination, 1);
    *destination = (KxDestination){KX_DEST_REMOTE, g_strdup(address), NULL, FALSE};
    g_ptr_array_add(result->destinations, destination);
    result->kind = KX_RCPT_REMOTE;
    if (result->steps != NULL)
        g_ptr_array_add(result->steps,
                        g_strdup_printf("%s is in no domain of this server", address));
}

static KxResolution *resolution_new(gboolean explain)
{
    KxResolution *result = g_new0(KxResolution, 1);
    result->kind = KX_RCPT_UNKNOWN;
    result->destinations = g_ptr_array_new_with_free_func(free_destination);
    result->steps = explain ? g_ptr_array_new_with_free_func(g_free) : NULL;
    return result;
}

static gboolean is_local_domain(KxDirectory *directory, const char *domain)
{
    return domain != NULL && kx_tables_find_mail_domain(directory, domain) != NULL;
}

static KxResolution *resolve(KxDirectory *directory, const char *address, gboolean explain,
                             gboolean stays, gboolean within)
{
    g_autofree char *local = NULL, *given = NULL;
    KxMappedResult mapped = kx_mapped_find(directory, address);
    KxResolution *result = resolution_new(explain);
    if (!kx_name_split(address, &local, &given) ||
        (given == NULL && g_ascii_strcasecmp(local, "postmaster") != 0))
        return result;
    g_autofree char *domain = given != NULL ? kx_name_domain(given, NULL) : NULL;
    kx_rw_lock_read(&directory->lock);
    if (given != NULL && !is_local_domain(directory, domain))
        take_remote(address, result);
    else
        resolve_in(directory, local, domain, stays, within, result);
    kx_rw_lock_unlock(&directory->lock);
    if (result->kind == KX_RCPT_UNKNOWN && mapped == KX_MAPPED_LATER)
        result->kind = KX_RCPT_LATER;
    return result;
}

KxResolution *kx_resolve(KxDirectory *directory, const char *address, gboolean explain)
{
    return resolve(directory, address, explain, FALSE, FALSE);
}

KxResolution *kx_resolve_within(KxDirectory *directory, const char *address)
{
    return resolve(directory, address, TRUE, FALSE, TRUE);
}

gboolean kx_resolve_reaches(KxDirectory *directory, const char *address, const char *login)
{
    g_autoptr(KxResolution) found = resolve(directory, address, FALSE, TRUE, FALSE);
    for (guint i = 0; i < found->destinations->len; i++) {
        const KxDestination *destination = found->destinations->pdata[i];
        if (destination->kind == KX_DEST_MAILBOX && strcmp(destination->address, login) == 0)
            return TRUE;
    }
    return FALSE;
}
