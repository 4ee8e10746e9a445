#include "engine/module/module_info.h"

#include "engine/base/reader.h"

namespace brink {
namespace {

enum class NameSubsection : u8 {
  Module = 0,
  Functions = 1,
  Locals = 2,
  Tables = 5,
  Memories = 6,
  Globals = 7,
  Tags = 11
};

void read_function_names(Reader& r, const ModuleInfo& module, Names& names) {
  u32 count = r.read_count("name count", 2);
  for (u32 i = 0; i < count; ++i) {
    u32 index = r.read_u32("function index");
    std::string_view name = r.read_name("function name");
    if (!r.ok()) return;
    if (index < module.functions.size()) names.functions.emplace_hint(names.functions.end(), index, name);
  }
}

void read_local_names(Reader& r, const ModuleInfo& module, Names& names) {
  u32 functions = r.read_count("function count", 2);
  for (u32 i = 0; i < functions; ++i) {
    u32 function = r.read_u32("function index");
    u32 count = r.read_count("name count", 2);
    for (u32 j = 0; j < count; ++j) {
      u32 local = r.read_u32("local index");
      std::string_view name = r.read_name("local name");
      if (!r.ok()) return;
      if (function < module.functions.size()) {
        names.locals.emplace_hint(names.locals.end(), u64{function} << 32 | local, name);
      }
    }
  }
}

void read_other_names(Reader& r, ExternKind kind, size_t entities, Names& names) {
  u32 count = r.read_count("name count", 2);
  for (u32 i = 0; i < count; ++i) {
    u32 index = r.read_u32("index");
    std::string_view name = r.read_name("name");
    if (!r.ok()) return;
    if (index < entities) names.others.emplace(std::pair(kind, index), name);
  }
}

}  // namespace

Names ModuleInfo::read_names() const {
  Names names;
  for (const Section& section : sections) {
    if (section.id != 0 || section.name != "name") continue;
    Reader r(bytes.subspan(section.payload.offset, section.payload.size), section.payload.offset);
    while (r.ok() && !r.at_end()) {
      u8 id = r.read_byte("subsection id");
      u32 size = r.read_u32("subsection size");
      u64 start = r.offset();
      Reader sub(r.read_bytes(size, "subsection"), start);
      if (!r.ok()) break;
      switch (static_cast<NameSubsection>(id)) {
        case NameSubsection::Module: {
          std::string_view name = sub.read_name("module name");
          if (sub.ok()) names.module = name;
          break;
        }
        case NameSubsection::Functions: read_function_names(sub, *this, names); break;
        case NameSubsection::Locals: read_local_names(sub, *this, names); break;
        case NameSubsection::Tables: read_other_names(sub, ExternKind::Table, tables.size(), names); break;
        case NameSubsection::Memories: read_other_names(sub, ExternKind::Memory, memories.size(), names); break;
        case NameSubsection::Globals: read_other_names(sub, ExternKind::Global, globals.size(), names); break;
        case NameSubsection::Tags: read_other_names(sub, ExternKind::Tag, tags.size(), names); break;
        default: break;
      }
      if (!sub.ok()) break;
    }
    break;
  }
  return names;
}

std::vector<BranchHint> ModuleInfo::read_branch_hints() const {
  std::vector<BranchHint> hints;
  for (const Section& section : sections) {
    if (section.id != 0 || section.name != "metadata.code.branch_hint") continue;
    Reader r(bytes.subspan(section.payload.offset, section.payload.size), section.payload.offset);
    for (u32 count = r.read_count("function count", 2); count > 0 && r.ok(); --count) {
      u32 function = r.read_u32("function index");
      for (u32 left = r.read_count("hint count", 3); left > 0 && r.ok(); --left) {
        u32 offset = r.read_u32("offset");
        u32 size = r.read_u32("hint size");
        u8 value = r.read_byte("hint");
        if (!r.ok() || size != 1 || value > 1) return hints;
        if (function < functions.size()) hints.push_back({function, offset, value == 1});
      }
    }
    break;
  }
  return hints;
}

std::string ModuleInfo::function_label(u32 function_index, const Names& names) const {
  if (auto found = names.functions.find(function_index); found != names.functions.end() && !found->second.empty()) {
    return std::string(found->second);
  }
  for (const Export& e : exports) {
    if (e.kind == ExternKind::Func && e.index == function_index && !e.name.empty()) return std::string(e.name);
  }
  return "wasm-function[" + std::to_string(function_index) + "]";
}

}  // namespace brink
