#include "engine/snapshot/snapshot.h"

#include <algorithm>

#include "engine/decode/decoder.h"
#include "engine/decode/limits.h"
#include "engine/runtime/objects.h"
#include "engine/snapshot/body_references.h"
#include "engine/snapshot/memory_runs.h"
#include "engine/snapshot/section_editor.h"
#include "engine/snapshot/segment_writer.h"
#include "engine/snapshot/value_writer.h"
#include "engine/validate/validator.h"

namespace brink::snapshot {
namespace {

// "global 3", or "global 3 (counter)" where the module exports it under a name.
std::string describe(const ModuleInfo& info, ExternKind kind, u32 index) {
  std::string text = std::string(extern_kind_name(kind)) + " " + std::to_string(index);
  for (const Export& exported : info.exports)
    if (exported.kind == kind && exported.index == index) return text + " (" + std::string(exported.name) + ")";
  return text;
}

std::unexpected<Error> refuse(std::string what) {
  return fail(ErrorKind::Unsupported, "cannot be frozen: " + std::move(what));
}

void put_limits(ByteWriter& out, const Limits& limits, u64 min, u8 more_flags) {
  constexpr u8 kHasMaximum = 1, kAddress64 = 4;
  out.put(static_cast<u8>((limits.has_max ? kHasMaximum : 0) |
                          (limits.address == AddressType::I64 ? kAddress64 : 0) | more_flags));
  out.put_u64(min);
  if (limits.has_max) out.put_u64(limits.max);
}

class Snapshot {
 public:
  Snapshot(const runtime::Instance& instance, const Options& options)
      : instance_(instance), info_(instance.module->info), options_(options), values_(instance), editor_(info_) {}

  Result<std::vector<u8>> take() {
    if (auto ok = check(info_); !ok) return std::unexpected(std::move(ok.error()));
    auto found = find_body_references(info_);
    if (!found) return std::unexpected(std::move(found.error()));
    references_ = std::move(*found);

    editor_.remove(SectionId::Start);
    if (auto ok = freeze_exports(); !ok) return std::unexpected(std::move(ok.error()));
    if (auto ok = freeze_globals(); !ok) return std::unexpected(std::move(ok.error()));
    if (auto ok = freeze_tables(); !ok) return std::unexpected(std::move(ok.error()));
    if (auto ok = freeze_memories(); !ok) return std::unexpected(std::move(ok.error()));
    return finish();
  }

 private:
  Result<void> freeze_exports() {
    std::vector<Export> exports = info_.exports;
    auto drop = [&](std::string_view name) {
      return std::erase_if(exports, [&](const Export& exported) { return exported.name == name; }) != 0;
    };
    for (const std::string& name : options_.dropped_exports) drop(name);
    for (const Rename& rename : options_.renames) {
      auto named = [&](std::string_view name) { return std::ranges::find(exports, name, &Export::name); };
      if (named(rename.from) == exports.end())
        return fail(ErrorKind::Usage, "nothing is exported as '" + rename.from + "', to be renamed");
      if (rename.from != rename.to) drop(rename.to);
      named(rename.from)->name = rename.to;
    }
    ByteWriter out;
    for (const Export& exported : exports) {
      out.put_vector(exported.name);
      out.put(static_cast<u8>(exported.kind));
      out.put_u32(exported.index);
    }
    editor_.replace_list(SectionId::Export, exports.size(), out);
    return {};
  }

  Result<void> freeze_globals() {
    ByteWriter out;
    for (u32 i = info_.imported_globals; i < info_.globals.size(); ++i) {
      const GlobalDecl& declared = info_.globals[i];
      const runtime::Global& global = *instance_.globals[i];
      ByteWriter value;
      if (auto put = values_.put_value(value, declared.type.value, global.bits); !put)
        return refuse(describe(info_, ExternKind::Global, i) + " holds " + put.error());
      values_.put_type(out, declared.type.value);
      out.put(declared.type.is_mutable);
      // What cannot change may depend on what is imported.
      if (declared.type.is_mutable) out.put_bytes(value.bytes());
      else out.put_bytes(bytes_of(declared.initial.bytes));
    }
    editor_.replace_list(SectionId::Global, info_.globals.size() - info_.imported_globals, out);
    return {};
  }

  Result<void> freeze_tables() {
    SegmentWriter segments(instance_, values_);
    // Those that the code uses, and what stands before them, keep their places.
    for (u32 i = 0; i < references_.element_segments; ++i)
      if (auto kept = segments.keep_elements(i); !kept)
        return refuse("element segment " + std::to_string(i) + " holds " + kept.error());
    constexpr u8 kElementNames = 8;
    editor_.forget_names(kElementNames);
    ByteWriter out;
    for (u32 i = 0; i < info_.tables.size(); ++i) {
      const TableDecl& declared = info_.tables[i];
      const runtime::Table& table = *instance_.tables[i];
      ByteWriter initial;
      if (auto put = segments.put_table(i, initial); !put)
        return refuse(describe(info_, ExternKind::Table, i) + " holds " + put.error());
      constexpr u8 kHasInitial = 0x40;
      if (declared.initial) {
        out.put(kHasInitial);
        out.put(0);
      }
      values_.put_type(out, declared.type.element);
      put_limits(out, declared.type.limits, table.size, 0);
      if (declared.initial) out.put_bytes(initial.bytes());
    }
    editor_.replace_list(SectionId::Table, info_.tables.size(), out);
    element_count_ = segments.element_count();
    elements_ = segments.take_elements();
    return {};
  }

  Result<void> freeze_memories() {
    ByteWriter out;
    std::vector<std::vector<MemoryRun>> runs;
    u64 total = 0;
    size_t count = 0;
    for (u32 i = 0; i < info_.memories.size(); ++i) {
      const MemoryType& type = info_.memories[i];
      const runtime::Memory& memory = *instance_.memories[i];
      constexpr u8 kHasPageSize = 8;
      put_limits(out, type.limits, memory.pages(), type.page_size_log2 != 16 ? kHasPageSize : 0);
      if (type.page_size_log2 != 16) out.put_u32(type.page_size_log2);
      // A segment costs about this much more than the zeros in a gap.
      constexpr u64 kGap = 16;
      runs.push_back(find_runs({memory.base, static_cast<size_t>(memory.size_bytes)}, kGap));
      count += runs.back().size();
      for (const MemoryRun& run : runs.back()) total += run.size;
      if (total > limits::kModuleBytes)
        return fail(ErrorKind::Limit, "cannot be frozen: the memories hold " + std::to_string(total) +
                                          " bytes and more, a module has at most " +
                                          std::to_string(limits::kModuleBytes));
    }
    editor_.replace_list(SectionId::Memory, info_.memories.size(), out);

    SegmentWriter segments(instance_, values_);
    for (u32 i = 0; i < references_.data_segments; ++i) segments.keep_data(i);
    constexpr u8 kDataNames = 9;
    editor_.forget_names(kDataNames);
    size_t room = limits::kDataSegments - segments.data_count();
    for (u32 i = 0; i < runs.size(); ++i) {
      if (count > room) join_runs(runs[i], std::max<size_t>(room / runs.size(), 1));
      for (const MemoryRun& run : runs[i]) segments.put_data(i, run);
    }
    u32 written = segments.data_count();
    editor_.replace_list(SectionId::Data, written, segments.take_data());
    if (info_.data_count) {
      ByteWriter number;
      number.put_u32(written);
      editor_.replace(SectionId::DataCount, number.take());
    }
    return {};
  }

  // Functions that bodies name by ref.func must occur outside of bodies, too (section 3.4.10, C.refs). Some occurred
  // only in what is gone now.
  Result<std::vector<u8>> finish() {
    editor_.replace_list(SectionId::Element, element_count_, elements_);
    std::vector<u8> bytes = editor_.finish();
    auto decoded = decode(bytes);
    if (!decoded) return std::unexpected(std::move(decoded.error()));
    ByteWriter indices;
    u32 missing = 0;
    for (u32 i = 0; i < references_.functions.size(); ++i) {
      if (!references_.functions[i] || decoded->declared_functions[i]) continue;
      indices.put_u32(i);
      ++missing;
    }
    if (missing != 0) {
      SegmentWriter::put_declaration(elements_, missing, indices);
      editor_.replace_list(SectionId::Element, element_count_ + 1, elements_);
      bytes = editor_.finish();
      decoded = decode(bytes);
      if (!decoded) return std::unexpected(std::move(decoded.error()));
    }
    for (u32 i = decoded->imported_functions; i < decoded->functions.size(); ++i)
      if (auto valid = validate_function(*decoded, i); !valid) return std::unexpected(wrong(valid.error()));
    return bytes;
  }

  Result<ModuleInfo> decode(std::span<const u8> bytes) {
    auto decoded = decode_module(bytes, *info_.registry, info_.features_allowed);
    if (!decoded) return std::unexpected(wrong(decoded.error()));
    return decoded;
  }

  // A limit of the module's format, e.g. too many segments; anything else would be a mistake of ours.
  static Error wrong(const Error& error) {
    return Error{error.kind, "cannot be frozen: the module it makes is refused: " + error.message};
  }

  std::span<const u8> bytes_of(ByteRange range) const { return info_.bytes.subspan(range.offset, range.size); }

  const runtime::Instance& instance_;
  const ModuleInfo& info_;
  const Options& options_;
  ValueWriter values_;
  SectionEditor editor_;
  BodyReferences references_;
  u32 element_count_ = 0;
  ByteWriter elements_;
};

}  // namespace

Result<void> check(const ModuleInfo& info) {
  for (const Import& import : info.imports) {
    std::string name = "\"" + std::string(import.module) + "\" \"" + std::string(import.name) + "\"";
    switch (import.kind) {
      case ExternKind::Memory:
        return refuse(std::string("the module imports ") +
                      (info.memories[import.index].limits.is_shared ? "a shared memory (threads), " : "a memory, ") +
                      name);
      case ExternKind::Table: return refuse("the module imports a table, " + name);
      case ExternKind::Global:
        if (info.globals[import.index].type.is_mutable) return refuse("the module imports a mutable global, " + name);
        break;
      case ExternKind::Func:
      case ExternKind::Tag: break;
    }
  }
  for (u32 i = 0; i < info.memories.size(); ++i)
    if (info.memories[i].limits.is_shared)
      return refuse(describe(info, ExternKind::Memory, i) + " is shared with threads");
  return {};
}

Result<std::vector<u8>> take(Instance instance, const Options& options) {
  auto bytes = Snapshot(*instance.impl(), options).take();
  if (!bytes && bytes.error().file.empty()) bytes.error().file = instance.impl()->module->name;
  return bytes;
}

}  // namespace brink::snapshot
