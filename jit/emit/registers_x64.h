// The registers of x86-64.
#pragma once
#include "engine/base/integers.h"

namespace brink::jit {

// Numbered as the machine numbers them.
enum class Gp : u8 { rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15, none };
enum class Fp : u8 { f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15 };
inline constexpr u32 kRegisterCount = 16;  // of each class

}  // namespace brink::jit
