#include "jit/code/layout.h"
#include "jit/code/patch.h"
#include "jit/code/stubs.h"

namespace brink::jit {

const u8* Wrappers::get(const RegisteredType& type) {
  // The result's letter, then for every register argument its class, number and slot.
  std::string shape;
  const auto& results = type.type.results;
  Class result = results.size() == 1 && results[0] != kV128 ? class_of(results[0]) : Class::Slot;
  bool is_reference = results.size() == 1 && results[0].is_ref();
  bool is_f32 = results.size() == 1 && results[0] == kF32;
  shape += result == Class::Integer || is_reference ? 'i' : result == Class::Slot ? '-' : is_f32 ? 'f' : 'd';
  for_each_argument(type.type.params, [&](ValueType, u32 slot, Class where, u32 number) {
    if (where == Class::Slot) return;
    shape += where == Class::Integer ? 'i' : 'f';
    shape += static_cast<char>('0' + number);
    shape += std::to_string(slot);
  });

  std::lock_guard lock(mutex_);
  auto [found, is_new] = by_shape_.try_emplace(shape, nullptr);
  if (!is_new && found->second != nullptr) return found->second;

  Assembler a(features_);
  std::vector<FrameStep> steps;
  if (observers_.want_frames()) a.note_frames(&steps);
  a.open_frame({}, {});
  constexpr Address kFuelLeft{kTier, static_cast<i32>(layout::kFuel)};
  if (consume_fuel_) a.load(Load::U64, kFuel, kFuelLeft);
  for_each_argument(type.type.params, [&](ValueType, u32 slot, Class where, u32 number) {
    Address from{kFrame, static_cast<i32>(8 * slot)};
    // An i32 or f32 is zero-extended in its slot.
    if (where == Class::Integer) a.load(Load::U64, kArguments[number], from);
    if (where == Class::Float) a.load_float(8, kFloatArguments[number], from);
  });
  a.call(kCallee);
  if (consume_fuel_) a.store(8, kFuelLeft, kFuel);
  switch (shape[0]) {
    case 'i': a.store(8, {kFrame, 0}, kResult); break;
    case 'd': a.store_float(8, {kFrame, 0}, kFloatResult); break;
    case 'f':
      a.store_constant(8, {kFrame, 0}, 0);
      a.store_float(4, {kFrame, 0}, kFloatResult);
      break;
    default: break;
  }
  a.close_frame({}, {});
  size_t size = a.code().size();
  if (!a.ok()) return nullptr;
  if (next_ == nullptr || static_cast<size_t>(end_ - next_) < size) {
    auto block = arena_.allocate(static_cast<u32>(size));
    if (!block) return nullptr;
    next_ = arena_.begin() + block->offset;
    end_ = next_ + block->size;
  }
  std::memcpy(arena_.writable(next_), a.code().data(), size);
  finish_code(next_, next_ + size);
  found->second = next_;
  if (!observers_.empty()) observers_.on_code(owner_, {{{next_, size}, "[brink wrapper " + shape + "]", std::move(steps)}});
  next_ += (size + 15) & ~size_t{15};
  if (next_ > end_) next_ = end_;
  return found->second;
}

}  // namespace brink::jit
