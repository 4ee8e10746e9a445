/* wasi-libc has no setjmp. clang makes WebAssembly exceptions of these calls (-mllvm -wasm-enable-sjlj) and calls the
   three functions of setjmp.c, which own the buffer's content. */
#pragma once

typedef struct {
  void* invocation; /* which call of the function that called setjmp */
  unsigned label;   /* which setjmp of that function, from 1 */
  struct {
    void* buffer;
    int value;
  } thrown; /* what the exception carries the address of */
} jmp_buf[1];

int setjmp(jmp_buf buffer) __attribute__((returns_twice));
_Noreturn void longjmp(jmp_buf buffer, int value);
