// The vector instructions as functions (specification, sections 4.3 "Numerics" and 4.4.3 "Vector Instructions"), one an
// instruction and named like it with '_' for '.': operands in stack order as vector::v128, u32, u64, float or double.
// Nothing here is undefined behaviour. NaNs are as in numeric.h.
//
//   vector_types.h       the 128-bit value and its views as lanes
//   vector_lane.h        splat, extract, replace, shuffle, swizzle, the register side of loads and stores
//   vector_integer.h     bitwise, comparisons, integer arithmetic, shifts, tests
//   vector_float.h       floating-point arithmetic and comparisons
//   vector_conversion.h  extend, narrow, extended multiplication, dot products, conversions
//   vector_relaxed.h     the relaxed instructions' chosen results
//
// pure_ops.def lists them for the preprocessor.
#pragma once
#include "engine/interpret/vector_conversion.h"
#include "engine/interpret/vector_float.h"
#include "engine/interpret/vector_integer.h"
#include "engine/interpret/vector_lane.h"
#include "engine/interpret/vector_relaxed.h"
#include "engine/interpret/vector_types.h"
