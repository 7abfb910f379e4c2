/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/search-keys.h"

#include "imap/object-id.h"
#include "imap/search-charset.h"
#include "imap/search-fulltext.h"
#include "imap/search-match.h"
#include "mime/envelope-read.h"

enum { DAY_SECONDS = 24 * 60 * 60 };

typedef struct {
    KxImapParser *args;
    KxSearchProgram *program;
    KxSlice charset; /* empty: UTF-8 */
    gint64 now;
    guint depth, keys;
    guint fuzzy; /* FUZZY keys around */
} Context;

static KxSearchKey *parse_key(Context *context);

/* ---- keys ---- */

void kx_search_key_free(gpointer data)
{
    KxSearchKey *key = data;
    if (!key)
        return;
    g_clear_pointer(&key->keys, g_ptr_array_unref);
    g_clear_pointer(&key->seqs, g_array_unref);
    g_clear_pointer(&key->uids, g_array_unref);
    kx_seqset_clear(&key->set);
    kx_needle_free(key->needle);
    kx_fuzzy_free(key->fuzzy);
    kx_search_hints_free(key->hints);
    g_free(key->word);
    g_free(key);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxSearchKey, kx_search_key_free)

static KxSearchKey *key_new(KxSearchOp op)
{
    KxSearchKey *key = g_new0(KxSearchKey, 1);
    key->op = op;
    if (op != KX_SEARCH_TEST)
        key->keys = g_ptr_array_new_with_free_func(kx_search_key_free);
    return key;
}

static int compare_cost(gconstpointer left, gconstpointer right)
{
    const KxSearchKey *a = *(KxSearchKey *const *)left, *b = *(KxSearchKey *const *)right;
    return (int)a->cost - (int)b->cost;
}

static void sort_by_cost(KxSearchKey *key)
{
    g_ptr_array_sort(key->keys, compare_cost);
    key->cost = ((KxSearchKey *)g_ptr_array_index(key->keys, key->keys->len - 1))->cost;
}

/* ---- arguments of keys ---- */

typedef struct Kind Kind;
typedef gboolean (*ParseArg)(Context *context, const Kind *kind, KxSearchKey *key);

struct Kind {
    const char *name;
    ParseArg parse; /* NULL: no arguments */
    KxSearchMatch match;
    KxSearchCost cost;
    guint param;
};

static void set_needle(Context *context, KxSearchKey *key, const char *text, size_t len)
{
    key->needle = kx_needle_new(context->program->collation, text, len);
    if (context->fuzzy > 0)
        key->fuzzy = kx_fuzzy_new(text, len);
}

static gboolean parse_needle(Context *context, KxSearchKey *key)
{
    KxSlice text;
    if (!kx_imap_parse_space(context->args) || !kx_imap_parse_astring(context->args, &text))
        return FALSE;
    if (context->charset.len > 0) {
        g_autofree char *utf8 = kx_search_charset_convert(context->charset, text);
        set_needle(context, key, utf8, strlen(utf8));
    } else {
        set_needle(context, key, text.data, text.len);
    }
    return TRUE;
}

static gboolean parse_string(Context *context, const Kind *kind, KxSearchKey *key)
{
    context->program->uses_envelope |= kind->cost == KX_SEARCH_ENVELOPE;
    return parse_needle(context, key);
}

static gboolean parse_header(Context *context, const Kind *kind, KxSearchKey *key)
{
    KxSlice name;
    if (!kx_imap_parse_space(context->args) || !kx_imap_parse_astring(context->args, &name))
        return FALSE;
    if (memchr(name.data, '\0', name.len) || name.len == 0)
        return kx_imap_parser_fail(context->args, "HEADER needs the name of a header field");
    key->word = g_strndup(name.data, name.len);
    return parse_needle(context, key);
}

static gboolean parse_keyword(Context *context, const Kind *kind, KxSearchKey *key)
{
    KxSlice word;
    if (!kx_imap_parse_space(context->args) || !kx_imap_parse_atom(context->args, &word))
        return FALSE;
    key->word = g_strndup(word.data, word.len);
    return TRUE;
}

static gboolean parse_date(Context *context, const Kind *kind, KxSearchKey *key)
{
    gint64 midnight;
    if (!kx_imap_parse_space(context->args) || !kx_imap_parse_date(context->args, &midnight))
        return FALSE;
    key->number = midnight / DAY_SECONDS;
    return TRUE;
}

static gboolean parse_sent(Context *context, const Kind *kind, KxSearchKey *key)
{
    context->program->uses_envelope = context->program->uses_dates = TRUE;
    key->guess = kx_search_guess_sent;
    return parse_date(context, kind, key);
}

static gboolean parse_number(Context *context, const Kind *kind, KxSearchKey *key)
{
    guint64 number;
    if (!kx_imap_parse_space(context->args) ||
        !kx_imap_parse_number(context->args, G_MAXINT64, &number))
        return FALSE;
    key->number = (gint64)number;
    return TRUE;
}

/* A number of seconds before now (RFC 5032). */
static gboolean parse_interval(Context *context, const Kind *kind, KxSearchKey *key)
{
    guint64 seconds;
    if (!kx_imap_parse_space(context->args) ||
        !kx_imap_parse_number(context->args, G_MAXUINT32, &seconds))
        return FALSE;
    if (seconds == 0)
        return kx_imap_parser_fail(context->args, "An interval of 0 is not allowed");
    key->number = context->now - (gint64)seconds;
    return TRUE;
}

/* "MODSEQ" [entry-name entry-type] number: flags have no modseq of their own here, which RFC 7162
 * section 3.1.5 allows. */
static gboolean parse_modseq(Context *context, const Kind *kind, KxSearchKey *key)
{
    KxImapParser *args = context->args;
    KxSlice entry;
    context->program->modseq = TRUE;
    if (!kx_imap_parse_space(args))
        return FALSE;
    if (kx_imap_peek(args, '"')) {
        if (!kx_imap_parse_string(args, &entry) || !kx_imap_parse_space(args))
            return FALSE;
        if (!kx_imap_accept_atom(args, "priv") && !kx_imap_accept_atom(args, "shared") &&
            !kx_imap_accept_atom(args, "all"))
            return kx_imap_parser_fail(args, "An entry type is priv, shared or all");
        if (!kx_imap_parse_space(args))
            return FALSE;
    }
    guint64 number;
    if (!kx_imap_parse_number(args, G_MAXINT64, &number))
        return FALSE;
    key->number = (gint64)number;
    return TRUE;
}

static gboolean parse_uid(Context *context, const Kind *kind, KxSearchKey *key)
{
    key->set_kind = KX_SEQSET_UIDS;
    return kx_imap_parse_space(context->args) && kx_imap_parse_seqset(context->args, &key->set);
}

static gboolean parse_bound(Context *context, const char *name, guint32 *ret)
{
    guint64 uid;
    if (!kx_imap_parse_space(context->args) ||
        !kx_imap_parse_number(context->args, G_MAXUINT32, &uid))
        return FALSE;
    if (uid == 0)
        return kx_imap_parser_fail(context->args, "%s takes a UID", name);
    *ret = (guint32)MIN(uid, KX_SEQSET_STAR - 2);
    return TRUE;
}

static void take_uids(KxSearchKey *key, guint32 from, guint32 to)
{
    KxSeqRange range = {from, to};
    key->set_kind = KX_SEQSET_UIDS;
    key->set.ranges = g_array_new(FALSE, FALSE, sizeof range);
    g_array_append_val(key->set.ranges, range);
}

/* UIDAFTER 100 is UID 101:*, but for that it does not turn round at the end; UIDBEFORE 100 is
 * UID 1:99 (RFC 9738 section 3.2). */
static gboolean parse_after(Context *context, const Kind *kind, KxSearchKey *key)
{
    guint32 uid = 0;
    if (!parse_bound(context, kind->name, &uid))
        return FALSE;
    take_uids(key, uid + 1, KX_SEQSET_STAR - 1);
    return TRUE;
}

static gboolean parse_before(Context *context, const Kind *kind, KxSearchKey *key)
{
    guint32 uid = 0;
    if (!parse_bound(context, kind->name, &uid))
        return FALSE;
    take_uids(key, MIN(1, uid - 1), uid - 1); /* 0 is the UID of none */
    return TRUE;
}

/* RFC 8474 section 5.3 */
static gboolean parse_object_id(Context *context, const Kind *kind, KxSearchKey *key)
{
    KxSlice id;
    if (!kx_imap_parse_space(context->args) || !kx_imap_parse_object_id(context->args, &id))
        return FALSE;
    context->program->uses_ids = TRUE;
    key->word = g_strndup(id.data, id.len);
    return TRUE;
}

#define FLAG(name, flag)                                                                           \
    {name, NULL, kx_search_test_flag, KX_SEARCH_INDEX, flag},                                      \
    {                                                                                              \
        "UN" name, NULL, kx_search_test_no_flag, KX_SEARCH_INDEX, flag                             \
    }
#define INDEX(name, parse, test)                                                                   \
    {                                                                                              \
        name, parse, kx_search_test_##test, KX_SEARCH_INDEX, 0                                     \
    }
#define ENVELOPE(name, field)                                                                      \
    {                                                                                              \
        name, parse_string, kx_search_test_envelope, KX_SEARCH_ENVELOPE, KX_ENVELOPE_##field       \
    }

static const Kind KINDS[] = {
    INDEX("ALL", NULL, all),
    FLAG("ANSWERED", KX_FLAG_ANSWERED),
    FLAG("DELETED", KX_FLAG_DELETED),
    FLAG("DRAFT", KX_FLAG_DRAFT),
    FLAG("FLAGGED", KX_FLAG_FLAGGED),
    FLAG("SEEN", KX_FLAG_SEEN),
    INDEX("KEYWORD", parse_keyword, keyword),
    INDEX("UNKEYWORD", parse_keyword, no_keyword),
    INDEX("RECENT", NULL, recent),
    INDEX("OLD", NULL, old),
    INDEX("NEW", NULL, new),
    INDEX("BEFORE", parse_date, before),
    INDEX("ON", parse_date, on),
    INDEX("SINCE", parse_date, since),
    INDEX("SAVEDBEFORE", parse_date, saved_before),
    INDEX("SAVEDON", parse_date, saved_on),
    INDEX("SAVEDSINCE", parse_date, saved_since),
    INDEX("SAVEDATESUPPORTED", NULL, all),
    INDEX("OLDER", parse_interval, older),
    INDEX("YOUNGER", parse_interval, younger),
    INDEX("LARGER", parse_number, larger),
    INDEX("SMALLER", parse_number, smaller),
    INDEX("MODSEQ", parse_modseq, modseq),
    INDEX("UID", parse_uid, set),
    INDEX("UIDAFTER", parse_after, set),
    INDEX("UIDBEFORE", parse_before, set),
    INDEX("EMAILID", parse_object_id, email_id),
    INDEX("THREADID", parse_object_id, thread_id),
    ENVELOPE("BCC", BCC),
    ENVELOPE("CC", CC),
    ENVELOPE("FROM", FROM),
    ENVELOPE("SUBJECT", SUBJECT),
    ENVELOPE("TO", TO),
    {"SENTBEFORE", parse_sent, kx_search_test_sent_before, KX_SEARCH_ENVELOPE, 0},
    {"SENTON", parse_sent, kx_search_test_sent_on, KX_SEARCH_ENVELOPE, 0},
    {"SENTSINCE", parse_sent, kx_search_test_sent_since, KX_SEARCH_ENVELOPE, 0},
    {"HEADER", parse_header, kx_search_test_header, KX_SEARCH_HEADER, 0},
    {"BODY", parse_string, kx_search_test_body, KX_SEARCH_BODY, 0},
    {"TEXT", parse_string, kx_search_test_text, KX_SEARCH_BODY, 0},
};

/* ---- the tree ---- */

static gboolean add_key(Context *context, KxSearchKey *key)
{
    KxSearchKey *child = parse_key(context);
    if (child)
        g_ptr_array_add(key->keys, child);
    return child != NULL;
}

static gboolean add_keys(Context *context, KxSearchKey *key)
{
    do {
        if (!add_key(context, key))
            return FALSE;
    } while (kx_imap_accept(context->args, ' '));
    return TRUE;
}

static gboolean parse_group(Context *context, KxSearchKey *key)
{
    return add_keys(context, key) && kx_imap_parse_char(context->args, ')');
}

static gboolean parse_not(Context *context, KxSearchKey *key)
{
    return kx_imap_parse_space(context->args) && add_key(context, key);
}

/* Of keys that do not look for text, the exact way is the one that is meant. */
static gboolean parse_fuzzy(Context *context, KxSearchKey *key)
{
    context->program->fuzzy = TRUE;
    context->fuzzy++;
    gboolean ok = kx_imap_parse_space(context->args) && add_key(context, key);
    context->fuzzy--;
    return ok;
}

static gboolean parse_or(Context *context, KxSearchKey *key)
{
    return kx_imap_parse_space(context->args) && add_key(context, key) &&
           kx_imap_parse_space(context->args) && add_key(context, key);
}

static KxSearchKey *parse_tree(Context *context, KxSearchOp op,
                               gboolean (*parse)(Context *context, KxSearchKey *key))
{
    g_autoptr(KxSearchKey) key = key_new(op);
    if (context->depth == KX_SEARCH_DEPTH) {
        kx_imap_parser_fail(context->args, "Search keys are nested too deep");
        return NULL;
    }
    context->depth++;
    if (!parse(context, key))
        return NULL;
    context->depth--;
    sort_by_cost(key);
    return g_steal_pointer(&key);
}

static KxSearchKey *parse_test(Context *context)
{
    for (guint i = 0; i < G_N_ELEMENTS(KINDS); i++) {
        const Kind *kind = &KINDS[i];
        if (!kx_imap_accept_atom(context->args, kind->name))
            continue;
        g_autoptr(KxSearchKey) key = key_new(KX_SEARCH_TEST);
        key->match = kind->match;
        key->cost = kind->cost;
        key->param = kind->param;
        if (kind->parse && !kind->parse(context, kind, key))
            return NULL;
        return g_steal_pointer(&key);
    }
    kx_imap_parser_fail(context->args, "Unknown search key");
    return NULL;
}

static KxSearchKey *parse_set(Context *context)
{
    g_autoptr(KxSearchKey) key = key_new(KX_SEARCH_TEST);
    key->match = kx_search_test_set;
    key->set_kind = KX_SEQSET_SEQS;
    return kx_imap_parse_seqset(context->args, &key->set) ? g_steal_pointer(&key) : NULL;
}

static KxSearchKey *parse_key(Context *context)
{
    KxImapParser *args = context->args;
    if (++context->keys > KX_SEARCH_KEYS) {
        kx_imap_parser_fail(args, "At most %d search keys are allowed", KX_SEARCH_KEYS);
        return NULL;
    }
    if (kx_imap_accept(args, '('))
        return parse_tree(context, KX_SEARCH_AND, parse_group);
    if (kx_imap_accept_atom(args, "NOT"))
        return parse_tree(context, KX_SEARCH_NOT, parse_not);
    if (kx_imap_accept_atom(args, "FUZZY"))
        return parse_tree(context, KX_SEARCH_AND, parse_fuzzy);
    if (kx_imap_accept_atom(args, "OR"))
        return parse_tree(context, KX_SEARCH_OR, parse_or);
    if (args->at < args->end &&
        (g_ascii_isdigit(*args->at) || *args->at == '*' || *args->at == '$'))
        return parse_set(context);
    return parse_test(context);
}

gboolean kx_search_keys_parse(KxImapParser *args, KxSlice charset, gint64 now,
                              KxSearchProgram *program)
{
    Context context = {.args = args, .program = program, .charset = charset, .now = now};
    program->root = key_new(KX_SEARCH_AND);
    if (!add_keys(&context, program->root))
        return FALSE;
    sort_by_cost(program->root);
    return TRUE;
}
