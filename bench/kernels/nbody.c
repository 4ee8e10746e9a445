// Six bodies under gravity, n steps of a symplectic integrator: f64 arithmetic with division and square root over
// structures. The bodies are made up.
#include "kernel.h"

enum { kBodies = 6 };

typedef struct {
  double x, y, z, vx, vy, vz, mass;
} Body;

static Body bodies[kBodies];

static void place_bodies(void) {
  for (u32 i = 0; i < kBodies; i++) {
    double r = i * 1.5, turn = i & 1 ? 1.0 : -1.0;
    Body body = {
        r,           turn * 0.25 * i,           0.125 * (i32)(i % 3) - 0.125, 0.0625 * turn, i ? 3.0 / (1.0 + r) : 0.0,
        0.03125 * i, i ? 0.001 * (7 - i) : 40.0};
    bodies[i] = body;
  }
}

static void advance(double dt) {
  for (u32 i = 0; i < kBodies; i++) {
    Body* p = &bodies[i];
    for (u32 j = i + 1; j < kBodies; j++) {
      Body* q = &bodies[j];
      double dx = p->x - q->x, dy = p->y - q->y, dz = p->z - q->z;
      double squared = dx * dx + dy * dy + dz * dz + 0.01;
      double pull = dt / (squared * __builtin_sqrt(squared));
      p->vx -= dx * q->mass * pull;
      p->vy -= dy * q->mass * pull;
      p->vz -= dz * q->mass * pull;
      q->vx += dx * p->mass * pull;
      q->vy += dy * p->mass * pull;
      q->vz += dz * p->mass * pull;
    }
  }
  for (u32 i = 0; i < kBodies; i++) {
    bodies[i].x += dt * bodies[i].vx;
    bodies[i].y += dt * bodies[i].vy;
    bodies[i].z += dt * bodies[i].vz;
  }
}

KERNEL(nbody)(u32 n) {
  place_bodies();
  for (u32 i = 0; i < n; i++) advance(0.001);
  double sum = 0;
  for (u32 i = 0; i < kBodies; i++) sum += bodies[i].x + 2 * bodies[i].y + 3 * bodies[i].z;
  return fold_f64(sum);
}
