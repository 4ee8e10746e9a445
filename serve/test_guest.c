// A handler that behaves as its path asks: what the tests over sockets tell the server's limits with.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

static const char* variable(const char* name) {
  const char* value = getenv(name);
  return value ? value : "";
}

static void head(const char* type) {
  printf("Content-Type: %s\n\n", type);
  fflush(stdout);
}

static long number(void) { return atol(variable("QUERY_STRING")); }

static volatile int sink;
static void* volatile kept;  // so that no allocation is optimized away

__attribute__((noinline)) static int recurse(int depth) {
  volatile char space[256];
  space[depth & 255] = (char)depth;
  return depth == -1 ? 0 : recurse(depth + 1) + space[(depth * 7) & 255];
}

static void echo(void) {
  static char buffer[16384];
  ssize_t got;
  head("application/octet-stream");
  while ((got = read(0, buffer, sizeof buffer)) > 0)
    for (ssize_t done = 0; done < got;) {
      ssize_t put = write(1, buffer + done, (size_t)(got - done));
      if (put <= 0) exit(3);
      done += put;
    }
}

static void pieces(void) {
  head("text/plain");
  for (long i = 0; i < 3; ++i) {
    struct timespec pause = {0, 50 * 1000 * 1000};
    printf("piece %ld\n", i);
    fflush(stdout);
    nanosleep(&pause, 0);
  }
}

static void zeros(long bytes) {
  static char block[65536];
  head("application/octet-stream");
  while (bytes > 0) {
    ssize_t put = write(1, block, bytes < 65536 ? (size_t)bytes : sizeof block);
    if (put <= 0) exit(3);
    bytes -= put;
  }
}

// The query, percent-decoded, is the whole response.
static void raw(void) {
  for (const char* p = variable("QUERY_STRING"); *p; ++p) {
    unsigned byte = (unsigned char)*p;
    if (*p == '%' && sscanf(p + 1, "%2x", &byte) == 1) p += 2;
    putchar((int)byte);
  }
}

static void file(void) {
  char name[256];
  snprintf(name, sizeof name, "/data/%s", variable("QUERY_STRING"));
  FILE* from = fopen(name, "r");
  if (!from) {
    printf("Status: 404 Not Found\nContent-Type: text/plain\n\nnone\n");
    return;
  }
  head("text/plain");
  for (int c; (c = getc(from)) != EOF;) putchar(c);
  FILE* to = fopen(name, "w");
  printf("writable: %s\n", to ? "yes" : "no");
}

static void count(void) {
  static char buffer[65536];
  unsigned long long total = 0;
  ssize_t got;
  while ((got = read(0, buffer, sizeof buffer)) > 0) total += (unsigned long long)got;
  head("text/plain");
  printf("%llu\n", total);
}

int main(void) {
  const char* path = variable("PATH_INFO");
  static int calls;
#define IS(name) (strcmp(path, name) == 0)
  if (IS("/loop")) for (;;) ++sink;
  else if (IS("/alloc")) {
    for (;;) {
      char* block = malloc(1 << 20);
      if (!block) abort();
      memset(block, 1, 1 << 20);
      kept = block;
    }
  } else if (IS("/recurse")) {
    head("text/plain");
    printf("%d\n", recurse(0));
  } else if (IS("/echo")) echo();
  else if (IS("/count")) count();
  else if (IS("/ignore")) {
    head("text/plain");
    puts("ignored");
  } else if (IS("/half")) printf("Content-Type: text/pl");
  else if (IS("/nothing")) return 0;
  else if (IS("/exit")) {
    head("text/plain");
    puts("leaving");
    exit((int)number());
  } else if (IS("/trap")) __builtin_trap();
  else if (IS("/fault")) sink = *(volatile int*)0xfffffff0;
  else if (IS("/trap-late")) {
    zeros(200000);
    __builtin_trap();
  } else if (IS("/sleep")) {
    struct timespec pause = {number() / 1000, number() % 1000 * 1000000};
    nanosleep(&pause, 0);
    head("text/plain");
    puts("awake");
  } else if (IS("/compute")) {
    for (long i = 0; i < number(); ++i) sink = sink * 31 + (int)i;
    head("text/plain");
    printf("%d\n", sink);
  } else if (IS("/pieces")) pieces();
  else if (IS("/zeros")) zeros(number());
  else if (IS("/raw")) raw();
  else if (IS("/file")) file();
  else if (IS("/stderr")) {
    fprintf(stderr, "to the log\n");
    head("text/plain");
  } else if (IS("/calls")) {
    // Never 2: each request has an instance of its own.
    head("text/plain");
    printf("%d\n", ++calls);
  } else if (IS("/env")) {
    head("text/plain");
    for (char** entry = environ; *entry; ++entry) puts(*entry);
  } else {
    head("text/plain");
    puts("hello");
  }
  return 0;
}
