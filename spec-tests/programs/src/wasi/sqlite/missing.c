/* C library functions that SQLite calls and WASI has no counterpart for. */
#include "sqlite_wasi.h"

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>

#undef fcntl

int sqlite_fcntl(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  int result;
  switch (command) {
    case F_GETLK:
      va_arg(arguments, struct flock*)->l_type = F_UNLCK;
      result = 0;
      break;
    case F_SETLK:
    case F_SETLKW: result = 0; break;
    default: result = fcntl(fd, command, va_arg(arguments, int)); break;
  }
  va_end(arguments);
  return result;
}

uid_t geteuid(void) { return 1; }

uid_t getuid(void) { return 1; }

int fchmod(int fd, mode_t mode) {
  (void)fd, (void)mode;
  return 0;
}

int chmod(const char* path, mode_t mode) {
  (void)path, (void)mode;
  return 0;
}

int fchown(int fd, uid_t owner, gid_t group) {
  (void)fd, (void)owner, (void)group;
  return 0;
}

struct passwd* getpwuid(uid_t user) {
  (void)user;
  return NULL;
}
