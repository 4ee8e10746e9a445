#include "jit/baseline/vector_forms_x64.h"

#include <array>

#include "jit/baseline/vector_opcodes_x64.h"
#include "jit/baseline/vectors.h"

namespace brink::jit {
namespace {

using F = VectorForm;

constexpr std::array<VectorCode, kOpCount> kCodes = [] {
  std::array<VectorCode, kOpCount> codes{};
  auto set = [&](Op op, F form, Opcode opcode = {}, i16 immediate = Assembler::kNoImmediate) {
    codes[static_cast<u32>(op)] = {form, opcode, immediate};
  };
  set(Op::V128And, F::Commutative, kPand);
  set(Op::V128Or, F::Commutative, kPor);
  set(Op::V128Xor, F::Commutative, kPxor);
  set(Op::I8x16Add, F::Commutative, kPaddb);
  set(Op::I16x8Add, F::Commutative, kPaddw);
  set(Op::I32x4Add, F::Commutative, kPaddd);
  set(Op::I64x2Add, F::Commutative, kPaddq);
  set(Op::I8x16Sub, F::Binary, kPsubb);
  set(Op::I16x8Sub, F::Binary, kPsubw);
  set(Op::I32x4Sub, F::Binary, kPsubd);
  set(Op::I64x2Sub, F::Binary, kPsubq);
  set(Op::I8x16AddSatS, F::Commutative, kPaddsb);
  set(Op::I8x16AddSatU, F::Commutative, kPaddusb);
  set(Op::I8x16SubSatS, F::Binary, kPsubsb);
  set(Op::I8x16SubSatU, F::Binary, kPsubusb);
  set(Op::I16x8AddSatS, F::Commutative, kPaddsw);
  set(Op::I16x8AddSatU, F::Commutative, kPaddusw);
  set(Op::I16x8SubSatS, F::Binary, kPsubsw);
  set(Op::I16x8SubSatU, F::Binary, kPsubusw);
  set(Op::I8x16MinS, F::Commutative, kPminsb);
  set(Op::I8x16MinU, F::Commutative, kPminub);
  set(Op::I8x16MaxS, F::Commutative, kPmaxsb);
  set(Op::I8x16MaxU, F::Commutative, kPmaxub);
  set(Op::I16x8MinS, F::Commutative, kPminsw);
  set(Op::I16x8MinU, F::Commutative, kPminuw);
  set(Op::I16x8MaxS, F::Commutative, kPmaxsw);
  set(Op::I16x8MaxU, F::Commutative, kPmaxuw);
  set(Op::I32x4MinS, F::Commutative, kPminsd);
  set(Op::I32x4MinU, F::Commutative, kPminud);
  set(Op::I32x4MaxS, F::Commutative, kPmaxsd);
  set(Op::I32x4MaxU, F::Commutative, kPmaxud);
  set(Op::I8x16AvgrU, F::Commutative, kPavgb);
  set(Op::I16x8AvgrU, F::Commutative, kPavgw);
  set(Op::I16x8Mul, F::Commutative, kPmullw);
  set(Op::I32x4Mul, F::Commutative, kPmulld);
  set(Op::I32x4DotI16x8S, F::Commutative, kPmaddwd);
  set(Op::I8x16Eq, F::Commutative, kPcmpeqb);
  set(Op::I16x8Eq, F::Commutative, kPcmpeqw);
  set(Op::I32x4Eq, F::Commutative, kPcmpeqd);
  set(Op::I64x2Eq, F::Commutative, kPcmpeqq);
  set(Op::I8x16GtS, F::Binary, kPcmpgtb);
  set(Op::I16x8GtS, F::Binary, kPcmpgtw);
  set(Op::I32x4GtS, F::Binary, kPcmpgtd);
  set(Op::I8x16NarrowI16x8S, F::Binary, kPacksswb);
  set(Op::I8x16NarrowI16x8U, F::Binary, kPackuswb);
  set(Op::I16x8NarrowI32x4S, F::Binary, kPackssdw);
  set(Op::I16x8NarrowI32x4U, F::Binary, kPackusdw);
  set(Op::F32x4Add, F::Commutative, kAddps);
  set(Op::F32x4Sub, F::Binary, kSubps);
  set(Op::F32x4Mul, F::Commutative, kMulps);
  set(Op::F32x4Div, F::Binary, kDivps);
  set(Op::F64x2Add, F::Commutative, kAddpd);
  set(Op::F64x2Sub, F::Binary, kSubpd);
  set(Op::F64x2Mul, F::Commutative, kMulpd);
  set(Op::F64x2Div, F::Binary, kDivpd);
  set(Op::V128Andnot, F::Swapped, kPandn);
  set(Op::I8x16LtS, F::Swapped, kPcmpgtb);
  set(Op::I16x8LtS, F::Swapped, kPcmpgtw);
  set(Op::I32x4LtS, F::Swapped, kPcmpgtd);
  set(Op::F32x4Pmin, F::Swapped, kMinps);
  set(Op::F32x4Pmax, F::Swapped, kMaxps);
  set(Op::F64x2Pmin, F::Swapped, kMinpd);
  set(Op::F64x2Pmax, F::Swapped, kMaxpd);
  set(Op::I8x16Ne, F::CommutativeNot, kPcmpeqb);
  set(Op::I16x8Ne, F::CommutativeNot, kPcmpeqw);
  set(Op::I32x4Ne, F::CommutativeNot, kPcmpeqd);
  set(Op::I64x2Ne, F::CommutativeNot, kPcmpeqq);
  set(Op::I8x16LeS, F::BinaryNot, kPcmpgtb);
  set(Op::I16x8LeS, F::BinaryNot, kPcmpgtw);
  set(Op::I32x4LeS, F::BinaryNot, kPcmpgtd);
  set(Op::I8x16GeS, F::SwappedNot, kPcmpgtb);
  set(Op::I16x8GeS, F::SwappedNot, kPcmpgtw);
  set(Op::I32x4GeS, F::SwappedNot, kPcmpgtd);
  set(Op::I8x16Abs, F::Unary, kPabsb);
  set(Op::I16x8Abs, F::Unary, kPabsw);
  set(Op::I32x4Abs, F::Unary, kPabsd);
  set(Op::F32x4Sqrt, F::Unary, kSqrtps);
  set(Op::F64x2Sqrt, F::Unary, kSqrtpd);
  set(Op::F32x4ConvertI32x4S, F::Unary, kCvtdq2ps);
  set(Op::F32x4DemoteF64x2Zero, F::Unary, kCvtpd2ps);
  set(Op::F32x4Nearest, F::Unary, kRoundps, 8);
  set(Op::F32x4Floor, F::Unary, kRoundps, 9);
  set(Op::F32x4Ceil, F::Unary, kRoundps, 10);
  set(Op::F32x4Trunc, F::Unary, kRoundps, 11);
  set(Op::F64x2Nearest, F::Unary, kRoundpd, 8);
  set(Op::F64x2Floor, F::Unary, kRoundpd, 9);
  set(Op::F64x2Ceil, F::Unary, kRoundpd, 10);
  set(Op::F64x2Trunc, F::Unary, kRoundpd, 11);
  set(Op::I16x8ExtendLowI8x16S, F::Unary, kPmovsxbw);
  set(Op::I16x8ExtendHighI8x16S, F::HighHalf, kPmovsxbw);
  set(Op::I16x8ExtendLowI8x16U, F::Unary, kPmovzxbw);
  set(Op::I16x8ExtendHighI8x16U, F::HighHalf, kPmovzxbw);
  set(Op::I32x4ExtendLowI16x8S, F::Unary, kPmovsxwd);
  set(Op::I32x4ExtendHighI16x8S, F::HighHalf, kPmovsxwd);
  set(Op::I32x4ExtendLowI16x8U, F::Unary, kPmovzxwd);
  set(Op::I32x4ExtendHighI16x8U, F::HighHalf, kPmovzxwd);
  set(Op::I64x2ExtendLowI32x4S, F::Unary, kPmovsxdq);
  set(Op::I64x2ExtendHighI32x4S, F::HighHalf, kPmovsxdq);
  set(Op::I64x2ExtendLowI32x4U, F::Unary, kPmovzxdq);
  set(Op::I64x2ExtendHighI32x4U, F::HighHalf, kPmovzxdq);
  set(Op::F64x2PromoteLowF32x4, F::Unary, kCvtps2pd);
  set(Op::F64x2ConvertLowI32x4S, F::Unary, kCvtdq2pd);
  set(Op::I16x8Shl, F::Shift, kPsllw, 15);
  set(Op::I16x8ShrS, F::Shift, kPsraw, 15);
  set(Op::I16x8ShrU, F::Shift, kPsrlw, 15);
  set(Op::I32x4Shl, F::Shift, kPslld, 31);
  set(Op::I32x4ShrS, F::Shift, kPsrad, 31);
  set(Op::I32x4ShrU, F::Shift, kPsrld, 31);
  set(Op::I64x2Shl, F::Shift, kPsllq, 63);
  set(Op::I64x2ShrU, F::Shift, kPsrlq, 63);
  set(Op::F32x4Eq, F::Commutative, kCmpps, 0);
  set(Op::F32x4Ne, F::Commutative, kCmpps, 4);
  set(Op::F32x4Lt, F::Binary, kCmpps, 1);
  set(Op::F32x4Le, F::Binary, kCmpps, 2);
  set(Op::F32x4Gt, F::Swapped, kCmpps, 1);
  set(Op::F32x4Ge, F::Swapped, kCmpps, 2);
  set(Op::F64x2Eq, F::Commutative, kCmppd, 0);
  set(Op::F64x2Ne, F::Commutative, kCmppd, 4);
  set(Op::F64x2Lt, F::Binary, kCmppd, 1);
  set(Op::F64x2Le, F::Binary, kCmppd, 2);
  set(Op::F64x2Gt, F::Swapped, kCmppd, 1);
  set(Op::F64x2Ge, F::Swapped, kCmppd, 2);
  set(Op::I8x16Neg, F::NegateInteger, kPsubb);
  set(Op::I16x8Neg, F::NegateInteger, kPsubw);
  set(Op::I32x4Neg, F::NegateInteger, kPsubd);
  set(Op::I64x2Neg, F::NegateInteger, kPsubq);
  set(Op::I8x16Bitmask, F::Bitmask, kPmovmskb);
  set(Op::I32x4Bitmask, F::Bitmask, kMovmskps);
  set(Op::I64x2Bitmask, F::Bitmask, kMovmskpd);
  set(Op::V128Load8x8S, F::Load, kPmovsxbw, 8);
  set(Op::V128Load8x8U, F::Load, kPmovzxbw, 8);
  set(Op::V128Load16x4S, F::Load, kPmovsxwd, 8);
  set(Op::V128Load16x4U, F::Load, kPmovzxwd, 8);
  set(Op::V128Load32x2S, F::Load, kPmovsxdq, 8);
  set(Op::V128Load32x2U, F::Load, kPmovzxdq, 8);
  for (Op op : {Op::V128Load32Zero, Op::V128Load64Zero, Op::V128Load8Splat, Op::V128Load16Splat, Op::V128Load32Splat,
                Op::V128Load64Splat, Op::V128Load8Lane, Op::V128Load16Lane, Op::V128Load32Lane, Op::V128Load64Lane,
                Op::V128Store8Lane, Op::V128Store16Lane, Op::V128Store32Lane, Op::V128Store64Lane})
    set(op, F::Access);
  for (u32 op = static_cast<u32>(Op::I8x16Splat); op <= static_cast<u32>(Op::F64x2ReplaceLane); ++op)
    set(static_cast<Op>(op), F::Lane);
  for (Op op : {Op::I8x16Shuffle, Op::I8x16Swizzle, Op::I8x16RelaxedSwizzle}) set(op, F::Shuffle);
  // Every other instruction on vectors is several of the machine's.
  for (u32 op = static_cast<u32>(Op::I8x16Eq); op <= static_cast<u32>(Op::I32x4RelaxedDotI8x16I7x16AddS); ++op)
    if (codes[op].form == F::None) set(static_cast<Op>(op), F::Sequence);
  return codes;
}();

}  // namespace

const VectorCode& vector_code(Op op) { return kCodes[static_cast<u32>(op)]; }
bool has_vector_code(Op op) { return vector_code(op).form != VectorForm::None; }

}  // namespace brink::jit
