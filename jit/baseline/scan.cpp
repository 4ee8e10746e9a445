#include "jit/baseline/scan.h"

#include <array>

#include "engine/interpret/instruction_walk.h"
#include "engine/interpret/state.h"
#include "jit/baseline/vectors.h"
#include "jit/code/convention.h"

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
                Op::ReturnCall,  Op::ReturnCallIndirect, Op::ReturnCallRef,
                Op::Drop,        Op::Select, Op::SelectT, Op::LocalGet, Op::LocalSet, Op::LocalTee, Op::GlobalGet,
                Op::GlobalSet,   Op::MemorySize, Op::RefNull, Op::RefIsNull, Op::RefAsNonNull, Op::BrOnNull,
                Op::BrOnNonNull, Op::BrOnCast, Op::BrOnCastFail, Op::Throw,  Op::ThrowRef, Op::RefEq, Op::ArrayLen,
                Op::TryTable,    Op::Try, Op::Catch, Op::CatchAll, Op::Delegate, Op::Rethrow})
    routes[static_cast<u32>(op)] = Route::Native;
  set(Op::I32Load, Op::I64Store32, Route::Native);
  set(Op::I32Const, Op::F64ReinterpretI64, Route::Native);
  set(Op::I32Extend8S, Op::I64Extend32S, Route::Native);
  routes[static_cast<u32>(Op::V128Const)] = Route::Native;
  set(Op::I32TruncSatF32S, Op::I64TruncSatF64U, Route::Native);
  set(Op::StructGet, Op::StructSet, Route::Native);
  set(Op::ArrayGet, Op::ArraySet, Route::Native);
  set(Op::RefTest, Op::RefCastNull, Route::Native);
  set(Op::AnyConvertExtern, Op::I31GetU, Route::Native);
  set(Op::AtomicFence, Op::I64AtomicRmw32CmpxchgU, Route::Native);
  return routes;
}();

bool is_native(Op op) {
  return route_of(op) == Route::Native || op == Op::V128Load || op == Op::V128Store || has_vector_code(op);
}

bool is_call(Op op) {
  switch (op) {
    case Op::Call:
    case Op::CallIndirect:
    case Op::CallRef:
    case Op::ReturnCall:  // two that take turns for ever must look whether they are interrupted
    case Op::ReturnCallIndirect:
    case Op::ReturnCallRef:
    case Op::Throw:
    case Op::ThrowRef:
    case Op::Rethrow: return true;
    default: return false;
  }
}

// Each loop around an instruction makes it eight times as heavy, up to where nobody can tell any more.
constexpr float kLoopWeight = 8;
constexpr float kMostWeight = 1e6f;

}  // namespace

Route route_of(Op op) { return kRoutes[static_cast<u32>(op)]; }

FunctionScan scan_function(const ModuleInfo& module, u32 function_index, u32 operand_slots) {
  FunctionScan scan;
  scan.operand_slots = operand_slots;
  ByteRange body = module.functions[function_index].body;
  const u8* end = module.bytes.data() + body.end();
  interpret::BodyStart start = interpret::body_start(module.bytes.data() + body.offset);
  scan.locals.resize(module.function_type(function_index).type.params.size() + start.declared_locals);
  float weight = 1;
  std::vector<float> outer_weights;
  for (const u8* p = start.code; p != end;) {
    interpret::Step step = interpret::step_at(p);
    switch (step.op) {
      case Op::LocalGet:
      case Op::LocalSet:
      case Op::LocalTee: {
        const u8* operand = p + 1;
        scan.locals[interpret::read_u32(operand)].weight += weight;
        break;
      }
      case Op::Loop:
        outer_weights.push_back(weight);
        if (weight < kMostWeight) weight *= kLoopWeight;
        break;
      case Op::TryTable:
      case Op::Try: scan.has_try = true; [[fallthrough]];
      case Op::Block:
      case Op::If: outer_weights.push_back(weight); break;
      case Op::End:
      case Op::Delegate:
        if (outer_weights.empty()) break;  // the function's
        weight = outer_weights.back();
        outer_weights.pop_back();
        break;
      default:
        bool is_runtime = !is_native(step.op);
        if (is_runtime || is_call(step.op)) {
          scan.is_leaf = false;
          if (!is_runtime || !kStubsKeepVectors) scan.vector_call_weight += weight;
        }
    }
    p = step.next;
  }
  return scan;
}

}  // namespace brink::jit
