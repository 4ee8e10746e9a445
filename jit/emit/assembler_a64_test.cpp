// Every form of every instruction the assembler can be asked for, against binutils' disassembler: what was meant is written
// here in its syntax.
#include "jit/emit/assembler.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <sstream>
#include <string>

#include "jit/baseline/vector_forms_a64.h"

namespace brink::jit {
namespace {

std::string name(Width w, Gp reg) {
  if (reg == Gp::sp) return "sp";
  return (w == Width::W32 ? "w" : "x") + std::to_string(static_cast<u32>(reg));
}
std::string name(char kind, Fp reg) { return kind + std::to_string(static_cast<u32>(reg)); }
std::string name(bool is_f64, Fp reg) { return name(is_f64 ? 'd' : 's', reg); }

class Encodings : public testing::Test {
 protected:
  explicit Encodings(const Features& features = {}) : assembler_(features) {}

  // What `emit` does, in the disassembler's words, one instruction a line.
  void expect(const std::string& wanted, const std::function<void(Assembler&)>& emit) {
    emit(assembler_);
    wanted_ += wanted + "\n";
  }

  void TearDown() override {
    ASSERT_TRUE(assembler_.ok()) << wanted_;
    char path[] = "/tmp/brink-encodings-XXXXXX";
    int file = mkstemp(path);
    ASSERT_GE(file, 0);
    auto code = assembler_.code();
    ASSERT_EQ(write(file, code.data(), code.size()), static_cast<ssize_t>(code.size()));
    close(file);
    std::string command = std::string("aarch64-linux-gnu-objdump -D -b binary -m aarch64 --no-show-raw-insn ") + path;
    FILE* pipe = popen(command.c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    std::string found;
    char line[512];
    while (std::fgets(line, sizeof line, pipe)) {
      std::string text = line;
      size_t begin = text.find(":\t");
      if (begin == std::string::npos) continue;
      text = text.substr(begin + 2, text.find_last_not_of(" \n") - begin - 1);
      if (size_t comment = text.find("//"); comment != std::string::npos) text.resize(text.find_last_not_of(" \t", comment - 1) + 1);
      for (char& c : text)
        if (c == '\t') c = ' ';
      found += text + "\n";
    }
    int status = pclose(pipe);
    unlink(path);
    if (status != 0) GTEST_SKIP() << "no aarch64-linux-gnu-objdump";
    std::istringstream a(wanted_), b(found);
    std::string wanted, is;
    for (u32 number = 0;; ++number) {
      bool more = static_cast<bool>(std::getline(a, wanted));
      bool more_found = static_cast<bool>(std::getline(b, is));
      ASSERT_EQ(more, more_found) << "after " << number << " instructions: " << wanted << " / " << is;
      if (!more) break;
      ASSERT_EQ(is, wanted) << "instruction " << number;
    }
  }

  Assembler assembler_;
  std::string wanted_;
};

constexpr Gp kSome[] = {Gp::x0, Gp::x7, Gp::x15, Gp::x19, Gp::x28};
constexpr Fp kSomeFp[] = {Fp::f0, Fp::f8, Fp::f15, Fp::f31};
constexpr Width kWidths[] = {Width::W32, Width::W64};

TEST_F(Encodings, IntegerOperations) {
  constexpr std::pair<Alu, const char*> kAlus[] = {
      {Alu::Add, "add"}, {Alu::Sub, "sub"}, {Alu::And, "and"}, {Alu::Or, "orr"}, {Alu::Xor, "eor"}};
  constexpr std::pair<Shift, const char*> kShifts[] = {
      {Shift::Left, "lsl"}, {Shift::RightSigned, "asr"}, {Shift::RightUnsigned, "lsr"}, {Shift::RotateRight, "ror"}};
  for (Width w : kWidths)
    for (Gp d : kSome)
      for (Gp a : {Gp::x1, d, Gp::x30})
        for (Gp b : {Gp::x2, d}) {
          std::string three = name(w, d) + ", " + name(w, a) + ", " + name(w, b);
          for (auto [op, text] : kAlus) expect(std::string(text) + " " + three, [&](Assembler& s) { s.alu(op, w, d, a, b); });
          for (auto [op, text] : kShifts) expect(std::string(text) + " " + three, [&](Assembler& s) { s.shift(op, w, d, a, b); });
          expect("mul " + three, [&](Assembler& s) { s.multiply(w, d, a, b); });
          expect("adds " + three, [&](Assembler& s) { EXPECT_EQ(s.alu_carry(Alu::Add, w, d, a, b), Condition::AboveEqual); });
          expect("subs " + three, [&](Assembler& s) { EXPECT_EQ(s.alu_carry(Alu::Sub, w, d, a, b), Condition::Below); });
          expect("sdiv " + three, [&](Assembler& s) { s.quotient(w, true, d, a, b); });
          expect("udiv " + three, [&](Assembler& s) { s.quotient(w, false, d, a, b); });
          std::string x16 = name(w, Gp::x16);
          expect("sdiv " + x16 + ", " + name(w, a) + ", " + name(w, b) + "\nmsub " + name(w, d) + ", " + x16 + ", " + name(w, b) +
                     ", " + name(w, a),
                 [&](Assembler& s) { s.remainder(w, true, d, a, b); });
          expect("neg " + x16 + ", " + name(w, b) + "\nror " + name(w, d) + ", " + name(w, a) + ", " + x16,
                 [&](Assembler& s) { s.shift(Shift::RotateLeft, w, d, a, b); });
        }
  for (Width w : kWidths)
    for (Gp d : kSome) {
      std::string two = name(w, d) + ", " + name(w, Gp::x3), same = name(w, d) + ", " + name(w, d);
      expect("mov " + two, [&](Assembler& s) { s.move(w, d, Gp::x3); });
      expect("clz " + two, [&](Assembler& s) { s.count_leading_zeros(w, d, Gp::x3); });
      expect("rbit " + two + "\nclz " + same, [&](Assembler& s) { s.count_trailing_zeros(w, d, Gp::x3); });
      expect(std::string("fmov ") + (w == Width::W32 ? "s30, w3" : "d30, x3") + "\ncnt v30.8b, v30.8b\naddv b30, v30.8b\nfmov " +
                 name(Width::W32, d) + ", s30",
             [&](Assembler& s) { s.count_ones(w, d, Gp::x3); });
      expect("sxtb " + name(w, d) + ", w3", [&](Assembler& s) { s.sign_extend(w, d, Gp::x3, 1); });
      expect("sxth " + name(w, d) + ", w3", [&](Assembler& s) { s.sign_extend(w, d, Gp::x3, 2); });
      expect("lsl " + two + ", #7", [&](Assembler& s) { s.shift(Shift::Left, w, d, Gp::x3, w == Width::W32 ? 39 : 71); });
      expect("asr " + two + ", #31", [&](Assembler& s) { s.shift(Shift::RightSigned, w, d, Gp::x3, 31); });
      expect("lsr " + two + ", #1", [&](Assembler& s) { s.shift(Shift::RightUnsigned, w, d, Gp::x3, 1); });
      expect("ror " + two + ", #5", [&](Assembler& s) { s.shift(Shift::RotateRight, w, d, Gp::x3, 5); });
      expect("ror " + two + (w == Width::W32 ? ", #27" : ", #59"), [&](Assembler& s) { s.shift(Shift::RotateLeft, w, d, Gp::x3, 5); });
      expect("mov " + two, [&](Assembler& s) { s.shift(Shift::Left, w, d, Gp::x3, 64); });
      expect("cmp " + two, [&](Assembler& s) { s.compare(w, d, Gp::x3); });
      expect("tst " + two, [&](Assembler& s) { s.test(w, d, Gp::x3); });
    }
  expect("sxtw x5, w6", [&](Assembler& s) { s.sign_extend(Width::W64, Gp::x5, Gp::x6, 4); });
  expect("mov w5, w5", [&](Assembler& s) { s.move(Width::W32, Gp::x5, Gp::x5); });
  assembler_.move(Width::W64, Gp::x5, Gp::x5);  // nothing
  expect("mov sp, x17", [&](Assembler& s) { s.move(Width::W64, Gp::sp, Gp::x17); });
  expect("mov x17, sp", [&](Assembler& s) { s.move(Width::W64, Gp::x17, Gp::sp); });
}

TEST_F(Encodings, Constants) {
  auto constant = [&](u64 value, const char* wanted) {
    expect(wanted, [&](Assembler& s) { s.move_constant(Gp::x9, value, true); });
  };
  constant(0, "mov x9, #0x0");
  constant(1, "mov x9, #0x1");
  constant(0xFFFF, "mov x9, #0xffff");
  constant(0x10000, "mov x9, #0x10000");
  constant(0x12345678, "mov x9, #0x5678\nmovk x9, #0x1234, lsl #16");
  constant(0xFFFFFFFF, "mov w9, #0xffffffff");
  constant(0xFFFF1234, "mov w9, #0xffff1234");
  constant(~u64{0}, "mov x9, #0xffffffffffffffff");
  constant(static_cast<u64>(-5), "mov x9, #0xfffffffffffffffb");
  constant(0xFFFFFFFF80000000, "mov x9, #0xffffffffffff0000\nmovk x9, #0x8000, lsl #16");
  constant(0xFFFF0000FFFF1234, "mov x9, #0xffffffffffff1234\nmovk x9, #0x0, lsl #32");
  constant(0x123456789ABCDEF0, "mov x9, #0xdef0\nmovk x9, #0x9abc, lsl #16\nmovk x9, #0x5678, lsl #32\nmovk x9, #0x1234, lsl #48");
  constant(u64{1} << 63, "mov x9, #0x8000000000000000");
  constant(0x8000000000000001, "mov x9, #0x1\nmovk x9, #0x8000, lsl #48");

  auto add = [&](Width w, i32 value, const char* wanted) {
    expect(wanted, [&](Assembler& s) { s.alu(Alu::Add, w, Gp::x1, Gp::x2, value); });
  };
  add(Width::W64, 1, "add x1, x2, #0x1");
  add(Width::W32, -1, "sub w1, w2, #0x1");
  add(Width::W64, 4095, "add x1, x2, #0xfff");
  add(Width::W64, 4096, "add x1, x2, #0x1, lsl #12");
  add(Width::W64, 0x12345, "add x1, x2, #0x12, lsl #12\nadd x1, x1, #0x345");
  add(Width::W64, -0x12345, "sub x1, x2, #0x12, lsl #12\nsub x1, x1, #0x345");
  add(Width::W64, 0x1234567, "mov x16, #0x4567\nmovk x16, #0x123, lsl #16\nadd x1, x2, x16");
  add(Width::W64, INT32_MIN, "mov x16, #0xffffffffffff0000\nmovk x16, #0x8000, lsl #16\nadd x1, x2, x16");
  add(Width::W32, INT32_MIN, "mov x16, #0x80000000\nadd w1, w2, w16");
  expect("sub x1, x2, #0x8", [&](Assembler& s) { s.alu(Alu::Sub, Width::W64, Gp::x1, Gp::x2, 8); });
  expect("mov x16, #0x80000000\nadd x1, x2, x16", [&](Assembler& s) { s.alu(Alu::Sub, Width::W64, Gp::x1, Gp::x2, INT32_MIN); });
  expect("and w1, w2, #0xff", [&](Assembler& s) { s.alu(Alu::And, Width::W32, Gp::x1, Gp::x2, 255); });
  expect("orr x1, x2, #0xfffffffffffffff0", [&](Assembler& s) { s.alu(Alu::Or, Width::W64, Gp::x1, Gp::x2, -16); });
  expect("eor w1, w2, #0x80000000", [&](Assembler& s) { s.alu(Alu::Xor, Width::W32, Gp::x1, Gp::x2, INT32_MIN); });
  expect("mov x16, #0x0\nand w1, w2, w16", [&](Assembler& s) { s.alu(Alu::And, Width::W32, Gp::x1, Gp::x2, 0); });
  expect("mov w16, #0xffffffff\neor w1, w2, w16", [&](Assembler& s) { s.alu(Alu::Xor, Width::W32, Gp::x1, Gp::x2, -1); });
  expect("mov x16, #0x5\nand x1, x2, x16", [&](Assembler& s) { s.alu(Alu::And, Width::W64, Gp::x1, Gp::x2, 5); });
  EXPECT_TRUE(Assembler::is_logical_constant(Alu::And, 0xFFFFFFFE));
  EXPECT_FALSE(Assembler::is_logical_constant(Alu::Add, 0xFFFFFFFE));
  EXPECT_FALSE(Assembler::is_logical_constant(Alu::And, 0x123456789));
  expect("and x1, x2, #0xfffffffe", [&](Assembler& s) { s.alu_logical(Alu::And, Gp::x1, Gp::x2, 0xFFFFFFFE); });
  expect("orr x1, x2, #0x8000000000000000", [&](Assembler& s) { s.alu_logical(Alu::Or, Gp::x1, Gp::x2, u64{1} << 63); });
  expect("eor x1, x2, #0xffffffff00000000", [&](Assembler& s) { s.alu_logical(Alu::Xor, Gp::x1, Gp::x2, 0xFFFFFFFF00000000); });
  expect("mov x16, #0x3e8\nmul w1, w2, w16", [&](Assembler& s) { s.multiply(Width::W32, Gp::x1, Gp::x2, 1000); });
  expect("mov x16, #0x10\nsubs x1, x2, x16", [&](Assembler& s) { s.alu_carry(Alu::Sub, Width::W64, Gp::x1, Gp::x2, 16); });
  expect("cmp w1, #0x7", [&](Assembler& s) { s.compare(Width::W32, Gp::x1, 7); });
  expect("cmn x1, #0x1", [&](Assembler& s) { s.compare(Width::W64, Gp::x1, -1); });
  expect("mov x16, #0x1001\ncmp x1, x16", [&](Assembler& s) { s.compare(Width::W64, Gp::x1, 0x1001); });
  expect("mov x16, #0x80000000\ncmp w1, w16", [&](Assembler& s) { s.compare(Width::W32, Gp::x1, INT32_MIN); });
  expect("tst w1, #0x1", [&](Assembler& s) { s.test(Width::W32, Gp::x1, 1); });
  expect("mov x16, #0x5\ntst w1, w16", [&](Assembler& s) { s.test(Width::W32, Gp::x1, 5); });
}

TEST_F(Encodings, Addresses) {
  auto load = [&](Load kind, const Address& from, const char* wanted) {
    expect(wanted, [&](Assembler& s) { s.load(kind, Gp::x1, from); });
  };
  load(Load::U64, {Gp::x27, 0}, "ldr x1, [x27]");
  load(Load::U64, {Gp::x27, 8}, "ldr x1, [x27, #8]");
  load(Load::U64, {Gp::x27, -8}, "ldur x1, [x27, #-8]");
  load(Load::U64, {Gp::x27, 12}, "ldur x1, [x27, #12]");
  load(Load::U64, {Gp::x27, 32760}, "ldr x1, [x27, #32760]");
  load(Load::U64, {Gp::x27, 32768}, "mov x16, #0x8000\nldr x1, [x27, x16]");
  load(Load::U64, {Gp::x27, -264}, "mov x16, #0xfffffffffffffef8\nldr x1, [x27, x16]");
  load(Load::U64, {Gp::sp, 16}, "ldr x1, [sp, #16]");
  load(Load::U8, {Gp::x26, 4095}, "ldrb w1, [x26, #4095]");
  load(Load::U8, {Gp::x26, 0x7FFFFFFF}, "mov x16, #0xffff\nmovk x16, #0x7fff, lsl #16\nldrb w1, [x26, x16]");
  load(Load::S8To32, {Gp::x26, 1}, "ldrsb w1, [x26, #1]");
  load(Load::S8To64, {Gp::x26, 1}, "ldrsb x1, [x26, #1]");
  load(Load::U16, {Gp::x26, 2}, "ldrh w1, [x26, #2]");
  load(Load::U16, {Gp::x26, 1}, "ldurh w1, [x26, #1]");
  load(Load::S16To32, {Gp::x26, 2}, "ldrsh w1, [x26, #2]");
  load(Load::S16To64, {Gp::x26, 2}, "ldrsh x1, [x26, #2]");
  load(Load::U32, {Gp::x26, 4}, "ldr w1, [x26, #4]");
  load(Load::S32To64, {Gp::x26, 4}, "ldrsw x1, [x26, #4]");
  load(Load::U32, {Gp::x26, 0, Gp::x3}, "ldr w1, [x26, x3]");
  load(Load::U32, {Gp::x26, 0, Gp::x3, 2}, "ldr w1, [x26, x3, lsl #2]");
  load(Load::U64, {Gp::x26, 0, Gp::x3, 3}, "ldr x1, [x26, x3, lsl #3]");
  load(Load::S32To64, {Gp::x26, 0, Gp::x3, 2}, "ldrsw x1, [x26, x3, lsl #2]");
  load(Load::U32, {Gp::x26, 0, Gp::x3, 3}, "add x16, x26, x3, lsl #3\nldr w1, [x16]");
  load(Load::U32, {Gp::x26, 8, Gp::x3}, "add x16, x26, x3\nldr w1, [x16, #8]");
  load(Load::U32, {Gp::x26, 0x123456, Gp::x3}, "add x16, x26, x3\nmov x17, #0x3456\nmovk x17, #0x12, lsl #16\nldr w1, [x16, x17]");

  auto store = [&](u32 bytes, const Address& to, const char* wanted) {
    expect(wanted, [&](Assembler& s) { s.store(bytes, to, Gp::x1); });
  };
  store(1, {Gp::x26, 5}, "strb w1, [x26, #5]");
  store(2, {Gp::x26, 6}, "strh w1, [x26, #6]");
  store(4, {Gp::x26, 8}, "str w1, [x26, #8]");
  store(8, {Gp::x26, 8}, "str x1, [x26, #8]");
  store(8, {Gp::x26, 9}, "stur x1, [x26, #9]");
  store(8, {Gp::x26, 0, Gp::x3}, "str x1, [x26, x3]");
  store(4, {Gp::x26, 65536, Gp::x3}, "add x16, x26, x3\nmov x17, #0x10000\nstr w1, [x16, x17]");
  auto store_constant = [&](u32 bytes, const Address& to, i32 value, const char* wanted) {
    expect(wanted, [&](Assembler& s) { s.store_constant(bytes, to, value); });
  };
  store_constant(8, {Gp::x27, 16}, 0, "str xzr, [x27, #16]");
  store_constant(4, {Gp::x27, 16}, 0, "str wzr, [x27, #16]");
  store_constant(1, {Gp::x27, 16}, 0, "strb wzr, [x27, #16]");
  store_constant(2, {Gp::x27, 16}, -1, "mov w17, #0xffffffff\nstrh w17, [x27, #16]");
  store_constant(8, {Gp::x27, 16}, -1, "mov x17, #0xffffffffffffffff\nstr x17, [x27, #16]");
  store_constant(4, {Gp::x26, 0x20000000, Gp::x3}, 7,
                 "add x16, x26, x3\nmov x17, #0x20000000\nadd x16, x16, x17\nmov x17, #0x7\nstr w17, [x16]");

  for (bool is_load : {true, false})
    for (auto [bytes, letter] : {std::pair<u32, char>{4, 's'}, {8, 'd'}, {16, 'q'}}) {
      std::string op = is_load ? "ldr " : "str ";
      auto access = [&, bytes = bytes](const std::string& wanted, const Address& at) {
        expect(wanted, [&](Assembler& s) { is_load ? s.load_float(bytes, Fp::f9, at) : s.store_float(bytes, at, Fp::f9); });
      };
      std::string reg = name(letter, Fp::f9);
      access(op + reg + ", [x27, #16]", {Gp::x27, 16});
      access(op + reg + ", [sp, #32]", {Gp::sp, 32});
      access((is_load ? "ldur " : "stur ") + reg + ", [x27, #-8]", {Gp::x27, -8});
      access(op + reg + ", [x26, x3]", {Gp::x26, 0, Gp::x3});
    }

  auto address = [&](Width w, const Address& of, const char* wanted) {
    expect(wanted, [&](Assembler& s) { s.address(w, Gp::x1, of); });
  };
  address(Width::W64, {Gp::x27, 0}, "add x1, x27, #0x0");
  address(Width::W64, {Gp::x27, 80}, "add x1, x27, #0x50");
  address(Width::W64, {Gp::sp, 8}, "add x1, sp, #0x8");
  address(Width::W32, {Gp::x2, 0, Gp::x3, 2}, "add w1, w2, w3, lsl #2");
  address(Width::W64, {Gp::x2, -4, Gp::x3, 0}, "add x1, x2, x3\nsub x1, x1, #0x4");
  expect("ldr w17, [x27, #8]\nadd w1, w2, w17", [&](Assembler& s) { s.alu(Alu::Add, Width::W32, Gp::x1, Gp::x2, Address{Gp::x27, 8}); });
  expect("ldr x17, [x27, #8]\ncmp x17, #0x0", [&](Assembler& s) { s.compare(Width::W64, Address{Gp::x27, 8}, 0); });
  expect("ldr x17, [x27, #8]\ncmp x17, x3", [&](Assembler& s) { s.compare(Width::W64, Address{Gp::x27, 8}, Gp::x3); });
  expect("ldr x17, [x27, #8]\ncmp x3, x17", [&](Assembler& s) { s.compare(Width::W64, Gp::x3, Address{Gp::x27, 8}); });
  expect("subs x25, x25, #0x7f", [&](Assembler& s) { s.set_amount(s.subtract_amount(Gp::x25), 127); });
  expect("ldr x17, [x28]\ncmp sp, x17", [&](Assembler& s) { s.compare_stack({Gp::x28, 0}); });
  expect("ldrb w17, [x28, #15]\ncbnz w17, 0x0", [&](Assembler& s) { s.set_field(s.jump_if_raised({Gp::x28, 8}), 0); });
}

const char* width_suffix(u32 bytes) { return bytes == 1 ? "b" : bytes == 2 ? "h" : ""; }

constexpr u32 kSizes[] = {1, 2, 4, 8};

struct EncodingsWithLse : Encodings {
  EncodingsWithLse() : Encodings({.lse = true}) {}
};

TEST_F(EncodingsWithLse, AtomicAccesses) {
  constexpr std::pair<AtomicOp, const char*> kUpdates[] = {{AtomicOp::Add, "ldaddal"},
                                                           {AtomicOp::Or, "ldsetal"},
                                                           {AtomicOp::Xor, "ldeoral"},
                                                           {AtomicOp::Exchange, "swpal"}};
  for (u32 bytes : kSizes) {
    Width w = bytes == 8 ? Width::W64 : Width::W32;
    std::string b = width_suffix(bytes);
    for (Gp d : kSome)
      for (Gp s : {Gp::x1, Gp::x30}) {
        std::string operands = name(w, s) + ", " + name(w, d) + ", [x26]";
        auto update = [&](AtomicOp op, const std::string& wanted, const Address& at, u32 last) {
          expect(wanted, [&](Assembler& a) {
            EXPECT_EQ(a.atomic_update(op, bytes, d, at, s, Gp::none), a.offset() - last);
          });
        };
        for (auto [op, mnemonic] : kUpdates) update(op, mnemonic + b + " " + operands, {Gp::x26, 0}, 4);
        std::string x17 = name(w, Gp::x17);
        update(AtomicOp::Sub, "neg " + x17 + ", " + name(w, s) + "\nldaddal" + b + " " + x17 + ", " + name(w, d) + ", [x26]", {Gp::x26, 0}, 4);
        update(AtomicOp::And, "mvn " + x17 + ", " + name(w, s) + "\nldclral" + b + " " + x17 + ", " + name(w, d) + ", [x26]", {Gp::x26, 0}, 4);
        update(AtomicOp::Sub,
               "add x16, x26, x3\nadd x16, x16, #0x8\nneg " + x17 + ", " + name(w, s) + "\nldaddal" + b + " " + x17 + ", " + name(w, d) +
                   ", [x16]",
               {Gp::x26, 8, Gp::x3}, 4);
        expect("mov " + name(w, d) + ", " + name(w, Gp::x2) + "\ncasal" + b + " " + name(w, d) + ", " + name(w, s) + ", [x26]",
               [&](Assembler& a) { EXPECT_EQ(a.atomic_compare_exchange(bytes, d, {Gp::x26, 0}, Gp::x2, s), a.offset() - 4); });
      }
  }
}

TEST_F(Encodings, AtomicAccesses) {
  constexpr std::pair<AtomicOp, const char*> kUpdates[] = {
      {AtomicOp::Add, "add"}, {AtomicOp::Sub, "sub"}, {AtomicOp::And, "and"}, {AtomicOp::Or, "orr"}, {AtomicOp::Xor, "eor"}};
  auto back_to = [&](u32 offset) {
    char text[24];
    std::snprintf(text, sizeof text, "0x%x", offset);
    return std::string(text);
  };
  for (u32 bytes : kSizes) {
    Width w = bytes == 8 ? Width::W64 : Width::W32;
    std::string b = width_suffix(bytes);
    for (Gp d : kSome)
      for (Gp s : {Gp::x1, Gp::x30}) {
        std::string D = name(w, d), S = name(w, s), x17 = name(w, Gp::x17);
        expect("ldar" + b + " " + D + ", [x26]", [&](Assembler& a) { EXPECT_EQ(a.atomic_load(bytes, d, {Gp::x26, 0}), a.offset() - 4); });
        expect("stlr" + b + " " + S + ", [x26]", [&](Assembler& a) { EXPECT_EQ(a.atomic_store(bytes, {Gp::x26, 0}, s), a.offset() - 4); });
        expect("add x16, x26, " + name(Width::W64, Gp::x5) + "\nldar" + b + " " + D + ", [x16]",
               [&](Assembler& a) { EXPECT_EQ(a.atomic_load(bytes, d, {Gp::x26, 0, Gp::x5}), a.offset() - 4); });
        for (auto [op, mnemonic] : kUpdates) {
          u32 at = assembler_.offset();
          expect("ldaxr" + b + " " + D + ", [x26]\n" + mnemonic + " " + x17 + ", " + D + ", " + S + "\nstlxr" + b + " w2, " + x17 +
                     ", [x26]\ncbnz w2, " + back_to(at),
                 [&](Assembler& a) { EXPECT_EQ(a.atomic_update(op, bytes, d, {Gp::x26, 0}, s, Gp::x2), at); });
        }
        u32 at = assembler_.offset();
        expect("ldaxr" + b + " " + D + ", [x26]\nstlxr" + b + " w17, " + S + ", [x26]\ncbnz w17, " + back_to(at),
               [&](Assembler& a) { EXPECT_EQ(a.atomic_update(AtomicOp::Exchange, bytes, d, {Gp::x26, 0}, s, Gp::x2), at); });
        at = assembler_.offset();
        expect("ldaxr" + b + " " + D + ", [x26]\ncmp " + D + ", " + name(w, Gp::x3) + (bytes == 1 ? ", uxtb" : bytes == 2 ? ", uxth" : "") +
                   "\nb.ne " + back_to(at + 20) + "\nstlxr" + b + " w17, " + S + ", [x26]\ncbnz w17, " + back_to(at),
               [&](Assembler& a) { EXPECT_EQ(a.atomic_compare_exchange(bytes, d, {Gp::x26, 0}, Gp::x3, s), at); });
      }
  }
  expect("dmb ish", [&](Assembler& a) { a.fence(); });
}

TEST_F(Encodings, Floats) {
  constexpr std::pair<FloatOp, const char*> kOps[] = {{FloatOp::Add, "fadd"}, {FloatOp::Sub, "fsub"}, {FloatOp::Mul, "fmul"},
                                                      {FloatOp::Div, "fdiv"}, {FloatOp::Min, "fmin"}, {FloatOp::Max, "fmax"}};
  constexpr std::pair<Rounding, const char*> kRoundings[] = {
      {Rounding::Nearest, "frintn"}, {Rounding::Floor, "frintm"}, {Rounding::Ceil, "frintp"}, {Rounding::Trunc, "frintz"}};
  for (bool is_f64 : {false, true})
    for (Fp d : kSomeFp)
      for (Fp a : kSomeFp) {
        for (Fp b : kSomeFp)
          for (auto [op, text] : kOps)
            expect(std::string(text) + " " + name(is_f64, d) + ", " + name(is_f64, a) + ", " + name(is_f64, b),
                   [&](Assembler& s) { s.float_op(op, is_f64, d, a, b); });
        std::string two = name(is_f64, d) + ", " + name(is_f64, a);
        for (auto [mode, text] : kRoundings) expect(std::string(text) + " " + two, [&](Assembler& s) { s.round(mode, is_f64, d, a); });
        expect("fsqrt " + two, [&](Assembler& s) { s.square_root(is_f64, d, a); });
        expect("fabs " + two, [&](Assembler& s) { s.absolute(is_f64, d, a, {}); });
        expect("fneg " + two, [&](Assembler& s) { s.negate_float(is_f64, d, a, {}); });
        expect("fcmp " + two, [&](Assembler& s) { s.compare_float(is_f64, d, a); });
        expect("fcvt " + name(is_f64, d) + ", " + name(!is_f64, a), [&](Assembler& s) { s.convert_float(is_f64, d, a); });
        if (d != a) expect("mov " + name('v', d) + ".16b, " + name('v', a) + ".16b", [&](Assembler& s) { s.move(d, a); });
      }
  for (Fp d : kSomeFp) {
    expect("movi v" + std::to_string(static_cast<u32>(d)) + ".2d, #0x0", [&](Assembler& s) { s.zero_float(d); });
    for (Gp reg : kSome) {
      expect("fmov " + name('s', d) + ", " + name(Width::W32, reg), [&](Assembler& s) { s.gp_to_float(Width::W32, d, reg); });
      expect("fmov " + name('d', d) + ", " + name(Width::W64, reg), [&](Assembler& s) { s.gp_to_float(Width::W64, d, reg); });
      expect("fmov " + name(Width::W32, reg) + ", " + name('s', d), [&](Assembler& s) { s.float_to_gp(Width::W32, reg, d); });
      expect("fmov " + name(Width::W64, reg) + ", " + name('d', d), [&](Assembler& s) { s.float_to_gp(Width::W64, reg, d); });
      for (bool to_f64 : {false, true}) {
        for (Width w : kWidths)
          expect("scvtf " + name(to_f64, d) + ", " + name(w, reg), [&](Assembler& s) { s.convert_signed(w, to_f64, d, reg); });
        expect("ucvtf " + name(to_f64, d) + ", " + name(Width::W64, reg), [&](Assembler& s) { s.convert_unsigned(to_f64, d, reg, reg); });
      }
    }
  }
  expect("ldr s30, [x27, #8]\nfsub s1, s2, s30", [&](Assembler& s) { s.float_op(FloatOp::Sub, false, Fp::f1, Fp::f2, Address{Gp::x27, 8}); });
  expect("ldr d30, [x27, #8]\nfcmp d2, d30", [&](Assembler& s) { s.compare_float(true, Fp::f2, Address{Gp::x27, 8}); });
  expect("mov x16, #0x80000000\nfmov s30, w16\nbit v1.8b, v2.8b, v30.8b",
         [&](Assembler& s) { s.copy_sign(false, Fp::f1, Fp::f2, {}, {}); });
  expect("mov x16, #0x8000000000000000\nfmov d30, x16\nbit v1.8b, v2.8b, v30.8b",
         [&](Assembler& s) { s.copy_sign(true, Fp::f1, Fp::f2, {}, {}); });
}

TEST_F(Encodings, Truncations) {
  // The branches lead to what follows them at once.
  u32 at = 0;
  auto truncate = [&](Width to, bool is_signed, bool from_f64, const std::function<std::string(u32)>& wanted) {
    at = assembler_.offset();
    Assembler::Fields fields = assembler_.truncate_checked(to, is_signed, from_f64, Gp::x1, Fp::f2, Gp::x3);
    for (u32 i = 0; i < fields.count; ++i) assembler_.bind(fields.at[i]);
    wanted_ += wanted(assembler_.offset());
  };
  auto hex = [](u32 value) {
    char text[16];
    std::snprintf(text, sizeof text, "0x%x", value);
    return std::string(text);
  };
  truncate(Width::W32, true, true, [&](u32 end) {
    return "fcvtzs x1, d2\nsxtw x3, w1\ncmp x1, x3\nb.ne " + hex(end) + "\nmov w1, w1\nfcmp d2, d2\nb.vs " + hex(end) + "\n";
  });
  truncate(Width::W32, false, false, [&](u32 end) {
    return "fcvtzu x1, s2\nlsr x3, x1, #32\ncbnz x3, " + hex(end) + "\nfmov s30, #-1.000000000000000000e+00\nfcmp s2, s30\nb.le " +
           hex(end) + "\n";
  });
  truncate(Width::W64, true, false, [&](u32 end) {
    return "fcvtzs x1, s2\ncmp x1, #0x1\nb.vs " + hex(end) + "\ncmn x1, #0x1\nb.vs " + hex(end) + "\nfcmp s2, s2\nb.vs " + hex(end) + "\n";
  });
  truncate(Width::W64, false, true, [&](u32 end) {
    return "fcvtzu x1, d2\ncmn x1, #0x1\nb.eq " + hex(end) + "\nfmov d30, #-1.000000000000000000e+00\nfcmp d2, d30\nb.le " + hex(end) + "\n";
  });
}

TEST_F(Encodings, Control) {
  constexpr std::pair<Condition, const char*> kConditions[] = {
      {Condition::Overflow, "vs"},     {Condition::NoOverflow, "vc"}, {Condition::Below, "cc"},     {Condition::AboveEqual, "cs"},
      {Condition::Equal, "eq"},        {Condition::NotEqual, "ne"},   {Condition::BelowEqual, "ls"}, {Condition::Above, "hi"},
      {Condition::Sign, "mi"},         {Condition::NoSign, "pl"},     {Condition::Unordered, "vs"}, {Condition::Ordered, "vc"},
      {Condition::Less, "lt"},         {Condition::GreaterEqual, "ge"}, {Condition::LessEqual, "le"}, {Condition::Greater, "gt"}};
  constexpr std::pair<Condition, const char*> kChosen[] = {
      {Condition::Equal, "eq"}, {Condition::Below, "cc"}, {Condition::Greater, "gt"}, {Condition::Overflow, "vs"}};
  for (auto [condition, text] : kConditions)
    expect(std::string("b.") + text + " 0x0", [&](Assembler& s) { s.jump_back_if(condition, 0); });
  for (auto [condition, text] : kChosen) {
    expect("cset w5, " + std::string(text), [&](Assembler& s) { s.set(condition, Gp::x5, Gp::x6); });
    expect("csel w5, w6, w5, " + std::string(text), [&](Assembler& s) { s.move_if(condition, Width::W32, Gp::x5, Gp::x6); });
    expect("csel x5, x6, x5, " + std::string(text), [&](Assembler& s) { s.move_if(condition, Width::W64, Gp::x5, Gp::x6); });
  }
  // A comparison with zero and the branch behind it are one instruction, if they are neighbours.
  expect("cbz w5, 0x0", [&](Assembler& s) { s.test(Width::W32, Gp::x5, Gp::x5), s.jump_back_if(Condition::Equal, 0); });
  expect("cbnz x30, 0x0", [&](Assembler& s) { s.test(Width::W64, Gp::x30, Gp::x30), s.jump_back_if(Condition::NotEqual, 0); });
  expect("ldr w17, [x27, #8]\ncbnz w17, 0x0",
         [&](Assembler& s) { s.compare(Width::W32, Address{Gp::x27, 8}, 0), s.jump_back_if(Condition::NotEqual, 0); });
  expect("ldr x17, [x27, #8]\ncmp x17, #0x1\nb.ne 0x0",
         [&](Assembler& s) { s.compare(Width::W64, Address{Gp::x27, 8}, 1), s.jump_back_if(Condition::NotEqual, 0); });
  expect("ldr x17, [x27, #8]\ncmp x17, #0x0\nb.lt 0x0",
         [&](Assembler& s) { s.compare(Width::W64, Address{Gp::x27, 8}, 0), s.jump_back_if(Condition::Less, 0); });
  expect("tst w5, w5\nmov x1, x2\nb.eq 0x0",
         [&](Assembler& s) { s.test(Width::W32, Gp::x5, Gp::x5), s.move(Width::W64, Gp::x1, Gp::x2), s.jump_back_if(Condition::Equal, 0); });
  expect("tst w5, w6\nb.eq 0x0", [&](Assembler& s) { s.test(Width::W32, Gp::x5, Gp::x6), s.jump_back_if(Condition::Equal, 0); });
  expect("b 0x0", [&](Assembler& s) { s.jump_back(0); });
  expect("bl 0x0", [&](Assembler& s) { s.call_back(0); });
  expect("br x9", [&](Assembler& s) { s.jump(Gp::x9); });
  expect("blr x9", [&](Assembler& s) { s.call(Gp::x9); });
  expect("ldr x17, [x28, #16]\nbr x17", [&](Assembler& s) { s.jump(Address{Gp::x28, 16}); });
  expect("ret", [&](Assembler& s) { s.return_(); });
  expect("brk #0x0", [&](Assembler& s) { s.trap(); });
  expect("br x9", [&](Assembler& s) { s.jump_to_function(Gp::x9); });
  assembler_.landing_pad();  // nothing
  char text[64];
  std::snprintf(text, sizeof text, "adr x9, 0x%x\nnop", assembler_.offset() + 8);
  expect(text, [&](Assembler& s) {
    auto field = s.address_of(Gp::x9);
    s.align(8);
    if (s.offset() - field.at < 8) s.embed("\x1f\x20\x03\xd5", 4);
    s.bind(field);
  });
}

TEST_F(Encodings, Frames) {
  EXPECT_EQ(Assembler::frame_bytes(0), 8u);
  EXPECT_EQ(Assembler::frame_bytes(1), 8u);
  EXPECT_EQ(Assembler::frame_bytes(3), 24u);
  auto frame = [&](std::span<const Gp> saved, std::span<const Fp> saved_fp, const char* opened, const char* closed) {
    expect(opened, [&](Assembler& s) { s.open_frame(saved, saved_fp); });
    expect(closed, [&](Assembler& s) { s.close_frame(saved, saved_fp); });
  };
  constexpr Gp kThree[] = {Gp::x19, Gp::x20, Gp::x21};
  constexpr Fp kThreeFp[] = {Fp::f8, Fp::f9, Fp::f10};
  std::span<const Gp> gp = kThree;
  std::span<const Fp> fp = kThreeFp;
  frame({}, {}, "stp xzr, x30, [sp, #-16]!", "ldp xzr, x30, [sp], #16\nret");
  frame(gp.first(1), {}, "stp x19, x30, [sp, #-16]!", "ldp x19, x30, [sp], #16\nret");
  frame(gp.first(2), {}, "stp x19, x20, [sp, #-32]!\nstr x30, [sp, #24]", "ldr x30, [sp, #24]\nldp x19, x20, [sp], #32\nret");
  frame(gp, {}, "stp x19, x20, [sp, #-32]!\nstp x21, x30, [sp, #16]", "ldp x21, x30, [sp, #16]\nldp x19, x20, [sp], #32\nret");
  frame({}, fp.first(1), "str d8, [sp, #-16]!\nstr x30, [sp, #8]", "ldr x30, [sp, #8]\nldr d8, [sp], #16\nret");
  frame({}, fp, "stp d8, d9, [sp, #-32]!\nstr d10, [sp, #16]\nstr x30, [sp, #24]",
        "ldr d10, [sp, #16]\nldr x30, [sp, #24]\nldp d8, d9, [sp], #32\nret");
  frame(gp.first(1), fp.first(1), "str d8, [sp, #-32]!\nstr x19, [sp, #8]\nstr x30, [sp, #24]",
        "ldr x19, [sp, #8]\nldr x30, [sp, #24]\nldr d8, [sp], #32\nret");
  frame(gp.first(2), fp.first(1), "str d8, [sp, #-32]!\nstp x19, x20, [sp, #8]\nstr x30, [sp, #24]",
        "ldp x19, x20, [sp, #8]\nldr x30, [sp, #24]\nldr d8, [sp], #32\nret");
  frame(gp, fp.first(2), "stp d8, d9, [sp, #-48]!\nstp x19, x20, [sp, #16]\nstp x21, x30, [sp, #32]",
        "ldp x19, x20, [sp, #16]\nldp x21, x30, [sp, #32]\nldp d8, d9, [sp], #48\nret");
  u32 loop = assembler_.offset() + 8;
  char text[160];
  std::snprintf(text, sizeof text,
                "add x16, x27, #0x20\nmov x17, #0xc\nstp xzr, xzr, [x16], #16\nsubs x17, x17, #0x1\nb.ne 0x%x\nstr xzr, [x16]", loop);
  expect(text, [&](Assembler& s) { s.zero_words({Gp::x27, 32}, 25); });
}

struct EncodingsWithBti : Encodings {
  EncodingsWithBti() : Encodings({.bti = true}) {}
};

TEST_F(EncodingsWithBti, LandingPads) {
  constexpr Gp kSaved[] = {Gp::x19, Gp::x20};
  expect("bti c\nstp xzr, x30, [sp, #-16]!", [&](Assembler& s) { s.open_frame({}, {}); });
  expect("bti c\nstp x19, x20, [sp, #-32]!\nstr x30, [sp, #24]", [&](Assembler& s) { s.open_frame(kSaved, {}); });
  expect("bti j", [&](Assembler& s) { s.landing_pad(); });
  expect("mov x16, x9\nbr x16", [&](Assembler& s) { s.jump_to_function(Gp::x9); });
  expect("br x17", [&](Assembler& s) { s.jump_to_function(Gp::x17); });
  expect("br x9", [&](Assembler& s) { s.jump(Gp::x9); });
  expect("blr x9", [&](Assembler& s) { s.call(Gp::x9); });
  expect("ldr x17, [x28, #16]\nbr x17", [&](Assembler& s) { s.jump(Address{Gp::x28, 16}); });
}

TEST_F(Encodings, ConstantsInMemory) {
  expect("adr x16, 0x40\nldr q9, [x16]", [&](Assembler& s) { s.set_field(s.load_vector_from(Fp::f9), 0x40); });
}

TEST_F(Encodings, FarConstantsInMemory) {
  assembler_.begin(true);
  auto load = [&](Fp d, u32 distance, const std::string& wanted) {
    expect(wanted, [&](Assembler& s) {
      auto field = s.load_vector_from(d);
      s.set_field(field, field.at + distance);
    });
  };
  load(Fp::f9, 0x40, "adr x16, 0x0\nmov x17, #0x40\nmovk x17, #0x0, lsl #16\nldr q9, [x16, x17]");
  load(Fp::f31, 0x1234567, "adr x16, 0x10\nmov x17, #0x4567\nmovk x17, #0x123, lsl #16\nldr q31, [x16, x17]");
}

// Everything that vector_forms_a64.cpp names, by the names asmjit has for its numbers.
TEST_F(Encodings, Vectors) {
  constexpr const char* kLanes[] = {".16b", ".8h", ".4s", ".2d", ".8b", ".4h", ".2s"};
  auto lanes = [&](Lanes l) { return kLanes[static_cast<u32>(l)]; };
  auto mnemonic = [](u32 id) {
    asmjit::String text;
    asmjit::InstAPI::instIdToString(asmjit::Arch::kAArch64, id, text);
    std::string found = text.data();
    return found == "not" ? std::string("mvn") : found;  // as objdump calls it
  };
  auto v = [](Fp reg, Lanes l) { return vector_register(reg, l); };
  for (auto [d, a, b] : {std::array{Fp::f1, Fp::f2, Fp::f3}, {Fp::f31, Fp::f16, Fp::f8}})
    for (u32 i = 0; i < kOpCount; ++i) {
      const VectorCode& code = vector_code(static_cast<Op>(i));
      auto reg = [](Fp r) { return "v" + std::to_string(static_cast<u32>(r)); };
      std::string to = reg(d) + lanes(code.lanes);
      switch (code.form) {
        case VectorForm::Binary:
        case VectorForm::Swapped:
        case VectorForm::BinaryNot:
        case VectorForm::ShiftLeft:
        case VectorForm::ShiftRight:
          expect(mnemonic(code.id) + " " + to + ", " + reg(a) + lanes(code.lanes) + ", " + reg(b) + lanes(code.lanes),
                 [&](Assembler& s) { s.raw().emit(code.id, v(d, code.lanes), v(a, code.lanes), v(b, code.lanes)); });
          if (code.second != 0)
            expect(mnemonic(code.second) + " " + to + ", " + reg(a) + lanes(code.lanes) + ", #5",
                   [&](Assembler& s) { s.raw().emit(code.second, v(d, code.lanes), v(a, code.lanes), asmjit::Imm(5)); });
          break;
        case VectorForm::Wide:
          expect(mnemonic(code.id) + " " + to + ", " + reg(a) + lanes(code.from) + ", " + reg(b) + lanes(code.from),
                 [&](Assembler& s) { s.raw().emit(code.id, v(d, code.lanes), v(a, code.from), v(b, code.from)); });
          break;
        case VectorForm::Unary:
          expect(mnemonic(code.id) + " " + to + ", " + reg(a) + lanes(code.lanes),
                 [&](Assembler& s) { s.raw().emit(code.id, v(d, code.lanes), v(a, code.lanes)); });
          break;
        case VectorForm::UnaryWide:
        case VectorForm::Narrow:
          expect(mnemonic(code.id) + " " + to + ", " + reg(a) + lanes(code.from),
                 [&](Assembler& s) { s.raw().emit(code.id, v(d, code.lanes), v(a, code.from)); });
          break;
        default: break;
      }
    }
  expect("tbl v1.16b, {v2.16b}, v3.16b", [](Assembler& s) { s.look_up(Fp::f1, Fp::f2, false, Fp::f3); });
  expect("tbl v8.16b, {v30.16b, v31.16b}, v19.16b", [](Assembler& s) { s.look_up(Fp::f8, Fp::f30, true, Fp::f19); });
  expect("neg x7, x7", [](Assembler& s) { s.negate(Width::W64, Gp::x7); });
}

TEST_F(Encodings, FarBranches) {
  assembler_.begin(true);
  expect("b.ne 0x8\nb 0x0", [&](Assembler& s) { s.jump_back_if(Condition::Equal, 0); });
  expect("cbnz w5, 0x10\nb 0x0", [&](Assembler& s) { s.test(Width::W32, Gp::x5, Gp::x5), s.jump_back_if(Condition::Equal, 0); });
  expect("cbz x5, 0x18\nb 0x0", [&](Assembler& s) { s.test(Width::W64, Gp::x5, Gp::x5), s.jump_back_if(Condition::NotEqual, 0); });
}

// A conditional branch of 1 MiB or more has to go around one that reaches.
TEST(FarBranches, AreAskedFor) {
  Assembler a(Features::host());
  std::vector<u8> filling((1 << 20) - 4);
  for (bool far : {false, true}) {
    a.begin(far);
    auto field = a.jump_if(Condition::Equal);
    a.embed(filling.data(), filling.size());
    a.bind(field);
    EXPECT_EQ(a.needs_far_branches(), !far);
    EXPECT_EQ(a.ok(), far);
  }
  a.begin();
  auto field = a.jump_if(Condition::Equal);
  a.embed(filling.data(), filling.size() - 4);
  a.bind(field);
  EXPECT_TRUE(a.ok());
}

// Back they reach an instruction further.
TEST(FarBranches, AreAskedForOnTheWayBack) {
  Assembler a(Features::host());
  std::vector<u8> filling(1 << 20);
  for (u32 more : {0, 4}) {
    for (bool far : {false, true}) {
      a.begin(far);
      a.embed(filling.data(), more);
      a.embed(filling.data(), filling.size());
      a.jump_back_if(Condition::Equal, 0);
      // Where it goes around another, that is what goes back.
      EXPECT_EQ(a.needs_far_branches(), !far && more != 0);
      u32 last;
      std::memcpy(&last, a.code().data() + a.code().size() - 4, sizeof last);
      if (a.ok()) EXPECT_EQ(last, far ? 0x17FBFFFFu - more / 4 : 0x54800000u) << more;
    }
  }
}

// What lies 1 MiB further on or more is not found by one instruction.
TEST(FarBranches, ConstantsToo) {
  Assembler a(Features::host());
  std::vector<u8> filling((1 << 20) - 8);
  for (u32 less : {4, 0}) {
    for (bool far : {false, true}) {
      a.begin(far);
      auto field = a.load_vector_from(Fp::f9);
      a.embed(filling.data(), filling.size() - less);
      a.bind(field);
      EXPECT_EQ(a.needs_far_branches(), !far && less == 0);
      EXPECT_EQ(a.ok(), far || less != 0);
    }
  }
}

}  // namespace
}  // namespace brink::jit
