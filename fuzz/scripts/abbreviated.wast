;; A module's fields alone, as a script.
(func (export "one") (result i32) (i32.const 1))
(memory 1)
