/* SPDX-License-Identifier: Apache-2.0 */
/* The pattern is an automaton whose states are the positions in it; all states it can be in are
 * followed at once. */
#include "imap/list-match.h"

typedef struct {
    guint8 on[KX_LIST_PATTERN_MAX + 1]; /* is the automaton at this position? */
    size_t from, to;                    /* positions outside are off */
} States;

/* A wildcard may stand for nothing: what is before it is behind it, too. */
static void turn_on(States *states, const char *pattern, size_t at)
{
    while (!states->on[at]) {
        states->on[at] = 1;
        states->from = MIN(states->from, at);
        states->to = MAX(states->to, at);
        if (pattern[at] != '*' && pattern[at] != '%')
            return;
        at++;
    }
}

static void reset(States *states, size_t len)
{
    memset(states->on, 0, len + 1);
    states->from = len;
    states->to = 0;
}

static void step(const States *now, States *next, const char *pattern, char c, gboolean fold)
{
    for (size_t at = now->from; at <= now->to; at++) {
        if (!now->on[at])
            continue;
        char p = pattern[at];
        if (p == '*' || (p == '%' && c != '/'))
            turn_on(next, pattern, at);
        else if (p == c || (fold && g_ascii_toupper(p) == c))
            turn_on(next, pattern, at + 1);
    }
}

gboolean kx_list_match(const char *pattern, const char *path)
{
    size_t len = strlen(pattern);
    if (len > KX_LIST_PATTERN_MAX)
        return FALSE;
    gboolean inbox = g_str_has_prefix(path, "INBOX") && (path[5] == '\0' || path[5] == '/');
    States states[2];
    reset(&states[0], len);
    turn_on(&states[0], pattern, 0);
    guint now = 0;
    for (size_t i = 0; path[i] != '\0'; i++, now ^= 1) {
        if (states[now].from > states[now].to)
            return FALSE;
        reset(&states[now ^ 1], len);
        step(&states[now], &states[now ^ 1], pattern, path[i], inbox && i < 5);
    }
    return states[now].from <= states[now].to && states[now].on[len];
}
