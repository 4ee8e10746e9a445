// Files and folders through the whole of what wasi-libc offers, below the folder named by the first argument.
// Prints each step's outcome, errors by name, nothing that differs between two machines (inodes, times, sizes of
// folders, order of entries).
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static const char* error_name(int error) {
  switch (error) {
    case ENOENT: return "ENOENT";
    case EEXIST: return "EEXIST";
    case EISDIR: return "EISDIR";
    case ENOTDIR: return "ENOTDIR";
    case ENOTEMPTY: return "ENOTEMPTY";
    case EBADF: return "EBADF";
    case ELOOP: return "ELOOP";
    case EINVAL: return "EINVAL";
    case ESPIPE: return "ESPIPE";
    case ENAMETOOLONG: return "ENAMETOOLONG";
    default: return "another error";
  }
}

// Prints `what` and its result, or the error when it is negative; returns the result.
static long step(const char* what, long result) {
  if (result < 0) printf("%-44s %s\n", what, error_name(errno));
  else printf("%-44s %ld\n", what, result);
  return result;
}

static void show_file(const char* path) {
  char text[128] = {0};
  int fd = open(path, O_RDONLY);
  if (fd < 0) {
    step(path, fd);
    return;
  }
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  printf("  %s: %zd bytes [", path, n);
  for (ssize_t i = 0; i < n; i++) printf(text[i] == 0 ? "\\0" : "%c", text[i]);
  printf("]\n");
}

static const char* kind_of(mode_t mode) {
  return S_ISREG(mode) ? "file" : S_ISDIR(mode) ? "folder" : S_ISLNK(mode) ? "link" : "other";
}

static void show_status(const char* path) {
  struct stat s, l;
  if (lstat(path, &l) != 0) {
    step(path, -1);
    return;
  }
  printf("  %s: %s", path, kind_of(l.st_mode));
  if (stat(path, &s) == 0) {
    printf(", leads to a %s", kind_of(s.st_mode));
    if (S_ISREG(s.st_mode)) printf(" of %lld bytes with %lu names", (long long)s.st_size, (unsigned long)s.st_nlink);
  } else {
    printf(", leads nowhere (%s)", error_name(errno));
  }
  printf("\n");
}

static int by_name(const void* a, const void* b) { return strcmp(*(char* const*)a, *(char* const*)b); }

// Prints the entries of an open folder in order of name, with the kind that readdir reports.
static void list(DIR* folder) {
  char* names[512];
  size_t n = 0;
  for (struct dirent* entry; (entry = readdir(folder)) != NULL && n < 512;) {
    const char* kind = entry->d_type == DT_DIR   ? "/"
                       : entry->d_type == DT_LNK ? "@"
                       : entry->d_type == DT_REG ? ""
                                                 : "?";
    size_t size = strlen(entry->d_name) + 2;
    names[n] = malloc(size);
    snprintf(names[n++], size, "%s%s", entry->d_name, kind);
  }
  qsort(names, n, sizeof names[0], by_name);
  printf("  %zu entries:", n);
  for (size_t i = 0; i < n; i++) {
    if (n <= 16 || i < 4 || i + 4 >= n) printf(" %s", names[i]);
    else if (i == 4) printf(" ...");
    free(names[i]);
  }
  printf("\n");
}

static void list_path(const char* path) {
  DIR* folder = opendir(path);
  if (folder == NULL) {
    step(path, -1);
    return;
  }
  list(folder);
  closedir(folder);
}

// A call may move fewer bytes than asked for; these two go on until all pieces are done or nothing moves.
static long move_all(int fd, struct iovec* pieces, int count, ssize_t (*move)(int, const struct iovec*, int)) {
  long total = 0;
  for (;;) {
    ssize_t moved = move(fd, pieces, count);
    if (moved < 0) return -1;
    total += moved;
    for (; count > 0 && (size_t)moved >= pieces->iov_len; pieces++, count--) moved -= (ssize_t)pieces->iov_len;
    if (count == 0 || (moved == 0 && total == 0)) return total;
    pieces->iov_base = (char*)pieces->iov_base + moved;
    pieces->iov_len -= (size_t)moved;
  }
}

static long write_all(int fd, struct iovec* pieces, int count) { return move_all(fd, pieces, count, writev); }

static long read_all(int fd, struct iovec* pieces, int count) { return move_all(fd, pieces, count, readv); }

static void contents(void) {
  puts("-- contents");
  char buffer[64];
  int fd = (int)step("open new, exclusive", open("a.txt", O_RDWR | O_CREAT | O_EXCL, 0644) >= 0 ? 1 : -1);
  step("open it again, exclusive", open("a.txt", O_RDWR | O_CREAT | O_EXCL, 0644));
  fd = open("a.txt", O_RDWR);
  step("write", write(fd, "hello, files", 12));
  step("seek to the start", lseek(fd, 0, SEEK_SET));
  step("read", read(fd, buffer, sizeof buffer));
  step("read at the end", read(fd, buffer, sizeof buffer));
  step("seek back 5 from the end", lseek(fd, -5, SEEK_END));
  step("read", read(fd, buffer, sizeof buffer));
  step("seek forward 2 from here", lseek(fd, 2, SEEK_CUR));
  step("seek before the start", lseek(fd, -100, SEEK_SET));
  step("where", lseek(fd, 0, SEEK_CUR));
  step("write beyond the end", write(fd, "!", 1));
  show_file("a.txt");
  step("pwrite at 7", pwrite(fd, "FILES", 5, 7));
  step("pread at 5", pread(fd, buffer, 4, 5));
  printf("  [%.4s]\n", buffer);
  step("where (unmoved by both)", lseek(fd, 0, SEEK_CUR));
  step("ftruncate to 5", ftruncate(fd, 5));
  show_file("a.txt");
  step("ftruncate to 9", ftruncate(fd, 9));
  show_file("a.txt");
  step("ftruncate to a negative size", ftruncate(fd, -1));
  step("fsync", fsync(fd));
  step("fdatasync", fdatasync(fd));
  step("ftruncate to 20", ftruncate(fd, 20));
  struct stat status;
  step("fstat", fstat(fd, &status));
  printf("  a %s of %lld bytes\n", kind_of(status.st_mode), (long long)status.st_size);
  step("close", close(fd));
  step("close again", close(fd));
  step("read after close", read(fd, buffer, 1));

  struct iovec out[4] = {{"one ", 4}, {"", 0}, {"two ", 4}, {"three", 5}};
  fd = open("b.txt", O_RDWR | O_CREAT | O_TRUNC, 0644);
  step("writev of four pieces", write_all(fd, out, 4));
  lseek(fd, 0, SEEK_SET);
  char first[3], second[7];
  struct iovec in[2] = {{first, 3}, {second, 7}};
  step("readv into two", read_all(fd, in, 2));
  printf("  [%.3s][%.7s]\n", first, second);
  close(fd);

  fd = open("b.txt", O_WRONLY | O_APPEND);
  step("append", write(fd, " four", 5));
  lseek(fd, 0, SEEK_SET);
  step("append after a seek to the start", write(fd, " five", 5));
  step("read from a write-only descriptor", read(fd, buffer, 1));
  close(fd);
  show_file("b.txt");
  fd = open("b.txt", O_RDONLY);
  step("write to a read-only descriptor", write(fd, "x", 1));
  close(fd);
  fd = open("b.txt", O_WRONLY | O_TRUNC);
  close(fd);
  show_file("b.txt");
}

static void buffered(void) {
  puts("-- stdio");
  FILE* file = fopen("lines.txt", "w+");
  for (int i = 0; i < 3000; i++) fprintf(file, "line %d: %08x %.3f\n", i, i * 2654435761u, i / 8.0);
  step("position after 3000 lines", ftell(file));
  rewind(file);
  char line[64];
  int lines = 0, last = -1;
  while (fgets(line, sizeof line, file) != NULL) lines += sscanf(line, "line %d:", &last) == 1 && last == lines;
  printf("  %d lines in order, the last is %d, at end: %d\n", lines, last, feof(file) != 0);
  step("fseek to 1000", fseek(file, 1000, SEEK_SET));
  int c = fgetc(file);
  ungetc('#', file);
  printf("  read %c, pushed back %c\n", c, fgetc(file));
  step("fseek", fseek(file, -4, SEEK_END));
  fputs("END", file);
  fflush(file);
  step("fclose", fclose(file));
  file = fopen("lines.txt", "a+");
  fputs("appended\n", file);
  fseek(file, -13, SEEK_END);
  step("fread", (long)fread(line, 1, 13, file));
  printf("  [%.12s]\n", line);
  fclose(file);
  step("fopen of what is not there", fopen("nothing.txt", "r") != NULL ? 0 : -1);
  step("freopen", freopen("lines.txt", "r", stdin) != NULL ? 0 : -1);
  step("scanf from it", scanf("line %d", &last));
}

static void names(void) {
  puts("-- names");
  step("mkdir", mkdir("folder", 0755));
  step("mkdir again", mkdir("folder", 0755));
  step("mkdir below nothing", mkdir("none/folder", 0755));
  step("mkdir below a file", mkdir("a.txt/folder", 0755));
  step("mkdir nested", mkdir("folder/inner", 0755));
  step("rename into the folder", rename("a.txt", "folder/inner/moved.txt"));
  show_status("a.txt");
  show_status("folder/inner/moved.txt");
  step("rename over a file", rename("folder/inner/moved.txt", "b.txt"));
  show_status("b.txt");
  step("rename of nothing", rename("nothing", "something"));
  step("rename a folder", rename("folder/inner", "folder/renamed"));
  step("rename a file over a folder", rename("b.txt", "folder"));
  step("rename a folder over a file", rename("folder", "b.txt"));
  step("rename over a full folder", (mkdir("other", 0755), rename("other", "folder")));
  step("rename over an empty folder", rename("other", "folder/renamed"));
  step("rmdir of a full folder", rmdir("folder"));
  step("rmdir of a file", rmdir("b.txt"));
  step("rmdir of nothing", rmdir("nothing"));
  step("rmdir of an empty folder", rmdir("folder/renamed"));
  step("unlink of nothing", unlink("nothing"));
  step("unlink of a folder fails", unlink("folder") != 0);
  step("open a folder for writing", open("folder", O_WRONLY));
  step("open a file as a folder", open("b.txt", O_RDONLY | O_DIRECTORY));
  step("open below a file", open("b.txt/x", O_RDONLY));
  step("open nothing", open("nothing", O_RDONLY));
  step("access to a file", access("b.txt", R_OK | W_OK));
  step("access to nothing", access("nothing", F_OK));

  int fd = open("folder/gone.txt", O_RDWR | O_CREAT, 0644);
  step("unlink an open file", unlink("folder/gone.txt"));
  step("write to it", write(fd, "still here", 10));
  char buffer[16] = {0};
  step("read it back", pread(fd, buffer, 10, 0));
  struct stat status;
  fstat(fd, &status);
  printf("  [%s], names left: %lu\n", buffer, (unsigned long)status.st_nlink);
  close(fd);

  char name[300];
  memset(name, 'n', sizeof name);
  name[255] = 0;
  fd = open(name, O_WRONLY | O_CREAT, 0644);
  step("a name of 255 bytes", fd >= 0 ? 0 : -1);
  close(fd);
  step("unlink it", unlink(name));
  name[255] = 'n';
  name[256] = 0;
  step("a name of 256 bytes", open(name, O_WRONLY | O_CREAT, 0644));
}

static void links(void) {
  puts("-- links");
  char target[64] = {0};
  step("link", link("b.txt", "folder/hard.txt"));
  step("link again", link("b.txt", "folder/hard.txt"));
  show_status("b.txt");
  step("symlink", symlink("../b.txt", "folder/soft.txt"));
  step("readlink", readlink("folder/soft.txt", target, sizeof target));
  printf("  [%s]\n", target);
  step("readlink, short buffer", readlink("folder/soft.txt", target, 4));
  step("readlink of a file", readlink("b.txt", target, sizeof target));
  show_status("folder/soft.txt");
  int fd = open("folder/soft.txt", O_WRONLY | O_TRUNC);
  step("write through it", write(fd, "by link", 7));
  close(fd);
  show_file("b.txt");
  show_file("folder/hard.txt");
  step("open it without following", open("folder/soft.txt", O_RDONLY | O_NOFOLLOW));
  step("symlink to a folder", symlink("folder", "way"));
  show_file("way/hard.txt");
  step("symlink to nothing", symlink("nowhere", "dangling"));
  show_status("dangling");
  step("open it", open("dangling", O_RDONLY));
  step("symlink to itself", symlink("itself", "itself"));
  step("open it", open("itself", O_RDONLY));
  list_path(".");
  list_path("way");
  step("unlink the symlink to a folder", unlink("way"));
  show_status("folder");
  step("unlink one name", unlink("folder/hard.txt"));
  show_status("b.txt");
  step("unlink", unlink("itself"));
}

static void folders(void) {
  puts("-- folders");
  mkdir("many", 0755);
  char name[64];
  for (int i = 0; i < 300; i++) {
    snprintf(name, sizeof name, "many/entry-with-a-long-name-%03d", i);
    int fd = open(name, O_WRONLY | O_CREAT, 0644);
    if (fd < 0 || write(fd, name, (size_t)(i % 7)) != i % 7 || close(fd) != 0) step(name, -1);
  }
  list_path("many");
  DIR* folder = opendir("many");
  int before = 0, after = 0;
  while (before < 100 && readdir(folder) != NULL) before++;
  long place = telldir(folder);
  while (readdir(folder) != NULL) after++;
  printf("  %d and %d entries\n", before, after);
  seekdir(folder, place);
  for (after = 0; readdir(folder) != NULL;) after++;
  printf("  %d again after seekdir\n", after);
  rewinddir(folder);
  list(folder);

  int fd = openat(dirfd(folder), "entry-with-a-long-name-006", O_RDONLY);
  char text[8] = {0};
  step("openat and read", read(fd, text, sizeof text));
  close(fd);
  struct stat status;
  step("fstatat", fstatat(dirfd(folder), "entry-with-a-long-name-005", &status, 0));
  printf("  %lld bytes\n", (long long)status.st_size);
  step("mkdirat", mkdirat(dirfd(folder), "sub", 0755));
  step("renameat", renameat(dirfd(folder), "entry-with-a-long-name-000", dirfd(folder), "sub/zero"));
  step("unlinkat", unlinkat(dirfd(folder), "sub/zero", 0));
  step("unlinkat of a folder", unlinkat(dirfd(folder), "sub", AT_REMOVEDIR));
  closedir(folder);
  int total = 0;
  for (int i = 1; i < 300; i++) {
    snprintf(name, sizeof name, "many/../many/./entry-with-a-long-name-%03d", i);
    total += unlink(name) == 0;
  }
  printf("  %d unlinked\n", total);
  list_path("many");
  step("rmdir", rmdir("many"));
}

static void times(void) {
  puts("-- times");
  struct timespec set[2] = {{.tv_sec = 1000000000, .tv_nsec = 123456789}, {.tv_sec = 1234567890, .tv_nsec = 987654321}};
  step("utimensat", utimensat(AT_FDCWD, "b.txt", set, 0));
  struct stat status;
  stat("b.txt", &status);
  printf("  read %lld.%09ld written %lld.%09ld\n", (long long)status.st_atim.tv_sec, (long)status.st_atim.tv_nsec,
         (long long)status.st_mtim.tv_sec, (long)status.st_mtim.tv_nsec);
  set[0].tv_nsec = UTIME_OMIT;
  set[1].tv_sec = 5;
  set[1].tv_nsec = 0;
  int fd = open("b.txt", O_RDWR);
  step("futimens, only the second", futimens(fd, set));
  fstat(fd, &status);
  close(fd);
  printf("  read %lld.%09ld written %lld.%09ld\n", (long long)status.st_atim.tv_sec, (long)status.st_atim.tv_nsec,
         (long long)status.st_mtim.tv_sec, (long)status.st_mtim.tv_nsec);
}

int main(int argc, char** argv) {
  if (argc > 1) step("chdir", chdir(argv[1]));
  contents();
  buffered();
  names();
  links();
  folders();
  times();
  puts("-- what is left");
  list_path(".");
  return 0;
}
