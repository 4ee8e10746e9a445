;; Functions in the text format, to be called from the command line:
;;   brink run --invoke gcd functions.wat 48 36
(module
  ;; The greatest common divisor, by Euclid's algorithm.
  (func $gcd (export "gcd") (param $a i64) (param $b i64) (result i64)
    (if (i64.eqz (local.get $b)) (then (return (local.get $a))))
    (return_call $gcd (local.get $b) (i64.rem_u (local.get $a) (local.get $b))))

  ;; Quotient and remainder: two results, printed on two lines.
  (func (export "divmod") (param $a i32) (param $b i32) (result i32 i32)
    (i32.div_s (local.get $a) (local.get $b))
    (i32.rem_s (local.get $a) (local.get $b)))

  ;; The length of a vector in the plane.
  (func (export "hypot") (param $x f64) (param $y f64) (result f64)
    (f64.sqrt (f64.add
      (f64.mul (local.get $x) (local.get $x))
      (f64.mul (local.get $y) (local.get $y))))))
