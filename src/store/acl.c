/* SPDX-License-Identifier: Apache-2.0 */
#include "store/acl.h"

#include "base/error.h"

struct KxAcl {
    GArray *entries; /* KxAclEntry, by identifier */
};

/* ---- letters ---- */

static const struct {
    char letter;
    guint right;
} LETTERS[] = {
    {'l', KX_RIGHT_LOOKUP},  {'r', KX_RIGHT_READ},   {'s', KX_RIGHT_SEEN},
    {'w', KX_RIGHT_WRITE},   {'i', KX_RIGHT_INSERT}, {'p', KX_RIGHT_POST},
    {'k', KX_RIGHT_CREATE},  {'x', KX_RIGHT_DELETE}, {'t', KX_RIGHT_DELETE_MESSAGES},
    {'e', KX_RIGHT_EXPUNGE}, {'a', KX_RIGHT_ADMIN},
};

void kx_rights_format(GString *out, guint rights)
{
    for (guint i = 0; i < G_N_ELEMENTS(LETTERS); i++)
        if (rights & LETTERS[i].right)
            g_string_append_c(out, LETTERS[i].letter);
}

static guint right_of(char letter)
{
    for (guint i = 0; i < G_N_ELEMENTS(LETTERS); i++)
        if (LETTERS[i].letter == letter)
            return LETTERS[i].right;
    return 0;
}

gboolean kx_rights_parse(const char *letters, size_t len, guint *ret_rights)
{
    guint rights = 0;
    for (size_t i = 0; i < len; i++) {
        guint right = right_of(letters[i]);
        if (right == 0)
            return FALSE;
        rights |= right;
    }
    *ret_rights = rights;
    return TRUE;
}

/* ---- the object ---- */

static void clear_entry(gpointer data)
{
    g_free(((KxAclEntry *)data)->identifier);
}

static KxAcl *acl_new(void)
{
    KxAcl *acl = g_atomic_rc_box_new0(KxAcl);
    acl->entries = g_array_new(FALSE, FALSE, sizeof(KxAclEntry));
    g_array_set_clear_func(acl->entries, clear_entry);
    return acl;
}

KxAcl *kx_acl_ref(KxAcl *acl)
{
    return acl ? g_atomic_rc_box_acquire(acl) : NULL;
}

static void acl_clear(gpointer data)
{
    g_array_unref(((KxAcl *)data)->entries);
}

void kx_acl_unref(KxAcl *acl)
{
    if (acl)
        g_atomic_rc_box_release_full(acl, acl_clear);
}

guint kx_acl_count(const KxAcl *acl)
{
    return acl ? acl->entries->len : 0;
}

const KxAclEntry *kx_acl_entry(const KxAcl *acl, guint i)
{
    return &g_array_index(acl->entries, KxAclEntry, i);
}

/* Where the identifier is, or would be. */
static guint position(const KxAcl *acl, const char *identifier)
{
    guint low = 0, high = kx_acl_count(acl);
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (strcmp(kx_acl_entry(acl, middle)->identifier, identifier) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static gboolean is_at(const KxAcl *acl, guint at, const char *identifier)
{
    return at < kx_acl_count(acl) && strcmp(kx_acl_entry(acl, at)->identifier, identifier) == 0;
}

guint kx_acl_find(const KxAcl *acl, const char *identifier)
{
    guint at = position(acl, identifier);
    return is_at(acl, at, identifier) ? kx_acl_entry(acl, at)->rights : 0;
}

gboolean kx_acl_equal(const KxAcl *a, const KxAcl *b)
{
    gboolean equal = kx_acl_count(a) == kx_acl_count(b);
    for (guint i = 0; equal && i < kx_acl_count(a); i++) {
        const KxAclEntry *left = kx_acl_entry(a, i), *right = kx_acl_entry(b, i);
        equal = left->rights == right->rights && g_str_equal(left->identifier, right->identifier);
    }
    return equal;
}

guint kx_acl_rights(const KxAcl *acl, const KxAclUser *user)
{
    if (user->owner)
        return KX_RIGHTS_ALL;
    if (kx_acl_count(acl) == 0)
        return 0;
    g_autofree char *without = g_strconcat("-", user->name, NULL);
    guint given = kx_acl_find(acl, user->name);
    guint taken = kx_acl_find(acl, without);
    if (user->anyone) {
        given |= kx_acl_find(acl, "anyone");
        taken |= kx_acl_find(acl, "-anyone");
    }
    return given & ~taken;
}

/* ---- changes ---- */

static gboolean check_identifier(const char *identifier, GError **error)
{
    size_t len = strlen(identifier);
    gboolean good = len > 0 && len <= KX_ACL_IDENTIFIER_MAX &&
                    g_utf8_validate(identifier, (gssize)len, NULL) && !g_str_equal(identifier, "-");
    for (const char *at = identifier; good && *at; at = g_utf8_next_char(at))
        good = !g_unichar_iscntrl(g_utf8_get_char(at));
    return good ? TRUE : kx_fail(error, KX_ERR_INVALID, "this is not the name of a user");
}

static KxAcl *acl_copy(const KxAcl *acl)
{
    KxAcl *copy = acl_new();
    for (guint i = 0; i < kx_acl_count(acl); i++) {
        const KxAclEntry *entry = kx_acl_entry(acl, i);
        KxAclEntry own = {g_strdup(entry->identifier), entry->rights};
        g_array_append_val(copy->entries, own);
    }
    return copy;
}

static guint apply(guint old, KxAclOp op, guint rights)
{
    switch (op) {
    case KX_ACL_ADD:
        return old | rights;
    case KX_ACL_REMOVE:
        return old & ~rights;
    default:
        return rights;
    }
}

/* Of a list that nobody else has yet. */
static gboolean change(KxAcl *acl, const char *identifier, KxAclOp op, guint rights, GError **error)
{
    if (!check_identifier(identifier, error))
        return FALSE;
    guint at = position(acl, identifier);
    gboolean known = is_at(acl, at, identifier);
    guint wanted = apply(known ? kx_acl_entry(acl, at)->rights : 0, op, rights & KX_RIGHTS_ALL);
    if (!known && wanted && kx_acl_count(acl) >= KX_ACL_ENTRIES)
        return kx_fail(error, KX_ERR_TOO_BIG, "a folder may have rights for %d users",
                       KX_ACL_ENTRIES);
    if (known && wanted) {
        g_array_index(acl->entries, KxAclEntry, at).rights = wanted;
    } else if (known) {
        g_array_remove_index(acl->entries, at);
    } else if (wanted) {
        KxAclEntry entry = {g_strdup(identifier), wanted};
        g_array_insert_val(acl->entries, at, entry);
    }
    return TRUE;
}

KxAcl *kx_acl_with(const KxAcl *acl, const char *identifier, KxAclOp op, guint rights,
                   GError **error)
{
    g_autoptr(KxAcl) next = acl_copy(acl);
    return change(next, identifier, op, rights, error) ? g_steal_pointer(&next) : NULL;
}

/* ---- text ---- */

char *kx_acl_format(const KxAcl *acl)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < kx_acl_count(acl); i++) {
        const KxAclEntry *entry = kx_acl_entry(acl, i);
        kx_rights_format(out, entry->rights);
        g_string_append_printf(out, " %s\n", entry->identifier);
    }
    return g_string_free(out, FALSE);
}

/* Rights that are not known any more are left out; a line that takes rights away counts in full. */
static guint read_rights(const char *letters, size_t len, gboolean negative)
{
    guint rights = 0, known = 0;
    for (size_t i = 0; i < len; i++)
        rights |= right_of(letters[i]);
    return negative && !kx_rights_parse(letters, len, &known) ? KX_RIGHTS_ALL : rights;
}

KxAcl *kx_acl_parse(const char *text)
{
    g_autoptr(KxAcl) acl = acl_new();
    g_auto(GStrv) lines = g_strsplit(text, "\n", KX_ACL_ENTRIES + 1);
    for (guint i = 0; lines[i] && i < KX_ACL_ENTRIES; i++) {
        const char *space = strchr(lines[i], ' ');
        if (!space)
            continue;
        guint rights = read_rights(lines[i], (size_t)(space - lines[i]), space[1] == '-');
        change(acl, space + 1, KX_ACL_ADD, rights, NULL);
    }
    return kx_acl_count(acl) > 0 ? g_steal_pointer(&acl) : NULL;
}
