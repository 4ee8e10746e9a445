#include "bench/synthetic_module.h"

#include <cstddef>
#include <string_view>

namespace brink::bench {
namespace {

using Bytes = std::vector<u8>;

void put_u32(Bytes& out, u32 v) {
  do {
    u8 low = v & 0x7F;
    v >>= 7;
    out.push_back(v != 0 ? low | 0x80 : low);
  } while (v != 0);
}

void put_i32(Bytes& out, i32 v) {
  for (;;) {
    u8 low = static_cast<u8>(v & 0x7F);
    v >>= 7;
    bool is_last = (v == 0 && (low & 0x40) == 0) || (v == -1 && (low & 0x40) != 0);
    out.push_back(is_last ? low : low | 0x80);
    if (is_last) return;
  }
}

void put_name(Bytes& out, std::string_view name) {
  put_u32(out, static_cast<u32>(name.size()));
  out.insert(out.end(), name.begin(), name.end());
}

void put_section(Bytes& out, u8 id, const Bytes& payload) {
  out.push_back(id);
  put_u32(out, static_cast<u32>(payload.size()));
  out.insert(out.end(), payload.begin(), payload.end());
}

constexpr u8 kI32 = 0x7F, kI64 = 0x7E, kF64 = 0x7C;
constexpr u8 kFunctionTypeForm = 0x60, kFuncRef = 0x70, kEmptyBlock = 0x40, kEnd = 0x0B;

// Writes bodies of type (i32, i32) → i32.
class BodyWriter {
 public:
  BodyWriter(u32 seed, u32 function_count) : state_(seed * 2654435761u + 1), function_count_(function_count) {}

  Bytes write(u32 size) {
    out_.clear();
    // Locals: 0 and 1 are the parameters; 2 to 7 i32, 8 and 9 i64, 10 and 11 f64.
    for (u8 byte : {3, 6, +kI32, 2, +kI64, 2, +kF64}) out_.push_back(static_cast<u8>(byte));
    while (out_.size() + 16 < size) statement(2);
    i32_expression(1);
    out_.push_back(kEnd);
    return out_;
  }

 private:
  u32 random(u32 below) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    return state_ % below;
  }

  void op(u8 opcode) { out_.push_back(opcode); }
  void op(u8 opcode, u32 immediate) {
    out_.push_back(opcode);
    put_u32(out_, immediate);
  }
  void access(u8 opcode, u32 alignment) {
    op(opcode, alignment);
    put_u32(out_, random(10) == 0 ? random(1u << 16) : random(128));
  }

  void i32_expression(u32 depth) {
    if (depth == 0) {
      if (random(5) < 3) return op(0x20, random(8));
      op(0x41);
      return put_i32(out_, random(10) < 7 ? static_cast<i32>(random(128)) - 64 : static_cast<i32>(random(1u << 20)));
    }
    switch (random(16)) {
      case 0:
      case 1: i32_expression(depth - 1); return access(0x28, 2);  // i32.load
      case 2: i32_expression(depth - 1); return access(0x2D, 0);  // i32.load8_u
      case 3: i32_expression(depth - 1); return op(0x45);         // i32.eqz
      case 4:
        i32_expression(depth - 1);
        i32_expression(0);
        return op(0x10, random(function_count_));  // call
      case 5:
        i32_expression(0);
        i32_expression(0);
        i32_expression(depth - 1);
        return op(0x1B);                                   // select
      case 6: i64_expression(depth - 1); return op(0xA7);  // i32.wrap_i64
      case 7:
        f64_expression(depth - 1);
        f64_expression(0);
        return op(0x63);                                              // f64.lt
      case 8: i32_expression(depth - 1); return op(0x22, random(8));  // local.tee
      case 9:
        i32_expression(depth - 1);
        i32_expression(0);
        return op(static_cast<u8>(0x46 + random(10)));  // i32.eq to i32.ge_u
      default:
        i32_expression(depth - 1);
        i32_expression(random(depth));
        // i32.add, sub, mul, and, or, xor, shl, shr_s, shr_u, rotl
        static constexpr u8 kOps[] = {0x6A, 0x6A, 0x6A, 0x6B, 0x6C, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77};
        return op(kOps[random(sizeof kOps)]);
    }
  }

  void i64_expression(u32 depth) {
    if (depth == 0) return op(0x20, 8 + random(2));
    if (random(3) == 0) {
      i32_expression(depth - 1);
      return access(0x29, 3);  // i64.load
    }
    i64_expression(depth - 1);
    i64_expression(0);
    op(static_cast<u8>(0x7C + random(3)));  // i64.add, sub, mul
  }

  void f64_expression(u32 depth) {
    if (depth == 0) return op(0x20, 10 + random(2));
    if (random(3) == 0) {
      i32_expression(depth - 1);
      return access(0x2B, 3);  // f64.load
    }
    f64_expression(depth - 1);
    f64_expression(0);
    op(static_cast<u8>(0xA0 + random(4)));  // f64.add, sub, mul, div
  }

  void statement(u32 depth) {
    switch (random(depth == 0 ? 6 : 10)) {
      case 0:
      case 1: i32_expression(2); return op(0x21, 2 + random(6));   // local.set
      case 2: i64_expression(2); return op(0x21, 8 + random(2));   // local.set
      case 3: f64_expression(2); return op(0x21, 10 + random(2));  // local.set
      case 4:
        i32_expression(1);
        i32_expression(2);
        return access(0x36, 2);  // i32.store
      case 5:
        i32_expression(1);
        i64_expression(1);
        return access(0x37, 3);  // i64.store
      case 6:
        i32_expression(1);
        op(0x04), op(kEmptyBlock);  // if
        statement(depth - 1);
        if (random(2) == 0) {
          op(0x05);  // else
          statement(depth - 1);
        }
        return op(kEnd);
      case 7:
        op(0x03), op(kEmptyBlock);  // loop
        statement(depth - 1);
        i32_expression(1);
        op(0x0D, 0);  // br_if
        return op(kEnd);
      default:
        op(0x02), op(kEmptyBlock);  // block
        i32_expression(1);
        op(0x0D, 0);  // br_if
        statement(depth - 1);
        statement(depth - 1);
        return op(kEnd);
    }
  }

  Bytes out_;
  u32 state_;
  u32 function_count_;
};

}  // namespace

std::vector<u8> make_synthetic_module(const SyntheticModule& options) {
  u32 count = options.functions + 1;
  Bytes module = {0, 'a', 's', 'm', 1, 0, 0, 0};

  put_section(module, 1, {2, kFunctionTypeForm, 2, kI32, kI32, 1, kI32, kFunctionTypeForm, 0, 0});

  Bytes functions;
  put_u32(functions, count + 1);
  functions.resize(functions.size() + count, 0);
  functions.push_back(1);  // _start
  put_section(module, 3, functions);

  put_section(module, 4, {1, kFuncRef, 0, 1});
  put_section(module, 5, {1, 0, 1});

  Bytes exports = {3};
  put_name(exports, "first");
  exports.push_back(0);
  exports.push_back(0);
  put_name(exports, "_start");
  exports.push_back(0);
  put_u32(exports, count);
  put_name(exports, "memory");
  exports.push_back(2);
  exports.push_back(0);
  put_section(module, 7, exports);

  Bytes code;
  put_u32(code, count + 1);
  const Bytes first = {0, 0x20, 0, 0x20, 1, 0x6A, kEnd};
  put_u32(code, static_cast<u32>(first.size()));
  code.insert(code.end(), first.begin(), first.end());
  BodyWriter writer(options.seed, count);
  for (u32 i = 0; i < options.functions; ++i) {
    Bytes body = writer.write(options.body_bytes);
    put_u32(code, static_cast<u32>(body.size()));
    code.insert(code.end(), body.begin(), body.end());
  }
  code.insert(code.end(), {2, 0, kEnd});  // _start
  put_section(module, 10, code);
  return module;
}

}  // namespace brink::bench
