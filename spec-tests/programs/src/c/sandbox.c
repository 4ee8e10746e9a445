// Tries to leave the pre-opened folder in every way a path allows. Each attempt must be refused, and ordinary
// paths that stay inside must work. The scratch folder holds `inside/` (pre-opened) beside `secret.txt`.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void opening(const char* path, int flags) {
  int fd = open(path, flags, 0644);
  printf("open %-34s %s\n", path, fd < 0 ? "refused" : "opened");
  if (fd >= 0) close(fd);
}

static void outcome(const char* what, int result) { printf("%-39s %s\n", what, result == 0 ? "done" : "refused"); }

int main(void) {
  struct stat status;
  opening("file.txt", O_RDONLY);
  opening("folder/../file.txt", O_RDONLY);
  opening("./folder/./../folder/nested.txt", O_RDONLY);
  opening("link-inside", O_RDONLY);
  opening("folder/link-up-inside", O_RDONLY);

  opening("../secret.txt", O_RDONLY);
  opening("folder/../../secret.txt", O_RDONLY);
  opening("./../inside/../secret.txt", O_RDONLY);
  opening("../inside/file.txt", O_RDONLY);
  opening("/secret.txt", O_RDONLY);
  opening("/etc/passwd", O_RDONLY);
  opening("link-outside", O_RDONLY);
  opening("link-absolute", O_RDONLY);
  opening("link-folder/secret.txt", O_RDONLY);
  opening("link-outside", O_WRONLY | O_TRUNC);
  opening("../planted.txt", O_WRONLY | O_CREAT);
  opening("link-planted", O_WRONLY | O_CREAT);
  opening("loop", O_RDONLY);

  outcome("stat ../secret.txt", stat("../secret.txt", &status));
  outcome("stat link-outside", stat("link-outside", &status));
  outcome("lstat link-outside (the link itself)", lstat("link-outside", &status));
  outcome("mkdir ../planted", mkdir("../planted", 0755));
  outcome("rename file.txt ../stolen.txt", rename("file.txt", "../stolen.txt"));
  outcome("rename ../secret.txt stolen.txt", rename("../secret.txt", "stolen.txt"));
  outcome("link ../secret.txt hard", link("../secret.txt", "hard"));
  outcome("unlink ../secret.txt", unlink("../secret.txt"));
  outcome("unlink link-folder/secret.txt", unlink("link-folder/secret.txt"));
  outcome("rmdir ../empty", rmdir("../empty"));
  symlink("/etc/passwd", "made");  // making it may be refused or not; following it must be
  opening("made", O_RDONLY);

  // Moving a folder must not carry a relative link's reach outside with it.
  outcome("mkdir a", mkdir("a", 0755));
  outcome("mkdir a/b", mkdir("a/b", 0755));
  outcome("symlink ../../file.txt a/b/up", symlink("../../file.txt", "a/b/up"));
  opening("a/b/up", O_RDONLY);
  outcome("rename a/b moved", rename("a/b", "moved"));
  opening("moved/up", O_RDONLY);
  return 0;
}
