/* SPDX-License-Identifier: Apache-2.0 */
#include <libxml/SAX2.h>
#include <libxml/parser.h>

#include "admin/config-xml.h"
#include "base/error.h"

typedef enum { CONFIG, TABLE, LIST, ITEM, VARIABLE, KINDS } Kind;

static const struct {
    const char *element;
    gboolean named;
    guint within; /* kinds, as bits */
} KIND[KINDS] = {
    [CONFIG] = {"config", FALSE, 0},
    [TABLE] = {"table", TRUE, 1 << CONFIG | 1 << TABLE | 1 << ITEM},
    [LIST] = {"list", TRUE, 1 << CONFIG | 1 << TABLE | 1 << ITEM},
    [ITEM] = {"listitem", FALSE, 1 << LIST},
    [VARIABLE] = {"variable", TRUE, 1 << CONFIG | 1 << TABLE | 1 << ITEM},
};

/* An element that is open. */
typedef struct {
    Kind kind;
    guint line;
    const char *name;         /* borrowed */
    const char *path;         /* of what is in it; borrowed */
    KxConfigSection *section; /* that variables in it come into; NULL in lists and variables */
    GString *text;            /* of a variable; of an item; of a list, what its items say */
} Frame;

typedef struct {
    KxConfigDocument *document;
    xmlParserCtxtPtr parser;
    Frame frames[KX_CONFIG_XML_DEPTH_MAX];
    guint depth;
    guint variables;
    guint items; /* open */
    char *refusal;
} Reader;

static G_GNUC_PRINTF(2, 3) void refuse(Reader *reader, const char *format, ...)
{
    if (reader->refusal)
        return;
    va_list args;
    va_start(args, format);
    g_autofree char *why = g_strdup_vprintf(format, args);
    va_end(args);
    reader->refusal = g_strdup_printf("line %d: %s", xmlSAX2GetLineNumber(reader->parser), why);
    xmlStopParser(reader->parser);
}

/* ---- sections ---- */

static void section_free(gpointer data)
{
    KxConfigSection *section = data;
    for (guint i = 0; i < section->variables->len; i++) {
        char *value = g_array_index(section->variables, KxConfigVariable, i).value;
        explicit_bzero(value, strlen(value));
        g_free(value);
    }
    g_array_unref(section->variables);
    g_free(section);
}

static KxConfigSection *section_new(const Reader *reader, const char *path, gboolean item,
                                    guint line)
{
    KxConfigSection *section = g_new0(KxConfigSection, 1);
    section->path = path;
    section->item = item;
    section->nested = reader->items > 0;
    section->line = line;
    section->variables = g_array_new(FALSE, FALSE, sizeof(KxConfigVariable));
    return section;
}

static void add_variable(KxConfigSection *section, const Frame *frame)
{
    KxConfigVariable variable = {frame->name, g_strdup(frame->text ? frame->text->str : ""),
                                 frame->line};
    g_array_append_val(section->variables, variable);
}

/* ---- elements ---- */

static const char *keep(Reader *reader, const char *text)
{
    return g_string_chunk_insert_const(reader->document->names, text);
}

/* The attribute `name`, or NULL. */
static const char *read_name(Reader *reader, int n, const xmlChar **attributes)
{
    for (int i = 0; i < n; i++, attributes += 5) {
        size_t len = (size_t)(attributes[4] - attributes[3]);
        if (strcmp((const char *)attributes[0], "name") != 0)
            continue;
        if (len == 0 || len > KX_CONFIG_XML_NAME_MAX)
            return NULL;
        g_autofree char *name = g_strndup((const char *)attributes[3], len);
        return keep(reader, name);
    }
    return NULL;
}

static Kind find_kind(const char *element)
{
    Kind kind = 0;
    while (kind < KINDS && strcmp(KIND[kind].element, element) != 0)
        kind++;
    return kind;
}

static gboolean may_stand(const Reader *reader, Kind kind)
{
    if (reader->depth == 0)
        return kind == CONFIG;
    return (KIND[kind].within & 1U << reader->frames[reader->depth - 1].kind) != 0;
}

static const char *path_within(Reader *reader, const Frame *frame)
{
    const char *around = reader->depth > 0 ? reader->frames[reader->depth - 1].path : "";
    if (frame->kind != TABLE && frame->kind != LIST)
        return around;
    g_autofree char *path =
        *around ? g_strdup_printf("%s.%s", around, frame->name) : g_strdup(frame->name);
    return keep(reader, path);
}

/* A table counts from where it begins, an item from its end: then it is known to be one. */
static void open_frame(Reader *reader, Kind kind, const char *name)
{
    Frame frame = {kind, (guint)xmlSAX2GetLineNumber(reader->parser), name, NULL, NULL, NULL};
    frame.path = path_within(reader, &frame);
    if (kind == CONFIG || kind == TABLE || kind == ITEM)
        frame.section = section_new(reader, frame.path, kind == ITEM, frame.line);
    if (kind == CONFIG || kind == TABLE)
        g_ptr_array_add(reader->document->sections, frame.section);
    reader->items += kind == ITEM;
    reader->frames[reader->depth++] = frame;
}

static void on_start(void *data, const xmlChar *element, const xmlChar *prefix, const xmlChar *uri,
                     int n_namespaces, const xmlChar **namespaces, int n_attributes,
                     int n_defaulted, const xmlChar **attributes)
{
    Reader *reader = data;
    Kind kind = find_kind((const char *)element);
    if (reader->refusal)
        return;
    if (kind == KINDS || !may_stand(reader, kind)) {
        refuse(reader, "<%.100s> has no place here", (const char *)element);
        return;
    }
    const char *name = KIND[kind].named ? read_name(reader, n_attributes, attributes) : "";
    if (!name)
        refuse(reader, "<%s> needs a name of at most %d bytes", KIND[kind].element,
               KX_CONFIG_XML_NAME_MAX);
    else if (reader->depth == KX_CONFIG_XML_DEPTH_MAX)
        refuse(reader, "elements are nested deeper than %d", KX_CONFIG_XML_DEPTH_MAX);
    else if (kind >= ITEM && ++reader->variables > KX_CONFIG_XML_VARIABLES_MAX)
        refuse(reader, "there are more than %d variables", KX_CONFIG_XML_VARIABLES_MAX);
    else
        open_frame(reader, kind, name);
}

static gboolean is_blank(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!g_ascii_isspace(text[i]))
            return FALSE;
    return TRUE;
}

static void on_text(void *data, const xmlChar *bytes, int len)
{
    Reader *reader = data;
    const char *text = (const char *)bytes;
    if (reader->refusal || reader->depth == 0)
        return;
    Frame *frame = &reader->frames[reader->depth - 1];
    if (frame->kind != VARIABLE && is_blank(text, (size_t)len))
        return;
    if (frame->kind != VARIABLE && frame->kind != ITEM) {
        refuse(reader, "text stands outside of variables");
        return;
    }
    if (!frame->text)
        frame->text = g_string_new(NULL);
    if (frame->text->len + (size_t)len > KX_CONFIG_XML_VALUE_MAX)
        refuse(reader, "variable %s is longer than %d bytes", frame->name, KX_CONFIG_XML_VALUE_MAX);
    else
        g_string_append_len(frame->text, text, len);
}

/* The text of an item is an entry of its list. */
static void close_item(Reader *reader, Frame *item, Frame *list)
{
    reader->items--;
    if (item->section->variables->len > 0 && item->text) {
        refuse(reader, "text stands outside of variables");
    } else if (item->section->variables->len > 0) {
        g_ptr_array_add(reader->document->sections, g_steal_pointer(&item->section));
    } else if (item->text) {
        if (!list->text)
            list->text = g_string_new(NULL);
        if (list->text->len + item->text->len > KX_CONFIG_XML_VALUE_MAX)
            refuse(reader, "list %s is longer than %d bytes", list->name, KX_CONFIG_XML_VALUE_MAX);
        else
            g_string_append_printf(list->text, "%s%s", list->text->len > 0 ? "," : "",
                                   g_strstrip(item->text->str));
    }
    g_clear_pointer(&item->section, section_free);
}

static void frame_clear(Frame *frame)
{
    if (!frame->text)
        return;
    explicit_bzero(frame->text->str, frame->text->len);
    g_string_free(g_steal_pointer(&frame->text), TRUE);
}

static void on_end(void *data, const xmlChar *element, const xmlChar *prefix, const xmlChar *uri)
{
    Reader *reader = data;
    if (reader->refusal || reader->depth == 0)
        return;
    Frame *frame = &reader->frames[--reader->depth];
    Frame *around = reader->depth > 0 ? frame - 1 : NULL;
    if (frame->kind == ITEM)
        close_item(reader, frame, around);
    else if (frame->kind == VARIABLE || (frame->kind == LIST && frame->text))
        add_variable(around->section, frame);
    frame_clear(frame);
}

static void on_doctype(void *data, const xmlChar *name, const xmlChar *public,
                       const xmlChar *system)
{
    refuse(data, "a document type is declared");
}

/* ---- a document ---- */

void kx_config_document_free(KxConfigDocument *document)
{
    if (!document)
        return;
    g_ptr_array_unref(document->sections);
    g_string_chunk_free(document->names);
    g_free(document);
}

static gboolean feed(Reader *reader, const char *text, size_t len, GError **error)
{
    enum { STEP = 1024 * 1024 };
    int rc = XML_ERR_OK;
    for (size_t at = 0; at < len && rc == XML_ERR_OK && !reader->refusal; at += STEP)
        rc = xmlParseChunk(reader->parser, text + at, (int)MIN((size_t)STEP, len - at), 0);
    if (rc == XML_ERR_OK && !reader->refusal)
        rc = xmlParseChunk(reader->parser, "", 0, 1);
    if (reader->refusal)
        return kx_fail(error, KX_ERR_INVALID, "%s", reader->refusal);
    if (rc == XML_ERR_OK)
        return TRUE;
    const xmlError *wrong = xmlCtxtGetLastError(reader->parser);
    g_autofree char *why = g_strdup(wrong && wrong->message ? wrong->message : "it is incomplete");
    return kx_fail(error, KX_ERR_INVALID, "line %d: this is not XML: %s", wrong ? wrong->line : 1,
                   g_strstrip(why));
}

static void abandon(Reader *reader)
{
    while (reader->depth > 0) {
        Frame *frame = &reader->frames[--reader->depth];
        if (frame->kind == ITEM)
            g_clear_pointer(&frame->section, section_free);
        frame_clear(frame);
    }
}

KxConfigDocument *kx_config_xml_read(const char *text, size_t len, GError **error)
{
    xmlSAXHandler events = {
        .initialized = XML_SAX2_MAGIC,
        .startElementNs = on_start,
        .endElementNs = on_end,
        .characters = on_text,
        .cdataBlock = on_text,
        .internalSubset = on_doctype,
    };
    if (len > KX_CONFIG_XML_MAX) {
        kx_fail(error, KX_ERR_TOO_BIG, "the file is longer than %d bytes", KX_CONFIG_XML_MAX);
        return NULL;
    }
    g_autoptr(KxConfigDocument) document = g_new0(KxConfigDocument, 1);
    document->names = g_string_chunk_new(4096);
    document->sections = g_ptr_array_new_with_free_func(section_free);
    Reader reader = {.document = document};
    reader.parser = xmlCreatePushParserCtxt(&events, &reader, NULL, 0, NULL);
    if (!reader.parser)
        g_error("libxml2 cannot make a parser");
    xmlCtxtUseOptions(reader.parser, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                         XML_PARSE_IGNORE_ENC);
    gboolean good = feed(&reader, text, len, error);
    abandon(&reader);
    if (reader.parser->myDoc)
        xmlFreeDoc(reader.parser->myDoc);
    xmlFreeParserCtxt(reader.parser);
    g_free(reader.refusal);
    return good ? g_steal_pointer(&document) : NULL;
}
