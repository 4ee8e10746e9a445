/* Debian builds compiler-rt's WebAssembly builtins with a stack protector, for which wasi-libc has no support. */
#include <stdint.h>

uintptr_t __stack_chk_guard = 0x595e9fbd;

_Noreturn void __stack_chk_fail(void);
void __stack_chk_fail(void) { __builtin_trap(); }
