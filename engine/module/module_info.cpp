#include "engine/module/module_info.h"

#include "engine/base/reader.h"

namespace brink {
namespace {

enum class NameSubsection : u8 { Module = 0, Functions = 1, Locals = 2 };

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
        default: break;
      }
      if (!sub.ok()) break;
    }
    break;
  }
  return names;
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
