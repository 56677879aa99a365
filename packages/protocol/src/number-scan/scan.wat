;; Looks through JSON bytes for numbers that a double may change, 16 bytes at a time.
;; A "digit" here is 0 to 9 or a dot.
(module
  (memory (export "memory") 5)
  ;; Where from `at` to `end` a block of 16 bytes begins in which 15 digits in a row are complete, or an e or E follows a
  ;; digit; -1 where there is none. `run`: how many digits stand immediately before `at`.
  ;; Reads up to 15 bytes beyond `end`, which must be blanks.
  (func (export "next") (param $at i32) (param $end i32) (param $run i32) (result i32)
    (local $block v128)
    (local $digits i32) ;; a bit for each byte
    (local $exponents i32)
    (local $first i32) ;; digits the block begins with
    (loop $blocks (result i32)
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const -1))))
      (local.set $block (v128.load (local.get $at)))
      (local.set $digits
        (i8x16.bitmask
          (v128.or
            (i8x16.lt_u
              (i8x16.sub (local.get $block) (i8x16.splat (i32.const 48)))
              (i8x16.splat (i32.const 10)))
            (i8x16.eq (local.get $block) (i8x16.splat (i32.const 46))))))
      (if (i32.or (local.get $digits) (local.get $run)) (then
        (local.set $exponents
          (i8x16.bitmask
            (i8x16.eq
              (v128.or (local.get $block) (i8x16.splat (i32.const 32)))
              (i8x16.splat (i32.const 101)))))
        (local.set $first (i32.ctz (i32.xor (local.get $digits) (i32.const -1))))
        (if (i32.ge_u (i32.add (local.get $run) (local.get $first)) (i32.const 15))
          (then (return (local.get $at))))
        (if (i32.and
              (local.get $exponents)
              (i32.or
                (i32.shl (local.get $digits) (i32.const 1))
                (i32.ne (local.get $run) (i32.const 0))))
          (then (return (local.get $at))))
        ;; Digits that the block ends with.
        (local.set $run (i32.clz (i32.shl (i32.xor (local.get $digits) (i32.const 65535)) (i32.const 16))))
        (if (i32.ge_u (local.get $run) (i32.const 15)) (then (return (local.get $at))))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br $blocks))))
