// Time, sleeping, randomness and yielding. Their values differ from run to run, so only what must hold is printed.
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t now(clockid_t clock) {
  struct timespec t;
  return clock_gettime(clock, &t) == 0 ? (int64_t)t.tv_sec * 1000000000 + t.tv_nsec : -1;
}

static void check(const char* what, int holds) { printf("%-52s %s\n", what, holds ? "yes" : "NO"); }

int main(void) {
  struct timespec resolution = {0};
  check("the real-time clock is past 2020", now(CLOCK_REALTIME) / 1000000000 > 1577836800);
  check("time() agrees with it", time(NULL) >= now(CLOCK_REALTIME) / 1000000000 - 2);
  check("the monotonic clock has a resolution under 20 ms", clock_getres(CLOCK_MONOTONIC, &resolution) == 0 &&
                                                                resolution.tv_sec == 0 && resolution.tv_nsec > 0 &&
                                                                resolution.tv_nsec < 20000000);

  int monotonic = 1;
  int64_t last = now(CLOCK_MONOTONIC);
  for (int i = 0; i < 1000; i++) {
    int64_t next = now(CLOCK_MONOTONIC);
    monotonic &= next >= last;
    last = next;
  }
  check("the monotonic clock never goes back", monotonic && last > 0);

  struct timespec pause = {.tv_nsec = 12000000};
  int64_t before = now(CLOCK_MONOTONIC);
  check("nanosleep succeeds", nanosleep(&pause, NULL) == 0);
  int64_t slept = now(CLOCK_MONOTONIC) - before;
  check("nanosleep takes at least its time", slept >= 12000000);
  check("nanosleep does not take a thousand times that", slept < 12000000000);

  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += 8000000;
  if (until.tv_nsec >= 1000000000) {
    until.tv_nsec -= 1000000000;
    until.tv_sec++;
  }
  clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL);
  check("an absolute sleep reaches its moment",
        now(CLOCK_REALTIME) >= (int64_t)until.tv_sec * 1000000000 + until.tv_nsec);

  struct pollfd output = {.fd = 1, .events = POLLOUT};
  check("poll finds standard output writable", poll(&output, 1, 1000) == 1 && (output.revents & POLLOUT));
  struct pollfd closed = {.fd = 77, .events = POLLIN};
  int ready = poll(&closed, 1, 1000);
  check("poll reports a descriptor that is not open", ready < 0 ? errno == EBADF : (closed.revents & POLLNVAL) != 0);

  unsigned char first[256] = {0}, second[256] = {0};
  int random = getentropy(first, sizeof first) == 0 && getentropy(second, sizeof second) == 0;
  check("getentropy succeeds", random);
  check("two draws differ", memcmp(first, second, sizeof first) != 0);
  int seen[256] = {0}, kinds = 0;
  for (int i = 0; i < 256; i++) kinds += seen[first[i]]++ == 0;
  check("256 random bytes take more than 100 values", kinds > 100);
  check("sched_yield succeeds", sched_yield() == 0);
  return 0;
}
