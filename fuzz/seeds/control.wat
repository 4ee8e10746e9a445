;; Structured control: every kind of block type, branches out of and into everything, unreachable code.
(module
  (type $pair (func (param i32 i64) (result i64 i32)))
  (type $void (func))
  (func $blocks (param $n i32) (result i32)
    block end
    loop end
    (block $a (block $b (br_if $a (local.get $n)) (br $b)))
    (block (result i32) (i32.const 1))
    (if (result i32) (local.get $n) (then (i32.const 2)) (else (i32.const 3)))
    i32.add)
  (func $multi (param i32) (result i32)
    i32.const 1
    i64.const 2
    block (type $pair) (param i32 i64) (result i64 i32)
      drop
      drop
      i64.const 3
      i32.const 4
      br 0
    end
    drop
    drop
    i32.const 7
    loop (param i32) (result i32)
      local.tee 0
      local.get 0
      local.get 0
      br_if 0
      drop
    end)
  (func $nested (param i32 i32) (result i32)
    block $outer (result i32)
      loop $again
        block
          local.get 0
          i32.eqz
          if $branch
            local.get 1
            br $outer
          else
            local.get 0
            br_if 1
            br $again
          end
        end
        local.get 0
        i32.const -1
        i32.add
        local.tee 0
        br_if $again
      end
      i32.const 99
    end
    return)
  (func $table (param i32) (result i32)
    block $three
      block $two
        block $one
          block $zero
            local.get 0
            br_table $zero $one $two $three $zero
          end
          i32.const 10
          return
        end
        i32.const 20
        return
      end
      i32.const 30
      return
    end
    i32.const 40)
  (func $table_with_values (param i32) (result f64)
    block (result f64)
      block (result f64)
        f64.const 1.5
        local.get 0
        br_table 0 1 2 0 1
      end
      f64.const 2
      f64.mul
    end)
  (func $dead (result i32)
    unreachable
    i32.add
    block (result i64)
      i32.const 5
      br 1
      i64.add
      drop
      br_table 0 0
    end
    drop
    select
    drop
    i32.const 1
    if (result i32)
      i32.const 6
      return
    else
      unreachable
    end)
  (func $selects (param i32 f32)
    (drop (select (i32.const 1) (i32.const 2) (local.get 0)))
    (drop (select (result f32) (local.get 1) (f32.const 0) (local.get 0)))
    nop)
  (func (type $void) (if (i32.const 0) (then)) (if (i32.const 1) (then nop) (else nop))))
