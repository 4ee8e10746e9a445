// Every form of every instruction the assembler can be asked for, against binutils' disassembler: what was meant is written
// here in its syntax.
#include "jit/emit/assembler.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

#include "jit/baseline/vector_opcodes_x64.h"

namespace brink::jit {
namespace {

const char* name(Width w, Gp reg) {
  constexpr const char* k64[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                 "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
  constexpr const char* k32[] = {"eax", "ecx", "edx",  "ebx",  "esp",  "ebp",  "esi",  "edi",
                                 "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d"};
  return w == Width::W64 ? k64[static_cast<u32>(reg)] : k32[static_cast<u32>(reg)];
}
const char* name8(Gp reg) {
  constexpr const char* k[] = {"al",  "cl",  "dl",   "bl",   "spl",  "bpl",  "sil",  "dil",
                               "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b"};
  return k[static_cast<u32>(reg)];
}
const char* name16(Gp reg) {
  constexpr const char* k[] = {"ax",  "cx",  "dx",   "bx",   "sp",   "bp",   "si",   "di",
                               "r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w"};
  return k[static_cast<u32>(reg)];
}
std::string name(Fp reg) { return "xmm" + std::to_string(static_cast<u32>(reg)); }

std::string hex(u64 value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

std::string text(const Address& a, const char* size) {
  std::string out = std::string(size) + " PTR [" + name(Width::W64, a.base);
  if (a.index != Gp::none) out += std::string("+") + name(Width::W64, a.index) + "*" + std::to_string(1 << a.shift);
  // rbp and r13 cannot stand without an offset.
  bool needs = a.offset != 0 || ((a.base == Gp::rbp || a.base == Gp::r13));
  if (needs) out += (a.offset < 0 ? "-" : "+") + hex(static_cast<u64>(a.offset < 0 ? -i64{a.offset} : i64{a.offset}));
  return out + "]";
}

std::string trimmed(std::string line) {
  // One blank between mnemonic and operands, none at the end, no comment.
  if (size_t comment = line.find('#'); comment != std::string::npos) line.resize(comment);
  std::string out;
  for (char c : line) {
    if (c == '\t') c = ' ';
    if (c == ' ' && (out.empty() || out.back() == ' ')) continue;
    out += c;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

class Encodings : public testing::Test {
 protected:
  void use(Features features) { assembler_ = std::make_unique<Assembler>(features); }

  // What `emit` does, in the disassembler's words, one instruction a line.
  void expect(const std::string& wanted, const std::function<void(Assembler&)>& emit) {
    emit(*assembler_);
    wanted_ += wanted + "\n";
  }

  void check() {
    ASSERT_TRUE(assembler_->ok());
    char path[] = "/tmp/brink-encodings-XXXXXX";
    int file = mkstemp(path);
    ASSERT_GE(file, 0);
    auto code = assembler_->code();
    ASSERT_EQ(write(file, code.data(), code.size()), static_cast<ssize_t>(code.size()));
    close(file);
    std::string command = std::string("objdump -D -b binary -m i386:x86-64 -M intel --no-show-raw-insn ") + path;
    FILE* pipe = popen(command.c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    std::string found;
    char line[512];
    while (std::fgets(line, sizeof line, pipe)) {
      std::string_view view = line;
      size_t colon = view.find(":\t");
      if (colon != std::string_view::npos) found += trimmed(std::string(view.substr(colon + 2, view.size() - colon - 3))) + "\n";
    }
    int status = pclose(pipe);
    unlink(path);
    if (status != 0) GTEST_SKIP() << "no objdump";
    std::istringstream a(wanted_), b(found);
    std::string x, y;
    for (u32 number = 0;; ++number) {
      bool more = static_cast<bool>(std::getline(a, x));
      bool more_found = static_cast<bool>(std::getline(b, y));
      ASSERT_EQ(more, more_found) << "after " << number << " instructions: " << x << " / " << y;
      if (!more) break;
      ASSERT_EQ(y, x) << "instruction " << number;
    }
    wanted_.clear();
  }

  std::unique_ptr<Assembler> assembler_ = std::make_unique<Assembler>(Features{.floor = true, .avx = true, .bmi2 = true, .lzcnt = true});
  std::string wanted_;
};

constexpr Gp kSome[] = {Gp::rax, Gp::rcx, Gp::rsi, Gp::rbp, Gp::r8, Gp::r12, Gp::r13, Gp::r15};
constexpr Fp kSomeFp[] = {Fp::f0, Fp::f5, Fp::f8, Fp::f15};
constexpr Width kWidths[] = {Width::W32, Width::W64};

const Address kAddresses[] = {{Gp::r14, 0},          {Gp::r14, 8},         {Gp::r13, 0x7F},          {Gp::r13, 0x80},
                              {Gp::rsp, 0x10},       {Gp::r12, 0},         {Gp::rbp, 0},             {Gp::r15, 0x7FFFFFFF},
                              {Gp::rax, -8},         {Gp::r15, 0, Gp::rax}, {Gp::r15, 4, Gp::r12},   {Gp::rcx, 0, Gp::r9, 3},
                              {Gp::r13, 0, Gp::rbp, 2}, {Gp::r15, 0x7FFFFFFF, Gp::rdi}};

TEST_F(Encodings, Integers) {
  constexpr std::pair<Alu, const char*> kAlus[] = {
      {Alu::Add, "add"}, {Alu::Sub, "sub"}, {Alu::And, "and"}, {Alu::Or, "or"}, {Alu::Xor, "xor"}};
  for (Width w : kWidths) {
    const char* size = w == Width::W32 ? "DWORD" : "QWORD";
    for (Gp d : kSome) {
      for (Gp s : kSome) {
        std::string D = name(w, d), S = name(w, s);
        if (d == s) continue;
        expect("mov " + D + "," + S, [&](auto& a) { a.move(w, d, s); });
        for (auto [op, mnemonic] : kAlus) {
          expect(std::string(mnemonic) + " " + D + "," + S, [&](auto& a) { a.alu(op, w, d, d, s); });
          if (op == Alu::Sub) expect("neg " + D + "\nadd " + D + "," + S, [&](auto& a) { a.alu(op, w, d, s, d); });
          else expect(std::string(mnemonic) + " " + D + "," + S, [&](auto& a) { a.alu(op, w, d, s, d); });
        }
        expect("imul " + D + "," + S, [&](auto& a) { a.multiply(w, d, d, s); });
        expect("imul " + D + "," + S, [&](auto& a) { a.multiply(w, d, s, d); });
        expect("imul " + D + "," + S + ",0x64", [&](auto& a) { a.multiply(w, d, s, 100); });
        expect("imul " + D + "," + S + ",0x186a0", [&](auto& a) { a.multiply(w, d, s, 100000); });
        expect("cmp " + D + "," + S, [&](auto& a) { a.compare(w, d, s); });
        expect("test " + D + "," + S, [&](auto& a) { a.test(w, d, s); });
        expect("popcnt " + D + "," + S, [&](auto& a) { a.count_ones(w, d, s); });
        expect(std::string("xor ") + name(Width::W32, d) + "," + name(Width::W32, d) + "\nlzcnt " + D + "," + S,
               [&](auto& a) { a.count_leading_zeros(w, d, s); });
        expect(std::string("xor ") + name(Width::W32, d) + "," + name(Width::W32, d) + "\ntzcnt " + D + "," + S,
               [&](auto& a) { a.count_trailing_zeros(w, d, s); });
        expect("movsx " + D + "," + name8(s), [&](auto& a) { a.sign_extend(w, d, s, 1); });
        expect("movsx " + D + "," + name16(s), [&](auto& a) { a.sign_extend(w, d, s, 2); });
        expect("cmove " + D + "," + S, [&](auto& a) { a.move_if(Condition::Equal, w, d, s); });
        expect("cmovg " + D + "," + S, [&](auto& a) { a.move_if(Condition::Greater, w, d, s); });
        expect("shlx " + D + "," + S + "," + name(w, Gp::rdi), [&](auto& a) { a.shift(Shift::Left, w, d, s, Gp::rdi); });
        expect("sarx " + D + "," + S + "," + name(w, Gp::r9), [&](auto& a) { a.shift(Shift::RightSigned, w, d, s, Gp::r9); });
        expect("shrx " + D + "," + S + "," + name(w, Gp::r9), [&](auto& a) { a.shift(Shift::RightUnsigned, w, d, s, Gp::r9); });
        expect("mov " + D + "," + S + "\nsub " + D + ",0xa", [&](auto& a) {
          a.move(w, d, s);
          a.alu(Alu::Sub, w, d, d, 10);
        });
        expect("mov " + D + "," + S + "\nshl " + D + ",0x5", [&](auto& a) { a.shift(Shift::Left, w, d, s, 5); });
      }
      std::string D = name(w, d);
      for (auto [op, mnemonic] : kAlus) {
        std::string M = std::string(mnemonic) + " " + D;
        expect(M + ",0x7f", [&](auto& a) { a.alu(op, w, d, d, 127); });
        expect(M + ",0x80", [&](auto& a) { a.alu(op, w, d, d, 128); });
        expect(M + (w == Width::W32 ? ",0xffffff80" : ",0xffffffffffffff80"), [&](auto& a) { a.alu(op, w, d, d, -128); });
        expect(M + (w == Width::W32 ? ",0x80000000" : ",0xffffffff80000000"), [&](auto& a) { a.alu(op, w, d, d, INT32_MIN); });
      }
      expect("cmp " + D + ",0x1", [&](auto& a) { a.compare(w, d, 1); });
      expect("cmp " + D + ",0x3e8", [&](auto& a) { a.compare(w, d, 1000); });
      expect("test " + D + ",0x1", [&](auto& a) { a.test(w, d, 1); });
      expect("test " + D + ",0x7fffffff", [&](auto& a) { a.test(w, d, INT32_MAX); });
      expect("shl " + D + ",1", [&](auto& a) { a.shift(Shift::Left, w, d, d, 1); });
      expect("shr " + D + ",1", [&](auto& a) { a.shift(Shift::RightUnsigned, w, d, d, 1); });
      expect("mul " + std::string(name(Width::W64, d)), [&](auto& a) { a.multiply_wide(false, d); });
      expect("imul " + std::string(name(Width::W64, d)), [&](auto& a) { a.multiply_wide(true, d); });
      expect("adc rdx," + std::string(name(Width::W64, d)), [&](auto& a) { a.add_carry(false, Gp::rdx, d); });
      expect("sbb rdx," + std::string(name(Width::W64, d)), [&](auto& a) { a.add_carry(true, Gp::rdx, d); });
      expect("movsxd " + std::string(name(Width::W64, d)) + "," + name(Width::W32, Gp::rdi),
             [&](auto& a) { a.sign_extend(Width::W64, d, Gp::rdi, 4); });
      expect("neg " + D, [&](auto& a) { a.negate(w, d); });
      expect("rol " + D + ",0x7", [&](auto& a) { a.shift(Shift::RotateLeft, w, d, d, 7); });
      expect("ror " + D + ",0x7", [&](auto& a) { a.shift(Shift::RotateRight, w, d, d, 7); });
      expect("sar " + D + ",0x7", [&](auto& a) { a.shift(Shift::RightSigned, w, d, d, 7); });
      expect("shr " + D + ",0x7", [&](auto& a) { a.shift(Shift::RightUnsigned, w, d, d, 7); });
      expect("rol " + D + ",cl", [&](auto& a) { a.shift(Shift::RotateLeft, w, d, d, Gp::rcx); });
      expect("ror " + D + ",cl", [&](auto& a) { a.shift(Shift::RotateRight, w, d, d, Gp::rcx); });
      expect(w == Width::W32 ? "cdq\nidiv " + D : "cqo\nidiv " + D, [&](auto& a) { a.divide(w, true, d); });
      expect("xor edx,edx\ndiv " + D, [&](auto& a) { a.divide(w, false, d); });
      for (const Address& m : kAddresses) {
        expect("cmp " + D + "," + text(m, size), [&](auto& a) { a.compare(w, d, m); });
        expect("cmp " + text(m, size) + "," + D, [&](auto& a) { a.compare(w, m, d); });
        expect("xor " + D + "," + text(m, size), [&](auto& a) { a.alu(Alu::Xor, w, d, d, m); });
        expect("imul " + D + "," + text(m, size), [&](auto& a) { a.multiply(w, d, d, m); });
        std::string place = text(m, size);
        expect("lea " + D + "," + place.substr(place.find('[')), [&](auto& a) { a.address(w, d, m); });
      }
    }
    for (const Address& m : kAddresses) {
      expect("cmp " + text(m, size) + ",0x7f", [&](auto& a) { a.compare(w, m, 127); });
      expect("cmp " + text(m, size) + ",0x80", [&](auto& a) { a.compare(w, m, 128); });
      expect("jmp " + text(m, "QWORD"), [&](auto& a) { a.jump(m); });
    }
  }
  check();
}

TEST_F(Encodings, Memory) {
  for (const Address& m : kAddresses) {
    for (Gp d : kSome) {
      std::string W = name(Width::W32, d), X = name(Width::W64, d);
      expect("movzx " + W + "," + text(m, "BYTE"), [&](auto& a) { a.load(Load::U8, d, m); });
      expect("movsx " + W + "," + text(m, "BYTE"), [&](auto& a) { a.load(Load::S8To32, d, m); });
      expect("movsx " + X + "," + text(m, "BYTE"), [&](auto& a) { a.load(Load::S8To64, d, m); });
      expect("movzx " + W + "," + text(m, "WORD"), [&](auto& a) { a.load(Load::U16, d, m); });
      expect("movsx " + W + "," + text(m, "WORD"), [&](auto& a) { a.load(Load::S16To32, d, m); });
      expect("movsx " + X + "," + text(m, "WORD"), [&](auto& a) { a.load(Load::S16To64, d, m); });
      expect("mov " + W + "," + text(m, "DWORD"), [&](auto& a) { a.load(Load::U32, d, m); });
      expect("movsxd " + X + "," + text(m, "DWORD"), [&](auto& a) { a.load(Load::S32To64, d, m); });
      expect("mov " + X + "," + text(m, "QWORD"), [&](auto& a) { a.load(Load::U64, d, m); });
      expect("mov " + text(m, "BYTE") + "," + name8(d), [&](auto& a) { a.store(1, m, d); });
      expect("mov " + text(m, "WORD") + "," + name16(d), [&](auto& a) { a.store(2, m, d); });
      expect("mov " + text(m, "DWORD") + "," + W, [&](auto& a) { a.store(4, m, d); });
      expect("mov " + text(m, "QWORD") + "," + X, [&](auto& a) { a.store(8, m, d); });
    }
    expect("mov " + text(m, "BYTE") + ",0xff", [&](auto& a) { a.store_constant(1, m, 255); });
    expect("mov " + text(m, "WORD") + ",0xffff", [&](auto& a) { a.store_constant(2, m, 65535); });
    expect("mov " + text(m, "DWORD") + ",0x80000000", [&](auto& a) { a.store_constant(4, m, INT32_MIN); });
    expect("mov " + text(m, "QWORD") + ",0xffffffffffffffff", [&](auto& a) { a.store_constant(8, m, -1); });
    for (Fp d : kSomeFp) {
      expect("vmovss " + name(d) + "," + text(m, "DWORD"), [&](auto& a) { a.load_float(4, d, m); });
      expect("vmovsd " + name(d) + "," + text(m, "QWORD"), [&](auto& a) { a.load_float(8, d, m); });
      expect("vmovups " + name(d) + "," + text(m, "XMMWORD"), [&](auto& a) { a.load_float(16, d, m); });
      expect("vmovss " + text(m, "DWORD") + "," + name(d), [&](auto& a) { a.store_float(4, m, d); });
      expect("vmovsd " + text(m, "QWORD") + "," + name(d), [&](auto& a) { a.store_float(8, m, d); });
      expect("vmovups " + text(m, "XMMWORD") + "," + name(d), [&](auto& a) { a.store_float(16, m, d); });
    }
  }
  check();
}

TEST_F(Encodings, AtomicAccesses) {
  constexpr std::pair<Alu, const char*> kAlus[] = {
      {Alu::Add, "add"}, {Alu::Sub, "sub"}, {Alu::And, "and"}, {Alu::Or, "or"}, {Alu::Xor, "xor"}};
  constexpr std::pair<u32, const char*> kSizes[] = {{1, "BYTE"}, {2, "WORD"}, {4, "DWORD"}, {8, "QWORD"}};
  for (const Address& m : kAddresses)
    for (auto [bytes, size] : kSizes) {
      std::string place = text(m, size);
      for (Gp s : kSome) {
        std::string operands =
            place + "," + (bytes == 1 ? name8(s) : bytes == 2 ? name16(s) : name(bytes == 4 ? Width::W32 : Width::W64, s));
        expect("xchg " + operands, [&](auto& a) { a.atomic_exchange(bytes, m, s); });
        expect("lock xadd " + operands, [&](auto& a) { a.atomic_add(bytes, m, s); });
        expect("lock cmpxchg " + operands, [&](auto& a) { a.atomic_compare_exchange(bytes, m, s); });
        for (auto [op, mnemonic] : kAlus)
          expect(std::string("lock ") + mnemonic + " " + operands, [&](auto& a) { a.atomic_alu(op, bytes, m, s); });
      }
      for (auto [op, mnemonic] : kAlus) {
        std::string M = std::string("lock ") + mnemonic + " " + place;
        expect(M + ",0x7f", [&](auto& a) { a.atomic_alu(op, bytes, m, 127); });
        expect(M + ",0x80", [&](auto& a) { a.atomic_alu(op, bytes, m, 128); });
        constexpr const char* kAllBits[] = {"0xff", "0xffff", "0xffffffff", "0xffffffffffffffff"};
        expect(M + "," + kAllBits[std::countr_zero(bytes)], [&](auto& a) { a.atomic_alu(op, bytes, m, -1); });
        if (bytes == 2) expect(M + ",0x1234", [&](auto& a) { a.atomic_alu(op, bytes, m, 0x1234); });
        if (bytes >= 4) expect(M + ",0x12345678", [&](auto& a) { a.atomic_alu(op, bytes, m, 0x12345678); });
      }
    }
  expect("lock or DWORD PTR [rsp],0x0", [&](auto& a) { a.fence(); });
  for (Gp d : kSome)
    for (Gp s : kSome) {
      expect(std::string("movzx ") + name(Width::W32, d) + "," + name8(s), [&](auto& a) { a.zero_extend(d, s, 1); });
      expect(std::string("movzx ") + name(Width::W32, d) + "," + name16(s), [&](auto& a) { a.zero_extend(d, s, 2); });
      expect(std::string("mov ") + name(Width::W32, d) + "," + name(Width::W32, s), [&](auto& a) { a.zero_extend(d, s, 4); });
    }
  check();
}

TEST_F(Encodings, ConstantsAndConditions) {
  constexpr const char* kNames[] = {"o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"};
  for (Gp d : kSome) {
    std::string W = name(Width::W32, d), X = name(Width::W64, d);
    expect("xor " + W + "," + W, [&](auto& a) { a.move_constant(d, 0, false); });
    expect("mov " + W + ",0x0", [&](auto& a) { a.move_constant(d, 0, true); });
    expect("mov " + W + ",0x7fffffff", [&](auto& a) { a.move_constant(d, 0x7FFFFFFF, false); });
    expect("mov " + W + ",0xffffffff", [&](auto& a) { a.move_constant(d, 0xFFFFFFFF, false); });
    expect("movabs " + X + ",0x100000000", [&](auto& a) { a.move_constant(d, 0x100000000, false); });
    expect("mov " + X + ",0xffffffffffffffff", [&](auto& a) { a.move_constant(d, ~u64{0}, false); });
    expect("mov " + X + ",0xffffffff80000000", [&](auto& a) { a.move_constant(d, 0xFFFFFFFF80000000, false); });
    for (u8 c = 0; c < 16; ++c)
      expect(std::string("set") + kNames[c] + " " + name8(d) + "\nmovzx " + W + "," + name8(d),
             [&](auto& a) { a.set(static_cast<Condition>(c), d, d); });
  }
  for (u8 c = 0; c < 16; ++c)
    expect(std::string("cmov") + kNames[c] + " rax,rcx", [&](auto& a) { a.move_if(static_cast<Condition>(c), Width::W64, Gp::rax, Gp::rcx); });
  expect("sete al\nsetnp cl\nand al,cl\nmovzx eax,al", [&](auto& a) { a.set(Condition::FloatEqual, Gp::rax, Gp::rcx); });
  expect("setne al\nsetp cl\nor al,cl\nmovzx eax,al", [&](auto& a) { a.set(Condition::FloatNotEqual, Gp::rax, Gp::rcx); });
  check();
}

TEST_F(Encodings, Floats) {
  constexpr const char* kOps[] = {"add", "sub", "mul", "div", "min", "max"};
  for (bool avx : {true, false}) {
    use({.floor = true, .avx = avx, .bmi2 = true, .lzcnt = true});
    std::string v = avx ? "v" : "";
    for (Fp d : kSomeFp)
      for (Fp s : kSomeFp) {
        if (d == s) continue;
        std::string D = name(d), S = name(s), three = avx ? D + "," + D + "," + S : D + "," + S;
        expect(v + "movaps " + D + "," + S, [&](auto& a) { a.move(d, s); });
        for (u32 op = 0; op < 6; ++op)
          for (bool f64 : {false, true}) {
            std::string mnemonic = v + kOps[op] + (f64 ? "sd" : "ss");
            expect(mnemonic + " " + three, [&](auto& a) { a.float_op(static_cast<FloatOp>(op), f64, d, d, s); });
            Address m{Gp::r14, 16};
            expect(mnemonic + " " + (avx ? D + "," + D : D) + "," + text(m, f64 ? "QWORD" : "DWORD"),
                   [&](auto& a) { a.float_op(static_cast<FloatOp>(op), f64, d, d, m); });
          }
        for (bool f64 : {false, true}) {
          std::string t = f64 ? "sd" : "ss";
          expect(v + "sqrt" + t + " " + (avx ? D + "," + S + "," + S : D + "," + S), [&](auto& a) { a.square_root(f64, d, s); });
          expect(v + "ucomi" + t + " " + D + "," + S, [&](auto& a) { a.compare_float(f64, d, s); });
          expect(v + "round" + t + " " + (avx ? D + "," + S + "," + S : D + "," + S) + ",0x9",
                 [&](auto& a) { a.round(Rounding::Floor, f64, d, s); });
          expect(v + "cvtt" + t + "2si ecx," + S, [&](auto& a) { a.truncate(Width::W32, f64, Gp::rcx, s); });
          expect(v + "cvtt" + t + "2si r9," + S, [&](auto& a) { a.truncate(Width::W64, f64, Gp::r9, s); });
          expect(v + "xorps " + (avx ? D + "," + D + "," + D : D + "," + D) + "\n" + v + "cvtsi2" + t + " " + (avx ? D + "," + D : D) + ",ecx",
                 [&](auto& a) { a.convert_signed(Width::W32, f64, d, Gp::rcx); });
          expect(v + "xorps " + (avx ? D + "," + D + "," + D : D + "," + D) + "\n" + v + "cvtsi2" + t + " " + (avx ? D + "," + D : D) + ",r9",
                 [&](auto& a) { a.convert_signed(Width::W64, f64, d, Gp::r9); });
        }
        for (const Address& m : {Address{Gp::r13, 16}, Address{Gp::rax, -8, Gp::r12, 3}}) {
          std::string M = text(m, "XMMWORD");
          expect(v + "xorps " + (avx ? D + "," + D : D) + "," + M, [&](auto& a) { a.bits(Bits::Xor, d, d, m); });
          expect(v + "ucomisd " + D + "," + text(m, "QWORD"), [&](auto& a) { a.compare_float(true, d, m); });
        }
        expect(v + "andps " + three, [&](auto& a) { a.bits(Bits::And, d, d, s); });
        expect(v + "andnps " + three, [&](auto& a) { a.bits(Bits::AndNot, d, d, s); });
        expect(v + "orps " + three, [&](auto& a) { a.bits(Bits::Or, d, d, s); });
        expect(v + "xorps " + three, [&](auto& a) { a.bits(Bits::Xor, d, d, s); });
        expect(v + "cvtss2sd " + (avx ? D + "," + S + "," + S : D + "," + S), [&](auto& a) { a.convert_float(true, d, s); });
        expect(v + "cvtsd2ss " + (avx ? D + "," + S + "," + S : D + "," + S), [&](auto& a) { a.convert_float(false, d, s); });
        expect(v + "movd " + D + ",r9d", [&](auto& a) { a.gp_to_float(Width::W32, d, Gp::r9); });
        expect(v + "movq " + D + ",rax", [&](auto& a) { a.gp_to_float(Width::W64, d, Gp::rax); });
        expect(v + "movd eax," + S, [&](auto& a) { a.float_to_gp(Width::W32, Gp::rax, s); });
        expect(v + "movq r12," + S, [&](auto& a) { a.float_to_gp(Width::W64, Gp::r12, s); });
      }
    check();
  }
}

// What vectors are made of: by the names of baseline/vector_opcodes_x64.h, which are the manual's.
TEST_F(Encodings, Vectors) {
  struct Named {
    Opcode op;
    const char* name;
  };
  constexpr Named kThree[] = {
      {kAddpd, "addpd"}, {kAddps, "addps"}, {kAndnps, "andnps"}, {kDivpd, "divpd"}, {kDivps, "divps"}, {kMaxpd, "maxpd"},
      {kMaxps, "maxps"}, {kMinpd, "minpd"}, {kMinps, "minps"}, {kMovsd, "movsd"}, {kMulpd, "mulpd"}, {kMulps, "mulps"},
      {kPackssdw, "packssdw"}, {kPacksswb, "packsswb"}, {kPackusdw, "packusdw"}, {kPackuswb, "packuswb"}, {kPaddb, "paddb"},
      {kPaddd, "paddd"}, {kPaddq, "paddq"}, {kPaddsb, "paddsb"}, {kPaddsw, "paddsw"}, {kPaddusb, "paddusb"},
      {kPaddusw, "paddusw"}, {kPaddw, "paddw"}, {kPand, "pand"}, {kPandn, "pandn"}, {kPavgb, "pavgb"}, {kPavgw, "pavgw"},
      {kPcmpeqb, "pcmpeqb"}, {kPcmpeqd, "pcmpeqd"}, {kPcmpeqq, "pcmpeqq"}, {kPcmpeqw, "pcmpeqw"}, {kPcmpgtb, "pcmpgtb"},
      {kPcmpgtd, "pcmpgtd"}, {kPcmpgtq, "pcmpgtq"}, {kPcmpgtw, "pcmpgtw"}, {kPmaddubsw, "pmaddubsw"}, {kPmaddwd, "pmaddwd"},
      {kPmaxsb, "pmaxsb"}, {kPmaxsd, "pmaxsd"}, {kPmaxsw, "pmaxsw"}, {kPmaxub, "pmaxub"}, {kPmaxud, "pmaxud"},
      {kPmaxuw, "pmaxuw"}, {kPminsb, "pminsb"}, {kPminsd, "pminsd"}, {kPminsw, "pminsw"}, {kPminub, "pminub"},
      {kPminud, "pminud"}, {kPminuw, "pminuw"}, {kPmuldq, "pmuldq"}, {kPmulhrsw, "pmulhrsw"}, {kPmulhuw, "pmulhuw"},
      {kPmulhw, "pmulhw"}, {kPmulld, "pmulld"}, {kPmullw, "pmullw"}, {kPmuludq, "pmuludq"}, {kPor, "por"},
      {kPshufb, "pshufb"}, {kPslld, "pslld"}, {kPsllq, "psllq"}, {kPsllw, "psllw"}, {kPsrad, "psrad"}, {kPsraw, "psraw"},
      {kPsrld, "psrld"}, {kPsrlq, "psrlq"}, {kPsrlw, "psrlw"}, {kPsubb, "psubb"}, {kPsubd, "psubd"}, {kPsubq, "psubq"},
      {kPsubsb, "psubsb"}, {kPsubsw, "psubsw"}, {kPsubusb, "psubusb"}, {kPsubusw, "psubusw"}, {kPsubw, "psubw"},
      {kPunpckhbw, "punpckhbw"}, {kPunpckhdq, "punpckhdq"}, {kPunpckhqdq, "punpckhqdq"}, {kPunpckhwd, "punpckhwd"},
      {kPunpcklbw, "punpcklbw"}, {kPunpckldq, "punpckldq"}, {kPunpcklqdq, "punpcklqdq"}, {kPunpcklwd, "punpcklwd"},
      {kPxor, "pxor"}, {kSubpd, "subpd"}, {kSubps, "subps"}, {kUnpcklpd, "unpcklpd"},
  };
  constexpr Named kThreeAndImmediate[] = {
      {kCmppd, "cmppd"}, {kCmpps, "cmpps"}, {kInsertps, "insertps"}, {kPalignr, "palignr"}, {kPblendw, "pblendw"},
      {kShufps, "shufps"},
  };
  constexpr Named kTwo[] = {
      {kCvtdq2pd, "cvtdq2pd"}, {kCvtdq2ps, "cvtdq2ps"}, {kCvtpd2ps, "cvtpd2ps"}, {kCvtps2pd, "cvtps2pd"},
      {kCvttpd2dq, "cvttpd2dq"}, {kCvttps2dq, "cvttps2dq"}, {kMovddup, "movddup"}, {kPabsb, "pabsb"}, {kPabsd, "pabsd"},
      {kPabsw, "pabsw"}, {kPmovsxbw, "pmovsxbw"}, {kPmovsxdq, "pmovsxdq"}, {kPmovsxwd, "pmovsxwd"}, {kPmovzxbw, "pmovzxbw"},
      {kPmovzxdq, "pmovzxdq"}, {kPmovzxwd, "pmovzxwd"}, {kPtest, "ptest"}, {kSqrtpd, "sqrtpd"}, {kSqrtps, "sqrtps"},
  };
  constexpr Named kTwoAndImmediate[] = {
      {kPshufd, "pshufd"}, {kPshufhw, "pshufhw"}, {kPshuflw, "pshuflw"}, {kRoundpd, "roundpd"}, {kRoundps, "roundps"},
  };
  for (bool avx : {true, false}) {
    use({.floor = true, .avx = avx, .avx2 = avx});
    std::string v = avx ? "v" : "";
    const Address m{Gp::r14, 0x20}, indexed{Gp::r15, 16, Gp::r9, 0};
    for (auto [d, a, b] : {std::array{Fp::f1, Fp::f2, Fp::f3}, {Fp::f9, Fp::f4, Fp::f12}, {Fp::f15, Fp::f8, Fp::f0}}) {
      std::string D = name(d), A = name(a), B = name(b);
      // Without AVX the first operand goes to the target first.
      std::string first = avx ? "" : "movaps " + D + "," + A + "\n", three = avx ? D + "," + A + "," : D + ",";
      for (auto [op, mnemonic] : kThree) {
        expect(first + v + mnemonic + " " + three + B, [&](auto& x) { x.vector(op, d, a, b); });
        if (op.code == kMovsd.code && op.prefix == kMovsd.prefix) continue;  // another instruction with memory
        std::string size = "XMMWORD";
        expect(first + v + mnemonic + " " + three + text(m, size.c_str()), [&](auto& x) { x.vector(op, d, a, m); });
      }
      for (auto [op, mnemonic] : kThreeAndImmediate) {
        std::string wanted = v + mnemonic + " " + three + B + ",0x31";
        // objdump has names for the first predicates of comparisons
        int immediate = op.code == kCmpps.code ? 0x3 : 0x31;
        if (immediate == 3) wanted = v + (op.prefix == 0 ? "cmpunordps " : "cmpunordpd ") + three + B;
        expect(first + wanted, [&](auto& x) { x.vector(op, d, a, b, immediate); });
      }
      for (auto [op, mnemonic] : kTwo) expect(v + mnemonic + " " + D + "," + A, [&](auto& x) { x.vector(op, d, a); });
      for (auto [op, mnemonic] : kTwoAndImmediate)
        expect(v + mnemonic + " " + D + "," + A + ",0x9", [&](auto& x) { x.vector(op, d, a, 9); });
      expect(v + "pmovsxbw " + D + "," + text(indexed, "QWORD"), [&](auto& x) { x.vector(kPmovsxbw, d, indexed); });
      expect(v + "movddup " + D + "," + text(m, "QWORD"), [&](auto& x) { x.vector(kMovddup, d, m); });
      if (avx) {
        expect("vbroadcastss " + D + "," + text(m, "DWORD"), [&](auto& x) { x.vector(kVbroadcastss, d, m); });
        expect("vpbroadcastb " + D + "," + A, [&](auto& x) { x.vector(kVpbroadcastb, d, a); });
        expect("vpbroadcastw " + D + "," + text(m, "WORD"), [&](auto& x) { x.vector(kVpbroadcastw, d, m); });
      }

      // Between a lane and a general register or memory.
      for (Gp g : {Gp::rax, Gp::rdi, Gp::r11}) {
        std::string W = name(Width::W32, g), X = name(Width::W64, g);
        expect(first + v + "pinsrb " + three + W + ",0x7", [&](auto& x) { x.vector(kPinsrb, Width::W32, d, a, g, 7); });
        expect(first + v + "pinsrw " + three + W + ",0x7", [&](auto& x) { x.vector(kPinsrw, Width::W32, d, a, g, 7); });
        expect(first + v + "pinsrd " + three + W + ",0x1", [&](auto& x) { x.vector(kPinsrd, Width::W32, d, a, g, 1); });
        expect(first + v + "pinsrq " + three + X + ",0x1", [&](auto& x) { x.vector(kPinsrd, Width::W64, d, a, g, 1); });
        expect(v + "pextrb " + W + "," + A + ",0xf", [&](auto& x) { x.vector(kPextrb, Width::W32, g, a, 15); });
        expect(v + "pextrw " + W + "," + A + ",0x7", [&](auto& x) { x.vector(kPextrw, Width::W32, g, a, 7); });
        expect(v + "pextrd " + W + "," + A + ",0x3", [&](auto& x) { x.vector(kPextrd, Width::W32, g, a, 3); });
        expect(v + "pextrq " + X + "," + A + ",0x1", [&](auto& x) { x.vector(kPextrd, Width::W64, g, a, 1); });
        expect(v + "pmovmskb " + W + "," + A, [&](auto& x) { x.vector(kPmovmskb, Width::W32, g, a); });
        expect(v + "movmskps " + W + "," + A, [&](auto& x) { x.vector(kMovmskps, Width::W32, g, a); });
        expect(v + "movmskpd " + W + "," + A, [&](auto& x) { x.vector(kMovmskpd, Width::W32, g, a); });
      }
      expect(first + v + "pinsrb " + three + text(indexed, "BYTE") + ",0x3", [&](auto& x) { x.vector(kPinsrb, d, a, indexed, 3); });
      expect(first + v + "pinsrw " + three + text(indexed, "WORD") + ",0x3", [&](auto& x) { x.vector(kPinsrw, d, a, indexed, 3); });
      expect(first + v + "pinsrd " + three + text(indexed, "DWORD") + ",0x3", [&](auto& x) { x.vector(kPinsrd, d, a, indexed, 3); });
      expect(first + v + "movlps " + three + text(m, "QWORD"), [&](auto& x) { x.vector(kMovlpsFrom, d, a, m); });
      expect(first + v + "movhps " + three + text(m, "QWORD"), [&](auto& x) { x.vector(kMovhpsFrom, d, a, m); });
      constexpr int kNone = Assembler::kNoImmediate;
      expect(v + "movhps " + text(m, "QWORD") + "," + A, [&](auto& x) { x.vector(kMovhpsTo, Width::W32, m, a, kNone); });
      expect(v + "pextrb " + text(m, "BYTE") + "," + A + ",0x5", [&](auto& x) { x.vector(kPextrb, Width::W32, m, a, 5); });
      expect(v + "pextrw " + text(m, "WORD") + "," + A + ",0x5", [&](auto& x) { x.vector(kPextrwTo, Width::W32, m, a, 5); });
      expect(v + "pextrd " + text(m, "DWORD") + "," + A + ",0x2", [&](auto& x) { x.vector(kPextrd, Width::W32, m, a, 2); });
      // Shifts by a constant: 71 words, 72 doublewords, 73 quadwords; /2 right, /4 right signed, /6 left.
      for (auto [op, extension, mnemonic] : {std::tuple{p66(0x71), 2u, "psrlw"}, {p66(0x71), 4u, "psraw"}, {p66(0x71), 6u, "psllw"},
                                             {p66(0x72), 2u, "psrld"}, {p66(0x72), 4u, "psrad"}, {p66(0x72), 6u, "pslld"},
                                             {p66(0x73), 2u, "psrlq"}, {p66(0x73), 6u, "psllq"}})
        expect(first + v + mnemonic + " " + (avx ? D + "," + A : D) + ",0x5", [&](auto& x) { x.vector_shift(op, extension, d, a, 5); });
    }
    // From the pool behind the code: the field counts from the instruction's end, which the immediate is part of.
    expect(v + "movups xmm9,XMMWORD PTR [rip+0x0]", [&](auto& x) { x.bind(x.load_vector_from(Fp::f9)); });
    expect(v + "shufps xmm1," + (avx ? "xmm1," : "") + "XMMWORD PTR [rip+0x0],0x5", [&](auto& x) {
      x.vector(kShufps, Fp::f1, Fp::f1, Assembler::kPool, 5);
      x.bind(x.pool_field(5));
    });
    check();
  }
}

// d = a op b where d is b: by way of another register where the machine has two operands.
TEST_F(Encodings, TheSecondOperandIsTheTarget) {
  use({.floor = true});
  expect("movaps xmm5,xmm1\nmovaps xmm1,xmm2\nsubsd xmm1,xmm5",
         [&](auto& a) { a.float_op(FloatOp::Sub, true, Fp::f1, Fp::f2, Fp::f1); });
  expect("andps xmm1,xmm2", [&](auto& a) { a.bits(Bits::And, Fp::f1, Fp::f2, Fp::f1); });
  expect("mov eax,0x3f\nbsr eax,ecx\nxor eax,0x1f", [&](auto& a) { a.count_leading_zeros(Width::W32, Gp::rax, Gp::rcx); });
  expect("mov eax,0x7f\nbsr rax,rcx\nxor eax,0x3f", [&](auto& a) { a.count_leading_zeros(Width::W64, Gp::rax, Gp::rcx); });
  expect("mov eax,0x40\nbsf rax,rcx", [&](auto& a) { a.count_trailing_zeros(Width::W64, Gp::rax, Gp::rcx); });
  expect("mov rax,rdx\nshl rax,cl", [&](auto& a) { a.shift(Shift::Left, Width::W64, Gp::rax, Gp::rdx, Gp::rcx); });
  check();
}

TEST_F(Encodings, Branches) {
  expect("jmp 0xa\njae 0xb\nnop", [&](auto& a) {
    auto forward = a.jump();
    (void)forward;
    a.set_field(forward, 10);
    auto conditional = a.jump_if(Condition::AboveEqual);
    a.bind(conditional);
    a.raw().emit(x86::Inst::kIdNop);
  });
  expect("jmp 0xb", [&](auto& a) { a.jump_back(11); });
  expect("jg 0xb", [&](auto& a) { a.jump_back_if(Condition::Greater, 11); });
  expect("lea r10,[rip+0x0]\njmp r10\ncall r11\njmp rax\nret\npush r12\npop rbx\nlea rdi,[r14+0x10]\nmov ecx,0x19\nxor eax,eax\n"
         "rep stos QWORD PTR es:[rdi],rax",
         [&](auto& a) {
           auto field = a.address_of(Gp::r10);
           a.bind(field);
           a.jump(Gp::r10);
           a.call(Gp::r11);
           a.jump(Gp::rax);
           a.return_();
           a.push(Gp::r12);
           a.pop(Gp::rbx);
           a.zero_words({Gp::r14, 16}, 25);
         });
  check();
}

TEST_F(Encodings, WholeOperations) {
  constexpr Gp kSaved[] = {Gp::rbx, Gp::r12};
  constexpr Fp kSavedFp[] = {Fp::f8};
  expect("push rbx\npush r12\nsub rsp,0x8\nvmovsd QWORD PTR [rsp],xmm8", [&](auto& a) { a.open_frame(kSaved, kSavedFp); });
  expect("vmovsd xmm8,QWORD PTR [rsp]\nadd rsp,0x8\npop r12\npop rbx\nret", [&](auto& a) { a.close_frame(kSaved, kSavedFp); });
  expect("ret", [&](auto& a) { a.close_frame({}, {}); });
  EXPECT_EQ(Assembler::frame_bytes(3), 24u);
  expect("sub r9,0x5", [&](auto& a) { a.set_amount(a.subtract_amount(Gp::r9), 5); });
  expect("sub r9,0x7f", [&](auto& a) { a.set_amount(a.subtract_amount(Gp::r9), 127); });
  expect("cmp rsp,QWORD PTR [r13+0x0]", [&](auto& a) { a.compare_stack({Gp::r13, 0}); });
  expect("mov rax,rdx\nadd rax,rcx", [&](auto& a) { EXPECT_EQ(a.alu_carry(Alu::Add, Width::W64, Gp::rax, Gp::rdx, Gp::rcx), Condition::Below); });
  expect("sub rax,0x10", [&](auto& a) { EXPECT_EQ(a.alu_carry(Alu::Sub, Width::W64, Gp::rax, Gp::rax, 16), Condition::Below); });
  expect("vandps xmm5,xmm2,XMMWORD PTR [r13+0x10]\nvandps xmm1,xmm1,XMMWORD PTR [r13+0x0]\nvorps xmm1,xmm1,xmm5",
         [&](auto& a) { a.copy_sign(true, Fp::f1, Fp::f2, {Gp::r13, 0}, {Gp::r13, 16}); });
  check();
}

}  // namespace
}  // namespace brink::jit
