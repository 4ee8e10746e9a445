// What the vector instructions of every processor do with their operands.
#pragma once
#include <array>
#include <initializer_list>

#include "jit/baseline/function_compiler.h"

namespace brink::jit {

class VectorOperands {
 protected:
  using Bytes = std::array<u8, 16>;

  explicit VectorOperands(FunctionCompiler& function) : f_(function), a_(function.a_) {}

  // A register for as long as it lives.
  class Temporary {
   public:
    explicit Temporary(FunctionCompiler& function) : function_(function), reg_(function.take_fp()) {}
    ~Temporary() { function_.release(reg_); }
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;
    operator Fp() const { return reg_; }

   private:
    FunctionCompiler& function_;
    Fp reg_;
  };

  Value pop() { return f_.pop_whole(Kind::V128); }
  Fp result(Value* a, Value* b = nullptr) { return f_.result_fp(Kind::V128, a, b); }
  // Pushes the result and gives back the operands' registers, of which it may be one.
  void push(Fp d, std::initializer_list<Value*> operands) {
    for (Value* value : operands)
      if (!(value->place == Place::Register && is_float(value->kind) && value->fp() == d)) f_.release(*value);
    f_.push_fp(Kind::V128, d);
  }
  void load(Fp d, const Bytes& bytes) { f_.load_pooled(d, f_.pooled(bytes.data())); }

  FunctionCompiler& f_;
  Assembler& a_;
};

}  // namespace brink::jit
