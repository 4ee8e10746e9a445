// Every pure vector instruction against a model written lane by lane, over special and pseudo-random values.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <functional>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/interpret/vector.h"

namespace brink::vector {
namespace {

template <class T>
using Lanes = std::array<T, 16 / sizeof(T)>;

template <class T>
Lanes<T> lanes(v128 v) {
  Lanes<T> result;
  std::memcpy(&result, &v, 16);
  return result;
}

template <class T>
v128 from_lanes(const Lanes<T>& values) {
  v128 result;
  std::memcpy(&result, &values, 16);
  return result;
}

template <class T, class... Values>
v128 make(Values... values) {
  static_assert(sizeof...(values) == 16 / sizeof(T));
  return from_lanes<T>({static_cast<T>(values)...});
}

// Operands and functions pass through memory, so that the machine computes the result and not the compiler.
template <class T>
T opaque(T x) {
  asm volatile("" : "+m"(x));
  return x;
}

template <class R, class... P>
R run(R (*f)(P...), std::type_identity_t<P>... operands) {
  return opaque(f)(opaque(operands)...);
}

u64 next_random() {
  static u64 state = 0x9E3779B97F4A7C15u;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

template <class T>
const std::vector<T>& special_values() {
  static const std::vector<T> values = [] {
    using I = std::conditional_t<sizeof(T) == 1, u8,
                                 std::conditional_t<sizeof(T) == 2, u16, std::conditional_t<sizeof(T) == 4, u32, u64>>>;
    std::vector<T> result;
    if constexpr (std::is_floating_point_v<T>) {
      const T limit = sizeof(T) == 4 ? T{0x1p23f} : T{0x1p52};
      for (const T x : {T{0},
                        std::numeric_limits<T>::denorm_min(),
                        std::numeric_limits<T>::min(),
                        T(0.25),
                        T(0.5),
                        T(0.75),
                        T(1),
                        T(1.5),
                        T(2.5),
                        T(3.5),
                        T(16777217.0),
                        T(limit / 2 + T(0.5)),
                        T(limit - T(0.5)),
                        limit,
                        T(limit + 1),
                        T(2147483520.0),
                        T(2147483647.0),
                        T(2147483648.0),
                        T(2147483648.5),
                        T(2147483904.0),
                        T(4294967040.0),
                        T(4294967295.0),
                        T(4294967295.5),
                        T(4294967296.0),
                        T(0x1p62),
                        T(0x1p63),
                        T(0x1p64),
                        std::numeric_limits<T>::max(),
                        std::numeric_limits<T>::infinity()}) {
        for (const T y : {x, -x}) {
          result.push_back(y);
          if (x > 0 && x < std::numeric_limits<T>::infinity()) {
            result.push_back(std::bit_cast<T>(static_cast<I>(std::bit_cast<I>(y) - 1)));
          }
        }
      }
      const I canonical = sizeof(T) == 4 ? I(0x7FC00000u) : I(0x7FF8000000000000u);
      const I quiet_bit = sizeof(T) == 4 ? I(0x00400000u) : I(0x0008000000000000u);
      const I sign = I{1} << (sizeof(T) * 8 - 1);
      for (const I nan : {canonical, I(canonical | 0x1234), I((canonical ^ quiet_bit) | 1)}) {
        result.push_back(std::bit_cast<T>(nan));
        result.push_back(std::bit_cast<T>(static_cast<I>(nan | sign)));
      }
    } else {
      const I top = static_cast<I>(I{1} << (sizeof(T) * 8 - 1));
      const I half = static_cast<I>(I{1} << (sizeof(T) * 4));
      for (const I x : {I{0}, I{1}, I{2}, I{3}, I(half / 2 - 1), I(half / 2), I(half - 1), half, I(half + 1),
                        I(top / 2), I(top - 1), top}) {
        result.push_back(static_cast<T>(x));
        result.push_back(static_cast<T>(static_cast<I>(~x)));
      }
    }
    return result;
  }();
  return values;
}

template <class T>
T sample() {
  const std::vector<T>& special = special_values<T>();
  T random;
  const u64 bits = next_random();
  std::memcpy(&random, &bits, sizeof(T));
  return next_random() % 2 ? random : special[next_random() % special.size()];
}

template <class T>
v128 sample_vector() {
  Lanes<T> result;
  for (T& lane : result) lane = sample<T>();
  return from_lanes<T>(result);
}

bool is_arithmetic_nan(f32 x) { return (std::bit_cast<u32>(x) & 0x7FC00000u) == 0x7FC00000u; }
bool is_arithmetic_nan(f64 x) { return (std::bit_cast<u64>(x) & 0x7FF8000000000000u) == 0x7FF8000000000000u; }

// Equal bits; where a NaN is expected as the result of float arithmetic, any arithmetic NaN.
template <class T>
bool matches(T got, T expected) {
  if constexpr (std::is_floating_point_v<T>) {
    if (expected != expected) return is_arithmetic_nan(got);
  }
  return std::memcmp(&got, &expected, sizeof(T)) == 0;
}

std::string hex(v128 v) {
  std::string text;
  for (int i = 15; i >= 0; --i) {
    for (const u8 digit : {v[i] >> 4, v[i] & 15}) text += "0123456789abcdef"[digit];
  }
  return text;
}

template <class R>
void expect_lanes(v128 got, const Lanes<R>& expected, const std::vector<v128>& operands) {
  const Lanes<R> got_lanes = lanes<R>(got);
  if (std::equal(expected.begin(), expected.end(), got_lanes.begin(), [](R e, R g) { return matches(g, e); })) return;
  std::string text;
  for (v128 operand : operands) text += hex(operand) + ' ';
  ADD_FAILURE() << text << "gave " << hex(got) << ", expected " << hex(from_lanes<R>(expected));
}

template <class F>
struct Named {
  const char* name;
  F* function;
};
template <class F>
Named(const char*, F*) -> Named<F>;

struct Check {
  const char* name;
  std::function<void()> run;
};

constexpr int kRounds = 1500;

// A unary or binary instruction over many operands; the model takes and gives arrays, T lanes in and R lanes out.
template <class T, class R, class Model>
void sweep(v128 (*f)(v128), Model model) {
  for (int i = 0; i < kRounds; ++i) {
    const v128 a = sample_vector<T>();
    expect_lanes<R>(run(f, a), model(lanes<T>(a)), {a});
  }
}

template <class T, class R, class Model>
void sweep(v128 (*f)(v128, v128), Model model) {
  std::vector<std::pair<v128, v128>> operands;
  for (const T x : special_values<T>()) {
    for (const T y : special_values<T>()) {
      Lanes<T> a, b;
      a.fill(x);
      b.fill(y);
      operands.emplace_back(from_lanes<T>(a), from_lanes<T>(b));
    }
  }
  for (int i = 0; i < kRounds; ++i) operands.emplace_back(sample_vector<T>(), sample_vector<T>());
  for (const auto& [a, b] : operands) expect_lanes<R>(run(f, a, b), model(lanes<T>(a), lanes<T>(b)), {a, b});
}

template <class T, class R>
Check unary(const char* name, v128 (*f)(v128), Lanes<R> (*model)(const Lanes<T>&)) {
  return {name, [=] { sweep<T, R>(f, model); }};
}

template <class T, class R>
Check binary(const char* name, v128 (*f)(v128, v128), Lanes<R> (*model)(const Lanes<T>&, const Lanes<T>&)) {
  return {name, [=] { sweep<T, R>(f, model); }};
}

// Instructions that treat each lane alone: the model is of one lane.
template <class T, class R = T>
Check each(const char* name, v128 (*f)(v128), std::type_identity_t<R (*)(T)> model) {
  return {name, [=] {
            sweep<T, R>(f, [model](const Lanes<T>& a) {
              Lanes<R> result;
              for (size_t i = 0; i < a.size(); ++i) result[i] = run(model, a[i]);
              return result;
            });
          }};
}

template <class T, class R = T>
Check each2(const char* name, v128 (*f)(v128, v128), std::type_identity_t<R (*)(T, T)> model) {
  return {name, [=] {
            sweep<T, R>(f, [model](const Lanes<T>& a, const Lanes<T>& b) {
              Lanes<R> result;
              for (size_t i = 0; i < a.size(); ++i) result[i] = run(model, a[i], b[i]);
              return result;
            });
          }};
}

template <class T>
Check each3(const char* name, v128 (*f)(v128, v128, v128), std::type_identity_t<T (*)(T, T, T)> model) {
  return {name, [=] {
            for (int i = 0; i < kRounds; ++i) {
              const v128 a = sample_vector<T>(), b = sample_vector<T>(), c = sample_vector<T>();
              const Lanes<T> x = lanes<T>(a), y = lanes<T>(b), z = lanes<T>(c);
              Lanes<T> expected;
              for (size_t lane = 0; lane < x.size(); ++lane) expected[lane] = model(x[lane], y[lane], z[lane]);
              expect_lanes<T>(run(f, a, b, c), expected, {a, b, c});
            }
          }};
}

template <class T>
Check shift(const char* name, v128 (*f)(v128, u32), std::type_identity_t<T (*)(T, u32)> model) {
  return {name, [=] {
            for (int i = 0; i < kRounds; ++i) {
              const v128 a = sample_vector<T>();
              const u32 count = i < 256 ? static_cast<u32>(i) : static_cast<u32>(next_random());
              const Lanes<T> x = lanes<T>(a);
              Lanes<T> expected;
              for (size_t lane = 0; lane < x.size(); ++lane) expected[lane] = model(x[lane], count % (sizeof(T) * 8));
              expect_lanes<T>(run(f, a, count), expected, {a});
            }
          }};
}

template <class T>
Check reduce(const char* name, u32 (*f)(v128), std::type_identity_t<u32 (*)(const Lanes<T>&)> model) {
  return {name, [=] {
            std::vector<v128> operands = {v128{}, ~v128{}};
            for (size_t i = 0; i < 16 / sizeof(T); ++i) {
              Lanes<T> one_set{}, one_clear;
              one_clear.fill(static_cast<T>(1));
              one_set[i] = static_cast<T>(-1);
              one_clear[i] = 0;
              operands.push_back(from_lanes<T>(one_set));
              operands.push_back(from_lanes<T>(one_clear));
            }
            for (int i = 0; i < kRounds; ++i) operands.push_back(sample_vector<T>());
            for (const v128 a : operands) EXPECT_EQ(run(f, a), model(lanes<T>(a))) << hex(a);
          }};
}

template <class T, class X>
Check splat(const char* name, v128 (*f)(X)) {
  return {name, [=] {
            for (int i = 0; i < kRounds; ++i) {
              const X x = sample<X>();
              Lanes<T> expected;
              T lane;
              std::memcpy(&lane, &x, sizeof(T));
              expected.fill(lane);
              EXPECT_EQ(hex(run(f, x)), hex(from_lanes<T>(expected)));
            }
          }};
}

template <class T>
T saturate(i64 x) {
  return static_cast<T>(std::clamp<i64>(x, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
}

// The low or high half of a vector's lanes, each converted to R.
template <class T, class R, bool kHigh>
Lanes<R> extended(const Lanes<T>& a) {
  Lanes<R> result;
  for (size_t i = 0; i < result.size(); ++i) result[i] = static_cast<R>(a[i + (kHigh ? result.size() : 0)]);
  return result;
}

template <class T, class R, bool kHigh>
Check extend(const char* name, v128 (*f)(v128)) {
  return unary<T, R>(name, f, extended<T, R, kHigh>);
}

template <class T, class R, bool kHigh>
Check extmul(const char* name, v128 (*f)(v128, v128)) {
  return binary<T, R>(name, f, [](const Lanes<T>& a, const Lanes<T>& b) {
    Lanes<R> result = extended<T, R, kHigh>(a);
    const Lanes<R> right = extended<T, R, kHigh>(b);
    for (size_t i = 0; i < result.size(); ++i) result[i] = static_cast<R>(result[i] * right[i]);
    return result;
  });
}

template <class T, class R>
Check narrow(const char* name, v128 (*f)(v128, v128)) {
  return binary<T, R>(name, f, [](const Lanes<T>& a, const Lanes<T>& b) {
    Lanes<R> result;
    for (size_t i = 0; i < a.size(); ++i) {
      result[i] = saturate<R>(a[i]);
      result[i + a.size()] = saturate<R>(b[i]);
    }
    return result;
  });
}

template <class T, class R>
Check pairwise(const char* name, v128 (*f)(v128)) {
  return unary<T, R>(name, f, [](const Lanes<T>& a) {
    Lanes<R> result;
    for (size_t i = 0; i < result.size(); ++i) result[i] = static_cast<R>(R(a[2 * i]) + R(a[2 * i + 1]));
    return result;
  });
}

// Products of neighbours summed; the sum wraps.
template <class T, class R>
Lanes<R> dot(const Lanes<T>& a, const Lanes<T>& b) {
  Lanes<R> result;
  for (size_t i = 0; i < result.size(); ++i) {
    result[i] = static_cast<R>(i64{a[2 * i]} * b[2 * i] + i64{a[2 * i + 1]} * b[2 * i + 1]);
  }
  return result;
}

#define NAME(f) "vector::" #f, f

template <class S, class U>
void add_comparisons(std::vector<Check>& checks, std::vector<Named<v128(v128, v128)>> functions) {
  U (*const signed_models[])(S, S) = {
      [](S a, S b) -> U { return a < b ? ~U{0} : 0; }, [](S a, S b) -> U { return a > b ? ~U{0} : 0; },
      [](S a, S b) -> U { return a <= b ? ~U{0} : 0; }, [](S a, S b) -> U { return a >= b ? ~U{0} : 0; }};
  U (*const unsigned_models[])(U, U) = {
      [](U a, U b) -> U { return a < b ? ~U{0} : 0; }, [](U a, U b) -> U { return a > b ? ~U{0} : 0; },
      [](U a, U b) -> U { return a <= b ? ~U{0} : 0; }, [](U a, U b) -> U { return a >= b ? ~U{0} : 0; }};
  checks.push_back(
      each2<U>(functions[0].name, functions[0].function, [](U a, U b) -> U { return a == b ? ~U{0} : 0; }));
  checks.push_back(
      each2<U>(functions[1].name, functions[1].function, [](U a, U b) -> U { return a != b ? ~U{0} : 0; }));
  for (int i = 0; i < 4; ++i) {
    checks.push_back(each2<S, U>(functions[2 + i].name, functions[2 + i].function, signed_models[i]));
    if (functions.size() > 6)
      checks.push_back(each2<U>(functions[6 + i].name, functions[6 + i].function, unsigned_models[i]));
  }
}

#define SHAPE_COMPARISONS(shape)                                                                              \
  {NAME(shape##_eq)}, {NAME(shape##_ne)}, {NAME(shape##_lt_s)}, {NAME(shape##_gt_s)}, {NAME(shape##_le_s)}, { \
    NAME(shape##_ge_s)                                                                                        \
  }
#define SHAPE_UNSIGNED_COMPARISONS(shape) \
  {NAME(shape##_lt_u)}, {NAME(shape##_gt_u)}, {NAME(shape##_le_u)}, { NAME(shape##_ge_u) }

void add_integer_comparisons(std::vector<Check>& checks) {
  add_comparisons<i8, u8>(checks, {SHAPE_COMPARISONS(i8x16), SHAPE_UNSIGNED_COMPARISONS(i8x16)});
  add_comparisons<i16, u16>(checks, {SHAPE_COMPARISONS(i16x8), SHAPE_UNSIGNED_COMPARISONS(i16x8)});
  add_comparisons<i32, u32>(checks, {SHAPE_COMPARISONS(i32x4), SHAPE_UNSIGNED_COMPARISONS(i32x4)});
  add_comparisons<i64, u64>(checks, {SHAPE_COMPARISONS(i64x2)});
}

// What every integer shape has.
#define ADD_SHAPE(shape, S, U)                                                                                   \
  checks.push_back(each2<U>(NAME(shape##_add), [](U a, U b) -> U { return static_cast<U>(u64{a} + b); }));       \
  checks.push_back(each2<U>(NAME(shape##_sub), [](U a, U b) -> U { return static_cast<U>(u64{a} - b); }));       \
  checks.push_back(each<U>(NAME(shape##_neg), [](U a) -> U { return static_cast<U>(u64{0} - a); }));             \
  checks.push_back(                                                                                              \
      each<S, U>(NAME(shape##_abs), [](S a) -> U { return static_cast<U>(a < 0 ? u64{0} - u64(a) : u64(a)); })); \
  checks.push_back(shift<U>(NAME(shape##_shl), [](U a, u32 n) -> U { return static_cast<U>(u64{a} << n); }));    \
  checks.push_back(shift<S>(NAME(shape##_shr_s), [](S a, u32 n) -> S { return static_cast<S>(i64{a} >> n); }));  \
  checks.push_back(shift<U>(NAME(shape##_shr_u), [](U a, u32 n) -> U { return static_cast<U>(u64{a} >> n); }));  \
  checks.push_back(reduce<U>(NAME(shape##_all_true), [](const Lanes<U>& a) -> u32 {                              \
    return std::all_of(a.begin(), a.end(), [](U lane) { return lane != 0; });                                    \
  }));                                                                                                           \
  checks.push_back(reduce<S>(NAME(shape##_bitmask), [](const Lanes<S>& a) -> u32 {                               \
    u32 mask = 0;                                                                                                \
    for (size_t i = 0; i < a.size(); ++i) mask |= u32{a[i] < 0} << i;                                            \
    return mask;                                                                                                 \
  }));

// What the shapes of 8, 16 and 32 bits have.
#define ADD_MIN_MAX(shape, S, U)                                                            \
  checks.push_back(each2<S>(NAME(shape##_min_s), [](S a, S b) { return std::min(a, b); })); \
  checks.push_back(each2<U>(NAME(shape##_min_u), [](U a, U b) { return std::min(a, b); })); \
  checks.push_back(each2<S>(NAME(shape##_max_s), [](S a, S b) { return std::max(a, b); })); \
  checks.push_back(each2<U>(NAME(shape##_max_u), [](U a, U b) { return std::max(a, b); }));

// What the shapes of 8 and 16 bits have.
#define ADD_SATURATING(shape, S, U)                                                                      \
  checks.push_back(each2<S>(NAME(shape##_add_sat_s), [](S a, S b) { return saturate<S>(i64{a} + b); })); \
  checks.push_back(each2<U>(NAME(shape##_add_sat_u), [](U a, U b) { return saturate<U>(i64{a} + b); })); \
  checks.push_back(each2<S>(NAME(shape##_sub_sat_s), [](S a, S b) { return saturate<S>(i64{a} - b); })); \
  checks.push_back(each2<U>(NAME(shape##_sub_sat_u), [](U a, U b) { return saturate<U>(i64{a} - b); })); \
  checks.push_back(each2<U>(NAME(shape##_avgr_u), [](U a, U b) -> U { return static_cast<U>((a + b + 1) / 2); }));

void add_integer_arithmetic(std::vector<Check>& checks) {
  ADD_SHAPE(i8x16, i8, u8)
  ADD_SHAPE(i16x8, i16, u16)
  ADD_SHAPE(i32x4, i32, u32)
  ADD_SHAPE(i64x2, i64, u64)
  ADD_MIN_MAX(i8x16, i8, u8)
  ADD_MIN_MAX(i16x8, i16, u16)
  ADD_MIN_MAX(i32x4, i32, u32)
  ADD_SATURATING(i8x16, i8, u8)
  ADD_SATURATING(i16x8, i16, u16)
  checks.push_back(each2<u16>(NAME(i16x8_mul), [](u16 a, u16 b) { return static_cast<u16>(u32{a} * b); }));
  checks.push_back(each2<u32>(NAME(i32x4_mul), [](u32 a, u32 b) { return a * b; }));
  checks.push_back(each2<u64>(NAME(i64x2_mul), [](u64 a, u64 b) { return a * b; }));
  checks.push_back(each<u8>(NAME(i8x16_popcnt), [](u8 a) { return static_cast<u8>(std::popcount(a)); }));
  checks.push_back(splat<u8, u32>(NAME(i8x16_splat)));
  checks.push_back(splat<u16, u32>(NAME(i16x8_splat)));
  checks.push_back(splat<u32, u32>(NAME(i32x4_splat)));
  checks.push_back(splat<u64, u64>(NAME(i64x2_splat)));
  checks.push_back(splat<f32, f32>(NAME(f32x4_splat)));
  checks.push_back(splat<f64, f64>(NAME(f64x2_splat)));
}

u64 select_bits(u64 a, u64 b, u64 mask) { return (a & mask) | (b & ~mask); }

Lanes<u8> swizzled(const Lanes<u8>& a, const Lanes<u8>& s) {
  Lanes<u8> result;
  for (size_t i = 0; i < 16; ++i) result[i] = s[i] < 16 ? a[s[i]] : 0;
  return result;
}

void add_bitwise(std::vector<Check>& checks) {
  checks.push_back(each<u64>(NAME(v128_not), [](u64 a) { return ~a; }));
  checks.push_back(each2<u64>(NAME(v128_and), [](u64 a, u64 b) { return a & b; }));
  checks.push_back(each2<u64>(NAME(v128_andnot), [](u64 a, u64 b) { return a & ~b; }));
  checks.push_back(each2<u64>(NAME(v128_or), [](u64 a, u64 b) { return a | b; }));
  checks.push_back(each2<u64>(NAME(v128_xor), [](u64 a, u64 b) { return a ^ b; }));
  checks.push_back(each3<u64>(NAME(v128_bitselect), select_bits));
  checks.push_back(reduce<u8>(NAME(v128_any_true), [](const Lanes<u8>& a) -> u32 {
    return std::any_of(a.begin(), a.end(), [](u8 lane) { return lane != 0; });
  }));
  checks.push_back(binary<u8, u8>(NAME(i8x16_swizzle), swizzled));
}

// Signs and pseudo-minimum keep bits, hence their models' integer results.
#define ADD_FLOAT_SHAPE(shape, F, U, scalar)                                                                       \
  checks.push_back(each<F, U>(NAME(shape##_abs), [](F a) { return std::bit_cast<U>(numeric::scalar##_abs(a)); })); \
  checks.push_back(each<F, U>(NAME(shape##_neg), [](F a) { return std::bit_cast<U>(numeric::scalar##_neg(a)); })); \
  checks.push_back(each<F>(NAME(shape##_ceil), numeric::scalar##_ceil));                                           \
  checks.push_back(each<F>(NAME(shape##_floor), numeric::scalar##_floor));                                         \
  checks.push_back(each<F>(NAME(shape##_trunc), numeric::scalar##_trunc));                                         \
  checks.push_back(each<F>(NAME(shape##_nearest), numeric::scalar##_nearest));                                     \
  checks.push_back(each<F>(NAME(shape##_sqrt), numeric::scalar##_sqrt));                                           \
  checks.push_back(each2<F>(NAME(shape##_add), numeric::scalar##_add));                                            \
  checks.push_back(each2<F>(NAME(shape##_sub), numeric::scalar##_sub));                                            \
  checks.push_back(each2<F>(NAME(shape##_mul), numeric::scalar##_mul));                                            \
  checks.push_back(each2<F>(NAME(shape##_div), numeric::scalar##_div));                                            \
  checks.push_back(each2<F>(NAME(shape##_min), numeric::scalar##_min));                                            \
  checks.push_back(each2<F>(NAME(shape##_max), numeric::scalar##_max));                                            \
  checks.push_back(each2<F>(NAME(shape##_relaxed_min), numeric::scalar##_min));                                    \
  checks.push_back(each2<F>(NAME(shape##_relaxed_max), numeric::scalar##_max));                                    \
  checks.push_back(each2<F, U>(NAME(shape##_pmin), [](F a, F b) { return std::bit_cast<U>(b < a ? b : a); }));     \
  checks.push_back(each2<F, U>(NAME(shape##_pmax), [](F a, F b) { return std::bit_cast<U>(a < b ? b : a); }));     \
  checks.push_back(each2<F, U>(NAME(shape##_eq), [](F a, F b) -> U { return a == b ? ~U{0} : 0; }));               \
  checks.push_back(each2<F, U>(NAME(shape##_ne), [](F a, F b) -> U { return a != b ? ~U{0} : 0; }));               \
  checks.push_back(each2<F, U>(NAME(shape##_lt), [](F a, F b) -> U { return a < b ? ~U{0} : 0; }));                \
  checks.push_back(each2<F, U>(NAME(shape##_gt), [](F a, F b) -> U { return a > b ? ~U{0} : 0; }));                \
  checks.push_back(each2<F, U>(NAME(shape##_le), [](F a, F b) -> U { return a <= b ? ~U{0} : 0; }));               \
  checks.push_back(each2<F, U>(NAME(shape##_ge), [](F a, F b) -> U { return a >= b ? ~U{0} : 0; }));               \
  checks.push_back(each3<F>(NAME(shape##_relaxed_madd), [](F a, F b, F c) { return opaque(F(a * b)) + c; }));      \
  checks.push_back(each3<F>(NAME(shape##_relaxed_nmadd), [](F a, F b, F c) { return opaque(F(-(a * b))) + c; }));

void add_float(std::vector<Check>& checks){ADD_FLOAT_SHAPE(f32x4, f32, u32, f32) ADD_FLOAT_SHAPE(f64x2, f64, u64, f64)}
#define ADD_EXTENSIONS(wide, narrow, WS, WU, NS, NU)                             \
  checks.push_back(extend<NS, WS, false>(NAME(wide##_extend_low_##narrow##_s))); \
  checks.push_back(extend<NS, WS, true>(NAME(wide##_extend_high_##narrow##_s))); \
  checks.push_back(extend<NU, WU, false>(NAME(wide##_extend_low_##narrow##_u))); \
  checks.push_back(extend<NU, WU, true>(NAME(wide##_extend_high_##narrow##_u))); \
  checks.push_back(extmul<NS, WS, false>(NAME(wide##_extmul_low_##narrow##_s))); \
  checks.push_back(extmul<NS, WS, true>(NAME(wide##_extmul_high_##narrow##_s))); \
  checks.push_back(extmul<NU, WU, false>(NAME(wide##_extmul_low_##narrow##_u))); \
  checks.push_back(extmul<NU, WU, true>(NAME(wide##_extmul_high_##narrow##_u)));

i16 q15_product(i16 a, i16 b) {
  return saturate<i16>((i64{a} * b + 0x4000) >> 15);
}

template <class F, class R>
Lanes<R> low_lanes_then_zero(const Lanes<F>& a, R (*convert)(F)) {
  Lanes<R> result{};
  for (size_t i = 0; i < a.size(); ++i) result[i] = run(convert, a[i]);
  return result;
}

template <class T>
Lanes<f64> low_lanes(const Lanes<T>& a) {
  return {static_cast<f64>(a[0]), static_cast<f64>(a[1])};
}

void add_widths(std::vector<Check>& checks) {
  ADD_EXTENSIONS(i16x8, i8x16, i16, u16, i8, u8)
  ADD_EXTENSIONS(i32x4, i16x8, i32, u32, i16, u16)
  ADD_EXTENSIONS(i64x2, i32x4, i64, u64, i32, u32)
  checks.push_back(pairwise<i8, i16>(NAME(i16x8_extadd_pairwise_i8x16_s)));
  checks.push_back(pairwise<u8, u16>(NAME(i16x8_extadd_pairwise_i8x16_u)));
  checks.push_back(pairwise<i16, i32>(NAME(i32x4_extadd_pairwise_i16x8_s)));
  checks.push_back(pairwise<u16, u32>(NAME(i32x4_extadd_pairwise_i16x8_u)));
  checks.push_back(narrow<i16, i8>(NAME(i8x16_narrow_i16x8_s)));
  checks.push_back(narrow<i16, u8>(NAME(i8x16_narrow_i16x8_u)));
  checks.push_back(narrow<i32, i16>(NAME(i16x8_narrow_i32x4_s)));
  checks.push_back(narrow<i32, u16>(NAME(i16x8_narrow_i32x4_u)));
  checks.push_back(binary<i16, i32>(NAME(i32x4_dot_i16x8_s), dot<i16, i32>));
  checks.push_back(each2<i16>(NAME(i16x8_q15mulr_sat_s), q15_product));
}

void add_conversions(std::vector<Check>& checks) {
  using namespace numeric;
  checks.push_back(each<u32, f32>(NAME(f32x4_convert_i32x4_s), f32_convert_i32_s));
  checks.push_back(each<u32, f32>(NAME(f32x4_convert_i32x4_u), f32_convert_i32_u));
  checks.push_back(unary<i32, f64>(NAME(f64x2_convert_low_i32x4_s), low_lanes<i32>));
  checks.push_back(unary<u32, f64>(NAME(f64x2_convert_low_i32x4_u), low_lanes<u32>));
  checks.push_back(unary<f32, f64>(NAME(f64x2_promote_low_f32x4), low_lanes<f32>));
  checks.push_back(unary<f64, f32>(NAME(f32x4_demote_f64x2_zero), [](const Lanes<f64>& a) {
    return low_lanes_then_zero<f64, f32>(a, f32_demote_f64);
  }));
  for (const auto& [name, f] : {Named{NAME(i32x4_trunc_sat_f32x4_s)}, Named{NAME(i32x4_relaxed_trunc_f32x4_s)}})
    checks.push_back(each<f32, u32>(name, f, i32_trunc_sat_f32_s));
  for (const auto& [name, f] : {Named{NAME(i32x4_trunc_sat_f32x4_u)}, Named{NAME(i32x4_relaxed_trunc_f32x4_u)}})
    checks.push_back(each<f32, u32>(name, f, i32_trunc_sat_f32_u));
  for (const auto& [name, f] :
       {Named{NAME(i32x4_trunc_sat_f64x2_s_zero)}, Named{NAME(i32x4_relaxed_trunc_f64x2_s_zero)}})
    checks.push_back(unary<f64, u32>(
        name, f, [](const Lanes<f64>& a) { return low_lanes_then_zero<f64, u32>(a, i32_trunc_sat_f64_s); }));
  for (const auto& [name, f] :
       {Named{NAME(i32x4_trunc_sat_f64x2_u_zero)}, Named{NAME(i32x4_relaxed_trunc_f64x2_u_zero)}})
    checks.push_back(unary<f64, u32>(
        name, f, [](const Lanes<f64>& a) { return low_lanes_then_zero<f64, u32>(a, i32_trunc_sat_f64_u); }));
}

void add_relaxed(std::vector<Check>& checks) {
  checks.push_back(binary<u8, u8>(NAME(i8x16_relaxed_swizzle), swizzled));
  for (const auto& [name, f] : {Named{NAME(i8x16_relaxed_laneselect)}, Named{NAME(i16x8_relaxed_laneselect)},
                                Named{NAME(i32x4_relaxed_laneselect)}, Named{NAME(i64x2_relaxed_laneselect)}})
    checks.push_back(each3<u64>(name, f, select_bits));
  checks.push_back(each2<i16>(NAME(i16x8_relaxed_q15mulr_s), q15_product));
  checks.push_back(binary<i8, i16>(NAME(i16x8_relaxed_dot_i8x16_i7x16_s), dot<i8, i16>));
  checks.push_back({"vector::i32x4_relaxed_dot_i8x16_i7x16_add_s", [] {
                      for (int i = 0; i < kRounds; ++i) {
                        const v128 a = sample_vector<i8>(), b = sample_vector<i8>(), c = sample_vector<u32>();
                        const Lanes<i16> products = dot<i8, i16>(lanes<i8>(a), lanes<i8>(b));
                        Lanes<u32> expected = lanes<u32>(c);
                        for (size_t lane = 0; lane < 4; ++lane)
                          expected[lane] += static_cast<u32>(products[2 * lane] + products[2 * lane + 1]);
                        expect_lanes<u32>(run(i32x4_relaxed_dot_i8x16_i7x16_add_s, a, b, c), expected, {a, b, c});
                      }
                    }});
}

std::vector<Check> all_checks() {
  std::vector<Check> checks;
  add_bitwise(checks);
  add_integer_comparisons(checks);
  add_integer_arithmetic(checks);
  add_float(checks);
  add_widths(checks);
  add_conversions(checks);
  add_relaxed(checks);
  return checks;
}

TEST(Vector, AgreesWithTheModelOfEachLane) {
  for (const Check& check : all_checks()) {
    SCOPED_TRACE(check.name);
    check.run();
    if (HasFailure()) break;
  }
}

constexpr std::string_view kPureFunctions[] = {
#define BRINK_PURE(id, function, sig) #function,
#include "engine/interpret/pure_ops.def"
};

TEST(Vector, EveryPureInstructionHasAModel) {
  std::multiset<std::string_view> checked, listed;
  for (const Check& check : all_checks()) checked.insert(check.name);
  for (const std::string_view function : kPureFunctions) {
    if (function.starts_with("vector::")) listed.insert(function);
  }
  EXPECT_EQ(checked, listed);
}

}  // namespace
}  // namespace brink::vector
