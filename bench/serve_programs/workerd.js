// A fresh WebAssembly instance each request.
import module from "hello.wasm";

export default {
  fetch() {
    const { text, size, memory } = new WebAssembly.Instance(module).exports;
    return new Response(new Uint8Array(memory.buffer, text(), size()), { headers: { "Content-Type": "text/plain" } });
  },
};
