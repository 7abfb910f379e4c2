/* SPDX-License-Identifier: Apache-2.0 */
#include "convert/xml.h"

#include <libxml/parser.h>

#include "base/error.h"

enum { DEPTH_MAX = 1024, NAME_MAX_BYTES = 64 };

struct KxXmlText {
    const KxXmlRules *rules;
    KxTextOut *out;
    xmlParserCtxtPtr parser;
    guint depth;
    guint skipped_at;             /* depth of the element of which nothing counts; 0: none */
    guint8 counts[DEPTH_MAX + 1]; /* by depth: the element's own text does */
    gboolean refers;              /* in a cell whose value is the number of a text elsewhere */
    const char *refusal;          /* why the document is not read */
};

static gboolean is_listed(const char *list, const xmlChar *name)
{
    char padded[NAME_MAX_BYTES + 3];
    size_t len = strlen((const char *)name);
    if (!list || len > NAME_MAX_BYTES)
        return FALSE;
    g_snprintf(padded, sizeof padded, " %s ", (const char *)name);
    return strstr(list, padded) != NULL;
}

static void refuse(KxXmlText *xml, const char *why)
{
    xml->refusal = why;
    xmlStopParser(xml->parser);
}

/* Spreadsheets (ISO/IEC 29500-1 section 18.3.1.4): <c t="s"> counts in the table of strings. */
static gboolean cell_refers(int n, const xmlChar **attributes)
{
    for (int i = 0; i < n; i++, attributes += 5) {
        const xmlChar *value = attributes[3];
        if (strcmp((const char *)attributes[0], "t") == 0 && attributes[4] - value == 1)
            return *value == 's' || *value == 'b' || *value == 'e';
    }
    return FALSE;
}

static void on_start(void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                     int n_namespaces, const xmlChar **namespaces, int n_attributes,
                     int n_defaulted, const xmlChar **attributes)
{
    KxXmlText *xml = data;
    const KxXmlRules *rules = xml->rules;
    if (++xml->depth > DEPTH_MAX) {
        refuse(xml, "it is nested too deeply");
        return;
    }
    if (xml->skipped_at > 0)
        return;
    if (is_listed(rules->skip, name))
        xml->skipped_at = xml->depth;
    if (strcmp((const char *)name, "c") == 0)
        xml->refers = cell_refers(n_attributes, attributes);
    gboolean reference = xml->refers && strcmp((const char *)name, "v") == 0;
    xml->counts[xml->depth] = !reference && (!rules->text || is_listed(rules->text, name));
}

static void on_end(void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    KxXmlText *xml = data;
    if (xml->depth == xml->skipped_at)
        xml->skipped_at = 0;
    else if (xml->skipped_at == 0 && is_listed(xml->rules->lines, name))
        kx_text_out_line(xml->out);
    else if (xml->skipped_at == 0 && is_listed(xml->rules->spaces, name))
        kx_text_out_space(xml->out);
    xml->depth -= xml->depth > 0;
}

static void on_text(void *data, const xmlChar *text, int len)
{
    KxXmlText *xml = data;
    if (xml->skipped_at > 0 || xml->depth > DEPTH_MAX || !xml->counts[xml->depth])
        return;
    if (!kx_text_out_append(xml->out, (const char *)text, (size_t)len))
        xmlStopParser(xml->parser);
}

static void on_doctype(void *data, const xmlChar *name, const xmlChar *public,
                       const xmlChar *system)
{
    refuse(data, "it declares a document type");
}

KxXmlText *kx_xml_text_new(const KxXmlRules *rules, KxTextOut *out)
{
    KxXmlText *xml = g_new0(KxXmlText, 1);
    xmlSAXHandler events = {
        .initialized = XML_SAX2_MAGIC,
        .startElementNs = on_start,
        .endElementNs = on_end,
        .characters = on_text,
        .cdataBlock = on_text,
        .internalSubset = on_doctype,
    };
    xml->rules = rules;
    xml->out = out;
    xml->parser = xmlCreatePushParserCtxt(&events, xml, NULL, 0, NULL);
    if (!xml->parser)
        g_error("libxml2 cannot make a parser");
    xmlCtxtUseOptions(xml->parser, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    return xml;
}

gboolean kx_xml_text_feed(KxXmlText *xml, const char *data, size_t len, gboolean last,
                          GError **error)
{
    int rc = xmlParseChunk(xml->parser, data, (int)len, last);
    if (xml->refusal)
        return kx_fail(error, KX_ERR_CORRUPT, "%s", xml->refusal);
    if (rc == XML_ERR_OK || xml->out->full)
        return TRUE;
    /* Names without a declared prefix and the like: no reason not to read the text. */
    if (xml->parser->wellFormed)
        return TRUE;
    return kx_fail(error, KX_ERR_CORRUPT, "it is not well-formed XML");
}

void kx_xml_text_free(KxXmlText *xml)
{
    if (!xml)
        return;
    if (xml->parser->myDoc)
        xmlFreeDoc(xml->parser->myDoc);
    xmlFreeParserCtxt(xml->parser);
    g_free(xml);
}
