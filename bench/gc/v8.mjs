// node v8.mjs FILE.wasm EXPORT SIZE: what gc_bench does, in V8. Pauses are those that V8 reports for the calls' time.
import { readFileSync } from "node:fs";
import { PerformanceObserver } from "node:perf_hooks";

const [file, name, size] = process.argv.slice(2);
const pauses = [];
let begin = 0;
const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) pauses.push(entry);
});
observer.observe({ entryTypes: ["gc"] });
const { instance } = await WebAssembly.instantiate(readFileSync(file), {});
let checksum = 0;
let cpu = process.cpuUsage();
for (let call = 0; call < 2; ++call) {
  cpu = process.cpuUsage();
  begin = performance.now();
  checksum = instance.exports[name](Number(size));
}
cpu = process.cpuUsage(cpu);
const wall = (performance.now() - begin) / 1000;
await new Promise((resolve) => setTimeout(resolve, 20));
const during = pauses.filter((entry) => entry.startTime >= begin).map((entry) => entry.duration);
console.log(JSON.stringify({
  checksum,
  seconds: (cpu.user + cpu.system) / 1e6,
  wall,
  collections: during.length,
  pause_ms: during.reduce((sum, ms) => sum + ms, 0),
  longest_pause_ms: Math.max(0, ...pauses.map((entry) => entry.duration)),
}));
