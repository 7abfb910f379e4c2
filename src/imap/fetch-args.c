/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/fetch-args.h"

#include "base/text.h"
#include "imap/fetch-format.h"
#include "imap/fetch-write.h"

#define SECTION KX_FETCH_TAKES_SECTION | KX_FETCH_NEEDS_CONTENT

static const KxFetchKind KINDS[] = {
    {"UID", "UID", kx_fetch_write_uid, KX_FETCH_HAS_UID},
    {"FLAGS", "FLAGS", kx_fetch_write_flags, KX_FETCH_HAS_FLAGS},
    {"MODSEQ", "MODSEQ", kx_fetch_write_modseq, KX_FETCH_HAS_MODSEQ},
    {"INTERNALDATE", "INTERNALDATE", kx_fetch_write_internal_date, 0},
    {"SAVEDATE", "SAVEDATE", kx_fetch_write_save_date, 0},
    {"RFC822.SIZE", "RFC822.SIZE", kx_fetch_write_size, 0},
    {"EMAILID", "EMAILID", kx_fetch_write_email_id, KX_FETCH_NEEDS_IDS},
    {"THREADID", "THREADID", kx_fetch_write_thread_id, KX_FETCH_NEEDS_IDS},
    {"PREVIEW", "PREVIEW", kx_fetch_write_preview, KX_FETCH_NEEDS_PREVIEW},
    {"ENVELOPE", "ENVELOPE", kx_fetch_write_envelope, KX_FETCH_NEEDS_CACHE},
    {"BODYSTRUCTURE", "BODYSTRUCTURE", kx_fetch_write_structure, KX_FETCH_NEEDS_CACHE},
    {"BODY", "BODY", kx_fetch_write_body, KX_FETCH_NEEDS_CONTENT},
    {"BODY", "BODY", kx_fetch_write_section, SECTION | KX_FETCH_TAKES_PARTIAL | KX_FETCH_SETS_SEEN},
    {"BODY.PEEK", "BODY", kx_fetch_write_section, SECTION | KX_FETCH_TAKES_PARTIAL},
    {"BINARY", "BINARY", kx_fetch_write_binary,
     SECTION | KX_FETCH_TAKES_PARTIAL | KX_FETCH_SETS_SEEN | KX_FETCH_BINARY},
    {"BINARY.PEEK", "BINARY", kx_fetch_write_binary,
     SECTION | KX_FETCH_TAKES_PARTIAL | KX_FETCH_BINARY},
    {"BINARY.SIZE", "BINARY.SIZE", kx_fetch_write_binary_size, SECTION | KX_FETCH_BINARY},
    {"RFC822", "RFC822", kx_fetch_write_section, KX_FETCH_NEEDS_CONTENT | KX_FETCH_SETS_SEEN},
    {"RFC822.HEADER", "RFC822.HEADER", kx_fetch_write_section, KX_FETCH_NEEDS_CONTENT},
    {"RFC822.TEXT", "RFC822.TEXT", kx_fetch_write_section,
     KX_FETCH_NEEDS_CONTENT | KX_FETCH_SETS_SEEN},
};

static const struct {
    const char *name;
    const char *attrs[6];
} MACROS[] = {
    {"ALL", {"FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"}},
    {"FAST", {"FLAGS", "INTERNALDATE", "RFC822.SIZE"}},
    {"FULL", {"FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"}},
};

/* Sections that the old names stand for (RFC 3501 section 6.4.5). */
static const struct {
    const char *name, *section;
} OLD_SECTIONS[] = {{"RFC822.HEADER", "HEADER"}, {"RFC822.TEXT", "TEXT"}};

static void attr_free(gpointer data)
{
    KxFetchAttr *attr = data;
    g_free(attr->label);
    g_clear_pointer(&attr->fields, g_ptr_array_unref);
    g_free(attr);
}

static KxFetchPlan *plan_new(void)
{
    KxFetchPlan *plan = g_new0(KxFetchPlan, 1);
    plan->attrs = g_ptr_array_new_with_free_func(attr_free);
    return plan;
}

void kx_fetch_plan_free(KxFetchPlan *plan)
{
    if (!plan)
        return;
    g_ptr_array_unref(plan->attrs);
    kx_partial_clear(&plan->partial);
    g_free(plan);
}

/* `section`: whether "[" follows, which tells BODY from BODY[]. */
static const KxFetchKind *find_kind(const char *name, size_t len, gboolean section)
{
    for (guint i = 0; i < G_N_ELEMENTS(KINDS); i++)
        if (kx_ascii_equal(name, len, KINDS[i].name) &&
            section == ((KINDS[i].traits & KX_FETCH_TAKES_SECTION) != 0))
            return &KINDS[i];
    return NULL;
}

static KxFetchAttr *attr_new(const KxFetchKind *kind)
{
    KxFetchAttr *attr = g_new0(KxFetchAttr, 1);
    attr->kind = kind;
    for (guint i = 0; i < G_N_ELEMENTS(OLD_SECTIONS); i++)
        if (strcmp(kind->name, OLD_SECTIONS[i].name) == 0)
            kx_section_parse(OLD_SECTIONS[i].section, strlen(OLD_SECTIONS[i].section),
                             &attr->section);
    return attr;
}

static void plan_take(KxFetchPlan *plan, KxFetchAttr *attr)
{
    if (!attr->label)
        attr->label = g_strconcat(attr->kind->answer, " ", NULL);
    plan->traits |= attr->kind->traits;
    g_ptr_array_add(plan->attrs, attr);
}

static void plan_add(KxFetchPlan *plan, const char *name)
{
    plan_take(plan, attr_new(find_kind(name, strlen(name), FALSE)));
}

KxFetchPlan *kx_fetch_plan_new(guint with)
{
    KxFetchPlan *plan = plan_new();
    for (guint i = 0; i < G_N_ELEMENTS(KINDS); i++)
        if (KINDS[i].traits & with)
            plan_take(plan, attr_new(&KINDS[i]));
    return plan;
}

/* ---- sections ---- */

static KxSlice take_while(KxImapParser *args, const char *others)
{
    KxSlice word = {args->at, 0};
    while (args->at < args->end && (g_ascii_isalnum(*args->at) || strchr(others, *args->at)) &&
           *args->at != '\0')
        args->at++;
    word.len = (size_t)(args->at - word.data);
    return word;
}

static gboolean is_atom(const char *text)
{
    for (; *text; text++)
        if (!g_ascii_isgraph(*text) || strchr("(){%*\"\\]", *text))
            return FALSE;
    return TRUE;
}

static void append_field_name(GString *label, const char *name)
{
    if (*name && is_atom(name)) {
        g_string_append(label, name);
        return;
    }
    g_string_append_c(label, '"');
    for (; *name; name++) {
        if (*name == '"' || *name == '\\')
            g_string_append_c(label, '\\');
        g_string_append_c(label, *name);
    }
    g_string_append_c(label, '"');
}

static gboolean parse_field_name(KxImapParser *args, KxFetchAttr *attr)
{
    KxSlice name;
    if (!kx_imap_parse_astring(args, &name))
        return FALSE;
    for (size_t i = 0; i < name.len; i++)
        if (!g_ascii_isprint(name.data[i]))
            return kx_imap_parser_fail(args, "A header name is printable ASCII");
    if (attr->fields->len == KX_FETCH_FIELDS)
        return kx_imap_parser_fail(args, "At most %d header names are allowed", KX_FETCH_FIELDS);
    g_ptr_array_add(attr->fields, g_strndup(name.data, name.len));
    return TRUE;
}

/* header-list, with the space before it; the names go into the label as well. */
static gboolean parse_fields(KxImapParser *args, KxFetchAttr *attr, GString *label)
{
    attr->fields = g_ptr_array_new_with_free_func(g_free);
    if (!kx_imap_parse_space(args) || !kx_imap_parse_char(args, '('))
        return FALSE;
    do {
        if (!parse_field_name(args, attr))
            return FALSE;
        g_string_append(label, attr->fields->len == 1 ? " (" : " ");
        append_field_name(label, g_ptr_array_index(attr->fields, attr->fields->len - 1));
    } while (kx_imap_accept(args, ' '));
    g_string_append_c(label, ')');
    return kx_imap_parse_char(args, ')');
}

static gboolean parse_section(KxImapParser *args, KxFetchAttr *attr, GString *label)
{
    KxSlice text = take_while(args, ".");
    if (!kx_section_parse(text.data, text.len, &attr->section))
        return kx_imap_parser_fail(args, "Unknown section [%.*s]", (int)MIN(text.len, 60),
                                   text.data);
    if ((attr->kind->traits & KX_FETCH_BINARY) && attr->section.kind != KX_SECTION_ALL)
        return kx_imap_parser_fail(args, "%s takes a part number only", attr->kind->name);
    for (size_t i = 0; i < text.len; i++)
        g_string_append_c(label, g_ascii_toupper(text.data[i]));
    if ((attr->section.kind == KX_SECTION_HEADER_FIELDS ||
         attr->section.kind == KX_SECTION_HEADER_FIELDS_NOT) &&
        !parse_fields(args, attr, label))
        return FALSE;
    g_string_append_c(label, ']');
    return kx_imap_parse_char(args, ']');
}

/* "<" number "." nz-number ">"; the answer names the first number only. */
static gboolean parse_partial(KxImapParser *args, KxFetchAttr *attr, GString *label)
{
    if (!(attr->kind->traits & KX_FETCH_TAKES_PARTIAL) || !kx_imap_accept(args, '<'))
        return TRUE;
    if (!kx_imap_parse_number(args, G_MAXINT64, &attr->offset) || !kx_imap_parse_char(args, '.') ||
        !kx_imap_parse_number(args, G_MAXINT64, &attr->count) || !kx_imap_parse_char(args, '>'))
        return FALSE;
    if (attr->count == 0)
        return kx_imap_parser_fail(args, "A partial of 0 bytes is not allowed");
    attr->partial = TRUE;
    g_string_append_c(label, '<');
    kx_fetch_append_uint(label, attr->offset);
    g_string_append_c(label, '>');
    return TRUE;
}

static gboolean parse_attr_section(KxImapParser *args, KxFetchAttr *attr)
{
    g_autoptr(GString) label = g_string_new(attr->kind->answer);
    g_string_append_c(label, '[');
    if (!parse_section(args, attr, label) || !parse_partial(args, attr, label))
        return FALSE;
    g_string_append_c(label, ' ');
    attr->label = g_string_free(g_steal_pointer(&label), FALSE);
    return TRUE;
}

/* ---- the list ---- */

static gboolean plan_has(const KxFetchPlan *plan, const KxFetchKind *kind)
{
    for (guint i = 0; i < plan->attrs->len; i++)
        if (((KxFetchAttr *)g_ptr_array_index(plan->attrs, i))->kind == kind)
            return TRUE;
    return FALSE;
}

/* [SP "(" "LAZY" ")"] behind PREVIEW; in its place may stand a modifier of FETCH. */
static gboolean parse_lazy(KxImapParser *args, KxFetchPlan *plan)
{
    static const char START[] = " (LAZY";
    if ((size_t)(args->end - args->at) < strlen(START) ||
        g_ascii_strncasecmp(args->at, START, strlen(START)) != 0)
        return TRUE;
    args->at += strlen(START);
    plan->lazy_preview = TRUE;
    while (kx_imap_accept(args, ' '))
        if (!kx_imap_accept_atom(args, "LAZY"))
            return kx_imap_parser_fail(args, "Unknown modifier of PREVIEW");
    return kx_imap_parse_char(args, ')');
}

static gboolean parse_attr(KxImapParser *args, KxFetchPlan *plan, KxSlice name)
{
    gboolean section = kx_imap_accept(args, '[');
    const KxFetchKind *kind = find_kind(name.data, name.len, section);
    if (!kind)
        return kx_imap_parser_fail(args, "Unknown data item %.*s", (int)MIN(name.len, 60),
                                   name.data);
    if ((kind->traits & KX_FETCH_NEEDS_PREVIEW) && !parse_lazy(args, plan))
        return FALSE;
    if (!section && plan_has(plan, kind))
        return TRUE;
    if (plan->attrs->len == KX_FETCH_ATTRS)
        return kx_imap_parser_fail(args, "At most %d data items are allowed", KX_FETCH_ATTRS);
    KxFetchAttr *attr = attr_new(kind);
    if (section && !parse_attr_section(args, attr)) {
        attr_free(attr);
        return FALSE;
    }
    plan_take(plan, attr);
    return TRUE;
}

static gboolean parse_attr_list(KxImapParser *args, KxFetchPlan *plan)
{
    do {
        if (!parse_attr(args, plan, take_while(args, ".")))
            return FALSE;
    } while (kx_imap_accept(args, ' '));
    return kx_imap_parse_char(args, ')');
}

/* A macro stands alone, never in a list. */
static gboolean parse_macro_or_attr(KxImapParser *args, KxFetchPlan *plan)
{
    KxSlice name = take_while(args, ".");
    for (guint i = 0; i < G_N_ELEMENTS(MACROS); i++) {
        if (!kx_ascii_equal(name.data, name.len, MACROS[i].name))
            continue;
        for (const char *const *attr = MACROS[i].attrs; *attr; attr++)
            plan_add(plan, *attr);
        return TRUE;
    }
    return parse_attr(args, plan, name);
}

static gboolean parse_changed_since(KxImapParser *args, KxFetchPlan *plan)
{
    plan->since = TRUE;
    return kx_imap_parse_space(args) &&
           kx_imap_parse_number(args, G_MAXINT64, &plan->changed_since);
}

static gboolean parse_vanished(KxImapParser *args, KxFetchPlan *plan)
{
    plan->vanished = TRUE;
    return kx_imap_parser_ok(args);
}

static gboolean parse_window(KxImapParser *args, KxFetchPlan *plan)
{
    return kx_imap_parse_space(args) && kx_partial_parse(args, &plan->partial);
}

static const struct {
    const char *name;
    gboolean (*parse)(KxImapParser *args, KxFetchPlan *plan);
} MODIFIERS[] = {
    {"CHANGEDSINCE", parse_changed_since},
    {"VANISHED", parse_vanished},
    {"PARTIAL", parse_window},
};

static gboolean parse_modifier(KxImapParser *args, KxFetchPlan *plan, guint *seen)
{
    for (guint i = 0; i < G_N_ELEMENTS(MODIFIERS); i++) {
        if (!kx_imap_accept_atom(args, MODIFIERS[i].name))
            continue;
        if (*seen & 1U << i)
            return kx_imap_parser_fail(args, "%s may be given once", MODIFIERS[i].name);
        *seen |= 1U << i;
        return MODIFIERS[i].parse(args, plan);
    }
    return kx_imap_parser_fail(args, "Unknown FETCH modifier");
}

static gboolean parse_modifiers(KxImapParser *args, KxFetchPlan *plan)
{
    guint seen = 0;
    if (!kx_imap_accept(args, ' '))
        return kx_imap_parser_ok(args);
    if (!kx_imap_parse_char(args, '('))
        return FALSE;
    do {
        if (!parse_modifier(args, plan, &seen))
            return FALSE;
    } while (kx_imap_accept(args, ' '));
    if (plan->vanished && !plan->since)
        return kx_imap_parser_fail(args, "VANISHED needs CHANGEDSINCE");
    return kx_imap_parse_char(args, ')');
}

KxFetchPlan *kx_fetch_plan_parse(KxImapParser *args, gboolean uid)
{
    g_autoptr(KxFetchPlan) plan = plan_new();
    if (uid)
        plan_add(plan, "UID");
    gboolean good =
        kx_imap_accept(args, '(') ? parse_attr_list(args, plan) : parse_macro_or_attr(args, plan);
    if (!good || !parse_modifiers(args, plan))
        return NULL;
    if (plan->since && !(plan->traits & KX_FETCH_HAS_MODSEQ))
        plan_add(plan, "MODSEQ");
    return g_steal_pointer(&plan);
}

KxFetchPlan *kx_fetch_plan_parse_list(KxImapParser *args)
{
    g_autoptr(KxFetchPlan) plan = plan_new();
    return kx_imap_parse_char(args, '(') && parse_attr_list(args, plan) ? g_steal_pointer(&plan)
                                                                        : NULL;
}
