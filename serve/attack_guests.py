"""Guests for attack_test.py, each a CGI program in the text format: one that answers, and those that misbehave."""

IMPORTS = """
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
"""
OK = "Content-Type: text/plain\n\nhello\n"


def module(code, text=OK, pages=2):
    """A module whose `_start` is `code`; `text` lies at 64. (call $say) writes it, (call $read) reads up to 64 KiB."""
    data = "".join(f"\\{byte:02x}" for byte in text.encode())
    return f"""(module {IMPORTS}
  (memory (export "memory") {pages})
  (data (i32.const 64) "{data}")
  (func $say (result i32)
    (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const {len(text.encode())}))
    (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
  (func $read (result i32)
    (i32.store (i32.const 16) (i32.const 65536)) (i32.store (i32.const 20) (i32.const 65536))
    (drop (call $fd_read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 24)))
    (i32.load (i32.const 24)))
  {code})
"""


START = '(func (export "_start") %s)'
READ_ALL = "(loop $more (br_if $more (call $read)))"

GUESTS = {
    # Answers at once.
    "hello": module(START % "(drop (call $say))"),
    # Reads its whole body, then answers.
    "reader": module(START % (READ_ALL + "(drop (call $say))")),
    # Never reads its body.
    "deaf": module(START % "(drop (call $say))"),
    # Runs for ever, without and with an answer begun.
    "loop": module(START % "(loop $on (br $on))"),
    "answers-then-loops": module(START % "(drop (call $say)) (loop $on (br $on))"),
    # Waits for an hour, in a host call.
    "sleep": module(START % """
      (i64.store (i32.const 128) (i64.const 0)) (i32.store8 (i32.const 136) (i32.const 0))
      (i32.store (i32.const 144) (i32.const 1)) (i64.store (i32.const 152) (i64.const 3600000000000))
      (drop (call $poll_oneoff (i32.const 128) (i32.const 256) (i32.const 1) (i32.const 8)))
      (drop (call $say))"""),
    # Takes memory, and writes to it, until there is none; then gives up.
    "hungry": module(START % """(local $page i32)
      (loop $on
        (local.set $page (memory.grow (i32.const 1)))
        (if (i32.eq (local.get $page) (i32.const -1)) (then unreachable))
        (i32.store (i32.mul (local.get $page) (i32.const 65536)) (i32.const 1))
        (br $on))"""),
    "recursive": module("(func $deeper (param i32) (result i32) (i32.add (call $deeper (local.get 0)) (i32.const 1)))"
                        + START % "(drop (call $deeper (i32.const 0)))"),
    # The same with large frames, through a table, and with a call of the host at every depth.
    "recursive-wide": module("(func $deeper (param i64 i64 i64 i64 i64 f64 f64) (result i64) (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)"
                             + "".join(f"(local.set {n} (i64.add (local.get {n - 5}) (i64.const {n})))" for n in range(7, 10))
                             + "(i64.add (i64.mul (local.get 7) (call $deeper (local.get 7) (local.get 8) (local.get 9) (local.get 0) (local.get 1)"
                             + " (local.get 6) (local.get 5))) (i64.add (local.get 2) (local.get 8))))"
                             + START % ("(drop (call $deeper" + " (i64.const 1)" * 5 + " (f64.const 1)" * 2 + "))")),
    "recursive-table": module('(table 1 funcref) (elem (i32.const 0) $deeper) (type $f (func (param i32) (result i32)))'
                              "(func $deeper (type $f) (i32.add (call_indirect (type $f) (local.get 0) (i32.const 0)) (i32.const 1)))"
                              + START % "(drop (call $deeper (i32.const 0)))"),
    "recursive-hosted": module("(func $deeper (param i32) (result i32)"
                               " (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 8)))"
                               " (i32.add (call $deeper (local.get 0)) (i32.const 1)))"
                               + START % "(drop (call $deeper (i32.const 0)))"),
    # Ends in the middle of its header.
    "half-head": module(START % "(drop (call $say))", "Content-Ty"),
    "no-head": module(START % ""),
    "not-a-head": module(START % "(drop (call $say))", "this is no header\n\nbody"),
    # Would add a header of its own to the next response, if it could.
    "splits": module(START % "(drop (call $say))", "Content-Type: text/plain\nX-A: a\rX-B: b\n\nhello\n"),
    "lies-about-length": module(START % "(drop (call $say))", "Content-Type: text/plain\nContent-Length: 3\n\nhello\n"),
    "promises-more": module(START % "(drop (call $say))", "Content-Type: text/plain\nContent-Length: 300\n\nhello\n"),
    # Writes for ever.
    "flood": module(START % "(loop $on (br_if $on (i32.eqz (call $say))))", OK + "x" * 4000),
    # Header lines for ever.
    "endless-head": module(START % "(loop $on (br_if $on (i32.eqz (call $say))))", "X-More: " + "y" * 500 + "\n"),
    "trap": module(START % "unreachable"),
}
