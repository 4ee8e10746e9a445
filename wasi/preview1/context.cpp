// Making a context from its configuration.
#include "wasi/preview1/context.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cstring>

namespace brink::wasi {
namespace {

// No descriptor of ours takes the place of a standard stream that is closed.
constexpr int kFirstOrdinary = 3;

Error io_error(std::string what, int error, std::string file = {}) {
  return Error{ErrorKind::Io, std::move(what) + ": " + std::strerror(error), Error::kNoOffset, 0, 0, std::move(file)};
}

// The guest gets these as one block with a NUL behind each.
Result<void> check_strings(const std::vector<std::string>& strings, const char* what, bool variables) {
  u64 bytes = 0;
  for (const std::string& text : strings) {
    if (text.find('\0') != text.npos) return fail(ErrorKind::Usage, std::string(what) + " holds a NUL byte");
    if (variables && text.find('=') == text.npos)
      return fail(ErrorKind::Usage, std::string(what) + " '" + text + "' has no '='");
    bytes += text.size() + 1;
  }
  if (bytes > 0xffff'ffff || strings.size() > 0x3fff'ffff)
    return fail(ErrorKind::Limit, std::string(what) + "s take " + std::to_string(bytes) + " bytes, more than 4 GiB");
  return {};
}

}  // namespace

Result<std::shared_ptr<const OpenDirectories>> open_directories(std::span<const Directory> directories) {
  auto opened = std::make_shared<OpenDirectories>();
  for (const Directory& directory : directories) {
    if (directory.guest_path.find('\0') != directory.guest_path.npos || directory.guest_path.size() > 0xffff'ffff)
      return fail(ErrorKind::Usage, "a directory's guest path holds a NUL byte or is too long");
    host::FileDescriptor fd(::open(directory.host_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    // A folder that cannot be listed can still be used.
    if (!fd && errno == EACCES)
      fd = host::FileDescriptor(::open(directory.host_path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (fd && fd.get() < kFirstOrdinary) fd = host::FileDescriptor(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kFirstOrdinary));
    if (!fd) return std::unexpected(io_error("cannot open directory", errno, directory.host_path));
    opened->list.push_back({std::move(fd), directory.guest_path, directory.read_only});
  }
  return opened;
}

Result<std::shared_ptr<Context>> make_context(Config config) {
  auto context = std::make_shared<Context>(std::move(config));
  if (auto opened = context->open(); !opened) return std::unexpected(std::move(opened.error()));
  return context;
}

Result<void> Context::open() {
  if (auto checked = check_strings(config_.args, "an argument", false); !checked) return checked;
  if (auto checked = check_strings(config_.environment, "an environment variable", true); !checked) return checked;
  if (auto opened = open_standard_streams(); !opened) return opened;

  if (!config_.directories.empty()) {
    auto opened = open_directories(config_.directories);
    if (!opened) return std::unexpected(std::move(opened.error()));
    own_directories_ = std::move(*opened);
  }
  for (const OpenDirectories* directories : {own_directories_.get(), config_.opened_directories.get()}) {
    if (!directories) continue;
    for (const OpenDirectory& directory : directories->list) {
      auto descriptor = std::make_unique<Descriptor>();
      descriptor->type = FileType::Directory;
      descriptor->fd = directory.directory.get();
      descriptor->preopen = &directory;
      descriptor->read_only = directory.read_only;
      if (!table_.add_at_end(std::move(descriptor)))
        return fail(ErrorKind::Limit, "more directories than descriptors allowed");
    }
  }
  return open_sockets();
}

Result<void> Context::open_standard_streams() {
  for (int fd = 0; fd < kFirstOrdinary; ++fd) {
    auto descriptor = std::make_unique<Descriptor>();
    descriptor->readable = fd == 0;
    descriptor->writable = fd != 0;
    if (fd == 0 && config_.input) descriptor->source = &config_.input;
    else if (fd == 1 && config_.output) descriptor->sink = &config_.output;
    else if (fd == 2 && config_.error_output) descriptor->sink = &config_.error_output;
    else {
      struct stat status;
      if (::fstat(fd, &status) < 0) {
        table_.skip();
        continue;
      }
      descriptor->type = file_type(status.st_mode, fd);
      // A folder as a standard stream is of no use, and none the guest was given.
      if (descriptor->type == FileType::Directory) descriptor->type = FileType::Unknown;
      descriptor->fd = fd;
      descriptor->inherited = true;
    }
    if (!table_.add_at_end(std::move(descriptor)))
      return fail(ErrorKind::Limit, "fewer descriptors allowed than the standard streams need");
  }
  return {};
}

Result<void> Context::open_sockets() {
  for (int socket : config_.sockets) {
    host::FileDescriptor fd(::fcntl(socket, F_DUPFD_CLOEXEC, kFirstOrdinary));
    if (!fd) return std::unexpected(io_error("cannot use socket " + std::to_string(socket), errno));
    struct stat status;
    if (::fstat(fd.get(), &status) < 0 || !S_ISSOCK(status.st_mode))
      return fail(ErrorKind::Usage, "descriptor " + std::to_string(socket) + " is not a socket");
    FileType type = file_type(status.st_mode, fd.get());
    auto descriptor = make_descriptor(std::move(fd), type);
    descriptor->readable = descriptor->writable = true;
    if (!table_.add_at_end(std::move(descriptor)))
      return fail(ErrorKind::Limit, "more sockets than descriptors allowed");
  }
  return {};
}

Checked<std::shared_ptr<Descriptor>> Context::directory(u32 fd, Use use) const {
  auto found = table_.find(fd);
  if (!found) return std::unexpected(Errno::BadF);
  if (!found->is_directory()) return std::unexpected(Errno::NotDir);
  if (use == Use::Change && found->read_only) return std::unexpected(Errno::Perm);
  return found;
}

Checked<std::shared_ptr<Descriptor>> Context::not_directory(u32 fd) const {
  auto found = table_.find(fd);
  if (!found || found->is_directory()) return std::unexpected(Errno::BadF);
  return found;
}

}  // namespace brink::wasi
