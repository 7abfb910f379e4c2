/* SPDX-License-Identifier: Apache-2.0 */
/* Threading: RFC 5256 section 3, and what hostile mail makes of it. */
#include <string.h>

#include "imap/thread.h"

/* A message as a test writes it; identifiers are numbers, 0 is none. */
typedef struct {
    guint64 id;
    guint64 references[4];
    gint64 date;
    guint32 subject;
    gboolean reply;
} Mail;

typedef struct {
    KxThreadInput input;
    GArray *references;
} Box;

static Box box_from(const Mail *mails, guint n)
{
    Box box = {.input.n = n, .references = g_array_new(FALSE, FALSE, sizeof(guint64))};
    gint64 *dates = g_new0(gint64, n + 1), *arrivals = g_new0(gint64, n + 1);
    guint32 *subjects = g_new0(guint32, n + 1);
    KxSortLinks *links = g_new0(KxSortLinks, n + 1);
    for (guint i = 0; i < n; i++) {
        dates[i] = mails[i].date;
        arrivals[i] = i;
        subjects[i] = mails[i].subject;
        links[i] = (KxSortLinks){
            .message_id = mails[i].id, .first = box.references->len, .reply = mails[i].reply};
        for (; links[i].n < 4 && mails[i].references[links[i].n]; links[i].n++)
            g_array_append_val(box.references, mails[i].references[links[i].n]);
    }
    box.input.dates = dates;
    box.input.arrivals = arrivals;
    box.input.subjects = subjects;
    box.input.links = links;
    box.input.references = (const guint64 *)(void *)box.references->data;
    return box;
}

static void box_clear(Box *box)
{
    g_free((gpointer)box->input.dates);
    g_free((gpointer)box->input.arrivals);
    g_free((gpointer)box->input.subjects);
    g_free((gpointer)box->input.links);
    g_array_unref(box->references);
}

static char *run(const Mail *mails, guint n, KxThreadAlgorithm algorithm)
{
    Box box = box_from(mails, n);
    g_auto(KxThreadTree) tree = {0};
    g_autofree guint32 *numbers = g_new(guint32, n + 1);
    GString *out = g_string_new(NULL);
    for (guint32 i = 0; i < n; i++)
        numbers[i] = i + 1;
    algorithm(&box.input, &tree);
    kx_thread_format(out, &tree, numbers);
    box_clear(&box);
    return g_string_free(out, FALSE);
}

#define ASSERT_THREADS(mails, algorithm, expected)                                                 \
    do {                                                                                           \
        g_autofree char *text = run(mails, G_N_ELEMENTS(mails), algorithm);                        \
        g_assert_cmpstr(text, ==, expected);                                                       \
    } while (0)

static void test_ordered_subject(void)
{
    const Mail mails[] = {
        {.date = 5, .subject = 1}, {.date = 1, .subject = 2}, {.date = 3, .subject = 1},
        {.date = 9, .subject = 1}, {.date = 2, .subject = 3}, {.date = 8, .subject = 3},
    };
    ASSERT_THREADS(mails, kx_thread_ordered_subject, "(2)(5 6)(3 (1)(4))");
}

/* The shape of the example of RFC 5256 section 4, BASE.7.2.THREAD. */
static void test_references_shape(void)
{
    const Mail mails[] = {
        {.id = 2, .date = 1},
        {.id = 3, .date = 2},
        {.id = 6, .references = {3}, .date = 3},
        {.id = 4, .references = {3, 6}, .date = 4},
        {.id = 23, .references = {3, 6, 4}, .date = 5},
        {.id = 44, .references = {3, 6}, .date = 6},
        {.id = 7, .references = {6, 44}, .date = 7},
        {.id = 96, .references = {44, 7}, .date = 8},
    };
    ASSERT_THREADS(mails, kx_thread_references, "(1)(2 3 (4 5)(6 7 8))");
}

static void test_missing_parents(void)
{
    const Mail two[] = {{.id = 1, .references = {100}, .date = 2},
                        {.id = 2, .references = {100}, .date = 1}};
    ASSERT_THREADS(two, kx_thread_references, "((2)(1))");
    const Mail one[] = {{.id = 1, .references = {100, 101}, .date = 2}};
    ASSERT_THREADS(one, kx_thread_references, "(1)");
    /* a dummy below the top goes, and its children are its parent's */
    const Mail nested[] = {{.id = 1, .date = 1},
                           {.id = 2, .references = {1, 50}, .date = 3},
                           {.id = 3, .references = {1, 50, 51}, .date = 2}};
    ASSERT_THREADS(nested, kx_thread_references, "(1 (3)(2))");
    const Mail deep[] = {{.id = 2, .references = {60, 61}, .date = 3},
                         {.id = 3, .references = {60, 62, 63}, .date = 2}};
    ASSERT_THREADS(deep, kx_thread_references, "((2)(1))");
}

static void test_subjects(void)
{
    /* a reply goes below the original */
    const Mail reply[] = {{.id = 1, .date = 2, .subject = 1, .reply = TRUE},
                          {.id = 2, .date = 1, .subject = 1}};
    ASSERT_THREADS(reply, kx_thread_references, "(2 1)");
    ASSERT_THREADS(reply, kx_thread_refs, "(1)(2)");
    /* the original may be younger */
    const Mail younger[] = {{.id = 1, .date = 1, .subject = 1, .reply = TRUE},
                            {.id = 2, .date = 2, .subject = 1}};
    ASSERT_THREADS(younger, kx_thread_references, "(2 1)");
    /* two originals get a dummy; a third joins them */
    const Mail three[] = {{.id = 1, .date = 1, .subject = 1},
                          {.id = 2, .date = 2, .subject = 1},
                          {.id = 3, .date = 3, .subject = 1}};
    ASSERT_THREADS(three, kx_thread_references, "((1)(2)(3))");
    /* two dummies become one */
    const Mail dummies[] = {{.id = 1, .references = {70}, .date = 1, .subject = 1},
                            {.id = 2, .references = {70}, .date = 2, .subject = 1},
                            {.id = 3, .references = {71}, .date = 3, .subject = 1},
                            {.id = 4, .references = {71}, .date = 4, .subject = 1},
                            {.id = 5, .date = 0, .subject = 1}};
    ASSERT_THREADS(dummies, kx_thread_references, "((5)(1)(2)(3)(4))");
    /* an empty subject says nothing */
    const Mail empty[] = {{.id = 1, .date = 1}, {.id = 2, .date = 2}};
    ASSERT_THREADS(empty, kx_thread_references, "(1)(2)");
}

static void test_odd_identifiers(void)
{
    /* the first has the identifier; both threads stay apart */
    const Mail twice[] = {
        {.id = 1, .date = 1}, {.id = 1, .date = 2}, {.id = 2, .references = {1}, .date = 3}};
    ASSERT_THREADS(twice, kx_thread_references, "(1 3)(2)");
    const Mail none[] = {{.date = 1}, {.references = {1}, .date = 2}};
    ASSERT_THREADS(none, kx_thread_references, "(1)(2)");
    const Mail itself[] = {{.id = 1, .references = {1}, .date = 1}};
    ASSERT_THREADS(itself, kx_thread_references, "(1)");
    const Mail circle[] = {{.id = 1, .references = {3}, .date = 1},
                           {.id = 2, .references = {1}, .date = 2},
                           {.id = 3, .references = {2}, .date = 3}};
    ASSERT_THREADS(circle, kx_thread_references, "(3 1 2)");
    const Mail twist[] = {{.id = 1, .references = {2, 3, 2, 1}, .date = 1},
                          {.id = 2, .references = {1, 3}, .date = 2},
                          {.id = 3, .references = {1, 2, 1}, .date = 3}};
    ASSERT_THREADS(twist, kx_thread_references, "(1 (2)(3))");
    /* what a message says of itself counts more than what others say of it */
    const Mail corrected[] = {{.id = 3, .references = {1, 2}, .date = 3},
                              {.id = 1, .date = 1},
                              {.id = 2, .references = {9}, .date = 2},
                              {.id = 9, .date = 0}};
    ASSERT_THREADS(corrected, kx_thread_references, "(4 3 1)(2)");
}

/* draft-ietf-morg-inthread section 4 */
static void test_refs_come_by_latest_arrival(void)
{
    const Mail mails[] = {{.id = 1, .date = 9},
                          {.id = 2, .date = 1},
                          {.id = 3, .date = 5},
                          {.id = 4, .references = {2}, .date = 0}};
    ASSERT_THREADS(mails, kx_thread_refs, "(1)(3)(2 4)");
}

static void test_nothing(void)
{
    g_autofree char *text = run(NULL, 0, kx_thread_references);
    g_assert_cmpstr(text, ==, "");
    g_autofree char *other = run(NULL, 0, kx_thread_ordered_subject);
    g_assert_cmpstr(other, ==, "");
}

enum { MANY = 100000 };

static guint count(const char *text, char c)
{
    guint n = 0;
    for (; *text; text++)
        n += *text == c;
    return n;
}

/* One thread as deep as the folder, forwards and backwards; and one that splits at each level. */
static void test_deep_threads(void)
{
    g_autofree Mail *mails = g_new0(Mail, MANY);
    for (guint i = 0; i < MANY; i++)
        mails[i] = (Mail){.id = i + 1, .references = {i}, .date = i};
    g_autofree char *forwards = run(mails, MANY, kx_thread_references);
    g_assert_cmpuint(count(forwards, '('), ==, 1);
    for (guint i = 0; i < MANY; i++)
        mails[i] = (Mail){.id = MANY - i, .references = {MANY - i - 1}, .date = i};
    g_autofree char *backwards = run(mails, MANY, kx_thread_refs);
    g_assert_cmpuint(count(backwards, '('), ==, 1);
    for (guint i = 0; i < MANY; i++)
        mails[i] = (Mail){.id = i + 1, .references = {i % 2 ? i : i - 1}, .date = i};
    mails[0].references[0] = 0;
    g_autofree char *ladder = run(mails, MANY, kx_thread_references);
    g_assert_cmpuint(count(ladder, '('), ==, count(ladder, ')'));
    g_assert_cmpuint(count(ladder, '('), >=, MANY - 2);
}

/* References at random among few identifiers: loops everywhere. Each message comes out once. */
static void test_tangled_threads(void)
{
    g_autofree Mail *mails = g_new0(Mail, MANY);
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);
    for (guint i = 0; i < MANY; i++) {
        mails[i] = (Mail){.id = g_rand_int(rand) % MANY,
                          .date = g_rand_int(rand) % 1000,
                          .subject = g_rand_int(rand) % 5000,
                          .reply = g_rand_boolean(rand)};
        for (guint k = 0; k < 4; k++)
            mails[i].references[k] = g_rand_int(rand) % MANY;
    }
    const KxThreadAlgorithm algorithms[] = {kx_thread_references, kx_thread_refs,
                                            kx_thread_ordered_subject};
    for (guint a = 0; a < G_N_ELEMENTS(algorithms); a++) {
        g_autofree char *text = run(mails, MANY, algorithms[a]);
        g_autofree guint8 *seen = g_new0(guint8, MANY + 1);
        for (const char *c = text; *c;) {
            guint64 number = g_ascii_strtoull(c, (char **)&c, 10);
            g_assert_cmpuint(number, <=, MANY);
            g_assert_true(number == 0 || !seen[number]++);
            c += *c != '\0' && !g_ascii_isdigit(*c);
        }
        g_assert_null(memchr(seen + 1, 0, MANY));
        g_assert_cmpuint(count(text, '('), ==, count(text, ')'));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/thread/ordered-subject", test_ordered_subject);
    g_test_add_func("/thread/references", test_references_shape);
    g_test_add_func("/thread/missing-parents", test_missing_parents);
    g_test_add_func("/thread/subjects", test_subjects);
    g_test_add_func("/thread/odd-identifiers", test_odd_identifiers);
    g_test_add_func("/thread/refs", test_refs_come_by_latest_arrival);
    g_test_add_func("/thread/nothing", test_nothing);
    g_test_add_func("/thread/deep", test_deep_threads);
    g_test_add_func("/thread/tangled", test_tangled_threads);
    return g_test_run();
}
