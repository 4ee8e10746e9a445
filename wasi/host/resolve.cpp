#include "wasi/host/resolve.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <atomic>
#include <climits>
#include <vector>

namespace brink::wasi::host {
namespace {

// As many as Linux follows itself.
constexpr int kMaxLinks = 40;
// Directories a walk keeps open for `..`; further back it walks to them again.
constexpr size_t kMaxOpenAncestors = 32;
// How often a resolution that raced with a change is tried again. The kernel then gives EAGAIN, and the walk takes
// over.
constexpr int kMaxRaces = 64;

std::atomic<Resolution> resolution{Resolution::Automatic};

int openat2(int root, const char* path, int flags, mode_t mode) {
  open_how how{};
  how.flags = static_cast<u64>(flags);
  how.mode = flags & O_CREAT ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, root, path, &how, sizeof how));
}

int open_one(int directory, const char* name, int flags, mode_t mode) {
  int fd;
  do fd = ::openat(directory, name, flags | O_NOFOLLOW, mode);
  while (fd < 0 && errno == EINTR);
  return fd;
}

// What may be a path at all.
int check(std::string_view path) {
  if (path.empty()) return ENOENT;
  if (path.size() >= PATH_MAX) return ENAMETOOLONG;
  if (path.find('\0') != path.npos) return EINVAL;
  if (path[0] == '/') return EPERM;
  return 0;
}

class Walk {
 public:
  Walk(int root, std::string_view path) : root_(root), pending_(path) {}

  HostResult<FileDescriptor> open(int flags, mode_t mode) {
    bool follow = !(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
    for (;;) {
      std::string name = take_component();
      bool last = pending_.empty();
      if (name == "." && !last) continue;
      if (name == "..") {
        if (int error = leave()) return std::unexpected(error);
        if (!last) continue;
      }
      if (last && (name == "." || name == "..")) return open_here(flags, mode);
      int fd = open_one(top(), name.c_str(), last ? flags : O_PATH | O_DIRECTORY | O_CLOEXEC, mode);
      int error = fd < 0 ? errno : 0;
      FileDescriptor opened(fd);
      if (!last && opened) {
        enter(std::move(name), std::move(opened));
        continue;
      }
      bool may_be_link = error == ELOOP || error == ENOTDIR || (opened && flags & O_PATH && is_link(fd));
      if (may_be_link && (!last || follow)) {
        auto followed = follow_link(name);
        if (!followed) return std::unexpected(followed.error());
        if (*followed) continue;
        // No link now, but there was one: what took its place is opened instead.
        if (error && changed_since(error, name) && ++races_ <= kMaxRaces) {
          prepend(name);
          continue;
        }
      }
      if (error) return std::unexpected(error);
      return opened;
    }
  }

 private:
  struct Ancestor {
    std::string name;
    FileDescriptor directory;  // none if it was given up to save descriptors
  };

  int top() const { return ancestors_.empty() ? root_ : ancestors_.back().directory.get(); }

  // The next component; a trailing slash counts as one more, ".".
  std::string take_component() {
    size_t end = pending_.find('/');
    std::string name = pending_.substr(0, end);
    size_t next = end == pending_.npos ? end : pending_.find_first_not_of('/', end);
    bool slash_at_end = end != pending_.npos && next == pending_.npos;
    pending_.erase(0, next);
    if (slash_at_end) pending_.push_back('.');
    return name;
  }

  void enter(std::string name, FileDescriptor directory) {
    ancestors_.push_back({std::move(name), std::move(directory)});
    if (ancestors_.size() > kMaxOpenAncestors) ancestors_[ancestors_.size() - 1 - kMaxOpenAncestors].directory.reset();
  }

  int leave() {
    if (ancestors_.empty()) return EPERM;
    ancestors_.pop_back();
    if (ancestors_.empty() || ancestors_.back().directory) return 0;
    FileDescriptor directory;
    for (const Ancestor& ancestor : ancestors_) {
      int from = directory ? directory.get() : root_;
      FileDescriptor next(open_one(from, ancestor.name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC, 0));
      if (!next) return errno;
      directory = std::move(next);
    }
    ancestors_.back().directory = std::move(directory);
    return 0;
  }

  HostResult<FileDescriptor> open_here(int flags, mode_t mode) {
    if (flags & O_CREAT) return std::unexpected(flags & O_EXCL ? EEXIST : EISDIR);
    int fd = open_one(top(), ".", flags, mode);
    if (fd < 0) return last_error();
    return FileDescriptor(fd);
  }

  static bool is_link(int fd) {
    struct stat status;
    return ::fstat(fd, &status) == 0 && S_ISLNK(status.st_mode);
  }

  // Puts a link's target before what is left of the path; false if `name` is not a link.
  HostResult<bool> follow_link(const std::string& name) {
    char target[PATH_MAX];
    ssize_t size = ::readlinkat(top(), name.c_str(), target, sizeof target);
    if (size < 0) return errno == EINVAL ? HostResult<bool>(false) : last_error();
    if (size == sizeof target) return std::unexpected(ENAMETOOLONG);
    if (++links_ > kMaxLinks) return std::unexpected(ELOOP);
    std::string_view text(target, static_cast<size_t>(size));
    if (text.empty()) return std::unexpected(ENOENT);
    if (text[0] == '/') return std::unexpected(EPERM);
    prepend(text);
    return true;
  }

  void prepend(std::string_view path) {
    std::string joined(path);
    if (!pending_.empty()) joined.append(1, '/').append(pending_);
    pending_ = std::move(joined);
  }

  // Whether `name`, which was no link a moment ago, can be something else than what opening it met. A link met with
  // O_DIRECTORY is ENOTDIR as a file is; and a link now, after there was none, has come back in between.
  bool changed_since(int error, const std::string& name) const {
    struct stat status;
    return error == ELOOP || (::fstatat(top(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                              (S_ISDIR(status.st_mode) || S_ISLNK(status.st_mode)));
  }

  int root_;
  std::string pending_;  // relative, never starting with a slash
  std::vector<Ancestor> ancestors_;
  int links_ = 0;
  int races_ = 0;
};

}  // namespace

void set_resolution(Resolution wanted) { resolution.store(wanted, std::memory_order_relaxed); }

bool kernel_resolves() {
  // Old seccomp profiles answer unknown calls with EPERM.
  static const bool answer = [] {
    FileDescriptor probe(openat2(AT_FDCWD, ".", O_PATH | O_CLOEXEC, 0));
    return probe || (errno != ENOSYS && errno != EPERM);
  }();
  return answer;
}

HostResult<FileDescriptor> open_beneath(int root, std::string_view path, int flags, mode_t mode) {
  if (int error = check(path)) return std::unexpected(error);
  flags |= O_CLOEXEC;
  if (!(flags & O_PATH)) flags |= O_NOCTTY;
  if (flags & O_CREAT && path.back() == '/') return std::unexpected(EISDIR);
  if (resolution.load(std::memory_order_relaxed) == Resolution::Automatic && kernel_resolves()) {
    std::string name(path);
    for (int races = 0; races < kMaxRaces; ++races) {
      int fd = openat2(root, name.c_str(), flags, mode);
      if (fd >= 0) return FileDescriptor(fd);
      if (errno == EXDEV) return std::unexpected(EPERM);
      if (errno != EAGAIN && errno != EINTR) return last_error();
    }
  }
  return Walk(root, path).open(flags, mode);
}

HostResult<Parent> open_parent(int root, std::string_view path) {
  if (int error = check(path)) return std::unexpected(error);
  Parent parent;
  size_t end = path.find_last_not_of('/') + 1;
  parent.trailing_slash = end < path.size();
  size_t start = path.find_last_of('/', end - 1) + 1;
  parent.name = path.substr(start, end - start);
  std::string_view before = path.substr(0, start);
  if (parent.name == "." || parent.name == "..") {
    before = path.substr(0, end);
    parent.name.assign(1, '.');
  }
  parent.directory = root;
  if (before.empty()) return parent;
  auto opened = open_beneath(root, before, O_PATH | O_DIRECTORY);
  if (!opened) return std::unexpected(opened.error());
  parent.owned = std::move(*opened);
  parent.directory = parent.owned.get();
  return parent;
}

}  // namespace brink::wasi::host
