/* C library functions that Lua calls and WASI has no counterpart for: each fails the way the standard permits. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

FILE* tmpfile(void) {
  errno = ENOTSUP;
  return NULL;
}

int system(const char* command) {
  if (command == NULL) return 0;
  errno = ENOTSUP;
  return -1;
}
