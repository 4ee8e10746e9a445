/* Lua for snapshots: wizer.initialize makes the state, opens the libraries and requires the modules that the environment
   variable PRELOAD names, apart by spaces; wizer.resume is then the program, to be renamed to _start. Without a
   snapshot the program does the same when it starts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua.h"
#include "lauxlib.h"
#include "lualib.h"

void __wasm_call_ctors(void);
void __wasm_call_dtors(void);
int __original_main(void);

static lua_State* ready;

static void require_all(lua_State* state, const char* names) {
  while (*names) {
    size_t length = strcspn(names, " ");
    if (length) {
      lua_getglobal(state, "require");
      lua_pushlstring(state, names, length);
      if (lua_pcall(state, 1, 0, 0) != LUA_OK) {
        fprintf(stderr, "%s\n", lua_tostring(state, -1));
        exit(1);
      }
    }
    names += length;
    names += strspn(names, " ");
  }
}

static void make_ready(void) {
  const char* names = getenv("PRELOAD");
  ready = luaL_newstate();
  if (!ready) abort();
  luaL_openlibs(ready);
  if (names) require_all(ready, names);
}

/* What lua.c calls in place of luaL_newstate and luaL_openlibs. */
lua_State* take_state(void) {
  if (!ready) make_ready();
  return ready;
}

void open_libraries(lua_State* state) { (void)state; }

__attribute__((export_name("wizer.initialize"))) void initialise(void) {
  __wasm_call_ctors();
  make_ready();
}

__attribute__((export_name("wizer.resume"))) void resume_program(void) {
  int result = __original_main();
  __wasm_call_dtors();
  if (result) exit(result);
}

/* In place of the C library's: it relies on the linker to wrap it in a call of the constructors, which the linker leaves
   to a program that calls them itself. */
__attribute__((export_name("_start"))) void _start(void) {
  __wasm_call_ctors();
  resume_program();
}
