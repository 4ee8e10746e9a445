// A module's functions from a cache file, and what a new file is made of.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "engine/cache/body_places.h"
#include "engine/cache/cache.h"
#include "engine/cache/cache_file.h"
#include "engine/runtime/objects.h"
#include "engine/runtime/prepared_source.h"

namespace brink::cache {

// All that a module's quick and machine code depend on but the bodies, and the processor. Of `declarations` only what stands before
// the code section matters, so that it may be asked while the module is decoded.
Identity identify(const Authenticator& authenticator, const runtime::ModuleState& module, const ModuleInfo& declarations);
u32 own_function_count(const ModuleInfo& info);
CodedBody body_of(const ModuleInfo& info, u32 own_function);

class Source final : public runtime::PreparedSource {
 public:
  // Without a file nothing is found, but what has been prepared can be collected. `path`: where it is to be saved; empty: nowhere.
  Source(runtime::ModuleState& module, const ModuleInfo& declarations, const Authenticator& authenticator, const Identity& identity,
         std::optional<CacheFile> file, std::string path);
  // The bodies' places are in this file, or to be saved there.
  void use_places(const BodyPlaces& places, std::string path);

  std::optional<PreparedCode> find(u32 function) override;
  std::span<const u8> find_machine_code(u32 function) override;
  void refute_bodies() override;

  Cache::Counts counts() const { return counts_; }
  const std::string& path() const { return path_; }
  // A file of all that has been prepared and compiled, and of what the old file has besides; nothing if there is too little new.
  std::optional<std::vector<u8>> collect() const;

  // Empty where they are not known.
  std::span<const ByteRange> bodies() const { return bodies_; }
  const std::string& places_path() const { return places_path_; }
  // The file of the bodies' places; nothing if they came from there, or are not to be kept.
  std::optional<std::vector<u8>> collect_places() const;

 private:
  bool is_from_file(u32 function) const { return file_ && is_from_file_[function]; }

  runtime::ModuleState& module_;
  Authenticator authenticator_;  // its own: a module may outlive the cache
  Identity identity_;
  std::string path_;
  u32 function_count_ = 0;
  std::optional<CacheFile> file_;
  std::vector<bool> is_from_file_;
  std::optional<BodyPlaces> places_;
  std::string places_path_;
  std::vector<ByteRange> bodies_;
  std::optional<CodedBody> body_;  // of the function that find() was last asked for
  Cache::Counts counts_;
};

}  // namespace brink::cache
