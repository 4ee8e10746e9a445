// The preparation cache: quick code and machine code of functions that ran before, in files that later processes map and run.
//
//   auto cache = brink::cache::Cache::open({.folder = *brink::cache::default_folder()});
//   auto module = brink::Module::from_file(engine, "app.wasm", cache.get());   // functions in the cache are not prepared again
//   …
//   cache->save(module);     // what was prepared anew is there next time
//
// A cache is never needed and never in the way: where its folder or a file of it cannot be read, written or trusted,
// modules run as without. Nothing is locked; files appear whole, by renaming, and are not changed afterwards.
//
// What identifies a file is the build of the engine, the options that quick code depends on, and the module's
// declarations (all sections but code, data and custom ones). Its functions are told apart by their bodies. So looking a
// module up costs time for its declarations and for the functions that run, not for its size. That holds for finding the
// bodies, too, where it has been noted in a file of its own (body_places.h).
#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/cache/authenticator.h"
#include "engine/engine.h"
#include "engine/runtime/prepared_source.h"

namespace brink::cache {

struct Options {
  std::string folder;             // made where it is missing
  std::string secret_file;        // the user's secret (authenticator.h); in the folder unless given
  u64 max_bytes = u64{256} << 20;  // of all files together; those not used for the longest time go first
  // Smaller modules are not worth the system calls (docs/RATIONALE.md has the measurement).
  u32 min_code_bytes = 8 << 10;
  // Nor are the places of few bodies: their sizes are read sooner.
  u32 min_code_bytes_for_places = 128 << 10;
  // How long a module's file must be unchanged before its bodies' places are kept: longer than the steps of any file system's clock.
  u32 settled_after_seconds = 3;
};

// $XDG_CACHE_HOME/brink, else ~/.cache/brink; nothing where neither variable is set to an absolute path.
std::optional<std::string> default_folder();

// With the secret in this file (authenticator.h), whose folder is made too where there is none; nothing if it cannot be had.
std::optional<Authenticator> open_authenticator(const std::string& secret_file);

class Cache final : public runtime::SourceFinder {
 public:
  // Null without a folder. Cheap: nothing is opened before it is needed.
  static std::shared_ptr<Cache> open(Options options);

  // For modules that are not loaded by Module::from_file with this cache: before the first function runs.
  void attach(const Module& module);
  // Where an attached module's functions came from so far.
  struct Counts {
    u32 from_file = 0;
    u32 prepared = 0;
    u32 machine_code = 0;  // of them came with machine code
    bool are_places_from_file = false;  // of the bodies
    bool operator==(const Counts&) const = default;
  };
  static Counts counts(const Module& module);
  // Writes what has been prepared since, if that is worth a file; safe while the module runs.
  void save(const Module& module);

  Found find_source(runtime::ModuleState& module, const ModuleInfo& declarations, int file) override;

 private:
  explicit Cache(Options options) : options_(std::move(options)) {}
  // Null for modules that are left alone.
  const Authenticator* authenticator_for(const runtime::ModuleState& module, const ModuleInfo& declarations);
  const Authenticator* authenticator();
  std::string path_of(const Code& name) const;
  void write(const std::string& path, const std::optional<std::vector<u8>>& bytes);
  void make_room(u64 bytes);

  Options options_;
  std::once_flag secret_once_;
  std::optional<Authenticator> authenticator_;
};

}  // namespace brink::cache
