// Threads at work together: mutexes, conditions, a barrier, atomic variables, thread-local ones. What is printed does not
// depend on who is faster.
//
//   workers          all of it; one thread is still waiting when main returns
//   workers exit     a thread ends the program with code 7 while all others wait
//   workers trap     a thread traps while all others wait
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

enum { kThreads = 6 };

static void print(const char *what, uint64_t value) {
  char line[128];
  size_t size = 0;
  while (what[size]) line[size] = what[size], ++size;
  line[size++] = ' ';
  char digits[20];
  int count = 0;
  do digits[count++] = (char)('0' + value % 10);
  while ((value /= 10) != 0);
  while (count > 0) line[size++] = digits[--count];
  line[size++] = '\n';
  if (write(1, line, size) != (long)size) abort();
}

static void run(void *(*start)(void *), int count) {
  pthread_t threads[64];
  for (int i = 0; i < count; ++i)
    if (pthread_create(&threads[i], NULL, start, (void *)(intptr_t)i) != 0) abort();
  for (int i = 0; i < count; ++i) {
    void *result;
    pthread_join(threads[i], &result);
    if (result != (void *)(intptr_t)(i + 1000)) abort();
  }
}

static void *done(void *number) { return (void *)((intptr_t)number + 1000); }

// --- A counter under a mutex, and thread-local ones --------------------------------------------------------------

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t counter, local_sum;
static _Thread_local uint64_t local_counter = 5;

static void *count_up(void *number) {
  for (int i = 0; i < 20000; ++i) {
    pthread_mutex_lock(&lock);
    counter += 1;
    pthread_mutex_unlock(&lock);
    local_counter += (uint64_t)(intptr_t)number;
  }
  pthread_mutex_lock(&lock);
  local_sum += local_counter;
  pthread_mutex_unlock(&lock);
  return done(number);
}

// --- Producers and consumers at a short queue --------------------------------------------------------------------

enum { kQueue = 4, kItems = 3000, kProducers = 3 };
static uint32_t queue[kQueue];
static unsigned queue_used, queue_first, producers_left = kProducers;
static pthread_cond_t not_full = PTHREAD_COND_INITIALIZER, not_empty = PTHREAD_COND_INITIALIZER;
static uint64_t consumed, consumed_hash;

static uint32_t scramble(uint32_t value) {
  value ^= value >> 16;
  value *= 0x7feb352d;
  value ^= value >> 15;
  value *= 0x846ca68b;
  return value ^ value >> 16;
}

static void produce(uint32_t begin) {
  for (uint32_t i = 0; i < kItems; ++i) {
    pthread_mutex_lock(&lock);
    while (queue_used == kQueue) pthread_cond_wait(&not_full, &lock);
    queue[(queue_first + queue_used++) % kQueue] = begin + i;
    pthread_cond_signal(&not_empty);
    pthread_mutex_unlock(&lock);
  }
  pthread_mutex_lock(&lock);
  producers_left -= 1;
  pthread_cond_broadcast(&not_empty);
  pthread_mutex_unlock(&lock);
}

static void consume(void) {
  for (;;) {
    pthread_mutex_lock(&lock);
    while (queue_used == 0 && producers_left != 0) pthread_cond_wait(&not_empty, &lock);
    if (queue_used == 0) {
      pthread_mutex_unlock(&lock);
      return;
    }
    uint32_t item = queue[queue_first];
    queue_first = (queue_first + 1) % kQueue;
    queue_used -= 1;
    consumed += 1;
    consumed_hash += scramble(item);
    pthread_cond_signal(&not_full);
    pthread_mutex_unlock(&lock);
  }
}

static void *trade(void *number) {
  if ((intptr_t)number < kProducers) produce((uint32_t)(intptr_t)number * 100000);
  else consume();
  return done(number);
}

// --- Chunks of work taken by an atomic counter -------------------------------------------------------------------

enum { kChunks = 60, kChunk = 1000 };
static atomic_uint next_chunk;
static uint32_t primes_in_chunk[kChunks];

static void *count_primes(void *number) {
  for (unsigned chunk; (chunk = atomic_fetch_add(&next_chunk, 1)) < kChunks;) {
    for (uint32_t n = chunk * kChunk; n < (chunk + 1) * kChunk; ++n) {
      int is_prime = n >= 2;
      for (uint32_t d = 2; is_prime && d * d <= n; ++d) is_prime = n % d != 0;
      primes_in_chunk[chunk] += (uint32_t)is_prime;
    }
  }
  return done(number);
}

// --- Heat on a rod, all threads in step by a barrier -------------------------------------------------------------

enum { kCells = 240, kSteps = 300 };
static uint32_t rod[2][kCells + 2];
static pthread_barrier_t barrier;
static atomic_uint serial_threads;

static void *diffuse(void *number) {
  int begin = 1 + (int)(intptr_t)number * (kCells / kThreads), end = begin + kCells / kThreads;
  for (int step = 0; step < kSteps; ++step) {
    const uint32_t *from = rod[step % 2];
    uint32_t *to = rod[1 - step % 2];
    for (int i = begin; i < end; ++i) to[i] = (from[i - 1] + 2 * from[i] + from[i + 1]) / 4;
    if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) atomic_fetch_add(&serial_threads, 1);
  }
  return done(number);
}

// --- Atomic variables of every width -----------------------------------------------------------------------------

static _Atomic uint8_t sum8;
static _Atomic uint16_t difference16;
static _Atomic uint32_t toggled32;
static _Atomic uint64_t sum64, product64 = 1;

static void *use_atomics(void *number) {
  for (uint32_t i = 0; i < 5000; ++i) {
    atomic_fetch_add(&sum8, 3);
    atomic_fetch_sub(&difference16, 7);
    atomic_fetch_xor(&toggled32, scramble(i * kThreads + (uint32_t)(intptr_t)number));
    atomic_fetch_add(&sum64, UINT64_C(0x100000001));
    uint64_t old = atomic_load(&product64);
    while (!atomic_compare_exchange_weak(&product64, &old, old * 6364136223846793005u)) {}
  }
  return done(number);
}

// --- Ends --------------------------------------------------------------------------------------------------------

static pthread_mutex_t never = PTHREAD_MUTEX_INITIALIZER;

static void *wait_forever(void *number) {
  pthread_mutex_lock(&never);
  abort();
  return done(number);
}

static void *end_with_code(void *number) {
  print("thread exits with", 7);
  exit(7);
  return done(number);
}

static void *end_with_trap(void *number) {
  print("thread aborts", 0);
  abort();
  return done(number);
}

int main(int count, char **arguments) {
  pthread_mutex_lock(&never);
  pthread_t waiting, ending;
  if (pthread_create(&waiting, NULL, wait_forever, NULL) != 0) abort();
  if (count > 1) {
    int is_exit = arguments[1][0] == 'e';
    if (pthread_create(&ending, NULL, is_exit ? end_with_code : end_with_trap, NULL) != 0) abort();
    pthread_join(waiting, NULL);
    abort();
  }
  pthread_detach(waiting);

  run(count_up, kThreads);
  print("counted", counter);
  print("counted locally", local_sum);
  print("of main", local_counter);

  run(trade, kProducers + 3);
  print("consumed", consumed);
  print("their hash", consumed_hash);

  run(count_primes, kThreads);
  uint64_t primes = 0;
  for (int i = 0; i < kChunks; ++i) primes += primes_in_chunk[i];
  print("primes", primes);
  print("in the last chunk", primes_in_chunk[kChunks - 1]);

  pthread_barrier_init(&barrier, NULL, kThreads);
  for (int i = 1; i <= kCells; ++i) rod[0][i] = scramble((uint32_t)i) % 1000000;
  run(diffuse, kThreads);
  uint64_t heat = 0;
  for (int i = 1; i <= kCells; ++i) heat = heat * 31 + rod[kSteps % 2][i];
  print("heat", heat);
  print("steps", serial_threads);

  run(use_atomics, kThreads);
  print("8 bits", sum8);
  print("16 bits", difference16);
  print("32 bits", toggled32);
  print("64 bits", sum64);
  print("compare and swap", product64);

  for (int i = 0; i < 50; ++i) run(done, 4);
  print("threads made", 50 * 4 + 5 * kThreads + 1);
  return 0;
}
