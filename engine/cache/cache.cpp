#include "engine/cache/cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "engine/base/byte_writer.h"
#include "engine/base/file_writer.h"
#include "engine/cache/build_id.h"
#include "engine/cache/cache_file.h"
#include "engine/quicken/quickener.h"
#include "engine/runtime/objects.h"
#include "engine/runtime/prepared_source.h"

namespace brink::cache {
namespace {

constexpr std::string_view kSuffix = ".brink-cache";
constexpr std::string_view kTemporarySuffix = ".new";

// Purposes of codes, apart from those of cache_file.cpp.
enum Purpose : u8 { kSection = 16, kIdentity };

enum SectionId : u8 { kCustom = 0, kCode = 10, kData = 11 };

std::span<const u8> body_of(const ModuleInfo& info, u32 own_function) {
  ByteRange body = info.functions[info.imported_functions + own_function].body;
  return info.bytes.subspan(body.offset, body.size);
}

// All that quick code depends on but the bodies.
Identity identify(const Authenticator& authenticator, const runtime::ModuleState& module) {
  ByteWriter record;
  record.put_vector({reinterpret_cast<const char*>(build_id().data()), build_id().size()});
  record.put_u64(module.info.features_allowed.bits());
  record.put_u32(module.quicken_options().bits());
  for (const Section& section : module.info.sections) {
    if (section.id == kCustom || section.id == kCode || section.id == kData) continue;
    record.put(section.id);
    record.put_bytes(
        authenticator.of(module.info.bytes.subspan(section.payload.offset, section.payload.size), kSection));
  }
  return authenticator.of(record.bytes(), kIdentity);
}

std::string hexadecimal(const Identity& identity) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (u8 byte : identity) text.append({kDigits[byte >> 4], kDigits[byte & 15]});
  return text;
}

// A module's functions from its file, and what is known of them when it is saved.
class Source final : public runtime::PreparedSource {
 public:
  Source(const runtime::ModuleState& module, const Authenticator& authenticator, std::string path)
      : module_(module), authenticator_(authenticator), identity_(identify(authenticator, module)) {
    path_ = std::move(path) + "/" + hexadecimal(identity_) + std::string(kSuffix);
    file_ = CacheFile::open(path_, identity_, function_count());
    is_from_file_.resize(file_ ? function_count() : 0);
  }

  std::optional<PreparedCode> find(u32 function) override {
    if (file_) {
      ByteRange body = module_.info.functions[module_.info.imported_functions + function].body;
      auto found =
          file_->find(authenticator_, identity_, function, body_of(module_.info, function), body.offset);
      if (found) {
        is_from_file_[function] = true;
        ++counts_.from_file;
        return found;
      }
    }
    ++counts_.prepared;
    return std::nullopt;
  }

  Cache::Counts counts() const { return counts_; }
  const std::string& path() const { return path_; }

  // A file of all that has been prepared, and of what the old file has besides; nothing if there is too little new.
  std::optional<std::vector<u8>> collect() const {
    CacheFileWriter writer(identity_, function_count());
    for (u32 i = 0; i < function_count(); ++i) {
      if (is_from_file(i) || module_.code[i].code.load(std::memory_order_acquire) == nullptr) continue;
      writer.add(authenticator_, i, body_of(module_.info, i),
                 module_.info.functions[module_.info.imported_functions + i].body.offset, *module_.code[i].prepared);
    }
    if (file_) {
      // A run that takes a slightly different way need not write everything anew.
      constexpr u64 kWorthwhile = 8;
      if (writer.entry_bytes() * kWorthwhile < file_->size()) return std::nullopt;
      for (u32 i = 0; i < function_count(); ++i) {
        bool is_new = !is_from_file(i) && module_.code[i].code.load(std::memory_order_acquire) != nullptr;
        if (is_new) continue;
        if (auto entry = file_->raw_entry(i); !entry.empty()) writer.add_raw(i, entry);
      }
    }
    return writer.finish();
  }

 private:
  u32 function_count() const {
    return static_cast<u32>(module_.info.functions.size() - module_.info.imported_functions);
  }
  bool is_from_file(u32 function) const { return file_ && is_from_file_[function]; }

  const runtime::ModuleState& module_;
  Authenticator authenticator_;  // its own: a module may outlive the cache
  Identity identity_;
  std::string path_;
  std::optional<CacheFile> file_;
  std::vector<bool> is_from_file_;
  Cache::Counts counts_;
};

bool make_folder(const std::string& folder) {
  struct stat status{};
  if (::stat(folder.c_str(), &status) == 0) return S_ISDIR(status.st_mode);
  std::string parent = std::filesystem::path(folder).parent_path().string();
  if (parent.empty() || parent == folder || !make_folder(parent)) return false;
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

std::shared_ptr<Cache> Cache::open(Options options) {
  if (options.folder.empty()) return nullptr;
  while (options.folder.size() > 1 && options.folder.ends_with('/')) options.folder.pop_back();
  if (options.secret_file.empty()) options.secret_file = options.folder + "/secret";
  return std::shared_ptr<Cache>(new Cache(std::move(options)));
}

const Authenticator* Cache::authenticator() {
  std::call_once(secret_once_, [&] {
    std::optional<Authenticator::Secret> secret = load_secret(options_.secret_file);
    if (!secret) {
      // Most likely the folder is not there yet.
      std::string folder = std::filesystem::path(options_.secret_file).parent_path().string();
      if (make_folder(folder)) secret = load_secret(options_.secret_file);
    }
    if (secret) authenticator_.emplace(*secret);
  });
  return authenticator_ ? &*authenticator_ : nullptr;
}

void Cache::attach(const Module& module) {
  runtime::ModuleState& state = *module.state();
  if (state.info.code_section.size < options_.min_code_bytes || !state.engine->config.quicken || build_id().empty())
    return;
  const Authenticator* authenticator = this->authenticator();
  if (authenticator == nullptr) return;
  std::lock_guard lock(state.prepare_mutex);
  if (state.source == nullptr) state.source = std::make_unique<Source>(state, *authenticator, options_.folder);
}

void Cache::save(const Module& module) {
  runtime::ModuleState& state = *module.state();
  std::optional<std::vector<u8>> bytes;
  std::string path;
  {
    std::lock_guard lock(state.prepare_mutex);
    auto* source = dynamic_cast<Source*>(state.source.get());
    if (source == nullptr || source->counts().prepared == 0) return;
    bytes = source->collect();
    path = source->path();
  }
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
