;; References: null tests, typed function references, branches on null, locals that must be set before they are read.
(module
  (type $f (func (param i32) (result i32)))
  (type $g (func (param (ref $f)) (result (ref null $f))))
  (global $null (ref null $f) (ref.null $f))
  (global $some (ref $f) (ref.func $increment))
  (global (mut externref) (ref.null extern))
  (func $increment (type $f) (i32.add (local.get 0) (i32.const 1)))
  (func (type $g) (local $unset (ref $f)) (local $maybe (ref null $f))
    (local.set $unset (local.get 0))
    (local.set $maybe (local.get $unset))
    (drop (ref.is_null (local.get $maybe)))
    (drop (ref.as_non_null (local.get $maybe)))
    (block (drop (local.tee $unset (global.get $some))))
    (local.get $unset))
  (func (param (ref null $f)) (result i32)
    (block $is_null
      (return (call_ref $f (i32.const 1) (br_on_null $is_null (local.get 0)))))
    (block $not_null (result (ref $f))
      (br_on_non_null $not_null (global.get $null))
      (return (i32.const 0)))
    (drop)
    (i32.const 2))
  (func (param i32 (ref null $f)) (result i32)
    (block $l (result i32)
      local.get 0
      local.get 1
      br_on_null $l
      drop))
  (func (result funcref externref nullfuncref nullexternref)
    (ref.func $increment) (ref.null extern) (ref.null nofunc) (ref.null noextern)))
