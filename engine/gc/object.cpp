#include "engine/gc/object.h"

namespace brink::gc {

namespace {

// Below no type that a module can name.
RegisteredType nameless_type() {
  RegisteredType type;
  type.display.push_back(kNoType);
  type.supers = type.display.data();
  return type;
}

}  // namespace

const RegisteredType kExceptionType = nameless_type();
const RegisteredType kExternType = nameless_type();

bool is_instance_of(u64 reference, AbstractHeap target) {
  using enum AbstractHeap;
  switch (target) {
    case Any:
    case Extern:
    case Exn:
    case Func: return true;
    case I31: return is_i31(reference);
    case Eq: return is_i31(reference) || object_of(reference)->type != &kExternType;
    case Struct:
    case Array: {
      if (is_i31(reference)) return false;
      const RegisteredType* type = object_of(reference)->type;
      return type != &kExternType &&
             type->type.kind == (target == Struct ? CompositeKind::Struct : CompositeKind::Array);
    }
    default: return false;
  }
}

}  // namespace brink::gc
