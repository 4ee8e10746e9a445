// Whether the compiler can go from one handler to the next by a jump, with all state in registers: calls in tail
// position that are guaranteed, in a calling convention that preserves nothing. Where it cannot, a loop calls the
// handlers.
#pragma once

#if defined(__clang__) && !defined(BRINK_PORTABLE_INTERPRETER)
#if __has_cpp_attribute(clang::musttail) && __has_attribute(preserve_none)
#define BRINK_THREADED 1
#endif
#endif

#if defined(__clang__)
#define BRINK_INLINE [[gnu::always_inline]] inline
#else
#define BRINK_INLINE inline
#endif
