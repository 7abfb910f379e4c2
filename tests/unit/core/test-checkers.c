/* SPDX-License-Identifier: Apache-2.0 */
/* What waits for one thing leaves places for what waits for another. */
#include "base/lock.h"
#include "core/checkers.h"

enum { THREADS = 4, PLACES = 2, EACH = 10 };

struct KxSession {
    gboolean stands; /* until it is let go */
};

static KxMutex lock;
static KxCond changed;
static guint standing, most, served;
static gboolean let_go;

static void check(struct KxSession *session)
{
    kx_mutex_lock(&lock);
    if (session->stands) {
        standing++;
        most = MAX(most, standing);
        while (!let_go)
            kx_cond_wait(&changed, &lock);
        standing--;
    }
    served++;
    kx_cond_broadcast(&changed);
    kx_mutex_unlock(&lock);
}

static void wait_for(guint n)
{
    kx_mutex_lock(&lock);
    while (served < n)
        kx_cond_wait(&changed, &lock);
    kx_mutex_unlock(&lock);
}

static void test_lanes(void)
{
    static struct KxSession slow = {TRUE}, quick = {FALSE};
    const KxCheckFor dead = {"dead.test", "192.0.2.1", "julia", FALSE};
    const KxCheckFor alive = {"alive.test", "192.0.2.1", "julia", FALSE};
    kx_mutex_init(&lock);
    kx_cond_init(&changed);
    KxCheckers *checkers = kx_checkers_new(check, THREADS, PLACES);
    for (int i = 0; i < EACH; i++)
        g_assert_true(kx_checkers_add(checkers, &slow, &dead));
    for (int i = 0; i < EACH; i++)
        g_assert_true(kx_checkers_add(checkers, &quick, &alive));
    wait_for(EACH);
    kx_mutex_lock(&lock);
    let_go = TRUE;
    kx_cond_broadcast(&changed);
    kx_mutex_unlock(&lock);
    kx_checkers_free(checkers); /* which takes all that wait */
    g_assert_cmpuint(served, ==, 2 * EACH);
    g_assert_cmpuint(most, <=, PLACES);
    kx_cond_clear(&changed);
    kx_mutex_clear(&lock);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/checkers/lanes", test_lanes);
    return g_test_run();
}
