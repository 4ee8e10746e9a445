// Registers chosen at random: other code for another seed, the same for the same, and always the same results.
#include <set>

#include "jit/baseline/random_choice.h"
#include "jit/test_guest.h"

namespace brink::jit {
namespace {

TEST(RandomChoice, ReachesAllOfAMaskAndNothingElse) {
  RandomChoice random(1, 0);
  std::set<u32> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.of(0b1010'0110));
  EXPECT_EQ(seen, (std::set<u32>{1, 2, 5, 7}));
  RandomChoice off({}, 0);
  EXPECT_EQ(off.of(0b1010'0110), 1u);
  EXPECT_FALSE(off.once_in(1));
}

// More values at once than there are registers, across calls, loops, blocks with results, division and shifts.
constexpr const char* kText = R"((module
  (memory 1)
  (func $mix (param i32 i64 f64 f32) (result f64)
    (f64.add (f64.convert_i32_s (local.get 0)) (f64.sub (local.get 2)
      (f64.add (f64.convert_i64_u (local.get 1)) (f64.promote_f32 (local.get 3))))))
  (func (export "f") (param $a i32) (param $b i64) (param $c f64) (result f64)
    (local $i i32) (local $x i32) (local $y i64) (local $z f64) (local $v v128) (local $w f32)
    (local.set $i (i32.const 9))
    (local.set $v (i32x4.splat (local.get $a)))
    (loop $next
      (i32.rem_u (local.get $a) (local.get $i))
      (i32.shl (local.get $x) (local.get $i))
      (i32.rotr (i32.xor (local.get $a) (local.get $x)) (local.get $i))
      (i32.load8_u offset=3 (i32.and (local.get $x) (i32.const 1023)))
      (if (result i32) (i32.gt_s (local.get $x) (local.get $a))
        (then (i32.div_s (local.get $x) (local.get $i)))
        (else (i32.wrap_i64 (i64.div_u (local.get $b) (i64.extend_i32_u (local.get $i))))))
      i32.add i32.sub i32.xor i32.add
      (local.tee $x)
      (local.set $x (i32.add (local.get $x)))
      (i32.store offset=64 (i32.and (local.get $x) (i32.const 1020)) (local.get $x))
      (local.set $v (i32x4.add (local.get $v) (i8x16.swizzle (local.get $v) (i32x4.splat (local.get $x)))))
      (local.set $z (f64.add (local.get $z) (call $mix (local.get $x) (local.get $y) (local.get $c) (local.get $w))))
      (local.set $w (f32.demote_f64 (f64.mul (local.get $z) (f64.const 0.5))))
      (local.set $y (i64.add (local.get $y) (i64.extend_i32_u (i32x4.extract_lane 2 (local.get $v)))))
      (br_if $next (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
    (f64.add (local.get $z) (f64.convert_i64_s (i64.xor (local.get $y) (i64.extend_i32_s (local.get $x)))))))
)";

// AArch64 is mostly emulated, and the emulator keeps 50 MB for every memory that there has been.
#if defined(__aarch64__)
constexpr u64 kSeeds = 6;
#else
constexpr u64 kSeeds = 40;
#endif

TEST(RandomRegisters, ChangeTheCodeAndNothingElse) {
  const std::vector<Value> arguments = {Value::i32(123456789), Value::i64(0x1234'5678'9ABC), Value::f64(2.5)};
  Guest interpreted(kText, nullptr);
  std::string wanted = interpreted.call("f", arguments);
  std::set<u64> sizes;
  for (u64 seed = 0; seed < kSeeds; ++seed) {
    for (bool baseline : {false, true}) {
      u64 size[2];
      for (u64& bytes : size) {
        Guest guest(kText, compiler({.arena_bytes = 1 << 20, .baseline = baseline, .random_seed = seed}));
        EXPECT_EQ(guest.call("f", arguments), wanted) << seed;
        bytes = guest.compiler()->statistics().machine_bytes;
      }
      EXPECT_EQ(size[0], size[1]) << seed;
      sizes.insert(size[0]);
    }
  }
  EXPECT_GT(sizes.size(), kSeeds / 2);
}

}  // namespace
}  // namespace brink::jit
