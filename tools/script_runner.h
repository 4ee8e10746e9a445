// Runs the test suite's scripts: every command counts as passed, failed or skipped.
//
// What an assertion accepts. assert_malformed and assert_invalid want a refusal of exactly that kind, wherever it comes
// from (text or binary): a module refused as unsupported has not been judged, and is a failure. assert_trap goes by the
// kind of trap that the expected message stands for. Wording is not compared; where it differs, a verbose run says so.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "engine/engine.h"

namespace brink::tools {

struct ScriptCounts {
  u64 passed = 0;
  u64 failed = 0;
  u64 skipped = 0;
  ScriptCounts& operator+=(const ScriptCounts& other) {
    passed += other.passed;
    failed += other.failed;
    skipped += other.skipped;
    return *this;
  }
  bool operator==(const ScriptCounts&) const = default;
  std::string to_string() const;  // "3 passed, 0 failed, 1 skipped"
};

struct ScriptOptions {
  FeatureSet features = FeatureSet::all();
  bool verbose = false;
  bool gc_stress = false;  // collect garbage before every allocation
  bool quicken = true;     // as Config::quicken
  u64 memory_bytes = ~u64{0};  // as StoreLimits has it
  // Every instance that can be frozen is replaced by one of its snapshot (engine/snapshot), before anything uses it.
  bool snapshot = false;
  std::shared_ptr<runtime::TierCompiler> compiler;  // as Config's, with the next two
  u32 tier_threshold = 0;
  bool compile_in_background = true;
  // Receives a line without a newline: failures and skipped commands as "FILE:LINE:COLUMN: …", and if verbose also
  // differing messages and what the guest prints.
  std::function<void(std::string_view line)> print = [](std::string_view) {};
};

// Runs one script in a store of its own. A script that cannot be parsed is one failure.
ScriptCounts run_script(const std::string& file, std::string_view source, const ScriptOptions& options);

}  // namespace brink::tools
