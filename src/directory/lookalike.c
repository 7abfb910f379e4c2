/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/lookalike.h"

#include <idn2.h>
#include <unicode/uscript.h>
#include <unicode/uspoof.h>

#include "base/error.h"
#include "directory/names.h"

enum {
    SKELETON_MAX = 16384, /* bytes: 18 units of UTF-16 for a character of a name, at most */
    SCRIPTS_MAX = 3,      /* named in an error */
};

static gboolean is_ascii(const char *text)
{
    for (; *text != '\0'; text++)
        if ((guchar)*text >= 0x80)
            return FALSE;
    return TRUE;
}

static USpoofChecker *checker_new(void)
{
    UErrorCode code = U_ZERO_ERROR;
    USpoofChecker *checker = uspoof_open(&code);
    uspoof_setChecks(checker, USPOOF_RESTRICTION_LEVEL | USPOOF_MIXED_NUMBERS, &code);
    uspoof_setRestrictionLevel(checker, USPOOF_HIGHLY_RESTRICTIVE);
    if (U_SUCCESS(code))
        return checker;
    uspoof_close(checker);
    return NULL;
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(USpoofChecker, uspoof_close)

/* ---- scripts ---- */

/* "Latin and Cyrillic" */
static char *scripts_of(const char *piece)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (const char *at = piece; *at != '\0'; at = g_utf8_next_char(at)) {
        UErrorCode code = U_ZERO_ERROR;
        UScriptCode script = uscript_getScript((UChar32)g_utf8_get_char(at), &code);
        gboolean shared = script == USCRIPT_COMMON || script == USCRIPT_INHERITED;
        const char *name = uscript_getName(script);
        if (U_SUCCESS(code) && !shared && names->len < SCRIPTS_MAX &&
            !g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
            g_ptr_array_add(names, (char *)name);
    }
    g_ptr_array_add(names, NULL);
    return g_strjoinv(" and ", (char **)names->pdata);
}

static gboolean check_piece(const USpoofChecker *checker, const char *name, const char *piece,
                            GError **error)
{
    UErrorCode code = U_ZERO_ERROR;
    int32_t wrong = is_ascii(piece) ? 0 : uspoof_check2UTF8(checker, piece, -1, NULL, &code);
    if (U_FAILURE(code) || wrong == 0)
        return TRUE;
    if (wrong & USPOOF_MIXED_NUMBERS)
        return kx_fail(error, KX_ERR_INVALID, "'%s' mixes digits of several scripts", name);
    g_autofree char *scripts = scripts_of(piece);
    return kx_fail(error, KX_ERR_INVALID,
                   "'%s' mixes letters of %s, which can look alike: write it in one script", name,
                   scripts);
}

gboolean kx_lookalike_check_scripts(const char *name, GError **error)
{
    if (is_ascii(name))
        return TRUE;
    g_autoptr(USpoofChecker) checker = checker_new();
    g_auto(GStrv) pieces = g_strsplit_set(name, ".-_+!#$%&'*/=?^`{|}~", -1);
    for (char **piece = pieces; checker != NULL && *piece != NULL; piece++)
        if (!check_piece(checker, name, *piece, error))
            return FALSE;
    return TRUE;
}

/* ---- what a name looks like ---- */

/* NULL: nobody can say. */
static char *skeleton(const USpoofChecker *checker, const char *key)
{
    char text[SKELETON_MAX];
    UErrorCode code = U_ZERO_ERROR;
    int32_t len = uspoof_getSkeletonUTF8(checker, 0, key, -1, text, sizeof text, &code);
    return U_SUCCESS(code) && len < SKELETON_MAX ? g_strndup(text, (gsize)len) : NULL;
}

void kx_lookalike_link(KxDomainEntry *home, const char *key)
{
    if (is_ascii(key))
        return;
    g_autoptr(USpoofChecker) checker = checker_new();
    char *looks = checker != NULL ? skeleton(checker, key) : NULL;
    if (looks == NULL)
        return;
    if (home->lookalikes == NULL)
        home->lookalikes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_hash_table_insert(home->lookalikes, looks, g_strdup(key));
}

void kx_lookalike_unlink(KxDomainEntry *home, const char *key)
{
    if (home->lookalikes == NULL || is_ascii(key))
        return;
    g_autoptr(USpoofChecker) checker = checker_new();
    g_autofree char *looks = checker != NULL ? skeleton(checker, key) : NULL;
    const char *name = looks != NULL ? g_hash_table_lookup(home->lookalikes, looks) : NULL;
    if (g_strcmp0(name, key) == 0)
        g_hash_table_remove(home->lookalikes, looks);
}

/* Whether the name belongs to that account or group. */
static gboolean is_of(KxDomainEntry *home, const char *key, const KxEntry *self)
{
    KxUserEntry *user = g_hash_table_lookup(home->users, key);
    KxAddress *address = g_hash_table_lookup(home->addresses, key);
    return self != NULL &&
           ((user != NULL && &user->entry == self) ||
            (address != NULL && address->user != NULL && &address->user->entry == self) ||
            (address != NULL && address->group != NULL && &address->group->entry == self));
}

/* The first ASCII name in a table that looks like `looks` and is not of `self`. */
static const char *find_ascii(const USpoofChecker *checker, KxDomainEntry *home, GHashTable *names,
                              const char *looks, const KxEntry *self)
{
    GHashTableIter iter;
    gpointer key;
    g_hash_table_iter_init(&iter, names);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        g_autofree char *other = is_ascii(key) ? skeleton(checker, key) : NULL;
        if (g_strcmp0(other, looks) == 0 && !is_of(home, key, self))
            return key;
    }
    return NULL;
}

/* Only a name that looks like ASCII throughout has to be held against all that are. */
static const char *find_twin(const USpoofChecker *checker, KxDomainEntry *home, const char *key,
                             const KxEntry *self)
{
    g_autofree char *looks = skeleton(checker, key);
    const char *twin = looks != NULL && home->lookalikes != NULL
                           ? g_hash_table_lookup(home->lookalikes, looks)
                           : NULL;
    if (twin != NULL && strcmp(twin, key) != 0 && !is_of(home, twin, self))
        return twin;
    if (looks == NULL || is_ascii(key) || !is_ascii(looks))
        return NULL;
    GHashTable *const tables[] = {home->users, home->addresses, home->aliases};
    for (guint i = 0; i < G_N_ELEMENTS(tables); i++) {
        twin = find_ascii(checker, home, tables[i], looks, self);
        if (twin != NULL)
            return twin;
    }
    return NULL;
}

gboolean kx_lookalike_check_local(KxDomainEntry *home, const char *local, const KxEntry *self,
                                  GError **error)
{
    g_autofree char *key = kx_name_fold(local);
    if (is_ascii(key) && home->lookalikes == NULL)
        return TRUE;
    if (!kx_lookalike_check_scripts(local, error))
        return FALSE;
    g_autoptr(USpoofChecker) checker = checker_new();
    const char *twin = checker != NULL ? find_twin(checker, home, key, self) : NULL;
    return twin == NULL || kx_fail(error, KX_ERR_EXISTS,
                                   "'%s@%s' would look like '%s@%s', which is another's: letters "
                                   "of two scripts cannot be told apart",
                                   local, home->domain.name, twin, home->domain.name);
}

/* ---- domains ---- */

/* In Unicode; NULL if it cannot be shown so. */
static char *domain_in_unicode(const char *name)
{
    char *text = NULL;
    if (idn2_to_unicode_8z8z(name, &text, 0) != IDN2_OK)
        return NULL;
    char *copy = g_strdup(text);
    idn2_free(text);
    return copy;
}

typedef struct {
    const USpoofChecker *checker;
    const char *looks;
    gboolean ascii;
    const KxEntry *self;
} DomainSearch;

static const char *find_domain(const DomainSearch *search, GHashTable *domains)
{
    GHashTableIter iter;
    gpointer name, owner;
    g_hash_table_iter_init(&iter, domains);
    while (g_hash_table_iter_next(&iter, &name, &owner)) {
        if (&((KxDomainEntry *)owner)->entry == search->self ||
            (search->ascii && strstr(name, "xn--") == NULL))
            continue;
        g_autofree char *shown = domain_in_unicode(name);
        g_autofree char *looks = shown != NULL ? skeleton(search->checker, shown) : NULL;
        if (g_strcmp0(looks, search->looks) == 0)
            return name;
    }
    return NULL;
}

gboolean kx_lookalike_check_domain(KxDirectory *directory, const char *name, const KxEntry *self,
                                   GError **error)
{
    g_autofree char *shown = domain_in_unicode(name);
    g_autoptr(USpoofChecker) checker = checker_new();
    if (shown == NULL || checker == NULL)
        return TRUE;
    if (!kx_lookalike_check_scripts(shown, error))
        return FALSE;
    g_autofree char *looks = skeleton(checker, shown);
    DomainSearch search = {checker, looks, is_ascii(shown), self};
    const char *twin = looks != NULL ? find_domain(&search, directory->domains) : NULL;
    if (looks != NULL && twin == NULL)
        twin = find_domain(&search, directory->aliases);
    return twin == NULL ||
           kx_fail(error, KX_ERR_EXISTS,
                   "the domain '%s' would look like '%s', which is on this server: letters of two "
                   "scripts cannot be told apart",
                   shown, twin);
}
