/* What clang calls for setjmp and longjmp. A function with setjmp is compiled so: each setjmp notes its label and the
   invocation in the buffer; each call is wrapped in a handler of the tag __c_longjmp, which asks for the label of the
   buffer thrown, and passes the exception on if the buffer is not one of this invocation. */
#include <setjmp.h>
#include <stddef.h>

typedef __typeof__(*(jmp_buf*)NULL) Buffers;
enum { kLongjmpTag = 1 }; /* clang's number of __c_longjmp */

void __wasm_setjmp(void* buffer, unsigned label, void* invocation) {
  Buffers* buffers = buffer;
  (*buffers)->invocation = invocation;
  (*buffers)->label = label;
}

unsigned __wasm_setjmp_test(void* buffer, void* invocation) {
  Buffers* buffers = buffer;
  return (*buffers)->invocation == invocation ? (*buffers)->label : 0;
}

void __wasm_longjmp(void* buffer, int value) {
  Buffers* buffers = buffer;
  (*buffers)->thrown.buffer = buffer;
  (*buffers)->thrown.value = value == 0 ? 1 : value;
  __builtin_wasm_throw(kLongjmpTag, &(*buffers)->thrown);
}
