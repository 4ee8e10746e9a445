// The operand stack and the registers.
#include "jit/baseline/function_compiler.h"

#include <bit>
#include <cassert>
#include <cstring>

namespace brink::jit {
namespace {

u32 lowest(u32 mask) { return static_cast<u32>(std::countr_zero(mask)); }

}  // namespace

// --- The stack ---------------------------------------------------------------------------------------------------------

void FunctionCompiler::push(const Value& value) {
  u32 position = height();
  stack_.push_back(value);
  if (value.place == Place::Register) {
    if (is_float(value.kind)) {
      owner_fp_[value.reg] = position;
      free_fp_ &= ~bit(value.fp());
    } else {
      owner_gp_[value.reg] = position;
      free_gp_ &= ~bit(value.gp());
    }
  } else if (value.place == Place::Local) {
    locals_[value.index].aliases += 1;
  } else if (value.place == Place::Slot) {
    stack_.back().index = home(position);
  }
}

void FunctionCompiler::push_whole(const Value& value) {
  push(value);
  if (value.kind == Kind::V128) push_slot(Kind::V128);
}

void FunctionCompiler::push_slot(Kind kind) { push({Place::Slot, kind}); }
void FunctionCompiler::push_constant(Kind kind, u64 bits) { push({.place = Place::Constant, .kind = kind, .bits = bits}); }
void FunctionCompiler::push_gp(Kind kind, Gp reg) { push({Place::Register, kind, static_cast<u8>(reg)}); }
void FunctionCompiler::push_fp(Kind kind, Fp reg) { push_whole({Place::Register, kind, static_cast<u8>(reg)}); }
void FunctionCompiler::push_flags(Condition condition) { push({Place::Flags, Kind::I32, 0, condition}); }

Value FunctionCompiler::pop() {
  assert(!stack_.empty());
  Value value = stack_.back();
  stack_.pop_back();
  if (settled_ > height()) settled_ = height();
  if (stored_ > height()) stored_ = height();
  if (value.place == Place::Register) {
    if (is_float(value.kind)) owner_fp_[value.reg] = kNothing;
    else owner_gp_[value.reg] = kNothing;
  } else if (value.place == Place::Local) {
    locals_[value.index].aliases -= 1;
  }
  return value;
}

Value FunctionCompiler::pop_whole(Kind kind) {
  if (kind == Kind::V128) pop();
  Value value = pop();
  value.kind = kind;
  return value;
}

void FunctionCompiler::truncate(u32 to) {
  while (height() > to) release(pop());
}

void FunctionCompiler::restart(u32 to) {
  truncate(to);
  while (height() < to) push_slot(Kind::I64);
  settled_ = to;
  free_gp_ = temporary_gp_;
  free_fp_ = temporary_fp_;
}

void FunctionCompiler::settle_flags() {
  if (stack_.empty() || stack_.back().place != Place::Flags) return;
  Value value = pop();
  Gp reg = take_gp();
  Gp other = reg;
  if (value.condition >= Condition::FloatEqual) other = take_gp();
  a_.set(value.condition, reg, other);
  if (other != reg) release(other);
  push_gp(Kind::I32, reg);
}

void FunctionCompiler::store_constant(u32 slot, u64 bits) {
  i64 value = static_cast<i64>(bits);
  if (value == static_cast<i32>(value)) return a_.store_constant(8, slot_address(slot), static_cast<i32>(value));
  a_.store_constant(4, slot_address(slot), static_cast<i32>(bits));
  Address high = slot_address(slot);
  high.offset += 4;
  a_.store_constant(4, high, static_cast<i32>(bits >> 32));
}

// Leaves flags and registers alone.
void FunctionCompiler::store_value(const Value& value, u32 slot) {
  switch (value.place) {
    case Place::Constant:
      if (value.kind != Kind::V128) return store_constant(slot, value.bits);
      for (u32 i = 0; i < 2; ++i) {
        u64 bits;
        std::memcpy(&bits, pool_[value.index].bytes + 8 * i, 8);
        store_constant(slot + i, bits);
      }
      return;
    case Place::Register:
      if (!is_float(value.kind)) return a_.store(8, slot_address(slot), value.gp());
      if (value.kind == Kind::F32) a_.store_constant(8, slot_address(slot), 0);
      return a_.store_float(float_bytes(value.kind), slot_address(slot), value.fp());
    case Place::Local: {
      const LocalInfo& local = locals_[value.index];
      if (local.pinned()) {
        Value pinned = value;
        pinned.place = Place::Register;
        pinned.reg = local.reg;
        // An i64 may be what an i32 local holds, extended; the register is the same.
        return store_value(pinned, slot);
      }
      return copy_slots(local.slot, slot, value.kind == Kind::V128 ? 2 : 1);
    }
    case Place::Slot:
      if (value.index != slot) copy_slots(value.index, slot, value.kind == Kind::V128 ? 2 : 1);
      return;
    case Place::Flags: assert(false); return;
  }
}

void FunctionCompiler::copy_slots(u32 from, u32 to, u32 count) {
  for (u32 i = 0; i < count; ++i) {
    a_.load_float(8, kScratchFp, slot_address(from + i));
    a_.store_float(8, slot_address(to + i), kScratchFp);
  }
}

void FunctionCompiler::store(u32 position) {
  Value value = stack_[position];
  if (value.place == Place::Slot) return;
  store_value(value, home(position));
  if (value.place == Place::Register) {
    release(value);
    if (is_float(value.kind)) owner_fp_[value.reg] = kNothing;
    else owner_gp_[value.reg] = kNothing;
  } else if (value.place == Place::Local) {
    locals_[value.index].aliases -= 1;
  }
  stack_[position] = {Place::Slot, value.kind, 0, Condition::Equal, home(position)};
}

void FunctionCompiler::store_top(u32 count) {
  for (u32 i = height() - count; i < height(); ++i) store(i);
}

void FunctionCompiler::settle_all() {
  for (; settled_ < height(); ++settled_)
    if (!stack_[settled_].is_constant()) store(settled_);
}

void FunctionCompiler::spill_registers() {
  for (u32 mask = temporary_gp_ & ~free_gp_; mask != 0; mask &= mask - 1)
    if (u32 position = owner_gp_[lowest(mask)]; position != kNothing) store(position);
  for (u32 mask = temporary_fp_ & ~free_fp_; mask != 0; mask &= mask - 1)
    if (u32 position = owner_fp_[lowest(mask)]; position != kNothing) store(position);
}

void FunctionCompiler::detach_aliases(u32 index) {
  LocalInfo& local = locals_[index];
  for (u32 i = height(); local.aliases != 0; --i) {
    Value& value = stack_[i - 1];
    if (value.place != Place::Local || value.index != index) continue;
    // Into a register where one is free, else into its slot.
    if (is_float(value.kind) ? free_fp_ == 0 : free_gp_ == 0) {
      store(i - 1);
      continue;
    }
    Value old = value;
    local.aliases -= 1;
    value.place = Place::Register;
    if (is_float(old.kind)) {
      Fp reg = static_cast<Fp>(random_.of(free_fp_));
      claim(reg);
      load_to(old, reg);
      value.reg = static_cast<u8>(reg);
      owner_fp_[value.reg] = i - 1;
    } else {
      Gp reg = static_cast<Gp>(random_.of(free_gp_));
      claim(reg);
      load_to(old, reg, true);
      value.reg = static_cast<u8>(reg);
      owner_gp_[value.reg] = i - 1;
    }
  }
}

// --- Registers ---------------------------------------------------------------------------------------------------------

void FunctionCompiler::shake_values() {
  if (!stack_.empty() && random_.once_in(4)) settle_flags();
  for (u32 i = settled_; i < height(); ++i)
    if (stack_[i].place != Place::Flags && random_.once_in(8)) store(i);
  auto move_one = [&](u32 busy, const u32 (&owners)[kRegisterCount], auto evict_from) {
    if (busy == 0 || !random_.once_in(4)) return;
    if (u32 reg = random_.of(busy); owners[reg] != kNothing) evict_from(reg);
  };
  move_one(temporary_gp_ & ~free_gp_, owner_gp_, [&](u32 reg) { evict(static_cast<Gp>(reg)); });
  move_one(temporary_fp_ & ~free_fp_, owner_fp_, [&](u32 reg) { evict(static_cast<Fp>(reg)); });
}

u32 FunctionCompiler::victim(u32 busy, const u32 (&owners)[kRegisterCount]) {
  // The value furthest down is needed last.
  u32 victim = kNothing, seen = 0;
  for (; busy != 0; busy &= busy - 1) {
    u32 position = owners[lowest(busy)];
    if (position == kNothing) continue;
    if (random_ ? random_.once_in(++seen) : position < victim) victim = position;
  }
  return victim;
}

Gp FunctionCompiler::take_gp(u32 excluded) {
  u32 mask = free_gp_ & ~excluded;
  u32 busy = temporary_gp_ & ~free_gp_ & ~excluded;
  if (mask == 0 || random_.once_in(4)) {
    u32 position = victim(busy, owner_gp_);
    assert(mask != 0 || position != kNothing);
    if (position != kNothing) store(position);
    mask = free_gp_ & ~excluded;
  }
  Gp reg = static_cast<Gp>(random_.of(mask));
  claim(reg);
  owner_gp_[static_cast<u32>(reg)] = kNothing;
  return reg;
}

Fp FunctionCompiler::take_fp(u32 excluded) {
  u32 mask = free_fp_ & ~excluded;
  u32 busy = temporary_fp_ & ~free_fp_ & ~excluded;
  if (mask == 0 || random_.once_in(4)) {
    u32 position = victim(busy, owner_fp_);
    assert(mask != 0 || position != kNothing);
    if (position != kNothing) store(position);
    mask = free_fp_ & ~excluded;
  }
  Fp reg = static_cast<Fp>(random_.of(mask));
  claim(reg);
  owner_fp_[static_cast<u32>(reg)] = kNothing;
  return reg;
}

void FunctionCompiler::evict(Gp reg) {
  if (free_gp_ & bit(reg)) return;
  u32 position = owner_gp_[static_cast<u32>(reg)];
  assert(position != kNothing);
  u32 mask = free_gp_ & ~bit(reg);
  if (mask == 0 || random_.once_in(4)) return store(position);
  Gp other = static_cast<Gp>(random_.of(mask));
  claim(other);
  a_.move(Width::W64, other, reg);
  owner_gp_[static_cast<u32>(other)] = position;
  owner_gp_[static_cast<u32>(reg)] = kNothing;
  stack_[position].reg = static_cast<u8>(other);
  release(reg);
}

void FunctionCompiler::evict(Fp reg) {
  if (free_fp_ & bit(reg)) return;
  u32 position = owner_fp_[static_cast<u32>(reg)];
  assert(position != kNothing);
  u32 mask = free_fp_ & ~bit(reg);
  if (mask == 0 || random_.once_in(4)) return store(position);
  Fp other = static_cast<Fp>(random_.of(mask));
  claim(other);
  a_.move(other, reg);
  owner_fp_[static_cast<u32>(other)] = position;
  owner_fp_[static_cast<u32>(reg)] = kNothing;
  stack_[position].reg = static_cast<u8>(other);
  release(reg);
}

void FunctionCompiler::load_to(const Value& value, Gp reg, bool keep_flags) {
  assert(!is_float(value.kind));
  switch (value.place) {
    case Place::Constant: return a_.move_constant(reg, value.kind == Kind::I32 ? static_cast<u32>(value.bits) : value.bits, keep_flags);
    case Place::Register:
      if (value.gp() != reg) a_.move(width_of(value.kind), reg, value.gp());
      return;
    case Place::Flags: return a_.set(value.condition, reg, reg);
    default: break;
  }
  if (value.place == Place::Local && locals_[value.index].pinned())
    return a_.move(width_of(value.kind), reg, locals_[value.index].gp());
  a_.load(value.kind == Kind::I32 ? Load::U32 : Load::U64, reg, address_of(value));
}

void FunctionCompiler::load_to(const Value& value, Fp reg) {
  assert(is_float(value.kind));
  switch (value.place) {
    case Place::Constant: {
      if (value.kind == Kind::V128) return load_pooled(reg, value.index);
      if (value.bits == 0) return a_.zero_float(reg);
      Gp with = take_gp();
      a_.move_constant(with, value.bits, true);
      a_.gp_to_float(value.kind == Kind::F32 ? Width::W32 : Width::W64, reg, with);
      return release(with);
    }
    case Place::Register: return a_.move(reg, value.fp());
    default: break;
  }
  if (value.place == Place::Local && locals_[value.index].pinned()) return a_.move(reg, locals_[value.index].fp());
  a_.load_float(float_bytes(value.kind), reg, address_of(value));
}

u32 FunctionCompiler::pooled(const void* bytes) {
  // Only the latest are looked through: a function with thousands of them has few twice.
  constexpr size_t kLookedAt = 32;
  for (size_t i = pool_.size(); i > 0 && pool_.size() - i < kLookedAt; --i)
    if (std::memcmp(pool_[i - 1].bytes, bytes, sizeof pool_[0].bytes) == 0) return static_cast<u32>(i - 1);
  pool_.push_back({});
  std::memcpy(pool_.back().bytes, bytes, sizeof pool_[0].bytes);
  return static_cast<u32>(pool_.size() - 1);
}

void FunctionCompiler::load_pooled(Fp reg, u32 number) {
  static constexpr u8 kZeros[sizeof pool_[0].bytes] = {};
  if (std::memcmp(pool_[number].bytes, kZeros, sizeof kZeros) == 0) return a_.zero_float(reg);
  chain(pool_[number].fields, a_.load_vector_from(reg));
}

Gp FunctionCompiler::in_gp(Value& value, u32 excluded, bool keep_flags) {
  if (value.place == Place::Register && !(excluded & bit(value.gp()))) return value.gp();
  if (value.place == Place::Local && locals_[value.index].pinned()) return locals_[value.index].gp();
  Gp reg = take_gp(excluded);
  load_to(value, reg, keep_flags);
  release(value);
  value.place = Place::Register;
  value.reg = static_cast<u8>(reg);
  return reg;
}

Fp FunctionCompiler::in_fp(Value& value, u32 excluded) {
  if (value.place == Place::Register && !(excluded & bit(value.fp()))) return value.fp();
  if (value.place == Place::Local && locals_[value.index].pinned()) return locals_[value.index].fp();
  Fp reg = take_fp(excluded);
  load_to(value, reg);
  release(value);
  value.place = Place::Register;
  value.reg = static_cast<u8>(reg);
  return reg;
}

Gp FunctionCompiler::in_own_gp(Value& value, u32 excluded, bool keep_flags) {
  if (is_temporary(value) && !(excluded & bit(value.gp()))) return value.gp();
  Gp reg = take_gp(excluded);
  load_to(value, reg, keep_flags);
  release(value);
  value.place = Place::Register;
  value.reg = static_cast<u8>(reg);
  return reg;
}

Fp FunctionCompiler::in_own_fp(Value& value, u32 excluded) {
  if (is_temporary(value) && !(excluded & bit(value.fp()))) return value.fp();
  Fp reg = take_fp(excluded);
  load_to(value, reg);
  release(value);
  value.place = Place::Register;
  value.reg = static_cast<u8>(reg);
  return reg;
}

void FunctionCompiler::bring(Value& value, Gp reg) {
  if (value.place == Place::Register && value.gp() == reg) return;
  evict(reg);
  claim(reg);
  owner_gp_[static_cast<u32>(reg)] = kNothing;
  load_to(value, reg, true);
  release(value);
  value.place = Place::Register;
  value.reg = static_cast<u8>(reg);
}

void FunctionCompiler::bring(Value& value, Fp reg) {
  if (value.place == Place::Register && value.fp() == reg) return;
  evict(reg);
  claim(reg);
  owner_fp_[static_cast<u32>(reg)] = kNothing;
  load_to(value, reg);
  release(value);
  value.place = Place::Register;
  value.reg = static_cast<u8>(reg);
}

// --- Results -----------------------------------------------------------------------------------------------------------

const FunctionCompiler::LocalInfo* FunctionCompiler::next_local(Kind kind) {
  const u8* p = code_ + state_->next_pc();
  if (p >= code_end_ || (*p != 0x21 && *p != 0x22)) return nullptr;
  u32 index = 0;
  for (u32 shift = 0;; shift += 7) {
    if (++p >= code_end_ || shift > 28) return nullptr;
    index |= static_cast<u32>(*p & 0x7F) << shift;
    if (*p < 0x80) break;
  }
  if (index >= locals_.size() || random_.once_in(4)) return nullptr;
  const LocalInfo& local = locals_[index];
  return local.pinned() && local.kind == kind && local.aliases == 0 ? &local : nullptr;
}

Gp FunctionCompiler::result_gp(Kind kind, Value* first, Value* second, u32 excluded) {
  if (const LocalInfo* local = next_local(kind); local != nullptr && !(excluded & bit(local->gp()))) return local->gp();
  bool reuses = (free_gp_ & ~excluded) == 0 || !random_.once_in(4);
  for (Value* value : {first, second})
    if (reuses && value != nullptr && is_temporary(*value) && !is_float(value->kind) && !(excluded & bit(value->gp())))
      return value->gp();
  return take_gp(excluded);
}

Fp FunctionCompiler::result_fp(Kind kind, Value* first, Value* second) {
  if (const LocalInfo* local = next_local(kind)) return local->fp();
  bool reuses = free_fp_ == 0 || !random_.once_in(4);
  for (Value* value : {first, second})
    if (reuses && value != nullptr && is_temporary(*value) && is_float(value->kind)) return value->fp();
  return take_fp();
}

}  // namespace brink::jit
