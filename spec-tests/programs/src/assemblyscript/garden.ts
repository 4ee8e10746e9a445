// A tour of AssemblyScript's runtime: garbage-collected objects, strings, maps, sorting, typed arrays, WASI through
// the shim. garden.c is the same algorithm in C and must print the same.

class Random {
  constructor(private state: u32) {}

  next(bound: u32): u32 {
    this.state = this.state * 1664525 + 1013904223;
    return (this.state >> 10) % bound;
  }
}

class Plant {
  constructor(public name: string, public height: i32, public row: i32) {}

  toString(): string {
    return this.name.padEnd(10, ".") + this.height.toString().padStart(5) + "@" + this.row.toString(16);
  }
}

class Count {
  constructor(public name: string, public count: i32) {}
}

class Tree {
  left: Tree | null = null;
  right: Tree | null = null;
  constructor(public value: i32) {}

  insert(value: i32): void {
    if (value < this.value) {
      const left = this.left;
      if (left == null) this.left = new Tree(value);
      else left.insert(value);
    } else {
      const right = this.right;
      if (right == null) this.right = new Tree(value);
      else right.insert(value);
    }
  }

  depth(): i32 {
    const left = this.left;
    const right = this.right;
    return 1 + max(left == null ? 0 : left.depth(), right == null ? 0 : right.depth());
  }

  sum(): i64 {
    const left = this.left;
    const right = this.right;
    return <i64>this.value + (left == null ? 0 : left.sum()) + (right == null ? 0 : right.sum());
  }
}

function plants(random: Random): void {
  const syllables: string[] = ["ro", "li", "fern", "mos", "sa", "ly", "dai", "bell"];
  const all = new Array<Plant>();
  const counts = new Map<string, i32>();
  for (let i = 0; i < 600; i++) {
    let name = "";
    const parts = <i32>(1 + random.next(2));
    for (let j = 0; j < parts; j++) name += syllables[random.next(8)];
    all.push(new Plant(name, random.next(2000), i));
    counts.set(name, (counts.has(name) ? counts.get(name) : 0) + 1);
  }
  all.sort((a, b) => (a.height != b.height ? b.height - a.height : a.row - b.row));
  for (let i = 0; i < 5; i++) console.log(all[i].toString());
  const names = counts.keys();
  const sorted = new Array<Count>();
  for (let i = 0; i < names.length; i++) sorted.push(new Count(names[i], counts.get(names[i])));
  sorted.sort((a, b) => (a.count != b.count ? b.count - a.count : a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const top = new Array<string>();
  for (let i = 0; i < 4; i++) top.push(sorted[i].name.toUpperCase() + "=" + sorted[i].count.toString());
  console.log(sorted.length.toString() + " names: " + top.join(" "));
}

function life(random: Random): void {
  const width = 48, height = 32;
  let now = new Uint8Array(width * height);
  let next = new Uint8Array(width * height);
  for (let i = 0; i < width * height; i++) now[i] = random.next(3) == 0 ? 1 : 0;
  for (let generation = 0; generation < 40; generation++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        let around: i32 = 0;
        for (let dy = -1; dy <= 1; dy++)
          for (let dx = -1; dx <= 1; dx++)
            if (dx != 0 || dy != 0) around += now[((y + dy + height) % height) * width + ((x + dx + width) % width)];
        next[y * width + x] = around == 3 || (around == 2 && now[y * width + x] == 1) ? 1 : 0;
      }
    }
    const swap = now;
    now = next;
    next = swap;
  }
  let alive = 0;
  for (let i = 0; i < now.length; i++) alive += now[i];
  console.log("alive after 40 generations: " + alive.toString());
  for (let y = 0; y < 4; y++) {
    let line = "";
    for (let x = 0; x < width; x++) line += now[y * width + x] == 1 ? "#" : ".";
    console.log(line);
  }
}

function queens(size: i32, row: i32, columns: i32, down: i32, up: i32): i32 {
  if (row == size) return 1;
  let count = 0;
  let free = ~(columns | down | up) & ((1 << size) - 1);
  while (free != 0) {
    const bit = free & -free;
    free ^= bit;
    count += queens(size, row + 1, columns | bit, (down | bit) << 1, (up | bit) >> 1);
  }
  return count;
}

function trees(random: Random): void {
  let depths: i32 = 0;
  let total: i64 = 0;
  for (let round = 0; round < 30; round++) {
    const root = new Tree(5000);
    for (let i = 0; i < 200; i++) root.insert(random.next(10000));
    depths += root.depth();
    total += root.sum();
  }
  console.log("trees: depths " + depths.toString() + ", sum " + total.toString());
}

function numbers(): void {
  let hash: u64 = 14695981039346656037;
  for (let i = 0; i < 20000; i++) hash = (hash ^ (<u64>i & 0xff)) * 1099511628211;
  console.log("hash " + (hash >> 1).toString() + " " + rotl<u64>(hash, 17).toString(16));
  let x: f64 = 0.3;
  for (let i = 0; i < 500; i++) x = 3.75 * x * (1 - x);
  console.log("logistic " + i64(Math.floor(x * 1e12)).toString() + ", root " + i64(Math.sqrt(2) * 1e15).toString());
  console.log("bits " + popcnt<u32>(0xdeadbeef).toString() + " " + clz<u64>(0x1234).toString() + " " + ctz<u32>(0x5000).toString());
  const words = "seven seeds sleep soundly since September".split(" ");
  words.reverse();
  console.log(words.join(" ").replaceAll("s", "z") + " " + words.indexOf("sleep").toString());
}

function input(): void {
  const buffer = new ArrayBuffer(1000);
  const bytes = Uint8Array.wrap(buffer);
  let total = 0;
  let sum: u32 = 0;
  for (;;) {
    const n = process.stdin.read(buffer);
    if (n <= 0) break;
    for (let i: i32 = 0; i < n; i++) sum = sum * 31 + bytes[i];
    total += <i32>n;
  }
  console.log("input: " + total.toString() + " bytes, hash " + sum.toString());
}

const random = new Random(<u32>2024);
console.log("arguments: " + process.argv.slice(1).join(","));
console.log("SEASON: " + (process.env.has("SEASON") ? process.env.get("SEASON") : "none"));
plants(random);
life(random);
console.log("queens: " + queens(7, 0, 0, 0, 0).toString());
trees(random);
numbers();
input();
process.stderr.write("done\n");
process.exit(process.argv.length > 1 ? i32(parseInt(process.argv[1])) : 0);
