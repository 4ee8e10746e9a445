// Tables, bulk memory and wide arithmetic (section 3.4.4, 3.4.6, 3.4.7).
#include "engine/validate/body_state.h"

namespace brink {

ValueType BodyState::address_type_of_memory(u32 index) {
  if (!check_index("memory", index, module_.memories.size())) return kBottom;
  return value_type_of(module_.memories[index].limits.address);
}

ValueType BodyState::address_type_of_table(u32 index) {
  if (!check_index("table", index, module_.tables.size())) return kBottom;
  return value_type_of(module_.tables[index].type.limits.address);
}

bool BodyState::check_data_segment(u32 index) {
  if (!ok() || !require_data_count(reader_, module_, u64{code_offset_} + instruction_.pc)) return false;
  return check_index("data segment", index, *module_.data_count);
}

void BodyState::check_rare(Op op) {
  auto index = [&](const char* what) { return reader_.read_u32(what); };
  auto smaller = [](ValueType a, ValueType b) { return a == kI64 && b == kI64 ? kI64 : kI32; };
  switch (op) {
    case Op::MemorySize: {
      instruction_.index = read_memory_index(reader_, module_.features_allowed);
      if (ValueType address = address_type_of_memory(instruction_.index); ok()) push(address);
      return;
    }
    case Op::MemoryGrow: {
      instruction_.index = read_memory_index(reader_, module_.features_allowed);
      ValueType address = address_type_of_memory(instruction_.index);
      if (!ok()) return;
      pop(address);
      push(address);
      return;
    }
    case Op::MemoryFill: {
      instruction_.index = read_memory_index(reader_, module_.features_allowed);
      ValueType address = address_type_of_memory(instruction_.index);
      if (!ok()) return;
      pop(address);
      pop(kI32);
      pop(address);
      return;
    }
    case Op::MemoryCopy: {
      instruction_.index = read_memory_index(reader_, module_.features_allowed);
      instruction_.index2 = read_memory_index(reader_, module_.features_allowed);
      ValueType to = address_type_of_memory(instruction_.index);
      ValueType from = address_type_of_memory(instruction_.index2);
      if (!ok()) return;
      pop(smaller(to, from));
      pop(from);
      pop(to);
      return;
    }
    case Op::MemoryInit: {
      instruction_.index = index("data index");
      instruction_.index2 = read_memory_index(reader_, module_.features_allowed);
      ValueType address = address_type_of_memory(instruction_.index2);
      if (!check_data_segment(instruction_.index)) return;
      pop(kI32);
      pop(kI32);
      pop(address);
      return;
    }
    case Op::DataDrop:
      instruction_.index = index("data index");
      check_data_segment(instruction_.index);
      return;
    case Op::TableGet:
    case Op::TableSet: {
      instruction_.index = index("table index");
      ValueType address = address_type_of_table(instruction_.index);
      if (!ok()) return;
      ValueType element = module_.tables[instruction_.index].type.element;
      if (op == Op::TableSet) pop(element);
      pop(address);
      if (op == Op::TableGet) push(element);
      return;
    }
    case Op::TableSize: {
      instruction_.index = index("table index");
      if (ValueType address = address_type_of_table(instruction_.index); ok()) push(address);
      return;
    }
    case Op::TableGrow:
    case Op::TableFill: {
      instruction_.index = index("table index");
      ValueType address = address_type_of_table(instruction_.index);
      if (!ok()) return;
      pop(address);
      pop(module_.tables[instruction_.index].type.element);
      if (op == Op::TableFill) pop(address);
      else push(address);
      return;
    }
    case Op::TableCopy: {
      instruction_.index = index("table index");
      instruction_.index2 = index("table index");
      ValueType to = address_type_of_table(instruction_.index);
      ValueType from = address_type_of_table(instruction_.index2);
      if (!ok()) return;
      ValueType target = module_.tables[instruction_.index].type.element;
      ValueType source = module_.tables[instruction_.index2].type.element;
      if (!registry_.is_subtype(source, target)) return type_mismatch(to_string(target), to_string(source));
      pop(smaller(to, from));
      pop(from);
      pop(to);
      return;
    }
    case Op::TableInit: {
      instruction_.index = index("element index");
      instruction_.index2 = index("table index");
      ValueType address = address_type_of_table(instruction_.index2);
      if (!ok() || !check_index("elem segment", instruction_.index, module_.elements.size())) return;
      ValueType target = module_.tables[instruction_.index2].type.element;
      ValueType source = module_.elements[instruction_.index].type;
      if (!registry_.is_subtype(source, target)) return type_mismatch(to_string(target), to_string(source));
      pop(kI32);
      pop(kI32);
      pop(address);
      return;
    }
    case Op::ElemDrop:
      instruction_.index = index("element index");
      if (ok()) check_index("elem segment", instruction_.index, module_.elements.size());
      return;
    case Op::I64Add128:
    case Op::I64Sub128:
      pop(kI64);
      pop(kI64);
      [[fallthrough]];
    case Op::I64MulWideS:
    case Op::I64MulWideU:
      pop(kI64);
      pop(kI64);
      push(kI64);
      push(kI64);
      return;
    default: check_reference(op); return;
  }
}

}  // namespace brink
