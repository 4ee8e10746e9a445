#include "engine/cache/cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "engine/base/file_writer.h"
#include "engine/cache/source.h"
#include "engine/runtime/objects.h"

namespace brink::cache {
namespace {

constexpr std::string_view kSuffix = ".brink-cache";
constexpr int kNoFile = -1;  // the module's bytes came from elsewhere
constexpr std::string_view kTemporarySuffix = ".new";

std::string hexadecimal(const Code& name) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (u8 byte : name) text.append({kDigits[byte >> 4], kDigits[byte & 15]});
  return text;
}

bool make_folder(const std::string& folder) {
  struct stat status{};
  if (::stat(folder.c_str(), &status) == 0) return S_ISDIR(status.st_mode);
  std::string parent = std::filesystem::path(folder).parent_path().string();
  if (parent == folder || (!parent.empty() && !make_folder(parent))) return false;
  return ::mkdir(folder.c_str(), 0700) == 0 || (::stat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode));
}

}  // namespace

std::optional<std::string> default_folder() {
  if (const char* folder = std::getenv("XDG_CACHE_HOME"); folder != nullptr && folder[0] == '/')
    return std::string(folder) + "/brink";
  if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/')
    return std::string(home) + "/.cache/brink";
  return std::nullopt;
}

std::optional<Authenticator> open_authenticator(const std::string& secret_file) {
  std::optional<Authenticator::Secret> secret = load_secret(secret_file);
  if (!secret) {
    // Most likely the folder is not there yet.
    std::string folder = std::filesystem::path(secret_file).parent_path().string();
    if (!folder.empty() && make_folder(folder)) secret = load_secret(secret_file);
  }
  if (!secret) return std::nullopt;
  return Authenticator(*secret);
}

std::shared_ptr<Cache> Cache::open(Options options) {
  if (options.folder.empty()) return nullptr;
  while (options.folder.size() > 1 && options.folder.ends_with('/')) options.folder.pop_back();
  if (options.secret_file.empty()) options.secret_file = options.folder + "/secret";
  return std::shared_ptr<Cache>(new Cache(std::move(options)));
}

const Authenticator* Cache::authenticator() {
  std::call_once(secret_once_, [&] { authenticator_ = open_authenticator(options_.secret_file); });
  return authenticator_ ? &*authenticator_ : nullptr;
}

const Authenticator* Cache::authenticator_for(const runtime::ModuleState& module, const ModuleInfo& declarations) {
  if (declarations.code_section.size < options_.min_code_bytes || !module.engine->config.quicken) return nullptr;
  return authenticator();
}

std::string Cache::path_of(const Code& name) const {
  return options_.folder + "/" + hexadecimal(name) + std::string(kSuffix);
}

void Cache::attach(const Module& module) {
  runtime::ModuleState& state = *module.state();
  std::lock_guard lock(state.prepare_mutex);
  if (state.source == nullptr) state.source = find_source(state, state.info, kNoFile).source;
}

Cache::Found Cache::find_source(runtime::ModuleState& module, const ModuleInfo& declarations, int module_file) {
  const Authenticator* authenticator = authenticator_for(module, declarations);
  if (authenticator == nullptr) return {};
  Identity identity = identify(*authenticator, module, declarations);
  std::string path = path_of(identity);
  auto file = CacheFile::open(path, identity, own_function_count(declarations));
  auto source = std::make_unique<Source>(module, declarations, *authenticator, identity, std::move(file), std::move(path));
  bool has_places = module_file != kNoFile && declarations.code_section.size >= options_.min_code_bytes_for_places;
  if (auto stamp = has_places ? stamp_of(module_file, options_.settled_after_seconds) : std::nullopt) {
    BodyPlaces places(*authenticator, identity, *stamp);
    source->use_places(places, path_of(places.name()));
  }
  std::span<const ByteRange> bodies = source->bodies();
  return {std::move(source), bodies};
}

void Cache::save(const Module& module) {
  runtime::ModuleState& state = *module.state();
  std::optional<std::vector<u8>> bytes, places;
  std::string path, places_path;
  {
    std::lock_guard lock(state.prepare_mutex);
    auto* source = dynamic_cast<Source*>(state.source.get());
    if (source == nullptr || source->path().empty()) return;
    bytes = source->collect();
    path = source->path();
    places = source->collect_places();
    places_path = source->places_path();
  }
  write(path, bytes);
  write(places_path, places);
}

void Cache::write(const std::string& path, const std::optional<std::vector<u8>>& bytes) {
  if (!bytes || bytes->size() > options_.max_bytes || !make_folder(options_.folder)) return;
  make_room(bytes->size());
  (void)write_file(path, *bytes, 0600, Durability::Lazy);
}

Cache::Counts Cache::counts(const Module& module) {
  std::lock_guard lock(module.state()->prepare_mutex);
  auto* source = dynamic_cast<Source*>(module.state()->source.get());
  return source == nullptr ? Counts{} : source->counts();
}

// Removes the files that have not been used for the longest time, and what writers that were killed have left.
void Cache::make_room(u64 bytes) {
  struct Entry {
    std::string name;
    u64 size;
    time_t used;
  };
  std::vector<Entry> entries;
  u64 total = bytes;
  DIR* folder = ::opendir(options_.folder.c_str());
  if (folder == nullptr) return;
  constexpr time_t kAbandoned = 3600;
  time_t now = ::time(nullptr);
  while (const dirent* entry = ::readdir(folder)) {
    std::string_view name = entry->d_name;
    struct stat status{};
    bool is_temporary = name.find(kSuffix) != name.npos && name.ends_with(kTemporarySuffix);
    if (!is_temporary && !name.ends_with(kSuffix)) continue;
    if (::fstatat(::dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode))
      continue;
    if (is_temporary) {
      if (now - status.st_mtime > kAbandoned) ::unlinkat(::dirfd(folder), entry->d_name, 0);
      continue;
    }
    total += static_cast<u64>(status.st_size);
    entries.push_back({entry->d_name, static_cast<u64>(status.st_size), status.st_mtime});
  }
  std::ranges::sort(entries, {}, &Entry::used);
  for (const Entry& entry : entries) {
    if (total <= options_.max_bytes) break;
    if (::unlinkat(::dirfd(folder), entry.name.c_str(), 0) == 0) total -= entry.size;
  }
  ::closedir(folder);
}

}  // namespace brink::cache
