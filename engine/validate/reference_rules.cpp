// References, structures, arrays, i31 and casts without a branch (section 3.4.3, 3.4.5).
#include "engine/validate/body_state.h"

namespace brink {
namespace {

ValueType reference_to(const RegisteredType& type, bool nullable) {
  return ValueType::ref(HeapType::concrete(type.id), nullable);
}

}  // namespace

void BodyState::check_reference(Op op) {
  switch (op) {
    case Op::RefNull: {
      HeapType heap = resolve(read_heap_type(reader_));
      instruction_.type = ValueType::ref(heap, true);
      push(instruction_.type);
      return;
    }
    case Op::RefIsNull:
      pop_reference();
      push(kI32);
      return;
    case Op::RefFunc: {
      u32 index = instruction_.index = reader_.read_u32("function index");
      if (!ok() || !check_index("function", index, module_.functions.size())) return;
      if (!is_constant_expression_ &&
          (index >= module_.declared_functions.size() || !module_.declared_functions[index]))
        return invalid("undeclared function reference: function " + std::to_string(index) +
                       " is named nowhere outside of function bodies");
      push(ValueType::ref(HeapType::concrete(module_.functions[index].type), false));
      return;
    }
    case Op::RefEq:
      pop(ValueType::ref(AbstractHeap::Eq, true));
      pop(ValueType::ref(AbstractHeap::Eq, true));
      push(kI32);
      return;
    case Op::RefAsNonNull: push(pop_reference().with_nullable(false)); return;
    case Op::RefTest:
    case Op::RefTestNull:
    case Op::RefCast:
    case Op::RefCastNull: {
      HeapType heap = resolve(read_heap_type(reader_));
      if (!ok()) return;
      instruction_.type = ValueType::ref(heap, op == Op::RefTestNull || op == Op::RefCastNull);
      pop(ValueType::ref(top_of(heap), true));
      push(op == Op::RefTest || op == Op::RefTestNull ? kI32 : instruction_.type);
      return;
    }
    case Op::AnyConvertExtern: {
      ValueType from = pop(kExternRef);
      push(ValueType::ref(AbstractHeap::Any, from.is_ref() && from.is_nullable()));
      return;
    }
    case Op::ExternConvertAny: {
      ValueType from = pop(ValueType::ref(AbstractHeap::Any, true));
      push(ValueType::ref(AbstractHeap::Extern, from.is_ref() && from.is_nullable()));
      return;
    }
    case Op::RefI31:
      pop(kI32);
      push(ValueType::ref(AbstractHeap::I31, false));
      return;
    case Op::I31GetS:
    case Op::I31GetU:
      pop(ValueType::ref(AbstractHeap::I31, true));
      push(kI32);
      return;
    case Op::StructNew:
    case Op::StructNewDefault:
    case Op::StructGet:
    case Op::StructGetS:
    case Op::StructGetU:
    case Op::StructSet: check_struct(op); return;
    default: check_array(op); return;
  }
}

HeapType BodyState::top_of(HeapType heap) const {
  if (heap.is_concrete())
    return registry_.get(heap.type_id()).type.kind == CompositeKind::Func ? AbstractHeap::Func : AbstractHeap::Any;
  switch (heap.abstract()) {
    case AbstractHeap::Func:
    case AbstractHeap::NoFunc: return AbstractHeap::Func;
    case AbstractHeap::Extern:
    case AbstractHeap::NoExtern: return AbstractHeap::Extern;
    case AbstractHeap::Exn:
    case AbstractHeap::NoExn: return AbstractHeap::Exn;
    default: return AbstractHeap::Any;
  }
}

bool BodyState::check_packed_access(ValueType storage, bool is_extending) {
  if (storage.is_packed() == is_extending) return true;
  invalid(std::string("type mismatch: ") + std::string(instruction_name()) + " needs a " +
          (is_extending ? "packed" : "not packed") + " field, found " + to_string(storage));
  return false;
}

void BodyState::check_struct(Op op) {
  instruction_.index = reader_.read_u32("type index");
  bool has_field = op != Op::StructNew && op != Op::StructNewDefault;
  if (has_field) instruction_.index2 = reader_.read_u32("field index");
  if (!ok()) return;
  const RegisteredType* type = composite_type(instruction_.index, CompositeKind::Struct);
  if (!type) return;
  const std::vector<FieldType>& fields = type->type.fields;
  if (!has_field) {
    if (op == Op::StructNew) {
      for (size_t i = fields.size(); i-- > 0 && ok();) pop(fields[i].storage.unpacked());
    } else {
      for (const FieldType& field : fields)
        if (!field.storage.is_defaultable())
          return invalid("field type is not defaultable: " + to_string(field.storage));
    }
    push(reference_to(*type, false));
    return;
  }
  if (!check_index("field", instruction_.index2, fields.size())) return;
  const FieldType& field = fields[instruction_.index2];
  instruction_.type = field.storage;
  if (op == Op::StructSet) {
    if (!field.is_mutable) return invalid("immutable field " + std::to_string(instruction_.index2));
    pop(field.storage.unpacked());
    pop(reference_to(*type, true));
    return;
  }
  if (!check_packed_access(field.storage, op != Op::StructGet)) return;
  pop(reference_to(*type, true));
  push(field.storage.unpacked());
}

void BodyState::check_array(Op op) {
  if (op == Op::ArrayLen) {
    pop(ValueType::ref(AbstractHeap::Array, true));
    push(kI32);
    return;
  }
  instruction_.index = reader_.read_u32("type index");
  Immediate immediate = op_info(op).immediate;
  if (immediate != Immediate::Type) instruction_.index2 = reader_.read_u32("index or count");
  if (!ok()) return;
  const RegisteredType* type = composite_type(instruction_.index, CompositeKind::Array);
  if (!type) return;
  const FieldType& field = type->type.fields[0];
  ValueType element = field.storage.unpacked();
  ValueType reference = reference_to(*type, false);
  ValueType nullable = reference_to(*type, true);
  instruction_.type = field.storage;

  bool writes = op == Op::ArraySet || op == Op::ArrayFill || op == Op::ArrayCopy || op == Op::ArrayInitData ||
                op == Op::ArrayInitElem;
  if (writes && !field.is_mutable) return invalid("immutable array: type " + std::to_string(instruction_.index));
  if (immediate == Immediate::TypeData) {
    if (!check_data_segment(instruction_.index2)) return;
    if (element.is_ref()) return invalid("array type is not numeric or vector: its elements are " + to_string(element));
  }
  if (immediate == Immediate::TypeElem) {
    if (!check_index("elem segment", instruction_.index2, module_.elements.size())) return;
    ValueType source = module_.elements[instruction_.index2].type;
    if (!registry_.is_subtype(source, field.storage)) return type_mismatch(to_string(field.storage), to_string(source));
  }

  switch (op) {
    case Op::ArrayNew:
      pop(kI32);
      pop(element);
      push(reference);
      return;
    case Op::ArrayNewDefault:
      if (!element.is_defaultable()) return invalid("array type is not defaultable: " + to_string(element));
      pop(kI32);
      push(reference);
      return;
    case Op::ArrayNewFixed:
      pop_repeated(element, instruction_.index2);
      push(reference);
      return;
    case Op::ArrayNewData:
    case Op::ArrayNewElem:
      pop(kI32);
      pop(kI32);
      push(reference);
      return;
    case Op::ArrayGet:
    case Op::ArrayGetS:
    case Op::ArrayGetU:
      if (!check_packed_access(field.storage, op != Op::ArrayGet)) return;
      pop(kI32);
      pop(nullable);
      push(element);
      return;
    case Op::ArraySet:
      pop(element);
      pop(kI32);
      pop(nullable);
      return;
    case Op::ArrayFill:
      pop(kI32);
      pop(element);
      pop(kI32);
      pop(nullable);
      return;
    case Op::ArrayCopy: {
      const RegisteredType* source = composite_type(instruction_.index2, CompositeKind::Array);
      if (!source) return;
      ValueType from = source->type.fields[0].storage;
      if (!registry_.is_subtype(from, field.storage))
        return invalid("array types do not match: found elements " + to_string(from) + ", expected " +
                       to_string(field.storage));
      pop(kI32);
      pop(kI32);
      pop(reference_to(*source, true));
      pop(kI32);
      pop(nullable);
      return;
    }
    case Op::ArrayInitData:
    case Op::ArrayInitElem:
      pop(kI32);
      pop(kI32);
      pop(kI32);
      pop(nullable);
      return;
    default: invalid("unknown instruction " + std::string(instruction_name())); return;
  }
}

}  // namespace brink
