// Plain exports without WASI, for `--invoke`. kernels.c is the native twin.

export function gcd(a: i32, b: i32): i32 {
  while (b != 0) {
    const rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

export function primes(limit: i32): i32 {
  const composite = new StaticArray<bool>(limit + 1);
  let count = 0;
  for (let n = 2; n <= limit; n++) {
    if (composite[n]) continue;
    count++;
    for (let m = n * 2; m <= limit; m += n) composite[m] = true;
  }
  return count;
}

export function collatz(start: i64): i32 {
  let steps = 0;
  for (let n = start; n != 1; steps++) n = n % 2 == 0 ? n / 2 : 3 * n + 1;
  return steps;
}

export function mix(seed: i64): i64 {
  let x: u64 = seed;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

export function hypotenuse(a: f64, b: f64): f64 {
  return Math.sqrt(a * a + b * b);
}
