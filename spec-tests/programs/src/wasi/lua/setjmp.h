/* wasi-libc has no setjmp; lua_wasi.h replaces every use of it. */
#pragma once
