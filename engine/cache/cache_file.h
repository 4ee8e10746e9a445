// A cache file: what was prepared of one module's functions, as it is used, wherever the file is mapped.
//
//   Header
//   SectionEntry × kSections    where each kind of content is; kinds that a build does not know are not looked at
//   functions                   u32 × function count: where a function's entry is, in units of 16 bytes; 0: nowhere
//   quick code                  entries: EntryHeader, then the bytes it counts, padded to 16
//   machine functions           as functions; these two are missing where no function was compiled
//   machine code                entries: MachineHeader, then what TierCompiler::kept has made, padded to 16
//   body places            a code, then a ByteRange for each function: where its body is in the module; in compiled programs
//
// All numbers are little-endian, as the processors are that run quick code. Nothing in a file is believed before its
// code has been checked (authenticator.h): every entry has one over itself and all that it was made of, i.e. the
// build and the options, the module's declarations and the function's body. So a file need not be checked as a whole,
// and what is wrong with one function's entry costs that function its place in the cache and nothing else.
#pragma once
#include <sys/stat.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/cache/authenticator.h"
#include "engine/module/module_info.h"
#include "engine/validate/side_table.h"

namespace brink::cache {

// What a module's entries depend on besides the functions' bodies: build, options, declarations.
using Identity = Code;

// A function's body and, once it is asked for, its code, which every entry of the function is checked with.
class CodedBody {
 public:
  CodedBody(std::span<const u8> bytes, u32 offset) : bytes_(bytes), offset_(offset) {}
  u32 size() const { return static_cast<u32>(bytes_.size()); }
  u32 offset() const { return offset_; }  // in the module
  const Code& code(const Authenticator& authenticator) const;

 private:
  std::span<const u8> bytes_;
  u32 offset_;
  mutable std::optional<Code> code_;
};

// A regular file that only this user, or root, can write to: nobody else changes it while it is mapped.
bool is_ours_alone(const struct stat& status);
// So that the folder knows which files are in use. It is a hint, given at most once an hour: nothing depends on its success.
void note_use(int file, const struct stat& status);

// A file, mapped for reading. Whoever has functions of it keeps it.
class CacheFile {
 public:
  // Nothing where there is no file, or none that has the form of a cache file for this identity and count, or one that
  // another user could change while it is mapped. The age is noted in the file's time of change, at most once an hour.
  static std::optional<CacheFile> open(const std::string& path, const Identity& identity, u32 function_count);
  // The same of bytes that `owner` keeps, and that nobody changes.
  static std::optional<CacheFile> view(std::span<const u8> bytes, std::shared_ptr<const void> owner,
                                       const Identity& identity, u32 function_count);

  // A function's code, which stays in the file, and its tables. Nothing unless the entry is authentic and belongs to
  // this body. `function` counts the module's own.
  std::optional<PreparedCode> find(const Authenticator& authenticator, const Identity& identity, u32 function,
                                   const CodedBody& body) const;
  // A function's machine code, as it was kept, under the same conditions; padding may follow.
  std::span<const u8> find_machine_code(const Authenticator& authenticator, const Identity& identity, u32 function,
                                        const CodedBody& body) const;
  // Where the bodies were in the module that the file was made of; empty if the file does not say, or not authentically.
  std::span<const ByteRange> bodies(const Authenticator& authenticator, const Identity& identity) const;
  // Entries as they stand, if their form is right; not authenticated.
  std::span<const u8> raw_entry(u32 function) const;
  std::span<const u8> raw_machine_entry(u32 function) const;
  u64 size() const { return bytes_.size(); }

 private:
  CacheFile(std::span<const u8> bytes, std::shared_ptr<const void> owner) : bytes_(bytes), owner_(std::move(owner)) {}
  std::span<const u8> bytes_;
  std::shared_ptr<const void> owner_;
  std::span<const u8> functions_;
  std::span<const u8> quick_;
  std::span<const u8> machine_functions_;  // both empty where there is none
  std::span<const u8> machine_;
  std::span<const u8> places_;  // empty, or as large as the count of functions asks
};

// Collects entries and makes a file's bytes of them.
class CacheFileWriter {
 public:
  CacheFileWriter(const Identity& identity, u32 function_count)
      : identity_(identity), quick_{std::vector<u32>(function_count), {}}, machine_{std::vector<u32>(function_count), {}} {}

  void add(const Authenticator& authenticator, u32 function, const CodedBody& body, const PreparedCode& prepared);
  void add_machine_code(const Authenticator& authenticator, u32 function, const CodedBody& body, std::span<const u8> kept);
  // Entries taken over from another file of the same identity.
  void add_raw(u32 function, std::span<const u8> entry) { quick_.add(function, entry); }
  void add_raw_machine(u32 function, std::span<const u8> entry) { machine_.add(function, entry); }
  void add_bodies(const Authenticator& authenticator, std::span<const ByteRange> bodies);
  u64 entry_bytes() const { return quick_.entries.size() + machine_.entries.size(); }
  // Nothing where it would be larger than a file may be.
  std::optional<std::vector<u8>> finish() const;

 private:
  struct Section {
    std::vector<u32> places;
    std::vector<u8> entries;
    void add(u32 function, std::span<const u8> entry);
  };
  Identity identity_;
  Section quick_;
  Section machine_;
  std::vector<u8> places_;
};

}  // namespace brink::cache
