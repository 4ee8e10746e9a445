;; The custom page sizes proposal.
(module
  (memory $bytes 100 200 (pagesize 1))
  (memory $pages 1 2 (pagesize 65536))
  (data (memory $bytes) (i32.const 90) "0123456789")
  (func (param i32) (result i32) (i32.load8_u $bytes (local.get 0)) (i32.add (i32.load (local.get 0)))))
