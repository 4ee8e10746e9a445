;; Legacy exceptions: try with every kind of ending, rethrow to several depths, delegate to every kind of block.
(module
  (tag $empty)
  (tag $pair (param i32 i64))
  (tag $vector (param v128))
  (func $values (param i32) (result i32 i64)
    (try (result i32 i64)
      (do (throw $pair (local.get 0) (i64.const 1)))
      (catch $pair)
      (catch $vector (drop) (i32.const 1) (i64.const 2))
      (catch_all (i32.const 3) (i64.const 4))))
  (func $rethrows (param i32)
    try $outer
      throw $empty
    catch $empty
      try $inner
        call $rethrow_it
      catch $vector
        drop
        block $b
          local.get 0
          br_table $inner $b $outer
        end
        rethrow $inner
      catch_all
        local.get 0
        if
          rethrow $outer
        end
        rethrow 0
      end
    end)
  (func $rethrow_it (try (do (throw $empty)) (catch_all (rethrow 0))))
  (func $delegates (param i32) (result i32)
    (loop $again (result i32)
      (try $t (result i32)
        (do
          (block $b (try (do (throw $empty)) (delegate $b)))
          (if (local.get 0) (then (try (do (call $rethrow_it)) (delegate $t))) (else (try (do) (delegate $again))))
          (try (do (try (do (throw $empty)) (delegate 1))) (catch $empty))
          (try_table $tt (catch_all $again) (try (do (throw $empty)) (delegate $tt)))
          (i32.const 1))
        (catch $empty (try (result i32) (do (i32.const 2)) (delegate $t))))))
  (func $nothing (try (do)) (try (do (br 0))) (try (do (unreachable)) (catch_all))))
