// Ends with a code of its own from below main; what atexit registered and what stdout buffered must still come out.
#include <stdio.h>
#include <stdlib.h>

static void last_words(void) { printf("registered with atexit\n"); }

static void leave(int depth) {
  if (depth == 0) exit(42);
  leave(depth - 1);
  printf("never printed\n");
}

int main(void) {
  atexit(last_words);
  printf("leaving");
  leave(20);
  return 7;
}
