/* Included before every file of Lua when it is compiled for WASI with setjmp: what else the C library does not have. */
#pragma once

/* os.tmpname reports failure. */
#define LUA_TMPNAMBUFSIZE 1
#define lua_tmpnam(name, failed) ((void)(name), (failed) = 1)

/* No terminal is asked for: without a script the program reads standard input. */
#define lua_stdin_is_tty() 0
