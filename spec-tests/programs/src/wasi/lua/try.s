# Lua's protected calls on WebAssembly exceptions. Lua unwinds in one place only: luaD_throw raises, and
# luaD_rawrunprotected calls a function and stops the unwinding. The status code travels in Lua's own structure, so
# the tag carries nothing. The stack pointer is a global, which unwinding does not restore; the catching frame does.
#
# LLVM 19's assembler knows only the legacy `try`/`catch`. The three instructions `block; nop; throw; unreachable`
# below have exactly the bytes of `try_table (catch $tag 0)` but for two opcodes, the relocation of the tag included:
#
#     block     nop  throw tag      unreachable        02 40 01 08 <tag> 00
#     try_table 1    catch tag      label 0            1f 40 01 00 <tag> 00
#
# The build replaces these two bytes in the object file (`use_try_table` in recipes.py).

	.globaltype	__stack_pointer, i32
	.tagtype	lua_unwind
	.functype	lua_try (i32, i32, i32) -> ()
	.functype	lua_throw () -> ()

	.section	.text.lua_try,"",@
	.globl	lua_try
	.type	lua_try,@function
lua_try:				# lua_try(function, state, argument)
	.functype	lua_try (i32, i32, i32) -> ()
	.local	i32
	global.get	__stack_pointer
	local.set	3
	block
	block				# becomes try_table (catch lua_unwind 0)
	nop
	throw	lua_unwind
	unreachable
	local.get	1
	local.get	2
	local.get	0
	call_indirect	(i32, i32) -> ()
	return
	end_block
	end_block
	local.get	3
	global.set	__stack_pointer
	end_function

	.section	.text.lua_throw,"",@
	.globl	lua_throw
	.type	lua_throw,@function
lua_throw:
	.functype	lua_throw () -> ()
	throw	lua_unwind
	end_function

	.globl	lua_unwind
lua_unwind:
