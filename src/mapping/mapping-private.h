/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of this folder. */
#pragma once

#include "base/lock.h"
#include "directory/attributes.h"
#include "directory/mapped.h"
#include "mapping/mapping.h"

enum {
    KX_MAP_ENTRIES_MAX = 200000,
    KX_MAP_CHECKING = 6,       /* passwords at a time of a domain; ASKERS_OF_ONE in core/workers.c
                                  are fewer, for administrators sign in too */
    KX_MAP_FINDING = 2,        /* names at a time of a domain, */
    KX_MAP_THREADS = 6,        /* and of all */
    KX_MAP_WAITING = 4,        /* workers that wait for a name, */
    KX_MAP_WAIT_SECONDS = 2,   /* so long */
    KX_MAP_DOWN_SECONDS = 10,  /* a directory that does not answer is left alone */
    KX_MAP_HURRY_SECONDS = 5,  /* between looks at all that somebody causes */
    KX_MAP_NOBODY_SECONDS = 5, /* it is remembered that nobody has a name */
    KX_MAP_NOBODIES_MAX = 10000,
};

typedef struct KxMapDomain KxMapDomain; /* what is known of a domain's directory; mapping.c */

struct KxMapping {
    KxDirectory *directory;
    KxLogger *logger;
    GThread *thread;
    KxMutex passing;             /* one look at all at a time */
    void (*gone)(gpointer data); /* accounts are; may be NULL */
    gpointer gone_data;

    KxMutex lock; /* of what follows */
    KxCond changed;
    KxQueueCourier courier;
    GArray *channels;     /* int: of questions under way */
    GHashTable *domains;  /* name -> KxMapDomain */
    GHashTable *nobodies; /* "name@domain" -> gint64 *, until when */
    GHashTable *errands;  /* the same, and domains that are probed -> of errand.c, under way */
    guint threads, waiting;
    gboolean stopping;
};

/* ---- ask.c ---- */

/* A value of an entry. */
typedef struct {
    KxAttribute what;
    guint attribute; /* its place in the question: smaller ones come first */
    char *text;
} KxMapValue;

typedef struct {
    char *dn;       /* UTF-8 */
    GArray *values; /* of KxMapValue */
} KxMapEntry;

typedef struct {
    const KxDomain *domain;
    const char *hosts; /* NULL: those of the domain */
    const char *filter;
    KxAttribute first, end; /* what is wanted to be known, from the one to before the other */
    guint most;
    const char *secret; /* to be checked; NULL: nothing is */
} KxMapQuestion;

typedef struct {
    KxDirectoryState state;
    gboolean right;
    char *text; /* why it is not good */
    char *host, *ip, *tls;
    GPtrArray *entries; /* of KxMapEntry */
} KxMapAnswer;

/* FALSE: the state is not good. */
gboolean kx_map_ask(KxMapping *mapping, const KxMapQuestion *question, KxMapAnswer *ret_answer);
void kx_map_answer_clear(KxMapAnswer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxMapAnswer, kx_map_answer_clear)

/* As in a filter (RFC 4515 section 3). */
char *kx_map_escape(const char *value);

/* ---- person.c: from entries to records ---- */

/* A user or a group as the directory has it. */
typedef struct {
    char *name;
    const KxMapEntry *entry;
    GPtrArray *fields; /* of char *: name, value, name, value */
    GPtrArray *groups; /* of char *, borrowed: that a user is in; NULL: not asked */
    char *problem;     /* why it is left out; NULL: it is not */
    gboolean chosen;   /* to be active from now on (USR-06) */
} KxMapPerson;

/* NULL: it is none for this server, as the directory says so. */
KxMapPerson *kx_map_user(const KxDomain *domain, const KxMapEntry *entry);
KxMapPerson *kx_map_group(const KxDomain *domain, const KxMapEntry *entry);
void kx_map_person_free(KxMapPerson *person);
const char *kx_map_person_field(const KxMapPerson *person, const char *name); /* or NULL */

/* ---- apply.c ---- */

extern const KxAdmin kx_map_admin; /* who makes the changes */
KxSource kx_map_source_of(KxObject object, const KxRecord *record);
/* Since it was asked about: what another directory has said, or one that is not asked any more,
 * does not count. */
gboolean kx_map_has_changed(KxMapping *mapping, const KxDomain *domain);

/* Makes the records what the directory says; counts in the report. */
void kx_map_apply(KxMapping *mapping, const KxDomain *domain, KxObject object,
                  const GPtrArray *people, KxMappingReport *report);
/* ---- leave.c ---- */

/* Those that are not among the people are gone. */
void kx_map_remove(KxMapping *mapping, const KxDomain *domain, KxObject object,
                   const GPtrArray *people, KxMappingReport *report);

/* ---- users.c ---- */

/* Marks those of the names, or with NULL everybody who can be taken. KX_ERR_NOT_FOUND or
 * KX_ERR_INVALID names each that cannot, and then nobody is to be taken. */
gboolean kx_map_choose(KxMapping *mapping, const KxDomain *domain, const GPtrArray *people,
                       char *const *names, GError **error);
/* Of KxMappingUser: all, or only who is chosen. */
GPtrArray *kx_map_describe(KxMapping *mapping, const KxDomain *domain, const GPtrArray *people,
                           gboolean chosen);
/* The domain; KX_ERR_INVALID: it has no directory. */
KxDomain *kx_map_find_domain(KxMapping *mapping, const char *name, GError **error);

/* ---- pass.c ---- */

/* Who is to be active from now on, and what came of it. */
typedef struct {
    char *const *names;   /* NULL: everybody */
    GPtrArray *ret_users; /* of KxMappingUser */
} KxMapChoice;

/* `choice` may be NULL. */
gboolean kx_map_pass(KxMapping *mapping, const KxDomain *domain, KxMapChoice *choice,
                     KxMappingReport *ret_report, GError **error);
GPtrArray *kx_map_people(const KxDomain *domain, KxObject object, const KxMapAnswer *answer);

/* ---- gate.c: what is known of directories, and how much one is asked ---- */

struct KxMapDomain {
    char *name;
    gint64 due;          /* monotonic; of the next look at all */
    gint64 looked;       /* and of the end of the last */
    guint generation;    /* of the domain at the last one */
    guint looks;         /* that were begun, */
    guint last_good;     /* and the last of them that succeeded */
    GHashTable *awaited; /* name of a group -> look that will bring it */
    gboolean down;       /* it does not answer, and is asked only if it does again */
    gboolean unread;     /* the last look failed */
    gboolean probed;     /* now */
    guint checking, finding;
    GHashTable *said; /* set of lines about entries that were in the log */
};

/* With the lock held; made if there is none. */
KxMapDomain *kx_map_domain(KxMapping *mapping, const char *name);
void kx_map_domain_free(gpointer domain);

/* Before and after a password is asked about. FALSE: it is not to be asked now. */
gboolean kx_map_enter(KxMapping *mapping, const char *domain);
void kx_map_leave(KxMapping *mapping, const char *domain);

/* What came of a question, `whole`: about all; of a directory that begins or ceases to answer the
 * log speaks once. */
void kx_map_note(KxMapping *mapping, const char *domain, const KxMapAnswer *answer, gboolean whole);
gboolean kx_map_is_down(KxMapping *mapping, const char *domain);
/* The same about one entry; TRUE: it was not said before. */
gboolean kx_map_is_news(KxMapping *mapping, const char *domain, const char *text);

/* Before and after a look at all, with its number. */
guint kx_map_begin_look(KxMapping *mapping, const char *domain);
void kx_map_end_look(KxMapping *mapping, const char *domain, guint look, gboolean ok);
/* Groups and the like follow soon. */
void kx_map_hurry(KxMapping *mapping, const char *domain);
/* The same with a name that this is to bring. FALSE: it did not. */
gboolean kx_map_await(KxMapping *mapping, const char *domain, const char *name);
/* A look did not come about: soon again. */
void kx_map_put_off(KxMapping *mapping, const char *domain);

/* ---- errand.c ---- */

/* Of a name that nobody here has; waits for a moment only. */
KxMappedResult kx_map_find(KxMapping *mapping, const char *domain, const char *name);
/* Somebody may be new. */
void kx_map_forget_nobodies(KxMapping *mapping);
/* Finds out in the background if the directory is back. */
void kx_map_begin_probe(KxMapping *mapping, const char *domain);

/* ---- live.c ---- */

extern const KxMapper kx_map_live; /* without its data */

/* These wait for the directory. */
KxMappedResult kx_map_look_up(KxMapping *mapping, const char *domain, const char *name);
void kx_map_probe(KxMapping *mapping, const char *domain);
