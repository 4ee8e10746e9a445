// An interpreter inside the interpreter: a register machine's switch loop. Its program counts, for the numbers from 2
// to n, the steps Collatz's sequence takes, and sums them.
#include "kernel.h"

enum { kLoad, kMove, kAdd, kAddImmediate, kAnd, kShiftRight, kMultiply, kJumpIfZero, kJumpIfLess, kJump, kHalt };

typedef struct {
  u8 op, a, b, c;
} Instruction;

// r0 current, r1 number, r2 steps, r3 end, r4 scratch, r5 one, r6 three, r7 end + 1
static const Instruction program[] = {
    /* 0 */ {kLoad, 5, 1, 0},
    /* 1 */ {kLoad, 6, 3, 0},
    /* 2 */ {kLoad, 1, 2, 0},
    /* 3 */ {kMove, 0, 1, 0},  // next number
    /* 4 */ {kAnd, 4, 0, 5},   // next step
    /* 5 */ {kAddImmediate, 2, 2, 1},
    /* 6 */ {kJumpIfZero, 4, 10, 0},
    /* 7 */ {kMultiply, 0, 0, 6},
    /* 8 */ {kAddImmediate, 0, 0, 1},
    /* 9 */ {kJump, 4, 0, 0},
    /* 10 */ {kShiftRight, 0, 0, 5},
    /* 11 */ {kJumpIfLess, 5, 0, 4},
    /* 12 */ {kAddImmediate, 1, 1, 1},
    /* 13 */ {kJumpIfLess, 1, 7, 3},
    /* 14 */ {kHalt, 2, 0, 0},
};

KERNEL(vm)(u32 n) {
  u32 r[8] = {0};
  r[3] = n;
  r[7] = n + 1;
  u32 pc = 0;
  for (;;) {
    Instruction i = program[pc++];
    switch (i.op) {
      case kLoad: r[i.a & 7] = i.b; break;
      case kMove: r[i.a & 7] = r[i.b & 7]; break;
      case kAdd: r[i.a & 7] = r[i.b & 7] + r[i.c & 7]; break;
      case kAddImmediate: r[i.a & 7] = r[i.b & 7] + i.c; break;
      case kAnd: r[i.a & 7] = r[i.b & 7] & r[i.c & 7]; break;
      case kShiftRight: r[i.a & 7] = r[i.b & 7] >> (r[i.c & 7] & 31); break;
      case kMultiply: r[i.a & 7] = r[i.b & 7] * r[i.c & 7]; break;
      case kJumpIfZero:
        if (r[i.a & 7] == 0) pc = i.b;
        break;
      case kJumpIfLess:
        if (r[i.a & 7] < r[i.b & 7]) pc = i.c;
        break;
      case kJump: pc = i.a; break;
      default: return r[i.a & 7];
    }
  }
}
