#include "jit/baseline/vector_forms_a64.h"

#include <array>

namespace brink::jit {
namespace {

using Inst = a64::Inst;
using enum VectorForm;
using enum Lanes;

constexpr std::array<VectorCode, kOpCount> kCodes = [] {
  std::array<VectorCode, kOpCount> all{};
  auto set = [&](Op op, VectorCode code) { all[static_cast<u32>(op)] = code; };
  auto binary = [&](Op op, u32 id, Lanes lanes) { set(op, {Binary, id, lanes}); };
  auto wide = [&](Op op, u32 id, Lanes lanes, Lanes from) { set(op, {Wide, id, lanes, from}); };
  auto unary = [&](Op op, u32 id, Lanes lanes) { set(op, {Unary, id, lanes}); };
  auto unary_wide = [&](Op op, u32 id, Lanes lanes, Lanes from) { set(op, {UnaryWide, id, lanes, from}); };

  // --- Bits ---
  binary(Op::V128And, Inst::kIdAnd_v, B16);
  binary(Op::V128Andnot, Inst::kIdBic_v, B16);
  binary(Op::V128Or, Inst::kIdOrr_v, B16);
  binary(Op::V128Xor, Inst::kIdEor_v, B16);
  unary(Op::V128Not, Inst::kIdNot_v, B16);

  // --- Integers, in the order in which the opcodes of each width stand ---
  struct Width {
    Lanes lanes;
    Op eq, ne, lt_s, lt_u, gt_s, gt_u, le_s, le_u, ge_s, ge_u;
  };
  constexpr Width kWidths[] = {
      {B16, Op::I8x16Eq, Op::I8x16Ne, Op::I8x16LtS, Op::I8x16LtU, Op::I8x16GtS, Op::I8x16GtU, Op::I8x16LeS, Op::I8x16LeU,
       Op::I8x16GeS, Op::I8x16GeU},
      {H8, Op::I16x8Eq, Op::I16x8Ne, Op::I16x8LtS, Op::I16x8LtU, Op::I16x8GtS, Op::I16x8GtU, Op::I16x8LeS, Op::I16x8LeU,
       Op::I16x8GeS, Op::I16x8GeU},
      {S4, Op::I32x4Eq, Op::I32x4Ne, Op::I32x4LtS, Op::I32x4LtU, Op::I32x4GtS, Op::I32x4GtU, Op::I32x4LeS, Op::I32x4LeU,
       Op::I32x4GeS, Op::I32x4GeU},
  };
  for (const Width& w : kWidths) {
    binary(w.eq, Inst::kIdCmeq_v, w.lanes);
    set(w.ne, {BinaryNot, Inst::kIdCmeq_v, w.lanes});
    set(w.lt_s, {Swapped, Inst::kIdCmgt_v, w.lanes});
    set(w.lt_u, {Swapped, Inst::kIdCmhi_v, w.lanes});
    binary(w.gt_s, Inst::kIdCmgt_v, w.lanes);
    binary(w.gt_u, Inst::kIdCmhi_v, w.lanes);
    set(w.le_s, {Swapped, Inst::kIdCmge_v, w.lanes});
    set(w.le_u, {Swapped, Inst::kIdCmhs_v, w.lanes});
    binary(w.ge_s, Inst::kIdCmge_v, w.lanes);
    binary(w.ge_u, Inst::kIdCmhs_v, w.lanes);
  }
  binary(Op::I64x2Eq, Inst::kIdCmeq_v, D2);
  set(Op::I64x2Ne, {BinaryNot, Inst::kIdCmeq_v, D2});
  set(Op::I64x2LtS, {Swapped, Inst::kIdCmgt_v, D2});
  binary(Op::I64x2GtS, Inst::kIdCmgt_v, D2);
  set(Op::I64x2LeS, {Swapped, Inst::kIdCmge_v, D2});
  binary(Op::I64x2GeS, Inst::kIdCmge_v, D2);

  binary(Op::I8x16Add, Inst::kIdAdd_v, B16);
  binary(Op::I16x8Add, Inst::kIdAdd_v, H8);
  binary(Op::I32x4Add, Inst::kIdAdd_v, S4);
  binary(Op::I64x2Add, Inst::kIdAdd_v, D2);
  binary(Op::I8x16Sub, Inst::kIdSub_v, B16);
  binary(Op::I16x8Sub, Inst::kIdSub_v, H8);
  binary(Op::I32x4Sub, Inst::kIdSub_v, S4);
  binary(Op::I64x2Sub, Inst::kIdSub_v, D2);
  binary(Op::I16x8Mul, Inst::kIdMul_v, H8);
  binary(Op::I32x4Mul, Inst::kIdMul_v, S4);
  binary(Op::I8x16AddSatS, Inst::kIdSqadd_v, B16);
  binary(Op::I8x16AddSatU, Inst::kIdUqadd_v, B16);
  binary(Op::I8x16SubSatS, Inst::kIdSqsub_v, B16);
  binary(Op::I8x16SubSatU, Inst::kIdUqsub_v, B16);
  binary(Op::I16x8AddSatS, Inst::kIdSqadd_v, H8);
  binary(Op::I16x8AddSatU, Inst::kIdUqadd_v, H8);
  binary(Op::I16x8SubSatS, Inst::kIdSqsub_v, H8);
  binary(Op::I16x8SubSatU, Inst::kIdUqsub_v, H8);
  binary(Op::I8x16MinS, Inst::kIdSmin_v, B16);
  binary(Op::I8x16MinU, Inst::kIdUmin_v, B16);
  binary(Op::I8x16MaxS, Inst::kIdSmax_v, B16);
  binary(Op::I8x16MaxU, Inst::kIdUmax_v, B16);
  binary(Op::I16x8MinS, Inst::kIdSmin_v, H8);
  binary(Op::I16x8MinU, Inst::kIdUmin_v, H8);
  binary(Op::I16x8MaxS, Inst::kIdSmax_v, H8);
  binary(Op::I16x8MaxU, Inst::kIdUmax_v, H8);
  binary(Op::I32x4MinS, Inst::kIdSmin_v, S4);
  binary(Op::I32x4MinU, Inst::kIdUmin_v, S4);
  binary(Op::I32x4MaxS, Inst::kIdSmax_v, S4);
  binary(Op::I32x4MaxU, Inst::kIdUmax_v, S4);
  binary(Op::I8x16AvgrU, Inst::kIdUrhadd_v, B16);
  binary(Op::I16x8AvgrU, Inst::kIdUrhadd_v, H8);
  binary(Op::I16x8Q15mulrSatS, Inst::kIdSqrdmulh_v, H8);
  binary(Op::I16x8RelaxedQ15mulrS, Inst::kIdSqrdmulh_v, H8);
  unary(Op::I8x16Abs, Inst::kIdAbs_v, B16);
  unary(Op::I16x8Abs, Inst::kIdAbs_v, H8);
  unary(Op::I32x4Abs, Inst::kIdAbs_v, S4);
  unary(Op::I64x2Abs, Inst::kIdAbs_v, D2);
  unary(Op::I8x16Neg, Inst::kIdNeg_v, B16);
  unary(Op::I16x8Neg, Inst::kIdNeg_v, H8);
  unary(Op::I32x4Neg, Inst::kIdNeg_v, S4);
  unary(Op::I64x2Neg, Inst::kIdNeg_v, D2);
  unary(Op::I8x16Popcnt, Inst::kIdCnt_v, B16);

  set(Op::I8x16Shl, {ShiftLeft, Inst::kIdSshl_v, B16, B16, Inst::kIdShl_v});
  set(Op::I16x8Shl, {ShiftLeft, Inst::kIdSshl_v, H8, B16, Inst::kIdShl_v});
  set(Op::I32x4Shl, {ShiftLeft, Inst::kIdSshl_v, S4, B16, Inst::kIdShl_v});
  set(Op::I64x2Shl, {ShiftLeft, Inst::kIdSshl_v, D2, B16, Inst::kIdShl_v});
  set(Op::I8x16ShrS, {ShiftRight, Inst::kIdSshl_v, B16, B16, Inst::kIdSshr_v});
  set(Op::I16x8ShrS, {ShiftRight, Inst::kIdSshl_v, H8, B16, Inst::kIdSshr_v});
  set(Op::I32x4ShrS, {ShiftRight, Inst::kIdSshl_v, S4, B16, Inst::kIdSshr_v});
  set(Op::I64x2ShrS, {ShiftRight, Inst::kIdSshl_v, D2, B16, Inst::kIdSshr_v});
  set(Op::I8x16ShrU, {ShiftRight, Inst::kIdUshl_v, B16, B16, Inst::kIdUshr_v});
  set(Op::I16x8ShrU, {ShiftRight, Inst::kIdUshl_v, H8, B16, Inst::kIdUshr_v});
  set(Op::I32x4ShrU, {ShiftRight, Inst::kIdUshl_v, S4, B16, Inst::kIdUshr_v});
  set(Op::I64x2ShrU, {ShiftRight, Inst::kIdUshl_v, D2, B16, Inst::kIdUshr_v});

  // --- Between widths ---
  set(Op::I8x16NarrowI16x8S, {Narrow, Inst::kIdSqxtn_v, B8, H8, Inst::kIdSqxtn2_v});
  set(Op::I8x16NarrowI16x8U, {Narrow, Inst::kIdSqxtun_v, B8, H8, Inst::kIdSqxtun2_v});
  set(Op::I16x8NarrowI32x4S, {Narrow, Inst::kIdSqxtn_v, H4, S4, Inst::kIdSqxtn2_v});
  set(Op::I16x8NarrowI32x4U, {Narrow, Inst::kIdSqxtun_v, H4, S4, Inst::kIdSqxtun2_v});
  unary_wide(Op::I16x8ExtendLowI8x16S, Inst::kIdSxtl_v, H8, B8);
  unary_wide(Op::I16x8ExtendHighI8x16S, Inst::kIdSxtl2_v, H8, B16);
  unary_wide(Op::I16x8ExtendLowI8x16U, Inst::kIdUxtl_v, H8, B8);
  unary_wide(Op::I16x8ExtendHighI8x16U, Inst::kIdUxtl2_v, H8, B16);
  unary_wide(Op::I32x4ExtendLowI16x8S, Inst::kIdSxtl_v, S4, H4);
  unary_wide(Op::I32x4ExtendHighI16x8S, Inst::kIdSxtl2_v, S4, H8);
  unary_wide(Op::I32x4ExtendLowI16x8U, Inst::kIdUxtl_v, S4, H4);
  unary_wide(Op::I32x4ExtendHighI16x8U, Inst::kIdUxtl2_v, S4, H8);
  unary_wide(Op::I64x2ExtendLowI32x4S, Inst::kIdSxtl_v, D2, S2);
  unary_wide(Op::I64x2ExtendHighI32x4S, Inst::kIdSxtl2_v, D2, S4);
  unary_wide(Op::I64x2ExtendLowI32x4U, Inst::kIdUxtl_v, D2, S2);
  unary_wide(Op::I64x2ExtendHighI32x4U, Inst::kIdUxtl2_v, D2, S4);
  unary_wide(Op::I16x8ExtaddPairwiseI8x16S, Inst::kIdSaddlp_v, H8, B16);
  unary_wide(Op::I16x8ExtaddPairwiseI8x16U, Inst::kIdUaddlp_v, H8, B16);
  unary_wide(Op::I32x4ExtaddPairwiseI16x8S, Inst::kIdSaddlp_v, S4, H8);
  unary_wide(Op::I32x4ExtaddPairwiseI16x8U, Inst::kIdUaddlp_v, S4, H8);
  wide(Op::I16x8ExtmulLowI8x16S, Inst::kIdSmull_v, H8, B8);
  wide(Op::I16x8ExtmulHighI8x16S, Inst::kIdSmull2_v, H8, B16);
  wide(Op::I16x8ExtmulLowI8x16U, Inst::kIdUmull_v, H8, B8);
  wide(Op::I16x8ExtmulHighI8x16U, Inst::kIdUmull2_v, H8, B16);
  wide(Op::I32x4ExtmulLowI16x8S, Inst::kIdSmull_v, S4, H4);
  wide(Op::I32x4ExtmulHighI16x8S, Inst::kIdSmull2_v, S4, H8);
  wide(Op::I32x4ExtmulLowI16x8U, Inst::kIdUmull_v, S4, H4);
  wide(Op::I32x4ExtmulHighI16x8U, Inst::kIdUmull2_v, S4, H8);
  wide(Op::I64x2ExtmulLowI32x4S, Inst::kIdSmull_v, D2, S2);
  wide(Op::I64x2ExtmulHighI32x4S, Inst::kIdSmull2_v, D2, S4);
  wide(Op::I64x2ExtmulLowI32x4U, Inst::kIdUmull_v, D2, S2);
  wide(Op::I64x2ExtmulHighI32x4U, Inst::kIdUmull2_v, D2, S4);

  // --- Floats ---
  struct Floats {
    Lanes lanes;
    Op eq, ne, lt, gt, le, ge, add, sub, mul, div, min, max, relaxed_min, relaxed_max, abs, neg, sqrt, ceil, floor, trunc, nearest;
  };
  constexpr Floats kFloats[] = {
      {S4, Op::F32x4Eq, Op::F32x4Ne, Op::F32x4Lt, Op::F32x4Gt, Op::F32x4Le, Op::F32x4Ge, Op::F32x4Add, Op::F32x4Sub, Op::F32x4Mul,
       Op::F32x4Div, Op::F32x4Min, Op::F32x4Max, Op::F32x4RelaxedMin, Op::F32x4RelaxedMax, Op::F32x4Abs, Op::F32x4Neg,
       Op::F32x4Sqrt, Op::F32x4Ceil, Op::F32x4Floor, Op::F32x4Trunc, Op::F32x4Nearest},
      {D2, Op::F64x2Eq, Op::F64x2Ne, Op::F64x2Lt, Op::F64x2Gt, Op::F64x2Le, Op::F64x2Ge, Op::F64x2Add, Op::F64x2Sub, Op::F64x2Mul,
       Op::F64x2Div, Op::F64x2Min, Op::F64x2Max, Op::F64x2RelaxedMin, Op::F64x2RelaxedMax, Op::F64x2Abs, Op::F64x2Neg,
       Op::F64x2Sqrt, Op::F64x2Ceil, Op::F64x2Floor, Op::F64x2Trunc, Op::F64x2Nearest},
  };
  for (const Floats& f : kFloats) {
    binary(f.eq, Inst::kIdFcmeq_v, f.lanes);
    set(f.ne, {BinaryNot, Inst::kIdFcmeq_v, f.lanes});
    set(f.lt, {Swapped, Inst::kIdFcmgt_v, f.lanes});
    binary(f.gt, Inst::kIdFcmgt_v, f.lanes);
    set(f.le, {Swapped, Inst::kIdFcmge_v, f.lanes});
    binary(f.ge, Inst::kIdFcmge_v, f.lanes);
    binary(f.add, Inst::kIdFadd_v, f.lanes);
    binary(f.sub, Inst::kIdFsub_v, f.lanes);
    binary(f.mul, Inst::kIdFmul_v, f.lanes);
    binary(f.div, Inst::kIdFdiv_v, f.lanes);
    for (Op op : {f.min, f.relaxed_min}) binary(op, Inst::kIdFmin_v, f.lanes);
    for (Op op : {f.max, f.relaxed_max}) binary(op, Inst::kIdFmax_v, f.lanes);
    unary(f.abs, Inst::kIdFabs_v, f.lanes);
    unary(f.neg, Inst::kIdFneg_v, f.lanes);
    unary(f.sqrt, Inst::kIdFsqrt_v, f.lanes);
    unary(f.ceil, Inst::kIdFrintp_v, f.lanes);
    unary(f.floor, Inst::kIdFrintm_v, f.lanes);
    unary(f.trunc, Inst::kIdFrintz_v, f.lanes);
    unary(f.nearest, Inst::kIdFrintn_v, f.lanes);
  }
  // They answer the nearest number there is, and 0 for a NaN.
  for (Op op : {Op::I32x4TruncSatF32x4S, Op::I32x4RelaxedTruncF32x4S}) unary(op, Inst::kIdFcvtzs_v, S4);
  for (Op op : {Op::I32x4TruncSatF32x4U, Op::I32x4RelaxedTruncF32x4U}) unary(op, Inst::kIdFcvtzu_v, S4);
  unary(Op::F32x4ConvertI32x4S, Inst::kIdScvtf_v, S4);
  unary(Op::F32x4ConvertI32x4U, Inst::kIdUcvtf_v, S4);
  unary_wide(Op::F32x4DemoteF64x2Zero, Inst::kIdFcvtn_v, S2, D2);
  unary_wide(Op::F64x2PromoteLowF32x4, Inst::kIdFcvtl_v, D2, S2);

  for (Op op : {Op::I8x16Shuffle, Op::I8x16Swizzle, Op::I8x16RelaxedSwizzle, Op::V128Bitselect, Op::I8x16RelaxedLaneselect,
                Op::I16x8RelaxedLaneselect, Op::I32x4RelaxedLaneselect, Op::I64x2RelaxedLaneselect, Op::V128AnyTrue, Op::I8x16AllTrue,
                Op::I16x8AllTrue, Op::I32x4AllTrue, Op::I64x2AllTrue, Op::I8x16Bitmask, Op::I16x8Bitmask, Op::I32x4Bitmask,
                Op::I64x2Bitmask, Op::I64x2Mul, Op::I32x4DotI16x8S, Op::I16x8RelaxedDotI8x16I7x16S, Op::I32x4RelaxedDotI8x16I7x16AddS,
                Op::F32x4Pmin, Op::F32x4Pmax, Op::F64x2Pmin, Op::F64x2Pmax, Op::F32x4RelaxedMadd, Op::F32x4RelaxedNmadd,
                Op::F64x2RelaxedMadd, Op::F64x2RelaxedNmadd, Op::I32x4TruncSatF64x2SZero, Op::I32x4TruncSatF64x2UZero,
                Op::I32x4RelaxedTruncF64x2SZero, Op::I32x4RelaxedTruncF64x2UZero, Op::F64x2ConvertLowI32x4S, Op::F64x2ConvertLowI32x4U,
                Op::I8x16Splat, Op::I16x8Splat, Op::I32x4Splat, Op::I64x2Splat, Op::F32x4Splat, Op::F64x2Splat,
                Op::I8x16ExtractLaneS, Op::I8x16ExtractLaneU, Op::I8x16ReplaceLane, Op::I16x8ExtractLaneS, Op::I16x8ExtractLaneU,
                Op::I16x8ReplaceLane, Op::I32x4ExtractLane, Op::I32x4ReplaceLane, Op::I64x2ExtractLane, Op::I64x2ReplaceLane,
                Op::F32x4ExtractLane, Op::F32x4ReplaceLane, Op::F64x2ExtractLane, Op::F64x2ReplaceLane})
    set(op, {Sequence});
  for (Op op : {Op::V128Load8Splat, Op::V128Load16Splat, Op::V128Load32Splat, Op::V128Load64Splat, Op::V128Load32Zero,
                Op::V128Load64Zero, Op::V128Load8Lane, Op::V128Load16Lane, Op::V128Load32Lane, Op::V128Load64Lane,
                Op::V128Store8Lane, Op::V128Store16Lane, Op::V128Store32Lane, Op::V128Store64Lane})
    set(op, {Access});
  set(Op::V128Load8x8S, {Access, Inst::kIdSxtl_v, H8, B8});
  set(Op::V128Load8x8U, {Access, Inst::kIdUxtl_v, H8, B8});
  set(Op::V128Load16x4S, {Access, Inst::kIdSxtl_v, S4, H4});
  set(Op::V128Load16x4U, {Access, Inst::kIdUxtl_v, S4, H4});
  set(Op::V128Load32x2S, {Access, Inst::kIdSxtl_v, D2, S2});
  set(Op::V128Load32x2U, {Access, Inst::kIdUxtl_v, D2, S2});
  return all;
}();

}  // namespace

const VectorCode& vector_code(Op op) { return kCodes[static_cast<u32>(op)]; }

}  // namespace brink::jit
