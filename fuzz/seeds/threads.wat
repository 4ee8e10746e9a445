;; The threads proposal: a shared memory, and atomic instructions of each shape.
(module
  (memory 1 2 shared)
  (memory $plain 1)
  (func (param $p i32) (result i64)
    (drop (memory.atomic.notify offset=4 (local.get $p) (i32.const 1)))
    (drop (memory.atomic.wait32 (local.get $p) (i32.const 1) (i64.const -1)))
    (drop (memory.atomic.wait64 (local.get $p) (i64.const 1) (i64.const -1)))
    atomic.fence
    (i32.atomic.store (local.get $p) (i32.atomic.load (local.get $p)))
    (i64.atomic.store8 (local.get $p) (i64.atomic.load16_u (local.get $p)))
    (drop (i32.atomic.rmw.add $plain (local.get $p) (i32.const 1)))
    (drop (i32.atomic.rmw8.xchg_u (local.get $p) (i32.const 1)))
    (drop (i64.atomic.rmw32.sub_u (local.get $p) (i64.const 1)))
    (i64.atomic.rmw.cmpxchg offset=8 (local.get $p) (i64.const 1) (i64.const 2))))
