#include "engine/cache/source.h"

#include <unistd.h>

#include "engine/base/byte_writer.h"
#include "engine/cache/build_id.h"
#include "engine/quicken/quickener.h"
#include "engine/runtime/tier.h"

namespace brink::cache {
namespace {

// Purposes of codes, apart from those of cache_file.cpp.
enum Purpose : u8 { kSection = 16, kIdentity };

enum SectionId : u8 { kCustom = 0, kCode = 10, kData = 11 };

}  // namespace

u32 own_function_count(const ModuleInfo& info) {
  return static_cast<u32>(info.functions.size() - info.imported_functions);
}

CodedBody body_of(const ModuleInfo& info, u32 own_function) {
  ByteRange body = info.functions[info.imported_functions + own_function].body;
  return {info.bytes.subspan(body.offset, body.size), body.offset};
}

Identity identify(const Authenticator& authenticator, const runtime::ModuleState& module, const ModuleInfo& declarations) {
  ByteWriter record;
  record.put_vector({reinterpret_cast<const char*>(build_id().data()), build_id().size()});
  record.put_u64(declarations.features_allowed.bits());
  record.put_u32(module.quicken_options().bits());
  for (const Section& section : declarations.sections) {
    if (section.id == kCustom || section.id == kCode || section.id == kData) continue;
    record.put(section.id);
    record.put_bytes(
        authenticator.of(declarations.bytes.subspan(section.payload.offset, section.payload.size), kSection));
  }
  return authenticator.of(record.bytes(), kIdentity);
}

Source::Source(runtime::ModuleState& module, const ModuleInfo& declarations, const Authenticator& authenticator,
               const Identity& identity, std::optional<CacheFile> file, std::string path)
    : module_(module), authenticator_(authenticator), identity_(identity), path_(std::move(path)), file_(std::move(file)) {
  function_count_ = own_function_count(declarations);
  is_from_file_.resize(file_ ? function_count_ : 0);
}

void Source::use_places(const BodyPlaces& places, std::string path) {
  places_ = places;
  places_path_ = std::move(path);
  bodies_ = places.read(places_path_, function_count_);
  counts_.are_places_from_file = !bodies_.empty();
}

// So that the next process finds them anew.
void Source::refute_bodies() {
  if (counts_.are_places_from_file) ::unlink(places_path_.c_str());
}

std::optional<std::vector<u8>> Source::collect_places() const {
  if (!places_ || counts_.are_places_from_file) return std::nullopt;
  std::vector<ByteRange> bodies;
  bodies.reserve(function_count_);
  for (u32 i = 0; i < function_count_; ++i) bodies.push_back(module_.info.functions[module_.info.imported_functions + i].body);
  return places_->file_of(bodies);
}

std::optional<PreparedCode> Source::find(u32 function) {
  if (file_) {
    body_ = body_of(module_.info, function);
    auto found = file_->find(authenticator_, identity_, function, *body_);
    if (found) {
      is_from_file_[function] = true;
      ++counts_.from_file;
      return found;
    }
  }
  ++counts_.prepared;
  return std::nullopt;
}

std::span<const u8> Source::find_machine_code(u32 function) {
  if (!file_) return {};
  auto found = file_->find_machine_code(authenticator_, identity_, function, *body_);
  if (!found.empty()) ++counts_.machine_code;
  return found;
}

std::optional<std::vector<u8>> Source::collect() const {
  runtime::TierCompiler* compiler = module_.engine->config.compiler.get();
  std::vector<runtime::KeptCode> compiled;
  if (compiler != nullptr) compiled = compiler->kept(module_);
  if (counts_.prepared == 0 && compiled.empty()) return std::nullopt;

  const u32 count = function_count_;
  CacheFileWriter writer(identity_, count);
  auto is_new = [&](u32 i) {
    return !is_from_file(i) && module_.code[i].code.load(std::memory_order_acquire) != nullptr;
  };
  for (u32 i = 0; i < count; ++i)
    if (is_new(i))
      writer.add(authenticator_, i, body_of(module_.info, i), *module_.code[i].prepared);
  for (const runtime::KeptCode& code : compiled)
    writer.add_machine_code(authenticator_, code.own_function, body_of(module_.info, code.own_function), code.bytes);
  if (file_) {
    // A run that takes a slightly different way need not write everything anew.
    constexpr u64 kWorthwhile = 8;
    if (writer.entry_bytes() * kWorthwhile < file_->size()) return std::nullopt;
    auto next = compiled.begin();
    for (u32 i = 0; i < count; ++i) {
      if (!is_new(i))
        if (auto entry = file_->raw_entry(i); !entry.empty()) writer.add_raw(i, entry);
      if (next != compiled.end() && next->own_function == i) ++next;
      else if (auto entry = file_->raw_machine_entry(i); !entry.empty()) writer.add_raw_machine(i, entry);
    }
  }
  return writer.finish();
}

}  // namespace brink::cache
