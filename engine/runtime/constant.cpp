// Constant expressions (specification, section 3.4.13 and 4.5): a little stack machine over validated bytes.
#include <algorithm>
#include <cstring>

#include "engine/interpret/state.h"
#include "engine/module/opcodes.h"
#include "engine/runtime/objects.h"

namespace brink::runtime {
namespace {

using interpret::read_fixed;
using interpret::read_signed;
using interpret::read_u32;

struct Operand {
  u64 bits[2];
};

class Evaluator {
 public:
  explicit Evaluator(Instance& instance) : instance_(instance) {}

  // Runs from `p` to after the closing `end`, and leaves the value in `out`.
  Result<const u8*> run(const u8* p, u64 out[2]) {
    for (;;) {
      const u8* at = p;
      u8 byte = *p++;
      Op op = op_from_byte(byte);
      if (is_prefix(byte)) op = op_from_prefixed(byte, read_u32(p));
      switch (op) {
        case Op::End: std::memcpy(out, stack_.back().bits, 16); return p;
        case Op::I32Const: push(static_cast<u32>(read_signed<i32>(p))); break;
        case Op::I64Const: push(static_cast<u64>(read_signed<i64>(p))); break;
        case Op::F32Const: push(read_fixed<u32>(p)), p += 4; break;
        case Op::F64Const: push(read_fixed<u64>(p)), p += 8; break;
        case Op::V128Const: push(read_fixed<u64>(p), read_fixed<u64>(p + 8)), p += 16; break;
        case Op::I32Add: binary([](u64 a, u64 b) { return u64{static_cast<u32>(a + b)}; }); break;
        case Op::I32Sub: binary([](u64 a, u64 b) { return u64{static_cast<u32>(a - b)}; }); break;
        case Op::I32Mul: binary([](u64 a, u64 b) { return u64{static_cast<u32>(a * b)}; }); break;
        case Op::I64Add: binary([](u64 a, u64 b) { return a + b; }); break;
        case Op::I64Sub: binary([](u64 a, u64 b) { return a - b; }); break;
        case Op::I64Mul: binary([](u64 a, u64 b) { return a * b; }); break;
        case Op::GlobalGet: {
          const Global& global = *instance_.globals[read_u32(p)];
          push(global.bits[0], global.bits[1]);
          break;
        }
        case Op::RefNull:
          while (*p++ & 0x80) {
          }
          push(0);
          break;
        case Op::RefFunc: push(reinterpret_cast<u64>(function_of(instance_, read_u32(p)))); break;
        default: {
          auto offset = static_cast<u64>(at - instance_.module->info.bytes.data());
          return fail(ErrorKind::Unsupported,
                      std::string(op == Op::kUnknown ? "an instruction" : op_info(op).text) +
                          " in a constant expression needs the GC heap, which this version does not have",
                      offset);
        }
      }
    }
  }

 private:
  void push(u64 low, u64 high = 0) { stack_.push_back({{low, high}}); }
  template <class F>
  void binary(F f) {
    u64 b = stack_.back().bits[0];
    stack_.pop_back();
    stack_.back().bits[0] = f(stack_.back().bits[0], b);
  }

  Instance& instance_;
  std::vector<Operand> stack_;
};

}  // namespace

Result<void> evaluate_constant(Instance& instance, ConstantExpression expression, u64 bits[2]) {
  const u8* begin = instance.module->info.bytes.data() + expression.bytes.offset;
  auto end = Evaluator(instance).run(begin, bits);
  if (!end) return std::unexpected(std::move(end.error()));
  return {};
}

Result<void> evaluate_elements(Instance& instance, const ElementSegment& segment, u64 first, u64 count, u64* out) {
  const u8* p = instance.module->info.bytes.data() + segment.items.offset;
  for (u64 i = 0; i < first + count; ++i) {
    u64 value[2] = {0, 0};
    if (segment.is_expressions) {
      auto end = Evaluator(instance).run(p, value);
      if (!end) return std::unexpected(std::move(end.error()));
      p = *end;
    } else {
      u32 index = read_u32(p);
      if (i >= first) value[0] = reinterpret_cast<u64>(function_of(instance, index));
    }
    if (i >= first) out[i - first] = value[0];
  }
  return {};
}

}  // namespace brink::runtime
