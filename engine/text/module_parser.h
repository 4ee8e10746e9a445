// The parser of one module (specification, section 6.6), writing the binary format as it goes.
//
// It goes over the fields three times, because names may be used before they are bound and function types may be
// written where they are used:
//   1. declarations.cpp    finds the fields, their order and the identifiers of every index space
//   2. type_definitions.cpp  the type section, with all type identifiers known
//   3. fields.cpp, segments.cpp, instructions.cpp, immediates.cpp  everything else, in the order of the text; function
//      types that are not defined yet are appended to the type section on their first use
// Nothing recurses: folded instructions and blocks nest on an explicit stack.
#pragma once
#include <optional>
#include <span>
#include <unordered_map>

#include "engine/base/utf8.h"
#include "engine/module/opcodes.h"
#include "engine/module/types.h"
#include "engine/text/cursor.h"
#include "engine/text/encoder.h"

namespace brink::text {

// A value type by its binary code; `heap` is the heap type where the code is that of (ref null ht) or (ref ht).
struct TextType {
  static constexpr u8 kRefNull = 0x63, kRef = 0x64;
  u8 code = 0;
  i64 heap = 0;  // an s33: a type index, or negative for an abstract heap type
  bool operator==(const TextType&) const = default;
};

struct TextFunctionType {
  std::vector<TextType> params, results;
  bool operator==(const TextFunctionType&) const = default;
};

void put_type(ByteWriter& out, const TextType& type);
void put_function_type(ByteWriter& out, const TextFunctionType& type);

struct TextLimits {
  u64 min = 0, max = 0;
  bool has_max = false, is_shared = false, is_64 = false;
  std::optional<u32> page_size_log2;
};

enum class Space : u8 { Type, Func, Table, Memory, Global, Tag, Elem, Data, kCount };

class ModuleParser {
 public:
  // The fields are the tokens begin to end - 1 of the list.
  ModuleParser(const TokenList& list, u32 begin, u32 end, FeatureSet features)
      : list_(list), cursor_(list, begin, end), begin_(begin), end_(end), features_(features) {}

  // `id`: the module's identifier without the dollar sign, empty where it has none.
  Result<AssembledModule> parse(std::string_view id);

 private:
  struct IndexSpace {
    std::unordered_map<std::string, u32> names;
    u32 declared = 0;  // entries that the first pass found
    u32 parsed = 0;    // entries that the last pass has written
  };
  struct Field {
    u32 begin;  // token index of its opening parenthesis
  };
  // One import or one definition, as far as the text has it in front of its type.
  struct Head {
    u32 index = 0;
    bool is_import = false;
  };
  struct TypeInfo {
    bool is_function = false;
    bool is_plain_function = false;  // final and without a supertype
    TextFunctionType function;
    std::unordered_map<std::string, u32> fields;
  };
  struct Label {
    std::optional<std::string> id;
    std::optional<std::string> shown;  // for the name section
  };
  struct Frame {
    enum class Kind : u8 {
      Block,           // block … end, also loop, if, try_table, try
      FoldedOperator,  // (op …)
      FoldedBlock,     // (block …), also loop, try_table
      FoldedIf,        // (if …
      FoldedTry,       // (try …
      Clause,          // (then …), (else …), (do …), (catch …), (catch_all …)
    };
    // The clauses that a block has had.
    enum class Stage : u8 { Start, First, Second, Delegated };
    Kind kind = Kind::Block;
    Op op = Op::Nop;
    Stage stage = Stage::Start;
    u32 source = 0;      // offset of the keyword
    size_t pending = 0;  // FoldedOperator, FoldedIf: where its bytes start in pending_
    std::optional<u8> hint;
    Label label;  // FoldedIf: bound only inside of its clauses
  };

  // annotations.cpp
  void find_annotations();
  const Annotation* take_annotation(u32 token_index, std::string_view name);
  std::optional<std::string> take_name_annotation();
  std::optional<u8> take_branch_hint(u32 token_index);
  void parse_custom_annotations();
  void parse_custom_annotation(const Annotation& annotation);
  void check_annotations();

  // declarations.cpp
  void scan();
  void scan_field();
  void declare(Space space, const Token* id);
  void scan_definition(Space space);

  // type_definitions.cpp
  void parse_type_group();
  void parse_type_definition(CodeWriter& out);
  void parse_composite_type(CodeWriter& out, TypeInfo& info, u32 index);
  void parse_structure_field(ByteWriter& out, TypeInfo& info, u32 type_index, u32& count);
  void put_field_type(ByteWriter& out);
  bool at_reference_type() const;
  TextType parse_value_type();
  TextType parse_reference_type();
  i64 parse_heap_type();
  void parse_params(TextFunctionType& type, bool names_allowed, bool bind_locals);
  void parse_results(TextFunctionType& type);
  u32 parse_type_use(bool names_allowed, bool bind_locals);
  u32 type_index_of(const TextFunctionType& type);
  void put_block_type(ByteWriter& out);

  // fields.cpp
  void parse_field();
  Head parse_head(Space space, ExternKind kind);
  void parse_import();
  void parse_extern_type(ExternKind kind, ByteWriter& out);
  void parse_export();
  void parse_function();
  void put_local_declarations(ByteWriter& out);
  void bind_local();
  void parse_table();
  void parse_memory();
  void parse_global();
  void parse_tag();
  void parse_start();
  bool parse_address_type();
  TextLimits parse_limits(bool is_64);
  void parse_page_size(TextLimits& limits);
  void put_memory_type(ByteWriter& out);
  void put_global_type(ByteWriter& out);
  // The identifier without its dollar sign; what is to be shown for it, which an annotation can change, goes to
  // `names`.
  std::optional<std::string> parse_binding(IndexedNames* names, u32 index);

  // segments.cpp
  void parse_element_segment();
  void parse_data_segment();
  u32 parse_inline_elements(u32 table, TextType type, bool is_64);
  u32 parse_function_indices(ByteWriter& items);
  u32 parse_element_expressions(CodeWriter& items);
  std::string parse_data_strings();
  void parse_offset(CodeWriter& out);

  // instructions.cpp
  void parse_expression(CodeWriter& out);         // instructions up to the closing parenthesis, and `end`
  void parse_folded_expression(CodeWriter& out);  // one folded instruction, and `end`
  void parse_instructions(CodeWriter& out, bool one_folded);
  void open_form(CodeWriter& out);
  void open_if_clause(CodeWriter& out);
  void open_try_clause(CodeWriter& out);
  void close_form(CodeWriter& out);
  void parse_plain(CodeWriter& out);
  void begin_block(CodeWriter& out, Op op);
  void end_block(CodeWriter& out, u32 source);
  void mark_instruction(CodeWriter& out, u32 source, std::optional<u8> hint);
  void flush_pending(CodeWriter& out, const Frame& frame);
  Label parse_label();
  void push_label(const Label& label);
  void pop_label();
  void check_end_label();
  std::optional<Op> take_opcode(bool may_be_part);  // may_be_part: else, end and their like may stand here
  std::optional<u8> take_hint_for(Op op, u32 token_index);

  // immediates.cpp
  void put_opcode(ByteWriter& out, Op op);
  void put_instruction(ByteWriter& out, Op op);  // opcode and immediates; blocks only as far as their catch clauses
  u32 parse_index(Space space);
  u32 parse_optional_index(Space space) { return cursor_.at_index() ? parse_index(space) : 0; }
  u32 parse_local_index();
  u32 parse_label_index();
  u32 parse_field_index(u32 type_index);
  void put_two_indices(ByteWriter& out, Space space);
  void put_segment_and_target(ByteWriter& out, Space segment, Space target);
  void put_memory_argument(ByteWriter& out, Op op, bool lane_follows);
  void put_lane(ByteWriter& out);
  void put_shuffle(ByteWriter& out);
  void put_branch_table(ByteWriter& out);
  void put_catch_clauses(ByteWriter& out);
  void put_select(ByteWriter& out);
  void put_reference_operator(ByteWriter& out, Op op);
  void put_cast_branch(ByteWriter& out);

  bool require(Feature feature, const Token& token, std::string_view what);

  const TokenList& list_;
  Cursor cursor_;
  u32 begin_, end_;
  FeatureSet features_;
  Encoder encoder_;

  std::array<IndexSpace, static_cast<u32>(Space::kCount)> spaces_;
  IndexSpace& space(Space space) { return spaces_[static_cast<u32>(space)]; }
  std::vector<Field> type_fields_, other_fields_;
  std::string first_definition_;  // "function" and so on once imports may no longer follow
  bool uses_data_ = false;

  std::vector<TypeInfo> types_;
  std::unordered_map<std::string, u32> function_types_;  // encoded → lowest index of a type that is just this

  // Of the function being parsed.
  std::unordered_map<std::string, u32> locals_;
  u32 local_count_ = 0;
  u32 function_index_ = 0;
  u32 block_count_ = 0;
  bool in_function_ = false;
  std::vector<Label> labels_;
  std::unordered_map<std::string, std::vector<u32>> label_depths_;  // innermost last
  struct HintAt {
    u32 offset;
    u8 value;
  };
  std::vector<HintAt> hints_;

  std::vector<Frame> frames_;
  std::vector<u8> pending_;  // encoded operators whose operands are still being parsed, innermost last

  std::span<const Annotation> annotations_;
  std::vector<bool> annotation_used_;
};

}  // namespace brink::text
