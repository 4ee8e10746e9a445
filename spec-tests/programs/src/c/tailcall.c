// A bytecode machine whose handlers tail-call each other: without real tail calls it would need a frame for each
// of its steps, and a million of them overflow any stack.
#include <stdint.h>
#include <stdio.h>

enum Op { kPush, kAdd, kMultiply, kLoad, kStore, kLess, kJumpIfZero, kJump, kPrint, kHalt };

struct Machine {
  int64_t locals[4];
  uint64_t steps;
};

typedef int64_t Handler(const int32_t* pc, int64_t* top, struct Machine* machine);
static Handler* const kHandlers[];

#define NEXT(pc, top) \
  machine->steps++;   \
  __attribute__((musttail)) return kHandlers[*(pc)](pc, top, machine)

static int64_t push(const int32_t* pc, int64_t* top, struct Machine* machine) {
  *++top = pc[1];
  NEXT(pc + 2, top);
}

static int64_t add(const int32_t* pc, int64_t* top, struct Machine* machine) {
  top[-1] = (int64_t)((uint64_t)top[-1] + (uint64_t)top[0]);
  NEXT(pc + 1, top - 1);
}

static int64_t multiply(const int32_t* pc, int64_t* top, struct Machine* machine) {
  top[-1] = (int64_t)((uint64_t)top[-1] * (uint64_t)top[0]);
  NEXT(pc + 1, top - 1);
}

static int64_t load(const int32_t* pc, int64_t* top, struct Machine* machine) {
  *++top = machine->locals[pc[1]];
  NEXT(pc + 2, top);
}

static int64_t store(const int32_t* pc, int64_t* top, struct Machine* machine) {
  machine->locals[pc[1]] = top[0];
  NEXT(pc + 2, top - 1);
}

static int64_t less(const int32_t* pc, int64_t* top, struct Machine* machine) {
  top[-1] = top[-1] < top[0];
  NEXT(pc + 1, top - 1);
}

static int64_t jump_if_zero(const int32_t* pc, int64_t* top, struct Machine* machine) {
  const int32_t* target = top[0] == 0 ? pc + pc[1] : pc + 2;
  NEXT(target, top - 1);
}

static int64_t jump(const int32_t* pc, int64_t* top, struct Machine* machine) { NEXT(pc + pc[1], top); }

static int64_t print(const int32_t* pc, int64_t* top, struct Machine* machine) {
  printf("%lld\n", (long long)top[0]);
  NEXT(pc + 1, top - 1);
}

static int64_t halt(const int32_t* pc, int64_t* top, struct Machine* machine) {
  (void)pc, (void)machine;
  return top[0];
}

static Handler* const kHandlers[] = {push, add, multiply, load, store, less, jump_if_zero, jump, print, halt};

int main(void) {
  // sum = 0; product = 1; for (i = 0; i < 100000; i++) { sum += i * i; product = product * 3 + i; }
  static const int32_t program[] = {
      kPush, 0, kStore, 0,      kPush,     0,           kStore,    1,     kPush,  1, kStore, 2,  // i, sum, product
      kLoad, 0, kPush,  100000, kLess,     kJumpIfZero, 31,                                      // while i < 100000
      kLoad, 1, kLoad,  0,      kLoad,     0,           kMultiply, kAdd,  kStore, 1,             // sum += i * i
      kLoad, 2, kPush,  3,      kMultiply, kLoad,       0,         kAdd,  kStore, 2,  // product = product * 3 + i
      kLoad, 0, kPush,  1,      kAdd,      kStore,      0,         kJump, -34,        // i++
      kLoad, 1, kPrint, kLoad,  2,         kPrint,      kPush,     77,    kHalt,
  };
  struct Machine machine = {0};
  int64_t stack[16] = {0};
  int64_t result = kHandlers[program[0]](program, stack, &machine);
  printf("result %lld after %llu steps\n", (long long)result, (unsigned long long)machine.steps);
  return 0;
}
