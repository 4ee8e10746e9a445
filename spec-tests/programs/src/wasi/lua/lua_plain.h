/* Included before every file of Lua when it is compiled for WASI without exceptions: an error ends the program. */
#pragma once
#include <stdlib.h>

#include "lua_sjlj.h"

#define LUAI_TRY(L, c, a) \
  {                       \
    (void)(c);            \
    a                     \
  }
#define LUAI_THROW(L, c) abort()
#define luai_jmpbuf int
