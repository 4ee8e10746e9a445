// launcher RUNS COMMAND [ARGS…]: runs a command again and again and prints a line for each run:
//
//   wall nanoseconds, peak resident set in KiB, minor page faults, exit code
//
// It exists because a process inherits the peak resident set of the one that started it: started from Python, every
// program would seem to need Python's memory. So this one is small, and linked statically. The command's output is
// discarded.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: %s RUNS COMMAND [ARGS...]\n", argv[0]);
    return 2;
  }
  int discard = open("/dev/null", O_RDWR);
  for (int runs = atoi(argv[1]); runs > 0; runs--) {
    long long begin = now();
    pid_t child = vfork();
    if (child == 0) {
      dup2(discard, 0);
      dup2(discard, 1);
      execv(argv[2], argv + 2);
      _exit(127);
    }
    int status;
    struct rusage usage;
    if (child < 0 || wait4(child, &status, 0, &usage) != child) {
      perror("launcher");
      return 1;
    }
    long long end = now();
    printf("%lld %ld %ld %d\n", end - begin, usage.ru_maxrss, usage.ru_minflt,
           WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  }
  return 0;
}
