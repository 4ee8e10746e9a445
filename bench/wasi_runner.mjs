// Runs a WASI preview 1 program under node, bun or deno, with arguments, standard input and output, clocks and random
// numbers; without environment and folders. For bench/compare: every JavaScript engine gets the same host.
//
//   node wasi_runner.mjs FILE.wasm ARGS…
import { Buffer } from "node:buffer";
import { randomFillSync } from "node:crypto";
import { readFileSync, readSync, writeSync } from "node:fs";
import process from "node:process";

const SUCCESS = 0, BADF = 8, NOSYS = 52, SPIPE = 70;

class Exit {
  constructor(code) {
    this.code = code;
  }
}

const [file, ...rest] = process.argv.slice(2);
const args = [file, ...rest].map((text) => Buffer.from(text + "\0"));
let memory;
// A view of today's memory: growing it makes older views stale.
const view = () => new DataView(memory.buffer);
const bytes = (offset, size) => new Uint8Array(memory.buffer, offset >>> 0, size >>> 0);

function put_strings(strings, pointers, buffer) {
  for (const text of strings) {
    view().setUint32(pointers, buffer, true);
    bytes(buffer, text.length).set(text);
    pointers += 4;
    buffer += text.length;
  }
  return SUCCESS;
}

function put_sizes(strings, count, size) {
  view().setUint32(count, strings.length, true);
  view().setUint32(size, strings.reduce((sum, text) => sum + text.length, 0), true);
  return SUCCESS;
}

// Calls `transfer` with each of the guest's buffers until one is not filled; the sum goes to `result`.
function transfer_all(vectors, count, result, transfer) {
  let total = 0;
  for (let i = 0; i < count; i++) {
    const size = view().getUint32(vectors + 8 * i + 4, true);
    const moved = transfer(bytes(view().getUint32(vectors + 8 * i, true), size));
    total += moved;
    if (moved < size) break;
  }
  view().setUint32(result, total, true);
  return SUCCESS;
}

function read_once(buffer) {
  if (buffer.length === 0) return 0;
  for (;;) {
    try {
      return readSync(0, buffer, 0, buffer.length, null);
    } catch (error) {
      if (error.code === "EOF") return 0;
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

function write_whole(fd, buffer) {
  for (let done = 0; done < buffer.length;) done += writeSync(fd, buffer, done, buffer.length - done);
  return buffer.length;
}

function nanoseconds(clock) {
  return clock === 0 ? BigInt(Date.now()) * 1000000n : BigInt(Math.round(performance.now() * 1e6));
}

const wasi = {
  args_sizes_get: (count, size) => put_sizes(args, count, size),
  args_get: (pointers, buffer) => put_strings(args, pointers, buffer),
  environ_sizes_get: (count, size) => put_sizes([], count, size),
  environ_get: (pointers, buffer) => put_strings([], pointers, buffer),
  clock_res_get: (_clock, result) => (view().setBigUint64(result, 1000n, true), SUCCESS),
  clock_time_get: (clock, _precision, result) => (view().setBigUint64(result, nanoseconds(clock), true), SUCCESS),
  random_get: (buffer, size) => (randomFillSync(bytes(buffer, size)), SUCCESS),
  sched_yield: () => SUCCESS,
  fd_close: (fd) => (fd <= 2 ? SUCCESS : BADF),
  fd_seek: (fd) => (fd <= 2 ? SPIPE : BADF),
  fd_tell: (fd) => (fd <= 2 ? SPIPE : BADF),
  fd_prestat_get: () => BADF,
  fd_prestat_dir_name: () => BADF,
  fd_fdstat_get: (fd, result) => {
    if (fd > 2) return BADF;
    bytes(result, 24).fill(0);
    view().setUint8(result, 2); // a character device
    view().setBigUint64(result + 8, ~0n, true);
    return SUCCESS;
  },
  fd_fdstat_set_flags: (fd) => (fd <= 2 ? SUCCESS : BADF),
  fd_filestat_get: (fd, result) => {
    if (fd > 2) return BADF;
    bytes(result, 64).fill(0);
    view().setUint8(result + 16, 2);
    return SUCCESS;
  },
  fd_read: (fd, vectors, count, result) => (fd === 0 ? transfer_all(vectors, count, result, read_once) : BADF),
  fd_write: (fd, vectors, count, result) =>
    fd === 1 || fd === 2 ? transfer_all(vectors, count, result, (buffer) => write_whole(fd, buffer)) : BADF,
  proc_exit: (code) => {
    throw new Exit(code);
  },
};

const module = new WebAssembly.Module(readFileSync(file));
const imports = { wasi_snapshot_preview1: wasi };
for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
  if (kind === "function" && imports[from]?.[name] === undefined) (imports[from] ??= {})[name] = () => NOSYS;
}
const instance = new WebAssembly.Instance(module, imports);
memory = instance.exports.memory;
let code = 0;
try {
  instance.exports._start();
} catch (error) {
  if (!(error instanceof Exit)) throw error;
  code = error.code;
}
process.exit(code);
