// libFuzzer's entry points around one target: BRINK_FUZZ_TARGET is its name, BRINK_FUZZ_BINARY is 1 where its input is
// a binary module.
#include "fuzz/mutation.h"
#include "fuzz/targets.h"

extern "C" size_t LLVMFuzzerMutate(brink::u8* data, size_t size, size_t max_size);

extern "C" int LLVMFuzzerTestOneInput(const brink::u8* data, size_t size) {
  brink::fuzz::BRINK_FUZZ_TARGET({data, size});
  return 0;
}

#if BRINK_FUZZ_BINARY
// Half of the time libFuzzer's own mutations, on all bytes; else on one section or function body, with the sizes around
// it put right, so that a change of length does not end in the decoder.
extern "C" size_t LLVMFuzzerCustomMutator(brink::u8* data, size_t size, size_t max_size, unsigned int seed) {
  using namespace brink::fuzz;
  Random random(seed);
  if (random.below(2) == 0) return LLVMFuzzerMutate(data, size, max_size);
  auto mutate = [](Bytes part) {
    size_t old_size = part.size();
    part.resize(old_size + 64);
    part.resize(LLVMFuzzerMutate(part.data(), old_size, part.size()));
    return part;
  };
  std::optional<Bytes> mutated = mutate_part({data, data + size}, random, mutate);
  if (!mutated || mutated->size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::copy(mutated->begin(), mutated->end(), data);
  return mutated->size();
}
#endif
