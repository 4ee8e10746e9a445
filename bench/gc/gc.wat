;; Work for a garbage collector, of the kinds that programs of GC languages give it. Every export takes a size and
;; returns a checksum; bench/gc_report measures them, here and in V8.
(module
  (type $tree (struct (field $left (ref null $tree)) (field $right (ref null $tree))))
  (type $entry (struct (field $key i32) (field $value (mut i32)) (field $next (mut (ref null $entry)))))
  (type $buckets (array (mut (ref null $entry))))
  (type $particle (struct (field $x f64) (field $y f64) (field $id i32)))
  (type $particles (array (mut (ref null $particle))))
  (type $list (struct (field $item i32) (field $rest (ref null $list))))
  (type $bytes (array (mut i8)))
  (type $kept (array (mut (ref null $bytes))))

  (global $seed (mut i32) (i32.const 1))
  (func $random (result i32)
    (global.set $seed (i32.add (i32.mul (global.get $seed) (i32.const 1664525)) (i32.const 1013904223)))
    (i32.shr_u (global.get $seed) (i32.const 8)))

  ;; --- Many small objects that die young, beside a tree that stays -----------------------------------------------

  (func $grow (param $depth i32) (result (ref $tree))
    (if (result (ref $tree)) (i32.eqz (local.get $depth))
      (then (struct.new $tree (ref.null $tree) (ref.null $tree)))
      (else (struct.new $tree
        (call $grow (i32.sub (local.get $depth) (i32.const 1)))
        (call $grow (i32.sub (local.get $depth) (i32.const 1)))))))

  (func $count (param $tree (ref null $tree)) (result i32)
    (if (result i32) (ref.is_null (local.get $tree))
      (then (i32.const 0))
      (else (i32.add (i32.const 1) (i32.add
        (call $count (struct.get $tree $left (local.get $tree)))
        (call $count (struct.get $tree $right (local.get $tree))))))))

  (func (export "binary_trees") (param $depth i32) (result i32)
    (local $stays (ref null $tree)) (local $small i32) (local $left i32) (local $sum i32)
    (local.set $stays (call $grow (local.get $depth)))
    (local.set $small (i32.const 4))
    (loop $depths
      (local.set $left (i32.shl (i32.const 1)
        (i32.add (i32.sub (local.get $depth) (local.get $small)) (i32.const 4))))
      (loop $trees
        (local.set $sum (i32.add (local.get $sum) (call $count (call $grow (local.get $small)))))
        (br_if $trees (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
      (local.set $small (i32.add (local.get $small) (i32.const 2)))
      (br_if $depths (i32.le_s (local.get $small) (local.get $depth))))
    (i32.add (local.get $sum) (call $count (local.get $stays))))

  ;; --- A hash map of chained entries: insert, find, remove --------------------------------------------------------

  (func $find (param $map (ref $buckets)) (param $key i32) (result (ref null $entry))
    (local $entry (ref null $entry))
    (local.set $entry (array.get $buckets (local.get $map)
      (i32.and (local.get $key) (i32.sub (array.len (local.get $map)) (i32.const 1)))))
    (loop $chain
      (if (ref.is_null (local.get $entry)) (then (return (ref.null $entry))))
      (if (i32.eq (struct.get $entry $key (local.get $entry)) (local.get $key)) (then (return (local.get $entry))))
      (local.set $entry (struct.get $entry $next (local.get $entry)))
      (br $chain))
    (unreachable))

  (func $put (param $map (ref $buckets)) (param $key i32) (param $value i32)
    (local $entry (ref null $entry)) (local $bucket i32)
    (local.set $entry (call $find (local.get $map) (local.get $key)))
    (if (ref.is_null (local.get $entry))
      (then
        (local.set $bucket (i32.and (local.get $key) (i32.sub (array.len (local.get $map)) (i32.const 1))))
        (array.set $buckets (local.get $map) (local.get $bucket)
          (struct.new $entry (local.get $key) (local.get $value)
            (array.get $buckets (local.get $map) (local.get $bucket)))))
      (else (struct.set $entry $value (local.get $entry)
        (i32.add (struct.get $entry $value (local.get $entry)) (local.get $value))))))

  ;; Removes the first entry of a bucket.
  (func $pop (param $map (ref $buckets)) (param $bucket i32) (result i32)
    (local $entry (ref null $entry))
    (local.set $entry (array.get $buckets (local.get $map) (local.get $bucket)))
    (if (ref.is_null (local.get $entry)) (then (return (i32.const 0))))
    (array.set $buckets (local.get $map) (local.get $bucket) (struct.get $entry $next (local.get $entry)))
    (struct.get $entry $value (local.get $entry)))

  (func (export "linked_map") (param $operations i32) (result i32)
    (local $map (ref $buckets)) (local $sum i32) (local $entry (ref null $entry))
    (global.set $seed (i32.const 1))
    (local.set $map (array.new_default $buckets (i32.const 65536)))
    (loop $next
      (call $put (local.get $map) (i32.and (call $random) (i32.const 0x3FFFF)) (local.get $operations))
      (local.set $entry (call $find (local.get $map) (i32.and (call $random) (i32.const 0x3FFFF))))
      (if (i32.eqz (ref.is_null (local.get $entry)))
        (then (local.set $sum (i32.add (local.get $sum) (struct.get $entry $value (local.get $entry))))))
      (local.set $sum (i32.add (local.get $sum)
        (call $pop (local.get $map) (i32.and (call $random) (i32.const 0xFFFF)))))
      (br_if $next (local.tee $operations (i32.sub (local.get $operations) (i32.const 1)))))
    (local.get $sum))

  ;; --- An array of structs, each replaced by a new one a round ----------------------------------------------------

  (func (export "struct_arrays") (param $rounds i32) (result i32)
    (local $all (ref $particles)) (local $i i32) (local $one (ref null $particle)) (local $sum f64)
    (local.set $all (array.new_default $particles (i32.const 100000)))
    (loop $fill
      (array.set $particles (local.get $all) (local.get $i)
        (struct.new $particle (f64.convert_i32_u (local.get $i)) (f64.const 1) (local.get $i)))
      (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100000))))
    (loop $round
      (local.set $i (i32.const 0))
      (loop $move
        (local.set $one (array.get $particles (local.get $all) (local.get $i)))
        (array.set $particles (local.get $all) (local.get $i)
          (struct.new $particle
            (f64.add (struct.get $particle $x (local.get $one)) (struct.get $particle $y (local.get $one)))
            (f64.mul (struct.get $particle $y (local.get $one)) (f64.const 0.5))
            (struct.get $particle $id (local.get $one))))
        (br_if $move (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100000))))
      (br_if $round (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
    (local.set $i (i32.const 0))
    (loop $add
      (local.set $one (array.get $particles (local.get $all) (local.get $i)))
      (local.set $sum (f64.add (local.get $sum) (struct.get $particle $x (local.get $one))))
      (br_if $add (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100000))))
    (i32.trunc_sat_f64_s (f64.mul (local.get $sum) (f64.const 0.125))))

  ;; --- Short texts of changing length, the last 1,024 of which are kept -------------------------------------------

  (func (export "texts") (param $number i32) (result i32)
    (local $kept (ref $kept)) (local $text (ref null $bytes)) (local $sum i32)
    (global.set $seed (i32.const 1))
    (local.set $kept (array.new_default $kept (i32.const 1024)))
    (loop $next
      (local.set $text (array.new $bytes (local.get $number)
        (i32.add (i32.const 1) (i32.and (call $random) (i32.const 0xFF)))))
      (local.set $sum (i32.add (local.get $sum) (array.get_u $bytes (local.get $text) (i32.const 0))))
      (array.set $kept (local.get $kept) (i32.and (local.get $number) (i32.const 1023)) (local.get $text))
      (br_if $next (local.tee $number (i32.sub (local.get $number) (i32.const 1)))))
    (local.get $sum))

  ;; --- Garbage beside a list of a million ------------------------------------------------------------------------

  (func (export "long_list") (param $millions i32) (result i32)
    (local $list (ref null $list)) (local $i i32) (local $sum i32)
    (local.set $i (i32.const 1000000))
    (loop $build
      (local.set $list (struct.new $list (local.get $i) (local.get $list)))
      (br_if $build (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
    (local.set $i (i32.mul (local.get $millions) (i32.const 1000000)))
    (loop $garbage
      (local.set $sum (i32.add (local.get $sum)
        (struct.get $list $item (struct.new $list (local.get $i) (ref.null $list)))))
      (br_if $garbage (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
    (loop $read
      (if (ref.is_null (local.get $list)) (then (return (local.get $sum))))
      (local.set $sum (i32.add (local.get $sum) (struct.get $list $item (local.get $list))))
      (local.set $list (struct.get $list $rest (local.get $list)))
      (br $read))
    (unreachable))
)
