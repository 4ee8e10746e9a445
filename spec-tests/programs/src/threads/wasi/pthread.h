// The part of <pthread.h> that workers.c needs, on wasi-threads (runtime.c). Debian's wasi-libc has no threads.
#pragma once
#include <stddef.h>

struct thread;
typedef struct thread *pthread_t;
typedef struct {
  int state;  // 0 free, 1 locked, 2 locked and somebody may wait
} pthread_mutex_t;
typedef struct {
  int sequence;
} pthread_cond_t;
typedef struct {
  int count, arrived, generation;
} pthread_barrier_t;

#define PTHREAD_MUTEX_INITIALIZER {0}
#define PTHREAD_COND_INITIALIZER {0}
#define PTHREAD_BARRIER_SERIAL_THREAD (-1)

int pthread_create(pthread_t *made, const void *attributes, void *(*start)(void *), void *argument);
int pthread_join(pthread_t thread, void **result);
int pthread_detach(pthread_t thread);
int pthread_mutex_lock(pthread_mutex_t *mutex);
int pthread_mutex_unlock(pthread_mutex_t *mutex);
int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
int pthread_cond_signal(pthread_cond_t *condition);
int pthread_cond_broadcast(pthread_cond_t *condition);
int pthread_barrier_init(pthread_barrier_t *barrier, const void *attributes, unsigned count);
int pthread_barrier_wait(pthread_barrier_t *barrier);
