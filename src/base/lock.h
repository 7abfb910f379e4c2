/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks between threads: pthreads behind short names. GLib's own locks are futexes inside a library
 * that is not instrumented, so ThreadSanitizer would not see that they order anything.
 *
 * A lock that is misused (unlocked by another thread, destroyed while held) aborts in debug builds
 * of the C library; the functions here do not fail otherwise.
 */
#pragma once

#include <glib.h>
#include <pthread.h>

typedef struct {
    pthread_mutex_t mutex;
} KxMutex;

typedef struct {
    pthread_cond_t cond;
} KxCond;

/* Many readers or one writer. */
typedef struct {
    pthread_rwlock_t lock;
} KxRwLock;

static inline void kx_mutex_init(KxMutex *self)
{
    pthread_mutex_init(&self->mutex, NULL);
}

static inline void kx_mutex_clear(KxMutex *self)
{
    pthread_mutex_destroy(&self->mutex);
}

static inline void kx_mutex_lock(KxMutex *self)
{
    pthread_mutex_lock(&self->mutex);
}

static inline gboolean kx_mutex_trylock(KxMutex *self)
{
    return pthread_mutex_trylock(&self->mutex) == 0;
}

static inline void kx_mutex_unlock(KxMutex *self)
{
    pthread_mutex_unlock(&self->mutex);
}

static inline void kx_cond_init(KxCond *self)
{
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&self->cond, &clock);
    pthread_condattr_destroy(&clock);
}

static inline void kx_cond_clear(KxCond *self)
{
    pthread_cond_destroy(&self->cond);
}

/* May return without a signal: look at what you wait for again. */
static inline void kx_cond_wait(KxCond *self, KxMutex *mutex)
{
    pthread_cond_wait(&self->cond, &mutex->mutex);
}

/* The same, until the monotonic time (microseconds) at the latest. */
static inline void kx_cond_wait_until(KxCond *self, KxMutex *mutex, gint64 until)
{
    struct timespec at = {.tv_sec = until / G_USEC_PER_SEC,
                          .tv_nsec = until % G_USEC_PER_SEC * 1000};
    pthread_cond_timedwait(&self->cond, &mutex->mutex, &at);
}

static inline void kx_cond_signal(KxCond *self)
{
    pthread_cond_signal(&self->cond);
}

static inline void kx_cond_broadcast(KxCond *self)
{
    pthread_cond_broadcast(&self->cond);
}

static inline void kx_rw_lock_init(KxRwLock *self)
{
    pthread_rwlock_init(&self->lock, NULL);
}

static inline void kx_rw_lock_clear(KxRwLock *self)
{
    pthread_rwlock_destroy(&self->lock);
}

static inline void kx_rw_lock_read(KxRwLock *self)
{
    pthread_rwlock_rdlock(&self->lock);
}

static inline void kx_rw_lock_write(KxRwLock *self)
{
    pthread_rwlock_wrlock(&self->lock);
}

static inline void kx_rw_lock_unlock(KxRwLock *self)
{
    pthread_rwlock_unlock(&self->lock);
}
