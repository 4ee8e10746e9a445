#include "fuzz/function_body.h"

#include <array>
#include <optional>
#include <vector>

#include "engine/module/opcodes.h"
#include "engine/base/byte_writer.h"

namespace brink::fuzz {
namespace {

bool ends_with_one_of(std::string_view text, std::initializer_list<std::string_view> endings) {
  for (std::string_view ending : endings)
    if (text.ends_with(ending)) return true;
  return false;
}

// Whether the instruction makes NaNs of its own, whose bits the specification leaves open (section 4.3.3).
bool makes_nan(const OpInfo& info) {
  std::string_view text = info.text();
  if (!text.starts_with("f32") && !text.starts_with("f64")) return false;
  return ends_with_one_of(text, {".add", ".sub", ".mul", ".div", ".sqrt", ".min", ".max", ".ceil", ".floor", ".trunc",
                                 ".nearest", ".demote_f64", ".promote_f32", ".demote_f64x2_zero", ".promote_low_f32x4"});
}

// The instructions with a plain signature, by the letter of their result ('v': none), but for those that wait.
const std::vector<Op>& plain_ops(char result) {
  static const auto lists = [] {
    std::array<std::vector<Op>, 256> made;
    for (u32 i = 0; i < kOpCount; ++i) {
      auto op = static_cast<Op>(i);
      const OpInfo& info = op_info(op);
      bool is_constant = info.signature.operand_count == 0;
      bool waits = info.text().find("atomic.wait") != std::string_view::npos;
      if (!info.signature.special && !is_constant && !waits && info.feature != Feature::RelaxedSimd)
        made[static_cast<u8>(info.signature.result)].push_back(op);
    }
    return made;
  }();
  return lists[static_cast<u8>(result)];
}

u32 lanes_of(std::string_view text) {
  u32 lanes = 0;
  for (size_t i = text.find('x') + 1; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i)
    lanes = lanes * 10 + static_cast<u32>(text[i] - '0');
  return lanes;
}

class BodyGenerator {
 public:
  BodyGenerator(const ModuleShape& shape, const FunctionShape& function, Choices& choices)
      : shape_(shape), function_(function), choices_(choices) {}

  Bytes generate() {
    locals_ = function_.params;
    // One of each type that code can lean on, and sometimes so many that quick code must be wide.
    for (char type : kTypeLetters) locals_.push_back(type);
    for (u32 count = choices_.one_in(16) ? 300 : choices_.below(6); count > 0; --count)
      locals_.push_back(kTypeLetters[choices_.below(kTypeLetters.size())]);
    ByteWriter head;
    head.put_u32(static_cast<u32>(locals_.size() - function_.params.size()));
    for (size_t i = function_.params.size(); i < locals_.size(); ++i) head.put_u32(1), head.put(code_of_type(locals_[i]));
    take_fuel();
    labels_.push_back({function_.results, false});
    statements(0);
    values(function_.results, 0);
    put(Op::End);
    head.put_bytes(out_.bytes());
    return head.bytes();
  }

 private:
  static constexpr u32 kMaxDepth = 6;
  static constexpr size_t kMaxSize = 6000;

  struct Label {
    std::vector<char> types;  // that a branch to it takes
    bool is_loop = false;
  };

  bool is_deep(u32 depth) const { return depth >= kMaxDepth || choices_.is_empty() || out_.size() > kMaxSize; }

  void put(Op op) {
    u32 code = op_info(op).code;
    if (code < 0x100) return out_.put(static_cast<u8>(code));
    out_.put(static_cast<u8>(code >> 16));
    out_.put_u32(code & 0xFFFF);
  }
  void put(Op op, u32 index) {
    put(op);
    out_.put_u32(index);
  }
  void i32_constant(i32 value) {
    put(Op::I32Const);
    out_.put_s64(value);
  }

  // Traps when the fuel is used up.
  void take_fuel() {
    put(Op::GlobalGet, 0);
    i32_constant(1);
    put(Op::I32Sub);
    put(Op::GlobalSet, 0);
    put(Op::GlobalGet, 0);
    i32_constant(0);
    put(Op::I32LtS);
    put(Op::If);
    out_.put(0x40);
    put(Op::Unreachable);
    put(Op::End);
  }

  // --- Immediates ---

  void constant(char type) {
    // Small numbers, numbers at their limits, any.
    u32 kind = choices_.below(4);
    auto small = static_cast<i64>(static_cast<i8>(choices_.byte()));
    switch (type) {
      case 'i': {
        static constexpr i32 kLimits[] = {0, -1, 1, 0x7FFFFFFF, -0x7FFFFFFF - 1, 127, 128, -128, -129, 65535, 31, 32};
        return i32_constant(kind == 0   ? static_cast<i32>(choices_.bits(4))
                            : kind == 1 ? kLimits[static_cast<u64>(small) % std::size(kLimits)]
                                        : static_cast<i32>(small));
      }
      case 'l': {
        static constexpr i64 kLimits[] = {0, -1, 0x7FFFFFFFFFFFFFFF, -0x7FFFFFFFFFFFFFFF - 1, 0xFFFFFFFF, 0x80000000, 63, 64};
        put(Op::I64Const);
        return out_.put_s64(kind == 0   ? static_cast<i64>(choices_.bits(8))
                            : kind == 1 ? kLimits[static_cast<u64>(small) % std::size(kLimits)]
                                        : small);
      }
      case 'f': {
        static constexpr u32 kLimits[] = {0, 0x80000000, 0x3F800000, 0x7F800000, 0xFF800000, 0x7FC00000, 0x00000001,
                                          0x4F000000, 0xCF000000, 0x4F800000, 0x5F000000, 0xBF000000};
        put(Op::F32Const);
        return out_.put_fixed32(kind == 0 ? static_cast<u32>(choices_.bits(4))
                                          : kLimits[static_cast<u64>(small) % std::size(kLimits)]);
      }
      case 'd': {
        static constexpr u64 kLimits[] = {0, 1ull << 63, 0x3FF0000000000000, 0x7FF0000000000000, 0xFFF0000000000000,
                                          0x7FF8000000000000, 1, 0x41E0000000000000, 0xC1E0000000200000,
                                          0x43E0000000000000, 0x4330000000000000, 0xBFE0000000000000};
        put(Op::F64Const);
        return out_.put_fixed64(kind == 0 ? choices_.bits(8) : kLimits[static_cast<u64>(small) % std::size(kLimits)]);
      }
      case 's':
        put(Op::V128Const);
        for (u32 i = 0; i < 2; ++i)
          out_.put_fixed64(kind == 0 ? choices_.bits(8) : static_cast<u64>(small) * 0x0101010101010101u);
        return;
      default:
        if (type == 'r' && kind < 2) return put(Op::RefFunc, choices_.below(static_cast<u32>(shape_.functions.size())));
        put(Op::RefNull);
        out_.put(code_of_type(type));
    }
  }

  u32 memory() { return choices_.below(static_cast<u32>(shape_.memories.size())); }

  void memory_argument(Op op, u32 memory_index) {
    u32 natural = natural_alignment(op);
    bool is_atomic = op_info(op).feature == Feature::Threads;
    u32 alignment = is_atomic ? natural : choices_.below(natural + 1);
    out_.put_u32(alignment | (memory_index != 0 ? 0x40 : 0));
    if (memory_index != 0) out_.put_u32(memory_index);
    static constexpr u32 kOffsets[] = {1, 255, 256, 65528, 65535, 0x20000, 0xFFFFFFFF};
    if (choices_.one_in(8)) return out_.put_u32(kOffsets[choices_.below(std::size(kOffsets))]);
    out_.put_u32(choices_.byte() & (is_atomic ? 0xF8u : 0xFFu));
  }

  // --- Values ---

  void values(const std::vector<char>& types, u32 depth) {
    for (char type : types) value(type, depth + 1);
  }

  // An address that is in bounds, and aligned where it must be, more often than not.
  void address(u32 memory_index, u32 depth, bool is_atomic = false) {
    bool is_64bit = shape_.memories[memory_index].is_64bit;
    value('i', depth + 1);
    if (!choices_.one_in(16)) {
      i32_constant(is_atomic ? 0xFF8 : choices_.one_in(16) ? 0x1FFFF : 0xFFF);
      put(Op::I32And);
    }
    if (is_64bit) put(Op::I64ExtendI32U);
  }

  void get_local(char type) { put(Op::LocalGet, local(type)); }

  // There is one of every type.
  u32 local(char type) {
    auto start = choices_.below(static_cast<u32>(locals_.size()));
    for (u32 i = 0;; ++i) {
      u32 index = (start + i) % static_cast<u32>(locals_.size());
      if (locals_[index] == type) return index;
    }
  }

  // Or nothing: the fuel is nobody's but take_fuel's.
  std::optional<u32> global(char type) {
    for (u32 i = 1; i < shape_.globals.size(); ++i)
      if (shape_.globals[i] == type) return i;
    return std::nullopt;
  }

  void value(char type, u32 depth) {
    if (is_deep(depth)) return choices_.one_in(3) ? constant(type) : get_local(type);
    switch (choices_.below(16)) {
      case 0:
      case 1: return constant(type);
      case 2:
      case 3:
      case 4: return get_local(type);
      case 5:
        if (auto index = global(type)) return put(Op::GlobalGet, *index);
        return get_local(type);
      case 6:
        value(type, depth + 1);
        return put(Op::LocalTee, local(type));
      case 7: return select(type, depth);
      case 8: return block_value(type, depth);
      case 9: return call_value(type, depth);
      case 10: return odd_value(type, depth);
      default: return plain_value(type, depth);
    }
  }

  void select(char type, u32 depth) {
    value(type, depth + 1);
    value(type, depth + 1);
    value('i', depth + 1);
    if (type != 'r' && type != 'x' && choices_.one_in(2)) return put(Op::Select);
    put(Op::SelectT);
    out_.put_u32(1);
    out_.put(code_of_type(type));
  }

  void plain_value(char type, u32 depth) {
    const std::vector<Op>& ops = plain_ops(type);
    if (ops.empty()) return constant(type);
    plain(ops[choices_.below(static_cast<u32>(ops.size()))], depth);
  }

  // An instruction with a plain signature, its operands before it.
  void plain(Op op, u32 depth) {
    const OpInfo& info = op_info(op);
    bool is_access = info.immediate == Immediate::MemArg || info.immediate == Immediate::MemArgLane;
    u32 memory_index = is_access ? memory() : 0;
    for (u32 i = 0; i < info.signature.operand_count; ++i) {
      char operand = info.signature.operands[i];
      if (operand == 'a') address(memory_index, depth, info.feature == Feature::Threads);
      else value(operand, depth + 1);
    }
    put(op);
    switch (info.immediate) {
      case Immediate::MemArg: memory_argument(op, memory_index); break;
      case Immediate::MemArgLane:
        memory_argument(op, memory_index);
        out_.put(static_cast<u8>(choices_.below(16u >> natural_alignment(op))));
        break;
      case Immediate::Lane: out_.put(static_cast<u8>(choices_.below(lanes_of(info.text())))); break;
      case Immediate::Shuffle:
        for (u32 i = 0; i < 16; ++i) out_.put(static_cast<u8>(choices_.below(32)));
        break;
      case Immediate::Fence: out_.put(0); break;
      default: break;
    }
    if (makes_nan(info)) canonicalize(info);
  }

  // Replaces NaNs, lane by lane, by the one with only the first bit of its fraction.
  void canonicalize(const OpInfo& info) {
    char type = info.signature.result;
    bool is_f32 = info.text().starts_with("f32");
    u32 scratch = first_local_of(type);
    put(Op::LocalTee, scratch);
    if (type == 's') {
      put(Op::V128Const);
      for (u32 i = 0; i < 2; ++i) out_.put_fixed64(is_f32 ? 0x7FC000007FC00000u : 0x7FF8000000000000u);
    } else if (is_f32) {
      put(Op::F32Const), out_.put_fixed32(0x7FC00000);
    } else {
      put(Op::F64Const), out_.put_fixed64(0x7FF8000000000000u);
    }
    put(Op::LocalGet, scratch);
    put(Op::LocalGet, scratch);
    if (type == 's') {
      put(is_f32 ? Op::F32x4Eq : Op::F64x2Eq);
      put(Op::V128Bitselect);
    } else {
      put(is_f32 ? Op::F32Eq : Op::F64Eq);
      put(Op::Select);
    }
    put(Op::LocalTee, scratch);  // others read it, too
  }

  u32 first_local_of(char type) {
    u32 index = static_cast<u32>(function_.params.size());
    while (locals_[index] != type) ++index;
    return index;
  }

  // Instructions with rules of their own.
  void odd_value(char type, u32 depth) {
    if (type == 'i') {
      switch (choices_.below(5)) {
        case 0:
        case 1: {
          u32 index = memory();
          bool is_64bit = shape_.memories[index].is_64bit;
          bool grows = choices_.one_in(2);
          if (grows) {
            value('i', depth + 1);
            i32_constant(1);
            put(Op::I32And);
            if (is_64bit) put(Op::I64ExtendI32U);
          }
          put(grows ? Op::MemoryGrow : Op::MemorySize, index);
          if (is_64bit) put(Op::I32WrapI64);
          return;
        }
        case 2: value(choices_.one_in(2) ? 'r' : 'x', depth + 1); return put(Op::RefIsNull);
        case 3: return put(Op::TableSize, 0);
        default:
          value('r', depth + 1);
          i32_constant(static_cast<i32>(choices_.below(2)));
          return put(Op::TableGrow, 0);
      }
    }
    if (type == 'l') {
      for (u32 i = 0; i < 4; ++i) value('l', depth + 1);
      put(choices_.one_in(2) ? Op::I64Sub128 : Op::I64Add128);
      return put(choices_.one_in(2) ? Op::I64Xor : Op::I64Sub);
    }
    if (type == 'r') {
      table_index(depth);
      return put(Op::TableGet, 0);
    }
    plain_value(type, depth);
  }

  void table_index(u32 depth) {
    value('i', depth + 1);
    i32_constant(choices_.one_in(8) ? 31 : 7);
    put(Op::I32And);
  }

  // --- Blocks and calls ---

  void begin(Op op, const std::vector<char>& results, bool is_loop) {
    put(op);
    if (results.empty()) out_.put(0x40);
    else out_.put(code_of_type(results[0]));
    labels_.push_back({is_loop ? std::vector<char>() : results, is_loop});
    if (is_loop) take_fuel();
  }

  void end() {
    put(Op::End);
    labels_.pop_back();
  }

  // A block, loop, if or try_table with these results, at most one.
  void block(const std::vector<char>& results, u32 depth) {
    switch (choices_.below(4)) {
      case 0:
        begin(Op::Block, results, false);
        statements(depth + 1);
        values(results, depth);
        return end();
      case 1:
        begin(Op::Loop, results, true);
        statements(depth + 1);
        if (!choices_.one_in(4)) {
          // Half of the time for some rounds, as the fuel says.
          if (choices_.one_in(2)) {
            value('i', depth + 1);
          } else {
            put(Op::GlobalGet, 0);
            i32_constant(static_cast<i32>(1 + choices_.below(15)));
            put(Op::I32And);
          }
          put(Op::BrIf, 0);
        }
        values(results, depth);
        return end();
      case 2:
        value('i', depth + 1);
        begin(Op::If, results, false);
        statements(depth + 1);
        values(results, depth);
        if (!results.empty() || choices_.one_in(2)) {
          put(Op::Else);
          statements(depth + 1);
          values(results, depth);
        }
        return end();
      default: return try_block(results, depth);
    }
  }

  void block_value(char type, u32 depth) { block({type}, depth); }

  // What is thrown in it, or below, lands behind it: with the exception's values, which go to locals, or without.
  void try_block(const std::vector<char>& results, u32 depth) {
    bool catches_all = choices_.one_in(3);
    std::vector<char> caught;
    begin(Op::Block, results, false);
    put(Op::Block);
    if (catches_all) {
      out_.put(0x40);
    } else {
      caught = shape_.types[kTagType].params;
      out_.put_s64(kCaughtType);
    }
    labels_.push_back({caught, false});
    put(Op::TryTable);
    if (results.empty()) out_.put(0x40);
    else out_.put(code_of_type(results[0]));
    out_.put_u32(1);
    out_.put(catches_all ? 2 : 0);
    if (!catches_all) out_.put_u32(0);
    out_.put_u32(0);
    labels_.push_back({results, false});
    statements(depth + 1);
    values(results, depth);
    end();
    put(Op::Br, 1);
    end();
    drop_all(caught);
    values(results, depth);
    end();
  }

  // --- Statements ---

  void statements(u32 depth) {
    for (u32 count = is_deep(depth) ? 0 : choices_.below(5); count > 0; --count) statement(depth);
  }

  void statement(u32 depth) {
    char type = kTypeLetters[choices_.below(kTypeLetters.size())];
    switch (choices_.below(18)) {
      case 0:
      case 1:
      case 2:
        value(type, depth + 1);
        return put(Op::LocalSet, local(type));
      case 3:
        value(type, depth + 1);
        if (auto index = global(type)) return put(Op::GlobalSet, *index);
        return put(Op::Drop);
      case 4:
      case 5:
      case 6: {
        const std::vector<Op>& ops = plain_ops('v');
        return plain(ops[choices_.below(static_cast<u32>(ops.size()))], depth);
      }
      case 7:
      case 8: return block({}, depth);
      case 9: return branch(depth);
      case 10: return branch_table(depth);
      case 11: return call_statement(depth);
      case 12: return bulk(depth);
      case 13: return table(depth);
      case 14: return block_with_parameters(depth);
      case 15:
        value('i', depth + 1);
        begin(Op::If, {}, false);
        values(shape_.types[kTagType].params, depth);
        put(Op::Throw, 0);
        return end();
      case 16: return leave(depth);
      default: value(type, depth + 1); return put(Op::Drop);
    }
  }

  u32 choose_label() { return choices_.below(static_cast<u32>(labels_.size())); }
  const Label& label(u32 depth) const { return labels_[labels_.size() - 1 - depth]; }

  void drop_all(const std::vector<char>& types) {
    for (size_t i = types.size(); i-- > 0;) {
      if (choices_.one_in(2)) put(Op::Drop);
      else put(Op::LocalSet, local(types[i]));
    }
  }

  void branch(u32 depth) {
    u32 target = choose_label();
    std::vector<char> types = label(target).types;
    values(types, depth);
    if (choices_.one_in(4)) return put(Op::Br, target);
    value('i', depth + 1);
    put(Op::BrIf, target);
    drop_all(types);
  }

  // Over labels of the same types as the first that was chosen.
  void branch_table(u32 depth) {
    u32 last = choose_label();
    std::vector<char> types = label(last).types;
    std::vector<u32> targets(choices_.below(6));
    for (u32& target : targets) {
      target = choose_label();
      if (label(target).types != types) target = last;
    }
    // In a block of its own, so that what follows can be reached.
    begin(Op::Block, {}, false);
    value('i', depth + 1);
    put(Op::BrIf, 0);
    values(types, depth);
    value('i', depth + 1);
    put(Op::BrTable);
    out_.put_u32(static_cast<u32>(targets.size()));
    for (u32 target : targets) out_.put_u32(target + 1);
    out_.put_u32(last + 1);
    end();
  }

  // A function's parameters and its call; through the table half of the time, where it stands at its own index unless
  // the program has changed that.
  void call_function(u32 index, u32 depth) {
    u32 type = shape_.functions[index];
    values(shape_.types[type].params, depth);
    if (choices_.one_in(2)) return put(Op::Call, index);
    if (choices_.one_in(4)) table_index(depth);
    else i32_constant(static_cast<i32>(index));
    put(Op::CallIndirect, type);
    out_.put_u32(0);
  }

  void call_value(char type, u32 depth) {
    std::vector<u32> fitting;
    for (u32 i = 0; i < shape_.functions.size(); ++i)
      if (shape_.types[shape_.functions[i]].results == std::vector<char>{type}) fitting.push_back(i);
    if (fitting.empty()) return plain_value(type, depth);
    call_function(fitting[choices_.below(static_cast<u32>(fitting.size()))], depth);
  }

  void call_statement(u32 depth) {
    u32 index = choices_.below(static_cast<u32>(shape_.functions.size()));
    call_function(index, depth);
    drop_all(shape_.types[shape_.functions[index]].results);
  }

  // A return or a tail call, under a condition most of the time.
  void leave(u32 depth) {
    bool is_conditional = !choices_.one_in(4);
    if (is_conditional) {
      value('i', depth + 1);
      begin(Op::If, {}, false);
    }
    std::optional<u32> callee;
    for (u32 i = 0; i < shape_.functions.size() && choices_.one_in(2); ++i)
      if (shape_.types[shape_.functions[i]].results == function_.results) callee = i;
    if (callee) {
      u32 type = shape_.functions[*callee];
      values(shape_.types[type].params, depth);
      if (choices_.one_in(2)) {
        put(Op::ReturnCall, *callee);
      } else {
        table_index(depth);
        put(Op::ReturnCallIndirect, type);
        out_.put_u32(0);
      }
    } else {
      values(function_.results, depth);
      put(Op::Return);
    }
    if (is_conditional) end();
  }

  // A block whose type is a function type: its parameters come from the stack around it.
  void block_with_parameters(u32 depth) {
    auto type = choices_.below(static_cast<u32>(shape_.types.size()));
    const FunctionShape& shape = shape_.types[type];
    bool is_loop = choices_.one_in(2);
    values(shape.params, depth);
    put(is_loop ? Op::Loop : Op::Block);
    out_.put_s64(type);
    labels_.push_back({is_loop ? shape.params : shape.results, is_loop});
    drop_all(shape.params);
    if (is_loop) take_fuel();
    statements(depth + 1);
    values(shape.results, depth);
    end();
    drop_all(shape.results);
  }

  void bulk(u32 depth) {
    auto size = [&](bool is_64bit) {
      value('i', depth + 1);
      i32_constant(0x3F);
      put(Op::I32And);
      if (is_64bit) put(Op::I64ExtendI32U);
    };
    u32 to = memory();
    bool is_64bit = shape_.memories[to].is_64bit;
    switch (choices_.below(4)) {
      case 0:
        address(to, depth);
        value('i', depth + 1);
        size(is_64bit);
        return put(Op::MemoryFill, to);
      case 1: {
        u32 from = memory();
        bool both = is_64bit && shape_.memories[from].is_64bit;
        address(to, depth);
        address(from, depth);
        size(both);
        put(Op::MemoryCopy, to);
        return out_.put_u32(from);
      }
      case 2:
        address(to, depth);
        i32_constant(static_cast<i32>(choices_.below(kDataSize)));
        size(false);
        put(Op::MemoryInit, choices_.below(2));
        return out_.put_u32(to);
      default: return put(Op::DataDrop, choices_.below(2));
    }
  }

  void table(u32 depth) {
    switch (choices_.below(5)) {
      case 0:
        table_index(depth);
        value('r', depth + 1);
        return put(Op::TableSet, 0);
      case 1:
        table_index(depth);
        value('r', depth + 1);
        i32_constant(static_cast<i32>(choices_.below(4)));
        return put(Op::TableFill, 0);
      case 2:
        table_index(depth);
        table_index(depth);
        i32_constant(static_cast<i32>(choices_.below(4)));
        put(Op::TableCopy, 0);
        return out_.put_u32(0);
      case 3:
        table_index(depth);
        i32_constant(static_cast<i32>(choices_.below(4)));
        i32_constant(static_cast<i32>(choices_.below(4)));
        put(Op::TableInit, choices_.below(2));
        return out_.put_u32(0);
      default: return put(Op::ElemDrop, choices_.below(2));
    }
  }

  const ModuleShape& shape_;
  const FunctionShape& function_;
  Choices& choices_;
  ByteWriter out_;
  std::vector<char> locals_;
  std::vector<Label> labels_;
};

}  // namespace

u8 code_of_type(char letter) {
  switch (letter) {
    case 'i': return 0x7F;
    case 'l': return 0x7E;
    case 'f': return 0x7D;
    case 'd': return 0x7C;
    case 's': return 0x7B;
    case 'r': return 0x70;
    default: return 0x6F;
  }
}

Bytes generate_body(const ModuleShape& shape, const FunctionShape& function, Choices& choices) {
  return BodyGenerator(shape, function, choices).generate();
}

}  // namespace brink::fuzz
