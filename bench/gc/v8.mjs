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
const end = performance.now();
// The entries come when V8 finds the time.
for (let known = -1; known !== pauses.length;) {
  known = pauses.length;
  await new Promise((resolve) => setTimeout(resolve, 200));
}
const during = pauses.filter((entry) => entry.startTime >= begin && entry.startTime <= end).map((entry) => entry.duration);
console.log(JSON.stringify({
  checksum,
  seconds: (cpu.user + cpu.system) / 1e6,
  collections: during.length,
  pause_ms: during.reduce((sum, ms) => sum + ms, 0),
  longest_pause_ms: Math.max(0, ...during),
}));
