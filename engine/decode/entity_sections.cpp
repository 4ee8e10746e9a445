// Imports, the definitions of functions, tables, memories, tags and globals, exports and the start function
// (sections 5.5.5 to 5.5.11) with their validity (section 3.4).
#include "engine/decode/limits.h"
#include "engine/decode/module_decoder.h"

namespace brink {
namespace {

constexpr u8 kHasMaximum = 0x01;
constexpr u8 kShared = 0x02;
constexpr u8 kAddress64 = 0x04;
constexpr u8 kHasPageSize = 0x08;

// Index-space limits, by ExternKind.
constexpr u32 kEntityLimits[] = {limits::kFunctions, limits::kTables, limits::kMemories, limits::kGlobals,
                                 limits::kTags};

u64 memory_page_range(const MemoryType& type) {
  bool is_64 = type.limits.address == AddressType::I64;
  if (type.page_size_log2 == 0) return is_64 ? ~u64{0} : 0xFFFF'FFFF;
  return u64{1} << ((is_64 ? 64 : 32) - type.page_size_log2);
}

}  // namespace

TypeId ModuleDecoder::read_function_type() {
  u64 at = r_.offset();
  u32 index = r_.read_u32("type index");
  if (!r_.ok()) return kNoType;
  if (index >= m_.type_ids.size()) {
    invalid(at, "unknown type " + std::to_string(index));
    return kNoType;
  }
  if (m_.type_at(index).type.kind != CompositeKind::Func) {
    invalid(at, "non-function type " + std::to_string(index));
    return kNoType;
  }
  return m_.type_ids[index];
}

Limits ModuleDecoder::read_limits(bool is_memory, bool& has_page_size) {
  Limits limits;
  u64 at = r_.offset();
  u8 flags = r_.read_byte("limits flags");
  if (!r_.ok()) return limits;
  u8 known = kHasMaximum | kAddress64 | (is_memory ? kShared | kHasPageSize : 0);
  std::string message = "malformed limits flags " + hex_byte(flags);
  if (flags & ~known) {
    malformed(at, message);
    return limits;
  }
  // To WebAssembly 3.0 these flags are malformed; the message still names the proposal that would give them a meaning.
  auto refused = [&](Feature feature, const char* what) {
    if (features_.has(feature)) return false;
    malformed(at, message + ": " + what + " (" + feature_name(feature) + " proposal) is not enabled");
    return true;
  };
  if (flags & kShared && refused(Feature::Threads, "shared memory")) return limits;
  if (flags & kHasPageSize && refused(Feature::CustomPageSizes, "custom page size")) return limits;
  if (flags & kAddress64 && !require(Feature::Memory64, at, message + ": 64-bit addresses")) return limits;
  limits.address = flags & kAddress64 ? AddressType::I64 : AddressType::I32;
  limits.is_shared = flags & kShared;
  limits.has_max = flags & kHasMaximum;
  has_page_size = flags & kHasPageSize;
  limits.min = r_.read_u64("limits minimum");
  if (limits.has_max) limits.max = r_.read_u64("limits maximum");
  return limits;
}

void ModuleDecoder::check_limits(const Limits& limits, u64 range, const std::string& message, u64 at) {
  if (!r_.ok()) return;
  if (limits.min > range) return invalid(at, message + ", minimum is " + std::to_string(limits.min));
  if (!limits.has_max) return;
  if (limits.max > range) return invalid(at, message + ", maximum is " + std::to_string(limits.max));
  if (limits.min > limits.max) {
    invalid(at, "size minimum must not be greater than maximum: minimum is " + std::to_string(limits.min) +
                    ", maximum is " + std::to_string(limits.max));
  }
}

TableType ModuleDecoder::read_table_type() {
  TableType type;
  type.element = read_reference_type();
  u64 at = r_.offset();
  bool has_page_size = false;
  type.limits = read_limits(false, has_page_size);
  u64 range = type.limits.address == AddressType::I64 ? ~u64{0} : 0xFFFF'FFFF;
  check_limits(type.limits, range, "table size must be at most " + std::to_string(range) + " elements", at);
  return type;
}

MemoryType ModuleDecoder::read_memory_type() {
  MemoryType type;
  u64 at = r_.offset();
  bool has_page_size = false;
  type.limits = read_limits(true, has_page_size);
  if (has_page_size) {
    u64 size_at = r_.offset();
    type.page_size_log2 = r_.read_u32("page size");
    std::string message =
        "invalid custom page size: 2^" + std::to_string(type.page_size_log2) + " bytes, only 2^0 and 2^16 exist";
    if (type.page_size_log2 >= 64) {
      malformed(size_at, message);
    } else if (type.page_size_log2 != 0 && type.page_size_log2 != 16) {
      invalid(size_at, message);
    }
    if (!r_.ok()) return type;
  }
  u64 range = memory_page_range(type);
  check_limits(type.limits, range, "memory size must be at most " + std::to_string(range) + " pages", at);
  if (type.limits.is_shared && !type.limits.has_max) invalid(at, "shared memory must have maximum");
  return type;
}

GlobalType ModuleDecoder::read_global_type() {
  GlobalType type;
  type.value = read_value_type();
  u64 at = r_.offset();
  u8 mutability = r_.read_byte("mutability");
  if (mutability > 1) malformed(at, "malformed mutability " + hex_byte(mutability));
  type.is_mutable = mutability != 0;
  return type;
}

TagType ModuleDecoder::read_tag_type() {
  TagType tag;
  u64 at = r_.offset();
  u8 attribute = r_.read_byte("tag attribute");
  if (attribute != 0) malformed(at, "malformed tag attribute " + hex_byte(attribute) + ", expected 0");
  at = r_.offset();
  tag.type = read_function_type();
  if (r_.ok() && !registry_.get(tag.type).type.results.empty()) invalid(at, "non-empty tag result type");
  return tag;
}

void ModuleDecoder::decode_import_section() {
  u32 count = read_limited_count("import count", 3, limits::kImports);
  m_.imports.reserve(count);
  for (u32 i = 0; i < count && r_.ok(); ++i) {
    Import import;
    import.module = r_.read_name("import module name");
    import.name = r_.read_name("import name");
    u64 at = r_.offset();
    u8 kind = r_.read_byte("import kind");
    if (!r_.ok()) return;
    if (kind > static_cast<u8>(ExternKind::Tag)) {
      if (kind == 0x20) {
        return r_.fail_at(
            at, ErrorKind::Unsupported,
            "malformed import kind 0x20: it needs the custom-descriptors proposal, which is not supported");
      }
      return malformed(at, "malformed import kind " + hex_byte(kind));
    }
    import.kind = static_cast<ExternKind>(kind);
    size_t before = 0;
    switch (import.kind) {
      case ExternKind::Func:
        before = m_.functions.size();
        m_.functions.push_back({read_function_type(), {}});
        ++m_.imported_functions;
        break;
      case ExternKind::Table:
        before = m_.tables.size();
        if (before != 0 && !require(Feature::ReferenceTypes, at, "several tables")) return;
        m_.tables.push_back({read_table_type(), std::nullopt});
        ++m_.imported_tables;
        break;
      case ExternKind::Memory:
        before = m_.memories.size();
        if (before != 0 && !require(Feature::MultiMemory, at, "several memories")) return;
        m_.memories.push_back(read_memory_type());
        ++m_.imported_memories;
        break;
      case ExternKind::Global:
        before = m_.globals.size();
        m_.globals.push_back({read_global_type(), {}});
        ++m_.imported_globals;
        break;
      case ExternKind::Tag:
        if (!require_tags(at, "tag import")) return;
        before = m_.tags.size();
        m_.tags.push_back(read_tag_type());
        ++m_.imported_tags;
        break;
    }
    import.index = static_cast<u32>(before);
    u32 limit = kEntityLimits[kind];
    if (r_.ok() && before >= limit) {
      return r_.fail_at(
          at, ErrorKind::Limit,
          std::string("more than ") + std::to_string(limit) + " imports of kind " + extern_kind_name(import.kind));
    }
    m_.imports.push_back(import);
  }
}

void ModuleDecoder::decode_function_section() {
  u32 count = read_limited_count("function count", 1, limits::kFunctions, m_.functions.size());
  m_.functions.reserve(m_.functions.size() + count);
  for (u32 i = 0; i < count && r_.ok(); ++i) m_.functions.push_back({read_function_type(), {}});
}

void ModuleDecoder::decode_table_section() {
  u64 start = r_.offset();
  u32 count = read_limited_count("table count", 2, limits::kTables, m_.tables.size());
  if (m_.tables.size() + count > 1 && !require(Feature::ReferenceTypes, start, "several tables")) return;
  for (u32 i = 0; i < count && r_.ok(); ++i) {
    TableDecl table;
    u64 at = r_.offset();
    bool has_initial = r_.peek() == 0x40;
    if (has_initial) {
      r_.read_byte("table");
      if (!require(Feature::FunctionReferences, at, "table with initialiser")) return;
      u64 zero_at = r_.offset();
      u8 zero = r_.read_byte("zero byte");
      if (zero != 0) return malformed(zero_at, "malformed table: zero byte expected, found " + hex_byte(zero));
    }
    table.type = read_table_type();
    if (has_initial) {
      table.initial = read_constant_expression(table.type.element);
    } else if (r_.ok() && !table.type.element.is_defaultable()) {
      invalid(at, "type mismatch: table of " + to_string(table.type.element) +
                      " needs an initialiser, the type has no default value");
    }
    m_.tables.push_back(table);
  }
}

void ModuleDecoder::decode_memory_section() {
  u64 start = r_.offset();
  u32 count = read_limited_count("memory count", 1, limits::kMemories, m_.memories.size());
  if (m_.memories.size() + count > 1 && !require(Feature::MultiMemory, start, "several memories")) return;
  for (u32 i = 0; i < count && r_.ok(); ++i) m_.memories.push_back(read_memory_type());
}

// Both forms of exception handling have tags.
bool ModuleDecoder::require_tags(u64 at, const char* what) {
  return features_.has(Feature::LegacyExceptions) || require(Feature::Exceptions, at, what);
}

void ModuleDecoder::decode_tag_section() {
  if (!require_tags(r_.offset(), "tag section")) return;
  u32 count = read_limited_count("tag count", 2, limits::kTags, m_.tags.size());
  m_.tags.reserve(m_.tags.size() + count);
  for (u32 i = 0; i < count && r_.ok(); ++i) m_.tags.push_back(read_tag_type());
}

void ModuleDecoder::decode_global_section() {
  u32 count = read_limited_count("global count", 3, limits::kGlobals, m_.globals.size());
  m_.globals.reserve(m_.globals.size() + count);
  for (u32 i = 0; i < count && r_.ok(); ++i) {
    GlobalDecl global;
    global.type = read_global_type();
    if (r_.ok()) global.initial = read_constant_expression(global.type.value);
    m_.globals.push_back(global);
  }
}

bool ModuleDecoder::check_index(ExternKind kind, u32 index, u64 at) {
  size_t size = 0;
  const char* name = "";
  switch (kind) {
    case ExternKind::Func: size = m_.functions.size(), name = "function"; break;
    case ExternKind::Table: size = m_.tables.size(), name = "table"; break;
    case ExternKind::Memory: size = m_.memories.size(), name = "memory"; break;
    case ExternKind::Global: size = m_.globals.size(), name = "global"; break;
    case ExternKind::Tag: size = m_.tags.size(), name = "tag"; break;
  }
  if (!r_.ok()) return false;
  if (index < size) return true;
  invalid(at, std::string("unknown ") + name + " " + std::to_string(index));
  return false;
}

void ModuleDecoder::decode_export_section() {
  m_.declared_functions.resize(m_.functions.size());
  u32 count = read_limited_count("export count", 3, limits::kExports);
  m_.exports.reserve(count);
  for (u32 i = 0; i < count && r_.ok(); ++i) {
    Export entry;
    u64 at = r_.offset();
    entry.name = r_.read_name("export name");
    u64 kind_at = r_.offset();
    u8 kind = r_.read_byte("export kind");
    if (kind > static_cast<u8>(ExternKind::Tag)) return malformed(kind_at, "malformed export kind " + hex_byte(kind));
    entry.kind = static_cast<ExternKind>(kind);
    u64 index_at = r_.offset();
    entry.index = r_.read_u32("export index");
    if (!check_index(entry.kind, entry.index, index_at)) return;
    if (!m_.export_index.emplace(entry.name, i).second) {
      return invalid(at, "duplicate export name \"" + std::string(entry.name) + "\"");
    }
    if (entry.kind == ExternKind::Func) declare_function(entry.index);
    m_.exports.push_back(entry);
  }
}

void ModuleDecoder::decode_start_section() {
  u64 at = r_.offset();
  u32 index = r_.read_u32("start function");
  if (!check_index(ExternKind::Func, index, at)) return;
  const SubType& type = m_.function_type(index).type;
  if (!type.params.empty() || !type.results.empty()) {
    return invalid(
        at, "start function must have type (func), function " + std::to_string(index) + " has type " + type.describe());
  }
  m_.start = index;
}

}  // namespace brink
