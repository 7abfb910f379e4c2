/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command is. Each topic (`keryx user ...`) is a file that ends in a table of these;
 * commands.c lists the topics. From the tables come the checks of a request, the parsing of the
 * command line, its help, docs/cli.md and the manual page.
 *
 * Tables are constant; a call borrows everything and lives for one request. Run functions are
 * called from several threads at once.
 */
#pragma once

#include "admin/admin.h"

typedef enum {
    KX_OPTION_FLAG, /* there or not: true in JSON */
    KX_OPTION_TEXT,
    KX_OPTION_INT,    /* 0 to `max` */
    KX_OPTION_SECRET, /* text; the command line reads it from standard input for "-", and from the
                         file that --NAME-file names */
    KX_OPTION_LINES,  /* text of several lines; the command line also reads it from the file that
                         --NAME-file names */
    KX_OPTION_FILE,   /* text; the command line takes the name of a file and sends its content */
    /* Texts that are typed in the API: */
    KX_OPTION_BOOL,   /* "yes" or "no": true or false */
    KX_OPTION_LIST,   /* separated by commas: an array of texts */
    KX_OPTION_NUMBER, /* a number, maybe with a letter behind it: a number, or a text */
} KxOptionType;

typedef struct {
    const char *name; /* without the dashes */
    KxOptionType type;
    const char *placeholder; /* "SECRET"; NULL for flags */
    const char *manual;
    gint64 max;
    gboolean required;
    char letter;    /* short form, or 0 */
    gboolean local; /* only the command line knows it */
} KxOption;

typedef enum {
    KX_COMMAND_READS = 1 << 0,  /* changes nothing: may be asked again when the connection breaks */
    KX_COMMAND_STORE = 1 << 1,  /* works with the store, and needs it opened */
    KX_COMMAND_QUEUE = 1 << 2,  /* works with the queue, and needs it opened */
    KX_COMMAND_SERVER = 1 << 3, /* only a running server can do it */
    KX_COMMAND_FILE = 1 << 4, /* the last argument is a file: the command line sends its content */
    KX_COMMAND_DOCUMENT = 1 << 6, /* in the API the body is the last argument, as JSON text */
    KX_COMMAND_TABLE = 1 << 7,    /* in the API a CSV table is the body of the request, and then the
                                     last argument, or the body of the answer */
    KX_COMMAND_ACCOUNTS = 1 << 5, /* about accounts, groups and aliases of a domain, which the first
                                     argument names: administrators of that domain may */
} KxCommandFlags;

enum {
    KX_ARGS_MAX = 1000,           /* words of one request */
    KX_FILE_MAX = 512 * 1024,     /* bytes of a file that is sent */
    KX_REQUEST_MAX = 1024 * 1024, /* bytes of a request as JSON */
    /* The same on the local socket, where only who owns the data may ask: a configuration fits. */
    KX_CONTROL_MAX = 128 * 1024 * 1024,
};

typedef struct KxCommand KxCommand;

typedef struct {
    const KxAdminContext *context;
    const KxCommand *command;
    const char *const *args; /* what follows the words of the command */
    guint n_args;
    const json_t *options;
} KxCall;

/* A new reference, json_null() when there is nothing to say; NULL with an error. */
typedef json_t *(*KxCommandRun)(const KxCall *call, GError **error);

/* What the command line does itself; returns the exit status. */
typedef struct KxInvocation KxInvocation;
typedef int (*KxCommandLocal)(const KxInvocation *invocation);

/* Writes a result for people. */
typedef void (*KxCommandShow)(const json_t *result, FILE *out);

struct KxCommand {
    const char *words; /* "user add" */
    const char *args;  /* as the usage line shows them: "USER@DOMAIN", "[DOMAIN]"; "" for none */
    guint min_args, max_args;
    const char *api; /* "METHOD /path/{argument}", and the names of the arguments that are not in
                        the path: properties of the body or parameters of the query; the last may
                        end in "..." and is a list then. Further ones stand behind "; ". NULL: only
                        on the command line */
    const KxOption *options;
    guint n_options;
    guint flags;          /* KxCommandFlags */
    KxObject object;      /* that the functions of admin/object.h are about */
    KxCommandRun run;     /* NULL: see local */
    KxCommandLocal local; /* instead of `run`, or to do more than print its result; may be NULL */
    const char *columns;  /* of a result that is a list: "key:Title,key:Title"; may be NULL */
    KxCommandShow show;   /* for other shapes; may be NULL */
    const char *manual;   /* one or more sentences */
};

#define KX_OPTIONS(list) .options = list, .n_options = G_N_ELEMENTS(list)

typedef struct {
    const char *name; /* the first word of its commands; several may have the same */
    const char *manual;
    const KxCommand *commands;
    guint n_commands;
} KxTopic;

/* In the order of the manual. */
const KxTopic *const *kx_topics(guint *ret_n);

/* The command that the first words name; ret_words is how many of them. NULL: there is none. */
const KxCommand *kx_command_find(const char *const *words, guint n, guint *ret_words);
const KxOption *kx_command_option(const KxCommand *command, const char *name);

/* What in the names is most like the word, or NULL if nothing is (for "did you mean"). */
const char *kx_suggest(const char *word, const char *const *names, guint n);

/* Names what is wrong with the number of arguments, and the options that are required and absent.
 */
gboolean kx_call_check(const KxCall *call, GError **error);

/* NULL if the option is absent. */
const char *kx_call_text(const KxCall *call, const char *option);
gboolean kx_call_flag(const KxCall *call, const char *option);
gint64 kx_call_int(const KxCall *call, const char *option, gint64 absent);

/* "invalid", "not-found", ...: the code of an answer. */
const char *kx_error_word(const GError *error);

/* For commands whose success needs no words. */
void kx_show_nothing(const json_t *result, FILE *out);
/* Objects as aligned rows; `columns` as in KxCommand. */
void kx_show_table(const char *columns, const json_t *list, FILE *out);
/* One aligned line for each key. */
void kx_show_object(const json_t *object, FILE *out);
/* The result as it is. */
void kx_show_json(const json_t *result, FILE *out);

/* "root (local)" or "uid 1000 (local)": the Config log's name of who uses the command line. */
char *kx_admin_local_name(guint uid);

/* Writes a line to the Config log in the caller's name (LOG-26). */
void kx_call_log(const KxCall *call, const char *format, ...) G_GNUC_PRINTF(2, 3);

extern const KxTopic kx_topic_server, kx_topic_domain, kx_topic_user, kx_topic_group,
    kx_topic_alias, kx_topic_template, kx_topic_timerange, kx_topic_schedule, kx_topic_etrn,
    kx_topic_tls, kx_topic_address, kx_topic_ipgroup, kx_topic_config, kx_topic_log,
    kx_topic_highlight, kx_topic_cert, kx_topic_acme, kx_topic_service, kx_topic_queue,
    kx_topic_store, kx_topic_search, kx_topic_token, kx_topic_download, kx_topic_sorting,
    kx_topic_lockout, kx_topic_routing, kx_topic_client, kx_topic_directory, kx_topic_dkim,
    kx_topic_kerberos, kx_topic_oidc, kx_topic_pam;
