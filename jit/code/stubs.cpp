#include "jit/code/stubs.h"

#include <array>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <type_traits>

#include "engine/engine.h"
#include "jit/code/patch.h"
#include "jit/code/runtime.h"
#include "jit/code/stub_writer.h"

namespace brink::jit {
namespace {

template <class F>
u64 address_of(F* function) {
  return reinterpret_cast<u64>(function);
}

struct Stub {
  const u8* Stubs::* member;
  const char* name;
  void (StubWriter::*write)(u64 function);
  u64 function;
};

// All but enter and the traps.
const auto& stubs() {
  static const Stub kStubs[] = {
      {&Stubs::own_function, "call of a function", &StubWriter::call_own_function, address_of(&call_own_function)},
      {&Stubs::import, "call of an import", &StubWriter::call, address_of(&call_import)},
      {&Stubs::indirect, "indirect call", &StubWriter::call, address_of(&call_indirect)},
      {&Stubs::reference, "call by reference", &StubWriter::call, address_of(&call_reference)},
      {&Stubs::instruction, "instruction", &StubWriter::plain, address_of(&run_instruction)},
      {&Stubs::throw_tag, "throw", &StubWriter::plain, address_of(&throw_tag)},
      {&Stubs::throw_reference, "throw_ref", &StubWriter::plain, address_of(&throw_reference)},
      {&Stubs::poll, "poll", &StubWriter::keeping, address_of(&poll)},
      {&Stubs::scalar, "conversion", &StubWriter::keeping, address_of(&run_scalar)},
      {&Stubs::check_signature, "signature", &StubWriter::keeping, address_of(&check_signature)},
      {&Stubs::test_heap_type, "heap type", &StubWriter::keeping, address_of(&test_heap_type)},
  };
  static_assert(std::size(kStubs) + 1 + kTrapKinds == sizeof(Stubs) / sizeof(const u8*));
  return kStubs;
}

}  // namespace

void StubWriter::keep_arguments() {
  for (u32 i = 0; i < kArgumentCount; ++i) {
    a.store(8, tier(layout::kIntegers + 8 * i), kArguments[i]);
    a.store_float(8, tier(layout::kFloats + 16 * i), kFloatArguments[i]);
  }
}

void StubWriter::end_call(Gp answer) {
  a.compare(Width::W64, answer, static_cast<i32>(kLeft));
  auto left = a.jump_if(Condition::Equal);
  auto again = a.jump_if(Condition::Above);
  a.load(Load::U64, kResult, {kFrame, 0});
  a.load_float(8, kFloatResult, {kFrame, 0});
  a.return_();
  a.bind(left);
  a.jump_back(unwind_at_);
  a.bind(again);
  a.compare(Width::W64, answer, static_cast<i32>(kCaught));
  a.jump_back_if(Condition::Equal, land_at_);
  for (u32 i = 0; i < kArgumentCount; ++i) {
    a.load(Load::U64, kArguments[i], tier(layout::kIntegers + 8 * i));
    a.load_float(8, kFloatArguments[i], tier(layout::kFloats + 16 * i));
  }
  a.jump_to_function(answer);
}

void StubWriter::end_plain(Gp answer) {
  a.test(Width::W64, answer, answer);
  auto left = a.jump_if(Condition::NotEqual);
  a.return_();
  a.bind(left);
  a.compare(Width::W64, answer, static_cast<i32>(kCaught));
  a.jump_back_if(Condition::Equal, land_at_);
  a.jump_back(unwind_at_);
}

void StubWriter::land() {
  land_at_ = a.offset();
  auto each = [&](auto integer, auto vector) {
    u32 i = 0;
    for (Gp reg : kPreserved) integer(reg, 8 * i++);
    for (Fp reg : kPreservedFp) vector(reg, 8 * i++);
  };
  each([&](Gp reg, u32 at) { a.store(8, tier(layout::kLandingKept + at), reg); },
       [&](Fp reg, u32 at) { a.store_float(8, tier(layout::kLandingKept + at), reg); });
  auto find = [&](u32 at) {
    a.load(Load::U64, kCallee, tier(layout::kLandingFrom + at));
    return Address{kCallee, 0};
  };
  each([&](Gp reg, u32 at) { a.load(Load::U64, reg, find(at)); }, [&](Fp reg, u32 at) { a.load_float(8, reg, find(at)); });
  load_fuel();
  a.load(Load::U64, kFrame, tier(layout::kLandingFp));
  load_stack(layout::kLandingSp);
  a.jump(tier(layout::kLandingPosition));
}

bool Stubs::make(CodeArena& arena, const Features& features, bool consume_fuel, const CodeObservers& observers, const void* owner) {
  Assembler a(features);
  std::vector<FrameStep> steps;
  if (observers.want_frames()) a.note_frames(&steps);
  StubWriter writer(a, consume_fuel);
  auto begin = [&] {
    a.align(16);
    return a.offset();
  };
  u32 enter_at = begin();
  writer.enter();
  u32 unwind_at = begin();
  writer.unwind();
  u32 land_at = begin();
  writer.land();
  std::array<u32, std::extent_v<std::remove_cvref_t<decltype(stubs())>>> places;
  for (size_t i = 0; i < places.size(); ++i) {
    places[i] = begin();
    (writer.*stubs()[i].write)(stubs()[i].function);
  }
  u32 traps_at[kTrapKinds];
  for (u32 kind = 0; kind < kTrapKinds; ++kind) {
    traps_at[kind] = a.offset();
    writer.trap(address_of(&jit::trap), kind);
  }
  u32 end = a.offset();

  if (!a.ok()) return false;
  auto block = arena.allocate(static_cast<u32>(a.code().size()));
  if (!block) return false;
  const u8* base = arena.begin() + block->offset;
  std::memcpy(arena.writable(base), a.code().data(), a.code().size());
  finish_code(base, base + a.code().size());
  enter = base + enter_at;
  for (size_t i = 0; i < places.size(); ++i) this->*stubs()[i].member = base + places[i];
  for (u32 kind = 0; kind < kTrapKinds; ++kind) trap[kind] = base + traps_at[kind];

  if (observers.empty()) return true;
  std::vector<u32> all = {enter_at, unwind_at, land_at};
  all.insert(all.end(), places.begin(), places.end());
  all.insert(all.end(), std::begin(traps_at), std::end(traps_at));
  std::vector<CodePiece> pieces;
  for (size_t i = 0; i < all.size(); ++i) {
    u32 from = all[i], to = i + 1 < all.size() ? all[i + 1] : end;
    std::string name = from == unwind_at ? "unwind" : from == land_at ? "landing" : this->name(base + from);
    CodePiece& piece = pieces.emplace_back(std::span(base + from, to - from), "[brink stub " + name + "]");
    for (FrameStep step : steps) {
      if (step.at < from || step.at >= to) continue;
      step.at -= from;
      piece.steps.push_back(step);
    }
  }
  observers.on_code(owner, pieces);
  return true;
}

// A table of pointers to them: all members are.
std::optional<u32> Stubs::number_of(const void* stub) const {
  for (u32 i = 0; i < sizeof(Stubs) / sizeof stub; ++i)
    if (by_number(i) == stub) return i;
  return std::nullopt;
}

const u8* Stubs::by_number(u32 number) const {
  const u8* stub = nullptr;
  if (number >= sizeof(Stubs) / sizeof stub) return nullptr;
  std::memcpy(&stub, reinterpret_cast<const u8*>(this) + number * sizeof stub, sizeof stub);
  return stub;
}
static_assert(std::is_trivially_copyable_v<Stubs> && sizeof(Stubs) % sizeof(const u8*) == 0);

std::string Stubs::name(const void* stub) const {
  if (stub == enter) return "enter";
  for (const Stub& known : stubs())
    if (this->*known.member == stub) return known.name;
  for (u32 kind = 0; kind < kTrapKinds; ++kind)
    if (trap[kind] == stub) return std::string("trap: ") + trap_message(static_cast<TrapKind>(kind));
  return {};
}

}  // namespace brink::jit
