// What a C program with threads needs of WASI and nothing more: start, exit, write, memory, threads.
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))

IMPORT("wasi", "thread-spawn") int thread_spawn(void *argument);
IMPORT("wasi_snapshot_preview1", "proc_exit") _Noreturn void proc_exit(int code);
IMPORT("wasi_snapshot_preview1", "args_sizes_get") int args_sizes_get(size_t *count, size_t *bytes);
IMPORT("wasi_snapshot_preview1", "args_get") int args_get(char **arguments, char *bytes);
struct buffer {
  const void *data;
  size_t size;
};
IMPORT("wasi_snapshot_preview1", "fd_write")
int fd_write(int descriptor, const struct buffer *list, size_t count, size_t *written);

_Noreturn void exit(int code) { proc_exit(code); }
_Noreturn void abort(void) { __builtin_trap(); }

long write(int descriptor, const void *data, size_t size) {
  struct buffer buffer = {data, size};
  size_t written;
  return fd_write(descriptor, &buffer, 1, &written) == 0 ? (long)written : -1;
}

// --- Memory: taken from the end of the heap, which grows ---------------------------------------------------------

extern unsigned char __heap_base;
static size_t heap_end;
static pthread_mutex_t heap_lock = PTHREAD_MUTEX_INITIALIZER;

static void *aligned_malloc(size_t size, size_t alignment) {
  pthread_mutex_lock(&heap_lock);
  if (heap_end == 0) heap_end = (size_t)&__heap_base;
  size_t begin = (heap_end + alignment - 1) & ~(alignment - 1);
  heap_end = begin + size;
  while (heap_end > __builtin_wasm_memory_size(0) * 65536)
    if (__builtin_wasm_memory_grow(0, 1) == (size_t)-1) abort();
  pthread_mutex_unlock(&heap_lock);
  return (void *)begin;
}

void *malloc(size_t size) { return aligned_malloc(size, 16); }

// --- Threads -----------------------------------------------------------------------------------------------------

struct thread {
  void *stack;  // its end; wasi_thread_start reads it
  void *tls;
  void *(*start)(void *);
  void *argument;
  void *result;
  int finished;
  struct thread *next_free;  // blocks of joined threads are used again
};

enum { kStackBytes = 32768 };
static struct thread *free_threads;
static pthread_mutex_t free_lock = PTHREAD_MUTEX_INITIALIZER;

// A thread starts here, in an instance of its own whose stack pointer is still the first thread's.
__asm__(
    ".globaltype __stack_pointer, i32\n"
    ".functype thread_main (i32) -> ()\n"
    ".globl wasi_thread_start\n"
    ".export_name wasi_thread_start, wasi_thread_start\n"
    ".type wasi_thread_start,@function\n"
    "wasi_thread_start:\n"
    "  .functype wasi_thread_start (i32, i32) -> ()\n"
    "  local.get 1\n"
    "  i32.load 0\n"
    "  global.set __stack_pointer\n"
    "  local.get 1\n"
    "  call thread_main\n"
    "  end_function\n");

extern void __wasm_init_tls(void *tls);

__attribute__((used)) void thread_main(struct thread *self) {
  __wasm_init_tls(self->tls);
  self->result = self->start(self->argument);
  __atomic_store_n(&self->finished, 1, __ATOMIC_SEQ_CST);
  __builtin_wasm_memory_atomic_notify(&self->finished, -1u);
}

int pthread_create(pthread_t *made, const void *attributes, void *(*start)(void *), void *argument) {
  (void)attributes;
  pthread_mutex_lock(&free_lock);
  struct thread *self = free_threads;
  if (self) free_threads = self->next_free;
  pthread_mutex_unlock(&free_lock);
  if (!self) {
    self = malloc(sizeof *self);
    self->stack = (char *)aligned_malloc(kStackBytes, 16) + kStackBytes;
    self->tls = aligned_malloc(__builtin_wasm_tls_size() + 1, __builtin_wasm_tls_align() + 1 & ~1u);
  }
  self->start = start;
  self->argument = argument;
  self->finished = 0;
  *made = self;
  return thread_spawn(self) > 0 ? 0 : 11;
}

int pthread_join(pthread_t thread, void **result) {
  while (!__atomic_load_n(&thread->finished, __ATOMIC_SEQ_CST))
    __builtin_wasm_memory_atomic_wait32(&thread->finished, 0, -1);
  if (result) *result = thread->result;
  pthread_mutex_lock(&free_lock);
  thread->next_free = free_threads;
  free_threads = thread;
  pthread_mutex_unlock(&free_lock);
  return 0;
}

int pthread_detach(pthread_t thread) { return (void)thread, 0; }

int pthread_mutex_lock(pthread_mutex_t *mutex) {
  int found = 0;
  if (__atomic_compare_exchange_n(&mutex->state, &found, 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) return 0;
  while (__atomic_exchange_n(&mutex->state, 2, __ATOMIC_SEQ_CST) != 0)
    __builtin_wasm_memory_atomic_wait32(&mutex->state, 2, -1);
  return 0;
}

int pthread_mutex_unlock(pthread_mutex_t *mutex) {
  if (__atomic_exchange_n(&mutex->state, 0, __ATOMIC_SEQ_CST) == 2)
    __builtin_wasm_memory_atomic_notify(&mutex->state, 1);
  return 0;
}

int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex) {
  int sequence = __atomic_load_n(&condition->sequence, __ATOMIC_SEQ_CST);
  pthread_mutex_unlock(mutex);
  __builtin_wasm_memory_atomic_wait32(&condition->sequence, sequence, -1);
  return pthread_mutex_lock(mutex);
}

static int wake(pthread_cond_t *condition, unsigned count) {
  __atomic_add_fetch(&condition->sequence, 1, __ATOMIC_SEQ_CST);
  __builtin_wasm_memory_atomic_notify(&condition->sequence, count);
  return 0;
}

int pthread_cond_signal(pthread_cond_t *condition) { return wake(condition, 1); }
int pthread_cond_broadcast(pthread_cond_t *condition) { return wake(condition, -1u); }

int pthread_barrier_init(pthread_barrier_t *barrier, const void *attributes, unsigned count) {
  (void)attributes;
  *barrier = (pthread_barrier_t){(int)count, 0, 0};
  return 0;
}

int pthread_barrier_wait(pthread_barrier_t *barrier) {
  int generation = __atomic_load_n(&barrier->generation, __ATOMIC_SEQ_CST);
  if (__atomic_add_fetch(&barrier->arrived, 1, __ATOMIC_SEQ_CST) == barrier->count) {
    __atomic_store_n(&barrier->arrived, 0, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&barrier->generation, 1, __ATOMIC_SEQ_CST);
    __builtin_wasm_memory_atomic_notify(&barrier->generation, -1u);
    return PTHREAD_BARRIER_SERIAL_THREAD;
  }
  while (__atomic_load_n(&barrier->generation, __ATOMIC_SEQ_CST) == generation)
    __builtin_wasm_memory_atomic_wait32(&barrier->generation, generation, -1);
  return 0;
}

// --- Start -------------------------------------------------------------------------------------------------------

// The compiler calls main so when it takes arguments.
int __main_argc_argv(int count, char **arguments);

__attribute__((export_name("_start"))) void _start(void) {
  size_t count, bytes;
  if (args_sizes_get(&count, &bytes) != 0) abort();
  char **arguments = malloc((count + 1) * sizeof *arguments);
  if (args_get(arguments, malloc(bytes)) != 0) abort();
  arguments[count] = NULL;
  int code = __main_argc_argv((int)count, arguments);
  if (code != 0) exit(code);
}
