// Constant expressions (specification, section 3.4.13 and 4.5): a little stack machine over validated bytes.
#include <algorithm>
#include <cstring>

#include "engine/interpret/state.h"
#include "engine/module/opcodes.h"
#include "engine/runtime/aggregate.h"
#include "engine/runtime/objects.h"

namespace brink::runtime {
namespace {

using gc::ArrayObject;
using interpret::read_fixed;
using interpret::read_signed;
using interpret::read_u32;

class Evaluator {
 public:
  explicit Evaluator(Instance& instance) : instance_(instance), store_(*instance.store) {
    store_.temporary_roots.push_back(&slots_);
  }
  ~Evaluator() { store_.temporary_roots.pop_back(); }
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;

  // Runs from `p` to after the closing `end`, and leaves the value in `out`.
  Result<const u8*> run(const u8* p, u64 out[2]) {
    slots_.clear();
    for (;;) {
      const u8* at = p;
      u8 byte = *p++;
      Op op = op_from_byte(byte);
      if (is_prefix(byte)) op = op_from_prefixed(byte, read_u32(p));
      if (op == Op::End) {
        std::copy_n(slots_.data(), std::min<size_t>(slots_.size(), 2), out);
        return p;
      }
      if (!step(op, p)) {
        auto offset = static_cast<u64>(at - instance_.module->info.bytes.data());
        return fail(ErrorKind::Limit, "the GC heap is full in a constant expression", offset);
      }
    }
  }

 private:
  bool step(Op op, const u8*& p) {
    switch (op) {
      case Op::I32Const: return push(static_cast<u32>(read_signed<i32>(p)));
      case Op::I64Const: return push(static_cast<u64>(read_signed<i64>(p)));
      case Op::F32Const: return p += 4, push(read_fixed<u32>(p - 4));
      case Op::F64Const: return p += 8, push(read_fixed<u64>(p - 8));
      case Op::V128Const: return p += 16, push(read_fixed<u64>(p - 16)), push(read_fixed<u64>(p - 8));
      case Op::I32Add: return binary([](u64 a, u64 b) { return u64{static_cast<u32>(a + b)}; });
      case Op::I32Sub: return binary([](u64 a, u64 b) { return u64{static_cast<u32>(a - b)}; });
      case Op::I32Mul: return binary([](u64 a, u64 b) { return u64{static_cast<u32>(a * b)}; });
      case Op::I64Add: return binary([](u64 a, u64 b) { return a + b; });
      case Op::I64Sub: return binary([](u64 a, u64 b) { return a - b; });
      case Op::I64Mul: return binary([](u64 a, u64 b) { return a * b; });
      case Op::GlobalGet: {
        const Global& global = *instance_.globals[read_u32(p)];
        push(global.bits[0]);
        return global.type.value == kV128 ? push(global.bits[1]) : true;
      }
      case Op::RefNull:
        while (*p++ & 0x80) {
        }
        return push(0);
      case Op::RefFunc: return push(reinterpret_cast<u64>(function_of(instance_, read_u32(p))));
      case Op::RefI31: return slots_.back() = gc::make_i31(static_cast<u32>(slots_.back())), true;
      case Op::AnyConvertExtern:
      case Op::ExternConvertAny: return true;
      case Op::StructNew: {
        const RegisteredType& type = read_type(p);
        u32 count = field_slots(type);
        return replace(count, make_struct(store_, type, top(count)));
      }
      case Op::StructNewDefault: return replace(0, make_struct(store_, read_type(p), nullptr));
      case Op::ArrayNew: {
        const RegisteredType& type = read_type(p);
        u32 value_slots = type.type.fields[0].storage.slots();
        u64 length = slots_.back();
        ArrayObject* array = make_array(store_, type, length);
        if (array != nullptr) fill_array(*array, 0, length, top(1 + value_slots));
        return replace(1 + value_slots, array);
      }
      case Op::ArrayNewDefault: {
        const RegisteredType& type = read_type(p);
        return replace(1, make_array(store_, type, slots_.back()));
      }
      case Op::ArrayNewFixed: {
        const RegisteredType& type = read_type(p);
        u64 length = read_u32(p);
        u64 count = length * type.type.fields[0].storage.slots();
        return replace(count, make_array_of(store_, type, length, top(count)));
      }
      default: return false;  // not constant: refused by the validator
    }
  }

  const RegisteredType& read_type(const u8*& p) const { return *instance_.types[read_u32(p)]; }
  const u64* top(u64 count) const { return slots_.data() + slots_.size() - count; }
  bool push(u64 slot) { return slots_.push_back(slot), true; }
  bool replace(u64 count, const gc::Object* object) {
    slots_.resize(slots_.size() - count);
    return object != nullptr && push(reinterpret_cast<u64>(object));
  }
  template <class F>
  bool binary(F f) {
    u64 b = slots_.back();
    slots_.pop_back();
    slots_.back() = f(slots_.back(), b);
    return true;
  }

  Instance& instance_;
  StoreState& store_;
  std::vector<u64> slots_;
};

}  // namespace

Result<void> evaluate_constant(Instance& instance, ConstantExpression expression, u64 bits[2]) {
  const u8* begin = instance.module->info.bytes.data() + expression.bytes.offset;
  // Nearly all are one number.
  if (const u8* p = begin + 1; op_from_byte(*begin) == Op::I32Const) {
    u64 number = static_cast<u32>(read_signed<i32>(p));
    if (op_from_byte(*p) == Op::End) return bits[0] = number, Result<void>();
  }
  auto end = Evaluator(instance).run(begin, bits);
  if (!end) return std::unexpected(std::move(end.error()));
  return {};
}

Result<std::vector<u64>> evaluate_elements(Instance& instance, const ElementSegment& segment) {
  // A root while its later elements are made.
  std::vector<u64> values;
  values.reserve(segment.count);
  instance.store->temporary_roots.push_back(&values);
  const u8* p = instance.module->info.bytes.data() + segment.items.offset;
  std::optional<Error> error;
  for (u32 i = 0; i < segment.count && !error; ++i) {
    u64 value[2] = {0, 0};
    auto end = Evaluator(instance).run(p, value);
    if (!end) error = std::move(end.error());
    else p = *end;
    values.push_back(value[0]);
  }
  instance.store->temporary_roots.pop_back();
  if (error) return std::unexpected(std::move(*error));
  return values;
}

void copy_elements(Instance& instance, u32 segment_index, u64 first, u64 count, u64* out) {
  const ElementSegment& segment = instance.module->info.elements[segment_index];
  if (segment.is_expressions) {
    std::copy_n(instance.element_values[segment_index].data() + first, count, out);
    return;
  }
  const u8* p = instance.module->info.bytes.data() + segment.items.offset;
  for (u64 i = 0; i < first && count != 0; ++i) read_u32(p);
  for (u64 i = 0; i < count; ++i) out[i] = reinterpret_cast<u64>(function_of(instance, read_u32(p)));
}

void drop_elements(Instance& instance, u32 segment_index) {
  instance.dropped_elements[segment_index] = true;
  std::vector<u64>().swap(instance.element_values[segment_index]);
}

}  // namespace brink::runtime
