#include "engine/cache/authenticator.h"

#include <fcntl.h>
#include <sodium/crypto_shorthash_siphash24.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace brink::cache {
namespace {

static_assert(crypto_shorthash_siphashx24_BYTES == sizeof(Code));
constexpr size_t kKeyBytes = crypto_shorthash_siphashx24_KEYBYTES;
static_assert(2 * kKeyBytes == Authenticator::kSecretBytes);

bool fill(u8* bytes, size_t size) {
  while (size != 0) {
    ssize_t count = ::getrandom(bytes, size, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes += count;
    size -= static_cast<size_t>(count);
  }
  return true;
}

enum class Found { Nothing, Secret, Unusable };

Found read_secret(const std::string& path, Authenticator::Secret& secret) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0) return errno == ENOENT ? Found::Nothing : Found::Unusable;
  struct stat status{};
  bool is_good = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == ::geteuid() &&
                 (status.st_mode & 077) == 0 && status.st_size == static_cast<off_t>(secret.size()) &&
                 ::read(file, secret.data(), secret.size()) == static_cast<ssize_t>(secret.size());
  ::close(file);
  return is_good ? Found::Secret : Found::Unusable;
}

// Under a name of its own first, then linked: of several processes that do so one wins, and the file is never seen
// half written.
void make_secret(const std::string& path) {
  Authenticator::Secret secret;
  u8 number[8];
  if (!fill(secret.data(), secret.size()) || !fill(number, sizeof number)) return;
  std::string temporary = path + ".";
  for (u8 byte : number) temporary += std::to_string(byte) + "-";
  int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return;
  bool is_good = ::write(file, secret.data(), secret.size()) == static_cast<ssize_t>(secret.size());
  if (::close(file) != 0) is_good = false;
  if (is_good) (void)!::link(temporary.c_str(), path.c_str());
  ::unlink(temporary.c_str());
}

}  // namespace

// The second half of the secret keys what the first has made of the bytes, with the purpose before it: no purpose's
// codes say anything about another's.
Code Authenticator::of(std::span<const u8> bytes, u8 purpose) const {
  struct {
    Code inner;
    u8 purpose;
  } outer{};
  crypto_shorthash_siphashx24(outer.inner.data(), bytes.data(), bytes.size(), secret_.data());
  outer.purpose = purpose;
  Code code;
  crypto_shorthash_siphashx24(code.data(), reinterpret_cast<const u8*>(&outer), sizeof outer,
                              secret_.data() + kKeyBytes);
  return code;
}

std::optional<Authenticator::Secret> load_secret(const std::string& path) {
  Authenticator::Secret secret;
  Found found = read_secret(path, secret);
  if (found == Found::Nothing) {
    make_secret(path);
    found = read_secret(path, secret);
  }
  if (found != Found::Secret) return std::nullopt;
  return secret;
}

}  // namespace brink::cache
