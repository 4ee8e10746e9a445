#include "tools/instruction_text.h"

#include <bit>
#include <charconv>
#include <cstdio>

#include "engine/validate/immediates.h"

namespace brink::tools {
namespace {

std::string heap_text(HeapTypeCode code) {
  return code >= 0 ? std::to_string(code) : to_string(HeapType(abstract_heap_of(code)));
}

std::string type_text(const ValueTypeCode& type) {
  switch (type.code) {
    case 0x7F: return "i32";
    case 0x7E: return "i64";
    case 0x7D: return "f32";
    case 0x7C: return "f64";
    case 0x7B: return "v128";
    default:
      return std::string(type.code == ValueTypeCode::kRefNull ? "(ref null " : "(ref ") + heap_text(type.heap) + ")";
  }
}

std::string block_text(const BlockTypeCode& block) {
  switch (block.form) {
    case BlockTypeCode::Form::Empty: return "";
    case BlockTypeCode::Form::Value: return " (result " + type_text(block.value) + ")";
    default: return " (type " + std::to_string(block.index) + ")";
  }
}

template <class Float, class Bits>
std::string float_text(Bits bits) {
  auto value = std::bit_cast<Float>(bits);
  char buffer[40];
  if (value != value) {
    constexpr Bits kPayload = sizeof(Float) == 4 ? Bits{0x7FFFFF} : static_cast<Bits>(0xFFFFFFFFFFFFF);
    std::snprintf(buffer, sizeof buffer, "%snan:0x%llx", bits >> (8 * sizeof bits - 1) ? "-" : "",
                  static_cast<unsigned long long>(bits & kPayload));
    return buffer;
  }
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value);
  return std::string(buffer, end.ptr);
}

class Printer {
 public:
  Printer(const ModuleInfo& module, u64 offset)
      : module_(module), reader_(module.bytes.subspan(offset), offset) {}

  std::string print() {
    u64 start = reader_.offset();
    u8 byte = reader_.read_byte("opcode");
    Op op = is_prefix(byte) ? read_unusual_opcode(reader_, byte, start) : op_from_byte(byte);
    if (op == Op::kUnknown) return "?";
    out_ = op_info(op).text();
    immediates(op);
    return std::move(out_);
  }

 private:
  void index() { out_ += " " + std::to_string(reader_.read_u32("index")); }
  void index_unless_zero(u32 value) {
    if (value != 0) out_ += " " + std::to_string(value);
  }
  u32 memory_index() { return read_memory_index(reader_, module_.features_allowed); }
  void bytes(u32 count) {
    for (u32 i = 0; i < count; ++i) out_ += " " + std::to_string(reader_.read_byte("lane"));
  }
  template <class T>
  T little_endian() {
    T value = 0;
    for (u32 i = 0; i < sizeof value; ++i) value |= static_cast<T>(static_cast<T>(reader_.read_byte("constant")) << 8 * i);
    return value;
  }

  void mem_arg(Op op) {
    MemArgCode arg = read_mem_arg(reader_, module_.features_allowed);
    index_unless_zero(arg.memory);
    if (arg.offset != 0) out_ += " offset=" + std::to_string(arg.offset);
    if (arg.alignment < 32 && arg.alignment != natural_alignment(op)) out_ += " align=" + std::to_string(1u << arg.alignment);
  }

  void catch_clauses() {
    for (u32 n = reader_.read_count("catch clause count", 2); n > 0 && reader_.ok(); --n) {
      CatchClauseCode clause = read_catch_clause(reader_);
      out_ += clause.is_all ? " (catch_all" : " (catch";
      if (clause.has_ref) out_ += "_ref";
      if (!clause.is_all) out_ += " " + std::to_string(clause.tag);
      out_ += " " + std::to_string(clause.label) + ")";
    }
  }

  void immediates(Op op) {
    switch (op_info(op).immediate) {
      case Immediate::None: return;
      case Immediate::BlockType: out_ += block_text(read_block_type(reader_)); return;
      case Immediate::TryTable:
        out_ += block_text(read_block_type(reader_));
        return catch_clauses();
      case Immediate::BrTable:
        for (u32 n = reader_.read_count("label count"); n > 0 && reader_.ok(); --n) index();
        return index();
      case Immediate::SelectTypes:
        for (u32 n = reader_.read_count("type count"); n > 0 && reader_.ok(); --n)
          out_ += " (result " + type_text(read_value_type(reader_)) + ")";
        return;
      case Immediate::TypeTable: {
        u32 type = reader_.read_u32("type index");
        index_unless_zero(reader_.read_u32("table index"));
        out_ += " (type " + std::to_string(type) + ")";
        return;
      }
      case Immediate::Memory: return index_unless_zero(memory_index());
      case Immediate::MemoryMemory: {
        u32 to = memory_index(), from = memory_index();
        if (to != 0 || from != 0) out_ += " " + std::to_string(to) + " " + std::to_string(from);
        return;
      }
      case Immediate::DataMemory: {
        u32 segment = reader_.read_u32("data index");
        index_unless_zero(memory_index());
        out_ += " " + std::to_string(segment);
        return;
      }
      case Immediate::ElemTable: {
        u32 segment = reader_.read_u32("element index");
        index_unless_zero(reader_.read_u32("table index"));
        out_ += " " + std::to_string(segment);
        return;
      }
      case Immediate::MemArg: return mem_arg(op);
      case Immediate::MemArgLane:
        mem_arg(op);
        return bytes(1);
      case Immediate::I32: out_ += " " + std::to_string(reader_.read_s32("constant")); return;
      case Immediate::I64: out_ += " " + std::to_string(reader_.read_s64("constant")); return;
      case Immediate::F32: out_ += " " + float_text<float>(little_endian<u32>()); return;
      case Immediate::F64: out_ += " " + float_text<double>(little_endian<u64>()); return;
      case Immediate::V128:
        out_ += " i8x16";
        return bytes(16);
      case Immediate::Shuffle: return bytes(16);
      case Immediate::Lane: return bytes(1);
      case Immediate::HeapType: {
        // The opcodes differ, the names do not.
        bool nullable = op == Op::RefTestNull || op == Op::RefCastNull;
        std::string heap = heap_text(read_heap_type(reader_));
        if (op == Op::RefNull) out_ += " " + heap;
        else out_ += std::string(nullable ? " (ref null " : " (ref ") + heap + ")";
        return;
      }
      case Immediate::BrOnCast: {
        u8 flags = reader_.read_byte("cast flags");
        index();
        for (u8 bit : {1, 2})
          out_ += std::string(flags & bit ? " (ref null " : " (ref ") + heap_text(read_heap_type(reader_)) + ")";
        return;
      }
      case Immediate::Fence: read_fence(reader_); return;
      case Immediate::TypeField:
      case Immediate::TypeCount:
      case Immediate::TypeData:
      case Immediate::TypeElem:
      case Immediate::TypeType:
      case Immediate::TableTable:
        index();
        return index();
      default: return index();
    }
  }

  const ModuleInfo& module_;
  Reader reader_;
  std::string out_;
};

}  // namespace

std::string instruction_text(const ModuleInfo& module, u64 offset) { return Printer(module, offset).print(); }

}  // namespace brink::tools
