// A decoded module: everything but the function bodies, which stay bytes until a function is first called.
//
// Names, segments and bodies are views into `bytes`; whoever holds a ModuleInfo keeps the bytes alive and in place.
#pragma once
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/module/features.h"
#include "engine/module/type_registry.h"
#include "engine/module/types.h"

namespace brink {

// A range of the module's bytes, by offset from its first byte.
struct ByteRange {
  u32 offset = 0;
  u32 size = 0;
  u32 end() const { return offset + size; }
};

// An expression with its closing `end`, e.g. a global's initialiser. Already validated when the module is decoded.
struct ConstantExpression {
  ByteRange bytes;
};

struct Import {
  std::string_view module;
  std::string_view name;
  ExternKind kind = ExternKind::Func;
  u32 index = 0;  // in the index space of its kind
};

struct Export {
  std::string_view name;
  ExternKind kind = ExternKind::Func;
  u32 index = 0;
};

struct FunctionDecl {
  TypeId type = kNoType;
  ByteRange body;  // local declarations and code, without the size in front; empty for imports
};

struct TableDecl {
  TableType type;
  std::optional<ConstantExpression> initial;  // the value of every element; null where absent
};

struct GlobalDecl {
  GlobalType type;
  ConstantExpression initial;  // empty range for imports
};

enum class SegmentMode : u8 { Active, Passive, Declarative };

struct ElementSegment {
  SegmentMode mode = SegmentMode::Passive;
  ValueType type = kFuncRef;
  u32 table = 0;                // Active
  ConstantExpression offset;    // Active
  bool is_expressions = false;  // else function indices
  u32 count = 0;
  ByteRange items;  // `count` LEB128 function indices, or `count` expressions each with its `end`
};

struct DataSegment {
  SegmentMode mode = SegmentMode::Passive;
  u32 memory = 0;
  ConstantExpression offset;
  ByteRange bytes;
};

struct Section {
  u8 id = 0;              // 0 = custom
  std::string_view name;  // custom sections: their own name, others: the specification's ("type", "import"…)
  ByteRange payload;      // after the size; for custom sections after their name
};

// The name section (appendix "Custom Sections", name section), read leniently: a damaged one is ignored from the damage
// on.
struct Names {
  std::optional<std::string_view> module;
  // Ordered, here and below, because the keys come from modules and could be made to collide in a hash table.
  std::map<u32, std::string_view> functions;
  // (function index << 32 | local index) → name
  std::map<u64, std::string_view> locals;
  // Of tables, memories, globals and tags: (kind, index) → name
  std::map<std::pair<ExternKind, u32>, std::string_view> others;
};

// What a compiler knows about a br_if or if (branch hinting proposal).
struct BranchHint {
  u32 function = 0;
  u32 offset = 0;  // of the instruction, from the beginning of the function's body, local declarations included
  bool is_likely = false;
};

struct ModuleInfo {
  std::span<const u8> bytes;
  FeatureSet features_allowed;

  std::vector<Section> sections;  // in their order, custom ones among them
  std::vector<TypeId> type_ids;   // module-local type index → canonical id
  std::vector<Import> imports;
  std::vector<Export> exports;
  std::map<std::string_view, u32> export_index;  // name → index into exports

  // Index spaces: imports first, then the module's own.
  std::vector<FunctionDecl> functions;
  std::vector<TableDecl> tables;
  std::vector<MemoryType> memories;
  std::vector<GlobalDecl> globals;
  std::vector<TagType> tags;
  u32 imported_functions = 0, imported_tables = 0, imported_memories = 0, imported_globals = 0, imported_tags = 0;

  std::vector<ElementSegment> elements;
  std::vector<DataSegment> data;
  std::optional<u32> start;
  std::optional<u32> data_count;
  ByteRange code_section;

  // Functions that ref.func may name in bodies (those that occur outside of bodies and the start section),
  // section 3.4.10 "C.refs".
  std::vector<bool> declared_functions;

  TypeRegistry* registry = nullptr;

  const RegisteredType& type_at(u32 module_index) const { return registry->get(type_ids[module_index]); }
  const RegisteredType& function_type(u32 function_index) const {
    return registry->get(functions[function_index].type);
  }

  // The name section, decoded at each call: wanted only for backtraces and people.
  Names read_names() const;
  // The section "metadata.code.branch_hint", read leniently likewise.
  std::vector<BranchHint> read_branch_hints() const;
  // "name" from the name section or an export, else "wasm-function[N]"; `names` may come from read_names().
  std::string function_label(u32 function_index, const Names& names) const;
};

}  // namespace brink
