/* Included before every file of Lua when it is compiled for WASI: what the C library there does not have. */
#pragma once

struct lua_State;
void lua_try(void (*function)(struct lua_State*, void*), struct lua_State* state, void* argument);
_Noreturn void lua_throw(void);

/* luaD_rawrunprotected names the protected function f and its argument ud. */
#define LUAI_TRY(L, c, a) lua_try(f, L, ud)
#define LUAI_THROW(L, c) lua_throw()
#define luai_jmpbuf int

/* os.tmpname reports failure. */
#define LUA_TMPNAMBUFSIZE 1
#define lua_tmpnam(name, failed) ((void)(name), (failed) = 1)

/* No terminal is asked for: without a script the program reads standard input. */
#define lua_stdin_is_tty() 0
