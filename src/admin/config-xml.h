/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole configuration as the two XML files of the original (INST-44 to INST-46): users.cfg has
 * accounts, groups and aliases, mailserver.cfg all the rest. Settings stand in tables, objects are
 * items of lists; variables of objects are called as in the Config log.
 *
 *     <config>
 *       <table name="quota"><variable name="QuotaWarningThreshold">90</variable></table>
 *       <list name="Domain">
 *         <listitem><variable name="Name">company.com</variable></listitem>
 *       </list>
 *     </config>
 */
#pragma once

#include "admin/command.h"
#include "directory/fields.h"

typedef enum { KX_CONFIG_MAILSERVER, KX_CONFIG_USERS, KX_CONFIG_FILES } KxConfigFile;

extern const char *const kx_config_file_names[KX_CONFIG_FILES]; /* "mailserver.cfg", "users.cfg" */

enum {
    KX_CONFIG_XML_MAX = 100 * 1024 * 1024,     /* bytes of a file */
    KX_CONFIG_XML_DEPTH_MAX = 16,              /* elements in each other */
    KX_CONFIG_XML_NAME_MAX = 200,              /* bytes of a name */
    KX_CONFIG_XML_VALUE_MAX = 1024 * 1024,     /* bytes of a variable */
    KX_CONFIG_XML_VARIABLES_MAX = 8 * 1000000, /* in a file */
};

/* ---- config-xml-read.c ---- */

typedef struct {
    const char *name; /* borrowed from the document */
    char *value;
    guint line;
} KxConfigVariable;

/* A table, or an item of a list. */
typedef struct {
    const char *path;  /* names of the tables and the list around, by dots; borrowed */
    gboolean item;     /* of a list */
    gboolean nested;   /* in an item */
    guint line;        /* where it begins */
    GArray *variables; /* KxConfigVariable; a list of plain texts is one, with commas */
} KxConfigSection;

typedef struct {
    GStringChunk *names;
    GPtrArray *sections; /* KxConfigSection, in the order of the file */
} KxConfigDocument;

/* Of UTF-8, whatever the text declares. KX_ERR_INVALID names the line. A document type declaration
 * is refused, so there are no entities and nothing outside to fetch. Pure and thread-safe. */
KxConfigDocument *kx_config_xml_read(const char *text, size_t len, GError **error);
void kx_config_document_free(KxConfigDocument *document); /* values are overwritten */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxConfigDocument, kx_config_document_free)

/* ---- config-xml-names.c ---- */

/* Which list of which file holds a kind of object. */
typedef struct {
    const char *list; /* "User" */
    KxConfigFile file;
    gboolean in_domain;
    guint rank; /* made in this order: after what they may name */
} KxConfigList;
extern const KxConfigList kx_config_lists[KX_OBJECT_COUNT];

/* The objects of a list by its name, in any case and with a plural s; FALSE: none. */
gboolean kx_config_find_list(const char *name, KxObject *ret_object);
/* What a variable of an object means: as the Config log, the command line or the original says it;
 * FALSE: nothing. */
gboolean kx_config_find_field(KxObject object, const char *name, KxFieldId *ret_field);
/* The same of a setting. */
gboolean kx_config_find_setting(const char *path, const char *name, KxSettingId *ret_id);
/* The table of a setting, to be freed, and its variable there. */
char *kx_config_setting_table(KxSettingId id, const char **ret_variable);

/* ---- config-xml-write.c, config-xml-import.c: commands ---- */

json_t *kx_config_run_xml_export(const KxCall *call, GError **error);
json_t *kx_config_run_xml_import(const KxCall *call, GError **error);
void kx_config_show_imported(const json_t *result, FILE *out);

/* ---- config-xml-cli.c ---- */

int kx_config_local_export(const KxInvocation *invocation);
int kx_config_local_import(const KxInvocation *invocation);
