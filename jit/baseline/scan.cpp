#include "jit/baseline/scan.h"

#include <array>

#include "engine/validate/body_decoder.h"
#include "jit/baseline/vector_forms.h"

namespace brink::jit {
namespace {

constexpr std::array<Route, kOpCount> kRoutes = [] {
  std::array<Route, kOpCount> routes{};
  for (Route& route : routes) route = Route::Runtime;
  auto set = [&](Op first, Op last, Route route) {
    for (u32 op = static_cast<u32>(first); op <= static_cast<u32>(last); ++op) routes[op] = route;
  };
  for (Op op : {Op::Unreachable, Op::Nop,    Op::Block, Op::Loop,  Op::If,     Op::Else,         Op::End,
                Op::Br,          Op::BrIf,   Op::BrTable, Op::Return, Op::Call, Op::CallIndirect, Op::CallRef,
                Op::Drop,        Op::Select, Op::SelectT, Op::LocalGet, Op::LocalSet, Op::LocalTee, Op::GlobalGet,
                Op::GlobalSet,   Op::MemorySize, Op::RefNull, Op::RefIsNull, Op::RefAsNonNull, Op::BrOnNull,
                Op::BrOnNonNull, Op::Throw,  Op::ThrowRef, Op::RefEq})
    routes[static_cast<u32>(op)] = Route::Native;
  set(Op::I32Load, Op::I64Store32, Route::Native);
  set(Op::I32Const, Op::F64ReinterpretI64, Route::Native);
  set(Op::I32Extend8S, Op::I64Extend32S, Route::Native);
  set(Op::I32TruncSatF32S, Op::I64TruncSatF64U, Route::Native);
  for (Op op : {Op::ReturnCall, Op::ReturnCallIndirect, Op::ReturnCallRef, Op::Try, Op::Catch, Op::CatchAll, Op::Delegate,
                Op::Rethrow, Op::TryTable, Op::BrOnCast, Op::BrOnCastFail})
    routes[static_cast<u32>(op)] = Route::Interpreter;
  return routes;
}();

class ScanSink : public NullSink {
 public:
  struct Label {
    float outer_weight = 1;
  };
  using Frame = ControlFrame<Label>;

  explicit ScanSink(FunctionScan& scan) : scan_(scan) {}

  void on_start(const BodyState& state, std::span<const u8>, u32) { scan_.locals.resize(state.locals().size()); }
  void on_instruction(const Instruction& instruction) { note(instruction.op); }
  void on_memory_access(const Instruction& instruction) { note(instruction.op); }
  void on_local(const Instruction& instruction) { scan_.locals[instruction.index].weight += weight_; }
  template <class F>
  void on_block(const Instruction& instruction, F& frame, u32) {
    note(instruction.op);
    frame.label.outer_weight = weight_;
    if (instruction.op == Op::Loop && weight_ < 1e6f) weight_ *= 8;
  }
  template <class F>
  void on_end(const Instruction&, F& frame, u32) {
    weight_ = frame.label.outer_weight;
  }
  template <class F>
  void on_branch(const Instruction& instruction, F&, u32) {
    note(instruction.op);
  }
  template <class F>
  void on_legacy_catch(const Instruction& instruction, F&, u32) {
    note(instruction.op);
  }
  template <class F>
  void on_delegate(const Instruction& instruction, F&, F&, u32) {
    note(instruction.op);
  }
  template <class F>
  void on_rethrow(const Instruction& instruction, F&) {
    note(instruction.op);
  }

 private:
  void note(Op op) {
    switch (kRoutes[static_cast<u32>(op)]) {
      case Route::Interpreter: scan_.refused = op; break;
      case Route::Runtime:
        if (vector_code(op).form == VectorForm::None) scan_.is_leaf = false;
        break;
      case Route::Native:
        if (op == Op::Call || op == Op::CallIndirect || op == Op::CallRef || op == Op::Throw || op == Op::ThrowRef)
          scan_.is_leaf = false;
        break;
    }
  }

  FunctionScan& scan_;
  float weight_ = 1;
};

}  // namespace

Route route_of(Op op) { return kRoutes[static_cast<u32>(op)]; }

FunctionScan scan_function(const ModuleInfo& module, u32 function_index) {
  FunctionScan scan;
  ScanSink sink(scan);
  BodyDecoder<ScanSink> decoder(module, module.functions[function_index].body, sink, body_scratch());
  scan.valid = decoder.decode_function(module.function_type(function_index)).has_value();
  scan.operand_slots = decoder.max_operand_slots();
  return scan;
}

}  // namespace brink::jit
